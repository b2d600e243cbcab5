/* tool_store.h: the files of a folder, or the one file a tool was given. */
#ifndef HENGE_TOOL_TOOL_STORE_H
#define HENGE_TOOL_TOOL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "lsm/file_name.h"
#include "tool/tool.h"

struct store_file {
    enum file_kind kind;
    uint64_t id;
    uint64_t size;
};

struct tool_store {
    const struct tool *tool;
    char *dir;
    bool single; /* a file was named, not the folder */
    struct fs_file *lock;
    struct store_file *files; /* by kind, then id */
    size_t count;
    size_t room;
};

/* Finds what `path` names, takes the lock and lists the files; false after a
 * complaint.  Ends with tool_store_close() in any case. */
bool tool_store_open(struct tool_store *s, const struct tool *tool, const char *path);
void tool_store_close(struct tool_store *s);

struct err tool_store_file(const struct tool_store *s, const struct store_file *f,
                           struct fs_file **out);

/* The whole file, which has at most `most` bytes; ERR_LIMIT. */
struct err tool_store_read(const struct tool_store *s, const struct store_file *f, uint64_t most,
                           struct buf *out);

const struct store_file *tool_store_find(const struct tool_store *s, enum file_kind kind,
                                         uint64_t id);

/* The first of a kind; *count how many follow one another. */
const struct store_file *tool_store_kind(const struct tool_store *s, enum file_kind kind,
                                         size_t *count);

/* A line for people. */
void tool_line(const struct tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tool_complain(const struct tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
