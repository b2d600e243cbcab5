/* tool_args.c: `--check PATH`, `--dump PATH [--values N]`. */
#include <string.h>

#include "base/num.h"
#include "tool/tool.h"

enum { VALUE_BYTES = 64 };

static bool is_path(const char *text)
{
    return text[0] != '-' && text[0] != '\0';
}

bool tool_args_read(int argc, char **argv, struct tool_args *out, struct buf *why)
{
    int64_t bytes = VALUE_BYTES;
    int rest = argc - 3;

    *out = (struct tool_args){ .kind = TOOL_NONE, .value_bytes = VALUE_BYTES };
    if (argc < 2 || (strcmp(argv[1], "--check") != 0 && strcmp(argv[1], "--dump") != 0))
        return true;
    out->kind = strcmp(argv[1], "--dump") == 0 ? TOOL_DUMP : TOOL_CHECK;
    if (out->kind == TOOL_DUMP && rest == 2 && strcmp(argv[3], "--values") == 0) {
        if (!num_get_i64(slice_str(argv[4]), &bytes) || bytes < 0) {
            buf_printf(why, "--values needs a number of bytes, not '%s'", argv[4]);
            return false;
        }
        rest = 0;
    }
    if (rest != 0 || !is_path(argv[2])) {
        buf_printf(why, "%s needs a folder, or one file of a store%s", argv[1],
                   out->kind == TOOL_DUMP ? ", and may be followed by --values N"
                                          : ", and nothing else");
        return false;
    }
    out->path = argv[2];
    out->value_bytes = (uint64_t)bytes;
    return true;
}

void tool_help(struct buf *to)
{
    buf_append(to,
               slice_str("  henge-server --check DIR|FILE      whether every byte is what was "
                         "written; ends with\n"
                         "                                     0: it is, 1: it is not, 2: in use\n"
                         "  henge-server --dump DIR            each key that is there, and its "
                         "value\n"
                         "  henge-server --dump FILE           all there is in a table, segment, "
                         "blob file or manifest\n"
                         "      --values N                     at most N bytes of a value (64)\n"));
}
