/* compact.h: a compaction that was picked: slices of a job, then an edit.
 *
 *     compact_new -> [slice job]* -> compact_edit() -> installed, or
 *                                 -> abandoned (shutdown, an error)
 *
 * Each slice goes through `slice_bytes` of cells, or to the end of a table, and
 * returns, so a flush in the same thread of the pool never waits long, and the loop
 * paces the slices.
 *
 * Until its edit is installed no other pick or rewrite may begin: they would change
 * the same tables, or bring back what this one found no more need to hide.  Flushes
 * may go on: they only add what is newer. */
#ifndef HENGE_LSM_COMPACT_H
#define HENGE_LSM_COMPACT_H

#include "env/env.h"
#include "lsm/pick.h"
#include "lsm/table_writer.h"
#include "lsm/version.h"

struct evict;

struct compact_options {
    struct env *env;
    const char *dir; /* borrowed */
    struct file_ids *ids;
    struct table_options table;
    uint64_t table_size;
    uint64_t slice_bytes;
    uint64_t now_ms;
    struct evict *evict; /* borrowed; NULL: nothing is evicted */
};

struct compact;

/* Takes the pick, a PICK_MERGE; borrows `v`, which must be held until compact_free().
 * Reads nothing yet. */
struct compact *compact_new(const struct compact_options *o, const struct version *v,
                            struct pick *pick);

/* The job of the next slice, to be submitted by the loop with JOB_LATER; `done` is
 * the caller's.  Only between slices: */
struct job *compact_job(struct compact *c);
void *compact_owner(struct job *job); /* as set by compact_set_owner() */
void compact_set_owner(struct compact *c, void *owner);

/* Everything was read and written, or an error came: then what it made is gone. */
bool compact_ended(const struct compact *c);
struct err compact_error(const struct compact *c);

/* After the end without error: the edit is the caller's, and the open tables in it. */
/* Which of its inputs could not be read, when it has ended so; 0: none. */
uint64_t compact_unreadable(const struct compact *c);

void compact_take_edit(struct compact *c, struct edit *out);

struct compact_sums {
    uint64_t read_bytes; /* of files */
    uint64_t written_bytes;
    uint64_t read_cells;
    uint64_t dropped_cells;
    uint64_t expired; /* cells that became tombstones or nothing by their expiry */
};
const struct compact_sums *compact_sums(const struct compact *c);

/* Ends it.  Unless the edit was taken, it removes what it made: for jobs; without
 * `remove` that is left to the next start. */
void compact_free(struct compact *c, bool remove);

#endif
