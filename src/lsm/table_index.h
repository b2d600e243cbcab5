/* table_index.h: which block of a table a key is in: the first position of each
 * block, found by interpolation, and keys only where a position goes on from one
 * block into the next.  Its bytes are in table_format.h. */
#ifndef HENGE_LSM_TABLE_INDEX_H
#define HENGE_LSM_TABLE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cell/cell.h"

/* --- building; `= {0}` is an empty one */
struct index_builder {
    struct buf firsts;
    struct buf offsets;
    struct buf separators;
};

void index_builder_deinit(struct index_builder *b);

/* The next block begins with `first` (encoded) at `offset`; `split` if the cell
 * before it has the same position. */
void index_builder_add(struct index_builder *b, const uint8_t *first, uint64_t offset, bool split);
uint32_t index_builder_blocks(const struct index_builder *b);
size_t index_builder_size(const struct index_builder *b);

/* Appends the section to `out`. */
void index_builder_finish(const struct index_builder *b, struct buf *out);

/* --- reading */
struct table_index;

/* Takes `bytes` (mem_alloc(), freed also on failure), the section of a table whose
 * `blocks` blocks end at `end`.  Checks all of it.  ERR_CORRUPT. */
struct err table_index_open(struct table_index **out, uint8_t *bytes, size_t len, uint32_t blocks,
                            uint64_t end);

/* Accepts NULL. */
void table_index_free(struct table_index *index);
size_t table_index_memory(const struct table_index *index);

/* The last block whose first cell is at or before `key`, or 0. */
uint32_t table_index_locate(const struct table_index *index, const struct cell_key *key);

/* Whether all cells of `position` there may be are in one block: that one. */
bool table_index_only(const struct table_index *index, uint64_t position, uint32_t *block);

/* What a search for `position` will touch. */
void table_index_prefetch(const struct table_index *index, uint64_t position);

/* Position of block i's first cell. */
uint64_t table_index_first(const struct table_index *index, uint32_t i);

/* Whether block i may begin with cell `first` (encoded) and end at position `last`:
 * it begins where the index says, with the separator's key if it has one, and ends
 * before the next block, or at the next one's position if that has a separator. */
bool table_index_agrees(const struct table_index *index, uint32_t i, const uint8_t *first,
                        uint64_t last);

/* Where block i lies, trailer included. */
void table_index_extent(const struct table_index *index, uint32_t i, uint64_t *offset,
                        uint32_t *size);

#endif
