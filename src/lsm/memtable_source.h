/* memtable_source.h: a sealed memtable's cells in order. */
#ifndef HENGE_LSM_MEMTABLE_SOURCE_H
#define HENGE_LSM_MEMTABLE_SOURCE_H

#include "lsm/cell_source.h"
#include "lsm/memtable.h"

enum { MEMTABLE_AHEAD = 16 /* a power of two; enough to cover a miss, few enough to stay near */ };

/* Cells stay where they are: they are valid as long as the memtable, not only to the
 * next call. */
struct memtable_source {
    struct cell_source source;            /* first */
    struct memtable_iter iter;            /* at the newest of: */
    const uint8_t *ahead[MEMTABLE_AHEAD]; /* a ring; NULL: behind the last cell */
    unsigned at;                          /* of its oldest, where the source stands */
};

/* Stands at the first cell.  The memtable must not change.  Nothing to end. */
void memtable_source_init(struct memtable_source *s, const struct memtable *m);

/* The cell `n` behind the one it stands at, less than MEMTABLE_AHEAD, or NULL. */
static inline const uint8_t *memtable_source_ahead(const struct memtable_source *s, unsigned n)
{
    return s->ahead[(s->at + n) % MEMTABLE_AHEAD];
}

#endif
