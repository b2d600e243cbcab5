/* merge.h: several sources as one, in order.
 *
 * Equal keys come one after another, from the newest source to the oldest, so who
 * reads a merge keeps the first of a key and counts the rest as shadowed. */
#ifndef HENGE_LSM_MERGE_H
#define HENGE_LSM_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lsm/cell_source.h"

struct merge {
    struct cell_source source; /* first; its `cell` is the smallest of all */
    struct cell_source **sources;
    size_t count;
    size_t *heap; /* indexes of `sources` that are not at their end; the smallest cell first */
    size_t heap_count;
    const uint8_t *came; /* the cell that took the place of the last one in its source, or NULL */
    bool again;          /* this cell has the key of the one before: it is shadowed */
};

/* Borrows the sources, newest first, which must stand at their first cells.  In each
 * keys only grow.  The first error of a source ends the merge with it. */
void merge_init(struct merge *m, struct cell_source **sources, size_t count);
void merge_deinit(struct merge *m);

#endif
