/* block_fuzz.c: any bytes as a block's payload.  What is measured can be searched; what
 * is checked is, built again from its cells, the same bytes, and each cell is found.
 * If the first byte is odd, cells get their keys' positions: no fuzzer guesses a hash. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "cell/position.h"
#include "lsm/table_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix_positions(uint8_t *bytes, const struct table_block *b)
{
    size_t end = (size_t)(b->positions - bytes), at = 0, size;

    for (uint32_t i = 0; i < b->count && at < end; i++) {
        if (err_is(cell_measure(slice_of(bytes + at, end - at), &size)))
            return;
        wire_put64(bytes + at, position_of(slice_of(bytes + at + CELL_FIXED_SIZE,
                                                    wire_get16(bytes + at + 24))));
        wire_put64(bytes + end + (size_t)i * 8, wire_get64(bytes + at));
        at += size;
    }
}

static void search(const struct table_block *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        struct cell c;
        cell_decode(table_block_cell(b, i), &c);
        assert(table_block_seek(b, &c.key) <= b->count);
        c.key.position++;
        assert(table_block_seek(b, &c.key) <= b->count);
        c.key.position -= 2;
        table_block_find(b, &c.key);
    }
}

static void expect_right(const struct table_block *b, struct slice payload)
{
    struct block_builder builder = { .cells = { 0 } };
    struct buf again = { 0 };

    for (uint32_t i = 0; i < b->count; i++) {
        const uint8_t *cell = table_block_cell(b, i);
        struct cell c;
        cell_decode(cell, &c);
        assert(table_block_seek(b, &c.key) == i && table_block_find(b, &c.key) == cell);
        block_builder_add(&builder, cell, cell_encoded_size(cell));
    }
    assert(block_builder_size(&builder) == payload.len);
    block_builder_finish(&builder, &again);
    assert(slice_equal(buf_slice(&again), payload));
    block_builder_deinit(&builder);
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table_block b;

    if (size == 0)
        return 0;
    uint8_t *bytes = mem_alloc(size - 1);
    if (size > 1)
        memcpy(bytes, data + 1, size - 1);
    struct slice payload = slice_of(bytes, size - 1);
    struct err e = table_block_open(payload, &b);
    if (!err_is(e) && data[0] & 1)
        fix_positions(bytes, &b);
    if (!err_is(e))
        e = table_block_measure(&b);
    if (err_is(e)) {
        assert(e.code == ERR_CORRUPT && err_is(table_block_check(payload)));
    } else {
        search(&b);
        if (!err_is(table_block_check(payload)))
            expect_right(&b, payload);
    }
    mem_free(bytes);
    return 0;
}
