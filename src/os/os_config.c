/* os_config.c: where the configuration comes from: a file and the command line. */
#include "os/os_config.h"

#include <string.h>

#include "base/limits.h"
#include "os/os.h"

/* Writes ` "value"` so that the parser of configuration files reads it back. */
static void quote(struct buf *line, const char *value)
{
    buf_append(line, slice_str(" \""));
    for (const char *p = value; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_append_byte(line, '\\');
        if (*p == '\n')
            buf_append(line, slice_str("\\n"));
        else
            buf_append_byte(line, (uint8_t)*p);
    }
    buf_append_byte(line, '"');
}

static bool is_name(const char *arg)
{
    return strncmp(arg, "--", 2) == 0;
}

struct err os_config_read(const char *path, struct buf *text)
{
    struct fs *fs = os_fs_new(NULL);
    struct fs_file *file = NULL;
    size_t got = 0;
    struct err e = fs_open(fs, path, FS_READ, &file);

    if (!err_is(e)) {
        uint8_t *to = buf_reserve(text, LIMIT_CONFIG_FILE + 1);

        e = fs_read(file, 0, to, LIMIT_CONFIG_FILE + 1, &got);
        text->len += got;
        fs_close(file);
    }
    os_fs_free(fs);
    return e;
}

bool os_config_argument(int argc, char **argv, int *at, struct buf *line)
{
    const char *name = argv[*at];

    line->len = 0;
    if (!is_name(name) || !name[2])
        return false;
    ++*at;
    buf_append(line, slice_str(name + 2));
    while (*at < argc && !is_name(argv[*at]))
        quote(line, argv[(*at)++]);
    return true;
}
