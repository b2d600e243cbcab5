/* table.h: one sorted, immutable file of cells, open for reading.
 *
 * Its index, filter and properties are in memory from table_open() on; blocks are
 * read when they are asked for, and whoever reads them keeps them (cache.h).
 * Everything but opening, reading and ending may be used from any thread. */
#ifndef HENGE_LSM_TABLE_H
#define HENGE_LSM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cell/cell.h"
#include "env/fs.h"
#include "base/planted.h"
#include "lsm/filter.h"
#include "lsm/table_block.h"
#include "lsm/table_meta.h"

struct table_index; /* table_index.h */

struct table {
    struct table_meta meta;
    struct fs_file *file;
    uint8_t *filter;
    size_t filter_size;
    struct table_index *index;
    uint32_t blocks;
    unsigned refs; /* versions and jobs that use it; the loop's, see version.h */
};

/* For jobs.  Opens the table of that id and checks what it reads: footer,
 * properties, index, filter.  `size` is what the manifest says of the file (0: not
 * known); another is ERR_CORRUPT, as is a missing file.  On success *out is the
 * caller's, refs 0. */
struct err table_open(struct table **out, struct fs *fs, const char *dir, uint64_t id,
                      uint64_t size);

/* Closes the file and frees it; the file stays.  For jobs and the very end.
 * Accepts NULL. */
void table_close(struct table *t);

/* Bytes it takes in memory. */
size_t table_memory(const struct table *t);

static inline bool table_may_hold(const struct table *t, uint64_t position)
{
    return position >= t->meta.min_position && position <= t->meta.max_position &&
           filter_may_hold(t->filter, t->filter_size, position) &&
           !(PLANTED(filter_lies) && position % 8 == 0);
}

/* The block that `key` is in if it is there at all: 0..blocks-1, or `blocks` if
 * its position is behind every cell's.  If the key is not in that block, the first
 * cell behind the key is in it or is the first of the next block, if there is one. */
uint32_t table_locate(const struct table *t, const struct cell_key *key);

/* Whether what is at `position`, which is in the table's range, is all in one block:
 * that one. */
bool table_only_block(const struct table *t, uint64_t position, uint32_t *block);

/* What table_only_block() and table_locate() will touch. */
void table_prefetch(const struct table *t, uint64_t position);

/* Where block `i` lies in the file, trailer included. */
void table_extent(const struct table *t, uint32_t i, uint64_t *offset, uint32_t *size);

/* Checks and decompresses the `size` bytes that table_extent() told, as read from the
 * file, into a payload of *len bytes, the caller's to mem_free().  Whatever the bytes
 * are, a payload that comes out is safe for table_block.h's readers.  ERR_CORRUPT. */
struct err table_unpack(const struct table *t, uint32_t i, const uint8_t *bytes, uint8_t **payload,
                        size_t *len);

/* For jobs: reads block `i` and unpacks it. */
struct err table_read(struct table *t, uint32_t i, uint8_t **payload, size_t *len);

#endif
