/* table_block.c: cells, and the arrays behind them that find one. */
#include "lsm/table_block.h"

#include <assert.h>
#include <string.h>

#include "lsm/position_search.h"

enum { TAIL = 8, PER_CELL = 8 + 4 };

void block_builder_deinit(struct block_builder *b)
{
    buf_deinit(&b->cells);
    buf_deinit(&b->positions);
    buf_deinit(&b->offsets);
}

void block_builder_add(struct block_builder *b, const uint8_t *cell, size_t size)
{
    assert(size % 8 == 0 && b->cells.len <= UINT32_MAX - size);
    wire_put64(buf_reserve(&b->positions, 8), cell_encoded_position(cell));
    b->positions.len += 8;
    wire_put32(buf_reserve(&b->offsets, 4), (uint32_t)b->cells.len);
    b->offsets.len += 4;
    buf_append(&b->cells, slice_of(cell, size));
}

size_t block_builder_size(const struct block_builder *b)
{
    return b->cells.len + b->positions.len + b->offsets.len + TAIL;
}

void block_builder_finish(struct block_builder *b, struct buf *out)
{
    uint8_t *tail;

    buf_reserve(out, block_builder_size(b));
    buf_append(out, buf_slice(&b->cells));
    buf_append(out, buf_slice(&b->positions));
    buf_append(out, buf_slice(&b->offsets));
    tail = buf_reserve(out, TAIL);
    wire_put32(tail, (uint32_t)(b->offsets.len / 4));
    wire_put32(tail + 4, 0);
    out->len += TAIL;
    b->cells.len = b->positions.len = b->offsets.len = 0;
}

struct err table_block_open(struct slice payload, struct table_block *out)
{
    uint64_t count, arrays;

    if (payload.len < TAIL)
        return err_make(ERR_CORRUPT, 0, "block is shorter than its count");
    count = wire_get32(payload.data + payload.len - TAIL);
    arrays = count * PER_CELL + TAIL;
    if (count == 0 || wire_get32(payload.data + payload.len - 4) != 0 || arrays > payload.len ||
        payload.len - arrays < count * CELL_FIXED_SIZE)
        return err_make(ERR_CORRUPT, 0, "block has an impossible count");
    out->bytes = payload.data;
    out->count = (uint32_t)count;
    out->positions = payload.data + (payload.len - arrays);
    out->offsets = out->positions + count * 8;
    return err_ok();
}

struct err table_block_measure(const struct table_block *b)
{
    size_t at = 0, end = (size_t)(b->positions - b->bytes);
    uint64_t before = 0;

    for (uint32_t i = 0; i < b->count; i++) {
        uint64_t position = position_at(b->positions, i);
        size_t size = 0;
        struct err e;
        if (wire_get32(b->offsets + (size_t)i * 4) != at)
            return err_make(ERR_CORRUPT, 0, "block has a wrong offset");
        e = cell_measure(slice_of(b->bytes + at, end - at), &size);
        if (err_is(e))
            return e;
        if (position != cell_encoded_position(b->bytes + at) || position < before)
            return err_make(ERR_CORRUPT, 0, "block has a wrong position");
        before = position;
        at += size;
    }
    if (at != end)
        return err_make(ERR_CORRUPT, 0, "block has bytes that are no cell's");
    return err_ok();
}

struct err table_block_check(struct slice payload)
{
    struct cell_key last = { .position = 0 };
    struct table_block b;
    struct err e = table_block_open(payload, &b);

    if (!err_is(e))
        e = table_block_measure(&b);
    if (err_is(e))
        return e;
    for (uint32_t i = 0; i < b.count; i++) {
        const uint8_t *cell = table_block_cell(&b, i);
        struct cell c;
        size_t used;
        e = cell_decode_stored(slice_of(cell, (size_t)(b.positions - cell)), &c, &used);
        if (err_is(e))
            return e;
        if (i && cell_key_compare(&last, &c.key) >= 0)
            return err_make(ERR_CORRUPT, 0, "block's cells are not in order");
        last = c.key;
    }
    return err_ok();
}

static int compare_at(const struct table_block *b, uint32_t i, const struct cell_key *key)
{
    struct cell c;

    cell_decode(table_block_cell(b, i), &c);
    return cell_key_compare(&c.key, key);
}

/* Among cells low..high-1, all of the key's position. */
static uint32_t seek_equal(const struct table_block *b, uint32_t low, uint32_t high,
                           const struct cell_key *key)
{
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_at(b, middle, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t table_block_seek(const struct table_block *b, const struct cell_key *key)
{
    uint32_t low = (uint32_t)position_search(b->positions, b->count, key->position);
    size_t rest = b->count - low, high = 1;

    if (low == b->count || position_at(b->positions, low) != key->position ||
        compare_at(b, low, key) >= 0)
        return low;
    /* Nearly always this was the only one of its position. */
    if (rest > 1 && position_at(b->positions, low + 1) == key->position)
        high = key->position == UINT64_MAX
                   ? rest
                   : position_search(b->positions + (size_t)low * 8, rest, key->position + 1);
    return seek_equal(b, low + 1, low + (uint32_t)high, key);
}

const uint8_t *table_block_find(const struct table_block *b, const struct cell_key *key)
{
    uint32_t i = (uint32_t)position_search(b->positions, b->count, key->position);

    if (i == b->count || position_at(b->positions, i) != key->position)
        return NULL; /* without a look at any cell */
    if (compare_at(b, i, key) == 0)
        return table_block_cell(b, i);
    i = table_block_seek(b, key);
    return i < b->count && compare_at(b, i, key) == 0 ? table_block_cell(b, i) : NULL;
}
