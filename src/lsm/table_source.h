/* table_source.h: a table's cells in order, read in large steps past every cache.
 * For jobs: compactions, counts, checks. */
#ifndef HENGE_LSM_TABLE_SOURCE_H
#define HENGE_LSM_TABLE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "lsm/cell_source.h"
#include "lsm/table.h"

struct table_source {
    struct cell_source source; /* first */
    struct table *table;       /* borrowed */
    size_t step;               /* bytes read at a time */
    bool drop;                 /* what was read, from the page cache */
    struct buf raw;            /* of blocks `raw_first` .. `raw_end` - 1, as in the file */
    uint32_t raw_first;
    uint32_t raw_end;
    uint64_t raw_offset; /* in the file */
    uint32_t at_block;
    uint8_t *payload; /* owned: the block it stands in */
    struct table_block block;
    uint32_t at_cell;
    uint64_t read_bytes; /* from the file so far */
};

/* Stands at the first cell at or behind position `from`; of an error source.err tells.
 * Reads about `step` bytes at a time, whole blocks, at least one.  If `drop`, the
 * system is told that what was read need not stay in the page cache. */
void table_source_init(struct table_source *s, struct table *t, uint64_t from, size_t step,
                       bool drop);
void table_source_deinit(struct table_source *s);

#endif
