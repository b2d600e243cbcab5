/* memtable_source.h: a sealed memtable's cells in order. */
#ifndef HENGE_LSM_MEMTABLE_SOURCE_H
#define HENGE_LSM_MEMTABLE_SOURCE_H

#include "lsm/cell_source.h"
#include "lsm/memtable.h"

/* Cells stay where they are: they are valid as long as the memtable, not only to the
 * next call. */
struct memtable_source {
    struct cell_source source; /* first */
    struct memtable_iter iter;
};

/* Stands at the first cell.  The memtable must not change.  Nothing to end. */
void memtable_source_init(struct memtable_source *s, const struct memtable *m);

#endif
