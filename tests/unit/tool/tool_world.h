/* tool_world.h: a small store in memory that has every kind of file, and a tool that
 * looks at it, whose lines are kept. */
#ifndef HENGE_UNIT_TOOL_WORLD_H
#define HENGE_UNIT_TOOL_WORLD_H

#include <stdbool.h>

#include "base/buf.h"
#include "../lsm/lsm_world.h"
#include "tool/tool.h"

enum { TOOL_KEYS = 24 };

struct tool_world {
    struct lsm_world store;
    unsigned generation[TOOL_KEYS]; /* of each key's value; 0: none */
    struct buf lines;
    struct buf complaints;
    uint64_t done; /* of the last progress */
    uint64_t total;
};

void tool_world_init(struct tool_world *w);
void tool_world_deinit(struct tool_world *w);

/* Puts the next value of a key, which is large, small or a tombstone. */
void tool_world_put(struct tool_world *w, unsigned key);

/* Puts, seals, compacts and rewrites until there are tables, segments that tables refer
 * to, and (`blobs`) a blob file; jobs rest then. */
void tool_world_fill(struct tool_world *w, bool blobs);

/* Lets jobs and their pauses go on until nothing moves. */
void tool_world_rest(struct tool_world *w);

/* Whether the key has the value of its generation; `error`: it could not be read. */
bool tool_world_right(struct tool_world *w, struct lsm_world *in, unsigned key, bool *error);

/* Runs a tool as a process would with these arguments, on the store's files. */
enum tool_status tool_world_run(struct tool_world *w, const char *option, const char *path);

/* Whether its lines say that. */
bool tool_world_said(const struct tool_world *w, const char *text);

/* The i-th file of the store that has bytes, or NULL. */
struct memory_file *tool_world_file(struct tool_world *w, unsigned i);

#endif
