/* dump.h: what is in a store, as text: of a folder, each key as a reader would find it;
 * of one file, all it holds, in its order. */
#ifndef HENGE_TOOL_DUMP_H
#define HENGE_TOOL_DUMP_H

#include "cell/cell.h"
#include "tool/tool_store.h"

struct dump {
    struct tool_store store;
    uint64_t value_bytes; /* of each value that are shown, at most */
    struct buf text;      /* the line */
    bool damaged;         /* something could not be read, and a complaint says so */
};

enum tool_status dump_run(const struct tool *tool, const struct tool_args *args);

/* Appends a cell to d->text: `c`, whose value, or the beginning of one in pieces, is
 * `value`; `where` is its place if it is elsewhere, or NULL. */
void dump_cell(struct dump *d, const struct cell *c, struct slice value,
               const struct blob_ref *where);

/* Ends d->text as a line. */
void dump_line(struct dump *d);

/* Says what cannot be read. */
void dump_damage(struct dump *d, const struct store_file *f, uint64_t offset, struct err e);

/* One file. */
void dump_file(struct dump *d, const struct store_file *f);

/* The newest cell of every key there is. */
void dump_merged(struct dump *d);

#endif
