/* cell_source.h: cells in order, from a memtable, a table or a merge of such: what
 * flushes, compactions and counts read.  For one thread at a time. */
#ifndef HENGE_LSM_CELL_SOURCE_H
#define HENGE_LSM_CELL_SOURCE_H

#include <stdint.h>

#include "base/err.h"
#include "cell/cell.h"

struct cell_source {
    const uint8_t *cell; /* where it stands; NULL at the end, and after an error */
    struct err err;
    /* Goes to the next cell; `cell` is valid until then.  Not at the end. */
    void (*next)(struct cell_source *s);
};

static inline void cell_source_next(struct cell_source *s)
{
    s->next(s);
}

#endif
