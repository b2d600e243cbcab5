/* tool.h: what somebody does with a store nobody serves: --check and --dump.
 *
 * Nothing here writes to a store's files.  A folder's lock is taken meanwhile, so
 * that no server changes them. */
#ifndef HENGE_TOOL_TOOL_H
#define HENGE_TOOL_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "env/arenas.h"
#include "env/fs.h"

/* What the process ends with. */
enum tool_status {
    TOOL_GOOD = 0,
    TOOL_FOUND = 1,  /* something is damaged */
    TOOL_FAILED = 2, /* it could not be done: the folder is in use, or not there */
};

/* The world of a tool, and where its lines go. */
struct tool {
    struct fs *fs;
    struct arenas *arenas;
    void *owner;
    void (*line)(void *owner, struct slice text);                 /* without a newline */
    void (*complain)(void *owner, struct slice text);             /* why it could not be done */
    void (*progress)(void *owner, uint64_t done, uint64_t total); /* bytes; often */
};

enum tool_kind {
    TOOL_NONE, /* a server is to be started */
    TOOL_CHECK,
    TOOL_DUMP,
};

struct tool_args {
    enum tool_kind kind;
    const char *path;     /* a folder, or one file of a store */
    uint64_t value_bytes; /* of each value that --dump prints, at most */
};

/* What the arguments of a process ask for; false: they are wrong, `why` says how. */
bool tool_args_read(int argc, char **argv, struct tool_args *out, struct buf *why);

enum tool_status tool_run(const struct tool *tool, const struct tool_args *args);

/* Lines of --help. */
void tool_help(struct buf *to);

#endif
