/* tool_args.c: `--check PATH`, `--dump PATH [--values N]`. */
#include <string.h>

#include "base/num.h"
#include "tool/tool.h"

enum { VALUE_BYTES = 64 };

bool tool_args_read(int argc, char **argv, struct tool_args *out, struct buf *why)
{
    *out = (struct tool_args){ .kind = TOOL_NONE, .value_bytes = VALUE_BYTES };
    if (argc < 2)
        return true;
    if (strcmp(argv[1], "--check") == 0)
        out->kind = TOOL_CHECK;
    else
        return true;
    if (argc != 3 || argv[2][0] == '-' || argv[2][0] == '\0') {
        buf_printf(why, "%s needs a folder, or one file of a store, and nothing else", argv[1]);
        return false;
    }
    out->path = argv[2];
    return true;
}

void tool_help(struct buf *to)
{
    buf_printf(
        to, "  henge-server --check DIR|FILE      whether every byte is what was written;\n"
            "                                     ends with 0: it is, 1: it is not, 2: in use\n");
}
