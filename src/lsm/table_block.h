/* table_block.h: one block of a table: cells in order, found by position.
 *
 * Payload, before compression (table_format.h has the bytes around it):
 *
 *      0       cells, encoded (cell.h), each 8-aligned
 *              u64 position[n]    of each cell
 *              u32 offset[n]      of each cell
 *              u32 n, u32 0
 *
 * A cell is found by interpolation on position[], never by comparing strings
 * unless positions are equal. */
#ifndef HENGE_LSM_TABLE_BLOCK_H
#define HENGE_LSM_TABLE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/wire.h"
#include "cell/cell.h"

/* A payload somebody keeps, taken apart; borrows. */
struct table_block {
    const uint8_t *bytes;
    const uint8_t *positions;
    const uint8_t *offsets;
    uint32_t count; /* at least one */
};

/* --- building; `= {0}` is an empty one */
struct block_builder {
    struct buf cells;
    struct buf positions;
    struct buf offsets;
};

void block_builder_deinit(struct block_builder *b);

/* Copies one encoded cell of `size` bytes in, which is behind those before it. */
void block_builder_add(struct block_builder *b, const uint8_t *cell, size_t size);
size_t block_builder_size(const struct block_builder *b); /* of the payload, were it finished */

/* Appends the payload to `out` and empties the builder. */
void block_builder_finish(struct block_builder *b, struct buf *out);

/* --- reading */

/* Takes a payload apart.  Checks that the arrays fit, no more: what is in them is
 * right in a payload of table_unpack()'s, which made table_block_measure() sure of
 * it.  ERR_CORRUPT. */
struct err table_block_open(struct slice payload, struct table_block *out);

/* Positions and offsets are the cells', positions do not fall, every length fits:
 * no reading of it leaves the payload.  ERR_CORRUPT. */
struct err table_block_measure(const struct table_block *b);

/* Everything: also that each cell is right in itself, and in order. ERR_CORRUPT. */
struct err table_block_check(struct slice payload);

/* Index of the first cell at or behind `key`; `count` if there is none. */
uint32_t table_block_seek(const struct table_block *b, const struct cell_key *key);

static inline const uint8_t *table_block_cell(const struct table_block *b, uint32_t i)
{
    return b->bytes + wire_get32(b->offsets + (size_t)i * 4);
}

/* The cell of that very key, tombstones included, or NULL. */
const uint8_t *table_block_find(const struct table_block *b, const struct cell_key *key);

#endif
