/* table_format.h: the bytes of a table, table-<id, 16 hex digits>.tbl:
 *
 *      0                    index       filter      properties    footer
 *      +-------+-------+----+-----------+-----------+-------------+--------+
 *      | block | block | .. | firsts,   | lines of  | counts, ... | 96     |
 *      |       |       |    | offsets,  | 64 bytes  | blob uses   | bytes  |
 *      |       |       |    | separators|           |             |        |
 *      +-------+-------+----+-----------+-----------+-------------+--------+
 *
 * Nothing lies between them.  A block is its stored bytes, then a trailer:
 *
 *      0  u8   codec            enum table_codec
 *      1       three zeros
 *      4  u32  raw length       of the payload (table_block.h)
 *      8  u32  crc32c of the table's id (u64), the block's offset (u64), the stored
 *              bytes and bytes 0..7 of this; so a block is good in its own place only
 *
 * Index, for n blocks:
 *
 *      0  u64  first[n]         position of each block's first cell
 *         u64  offset[n]        where each block begins; it ends where the next one
 *                               does, the last one at the index
 *              separators, by block: u64 block, then the key of its first cell, as a
 *              cell with nothing else in it.  Of each block whose first cell has the
 *              position of the last cell before it, and of no other
 *
 * Filter: filter.h.  Properties (table_meta.h):
 *
 *      0  u64  smallest position       40  u64  bytes of cells
 *      8  u64  largest position        48  u64  smallest stamp
 *     16  u64  cells                   56  u64  largest stamp
 *     24  u64  different positions     64  u64  smallest expiry, ms
 *     32  u64  tombstones              72  u64  largest expiry, ms
 *     80  heads[16]: u32 live, u32 over a live one
 *    208  ... with an expiry, likewise
 *    336  u32  databases, as bits
 *    340  u32  blob uses
 *    344       for each, by file: u64 file, u64 bytes
 *
 * Footer, the last bytes of the file:
 *
 *      0  u64  "HENGETBL"              48  u64  filter's offset
 *      8  u32  format version          56  u64  filter's length
 *     12  u32  blocks                  64  u64  properties' offset
 *     16  u64  id                      72  u64  properties' length
 *     24  u64  size of the file        80  u32  index's crc32c
 *     32  u64  index's offset          84  u32  filter's crc32c
 *     40  u64  index's length          88  u32  properties' crc32c
 *                                      92  u32  crc32c of bytes 0..91
 *
 * Numbers are little-endian. */
#ifndef HENGE_LSM_TABLE_FORMAT_H
#define HENGE_LSM_TABLE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/limits.h"
#include "base/slice.h"
#include "base/wire.h"

enum {
    TABLE_FORMAT_VERSION = 1,
    BLOCK_TRAILER_SIZE = 12,
    PROPERTIES_FIXED_SIZE = 344,
    BLOB_USE_SIZE = 16,
    FOOTER_SIZE = 96,
    /* One cell of the largest value, key, subkey and context, or many small ones. */
    BLOCK_PAYLOAD_MAX = LIMIT_VALUE + 1024 * 1024,
};

#define TABLE_MAGIC "HENGETBL"

enum table_codec {
    CODEC_NONE = 0,
    CODEC_LZ4 = 1, /* one LZ4 block, no frame */
};

struct table_section {
    uint64_t offset;
    uint64_t len;
    uint32_t crc;
};

struct table_footer {
    uint32_t version;
    uint32_t blocks;
    uint64_t id;
    uint64_t size;
    struct table_section index;
    struct table_section filter;
    struct table_section properties;
};

enum table_footer_state {
    TABLE_FOOTER_GOOD,
    TABLE_FOOTER_VERSION, /* whole, of a version this program does not know */
    TABLE_FOOTER_DAMAGED,
};

/* Of the table `id`'s block at `offset`; `trailer`'s first 8 bytes are filled in. */
static inline uint32_t block_crc(uint64_t id, uint64_t offset, struct slice stored,
                                 const uint8_t *trailer)
{
    uint8_t place[16];
    uint32_t crc;

    wire_put64(place, id);
    wire_put64(place + 8, offset);
    crc = crc32c_extend(0, place, sizeof place);
    crc = crc32c_extend(crc, stored.data, stored.len);
    return crc32c_extend(crc, trailer, 8);
}

static inline void table_footer_put(uint8_t out[FOOTER_SIZE], const struct table_footer *f)
{
    memcpy(out, TABLE_MAGIC, 8);
    wire_put32(out + 8, f->version);
    wire_put32(out + 12, f->blocks);
    wire_put64(out + 16, f->id);
    wire_put64(out + 24, f->size);
    wire_put64(out + 32, f->index.offset);
    wire_put64(out + 40, f->index.len);
    wire_put64(out + 48, f->filter.offset);
    wire_put64(out + 56, f->filter.len);
    wire_put64(out + 64, f->properties.offset);
    wire_put64(out + 72, f->properties.len);
    wire_put32(out + 80, f->index.crc);
    wire_put32(out + 84, f->filter.crc);
    wire_put32(out + 88, f->properties.crc);
    wire_put32(out + 92, crc32c_extend(0, out, 92));
}

/* The sections follow one another, from behind the blocks to the footer, none is
 * longer than the file. */
static inline bool table_footer_fits(const struct table_footer *f)
{
    uint64_t end = f->size - FOOTER_SIZE;

    return f->size >= FOOTER_SIZE && f->index.offset <= end &&
           f->index.len <= end - f->index.offset &&
           f->filter.offset == f->index.offset + f->index.len &&
           f->filter.len <= end - f->filter.offset &&
           f->properties.offset == f->filter.offset + f->filter.len &&
           f->properties.len == end - f->properties.offset;
}

/* Good: of a file of `size` bytes, with sections that fit into it. */
static inline enum table_footer_state table_footer_get(const uint8_t in[FOOTER_SIZE], uint64_t size,
                                                       struct table_footer *f)
{
    if (memcmp(in, TABLE_MAGIC, 8) != 0 || wire_get32(in + 92) != crc32c_extend(0, in, 92))
        return TABLE_FOOTER_DAMAGED;
    f->version = wire_get32(in + 8);
    if (f->version != TABLE_FORMAT_VERSION)
        return TABLE_FOOTER_VERSION;
    f->blocks = wire_get32(in + 12);
    f->id = wire_get64(in + 16);
    f->size = wire_get64(in + 24);
    f->index =
        (struct table_section){ wire_get64(in + 32), wire_get64(in + 40), wire_get32(in + 80) };
    f->filter =
        (struct table_section){ wire_get64(in + 48), wire_get64(in + 56), wire_get32(in + 84) };
    f->properties =
        (struct table_section){ wire_get64(in + 64), wire_get64(in + 72), wire_get32(in + 88) };
    return f->size == size && table_footer_fits(f) ? TABLE_FOOTER_GOOD : TABLE_FOOTER_DAMAGED;
}

#endif
