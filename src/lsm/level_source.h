/* level_source.h: tables that do not overlap, one after the other: a level, or a part
 * of it, as one source, so that a merge has few of them.  For jobs. */
#ifndef HENGE_LSM_LEVEL_SOURCE_H
#define HENGE_LSM_LEVEL_SOURCE_H

#include <stddef.h>

#include "lsm/table_source.h"

struct level_source {
    struct cell_source source; /* first */
    struct table **tables;     /* borrowed, by position */
    size_t count;
    size_t at; /* which one `table` reads; `count` at the end */
    size_t step;
    struct table_source table;
    uint64_t read_bytes; /* from the files so far */
};

/* Stands at the first cell.  Only one table is being read at a time, `step` bytes at
 * once.  What was read stays in the page cache: until the compaction is installed
 * others read the same tables, and then the files go anyway. */
void level_source_init(struct level_source *s, struct table **tables, size_t count, size_t step);
void level_source_deinit(struct level_source *s);

#endif
