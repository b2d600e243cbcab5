/* ahead.h: what a batch of keys will touch is brought nearer before the first of them
 * is looked up: each step for all of them, so that they wait for memory together.
 *
 *     memtable's slot -> its cell -> filters -> index -> cache's slot -> entry
 *                                                        -> block's end -> cell
 *
 * Nothing is read from a disk.  What was found on the way is remembered until the
 * turn or the version ends, so that find.c need not search twice. */
#ifndef HENGE_LSM_AHEAD_H
#define HENGE_LSM_AHEAD_H

#include <stdint.h>

#include "lsm/cache.h"
#include "lsm/lsm.h"
#include "lsm/table.h"

enum { AHEAD_SEEN = 64 }; /* a power of two; twice a batch */

/* What is known of a position. */
struct ahead_seen {
    uint64_t position;
    uint64_t epoch; /* struct ahead's then; 0: empty */
    /* The newest table whose filter may hold it; NULL: there is none. */
    struct table *table;
    struct cache_entry *entry; /* of the one block it can be in, if it is in the cache */
};

struct ahead {
    uint64_t epoch;
    struct ahead_seen seen[AHEAD_SEEN];
};

/* What was remembered is not so any more: another turn, another version. */
static inline void ahead_forget(struct ahead *a)
{
    a->epoch++;
}

/* What is remembered of it, or NULL. */
static inline const struct ahead_seen *ahead_find(const struct ahead *a, uint64_t position)
{
    const struct ahead_seen *s = &a->seen[position % AHEAD_SEEN];

    return s->epoch == a->epoch && s->position == position ? s : NULL;
}

#endif
