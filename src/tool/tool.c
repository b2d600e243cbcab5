/* tool.c: which tool. */
#include "tool/tool.h"

#include "tool/check.h"
#include "tool/dump.h"

enum tool_status tool_run(const struct tool *tool, const struct tool_args *args)
{
    switch (args->kind) {
    case TOOL_CHECK:
        return check_run(tool, args->path);
    case TOOL_DUMP:
        return dump_run(tool, args);
    case TOOL_NONE:
        break;
    }
    return TOOL_FAILED;
}
