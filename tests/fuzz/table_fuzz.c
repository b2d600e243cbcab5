/* table_fuzz.c: any bytes as a whole table.  Whatever they are, opening and reading
 * end, what is told stays within the file, and a cell that is told in order is found
 * by its key.  The first byte's bits: 1 makes the footer's crc, magic, version, id
 * and sizes right, 2 the sections' crcs, 4 the blocks'; no fuzzer guesses those. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz_fs.h"
#include "lsm/table.h"
#include "lsm/table_format.h"
#include "lsm/table_source.h"

enum { ID = 7, FIX_FOOTER = 1, FIX_SECTIONS = 2, FIX_BLOCKS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix_blocks(uint8_t *bytes, const struct table_footer *f)
{
    const uint8_t *offsets = bytes + f->index.offset + (uint64_t)f->blocks * 8;

    if (f->index.len / 16 < f->blocks)
        return;
    for (uint32_t i = 0; i < f->blocks; i++) {
        uint64_t from = wire_get64(offsets + (size_t)i * 8), to = f->index.offset;
        if (i + 1 < f->blocks)
            to = wire_get64(offsets + (size_t)(i + 1) * 8);
        if (to > f->index.offset || to < BLOCK_TRAILER_SIZE || from > to - BLOCK_TRAILER_SIZE)
            return;
        uint8_t *trailer = bytes + to - BLOCK_TRAILER_SIZE;
        struct slice stored = slice_of(bytes + from, (size_t)(to - BLOCK_TRAILER_SIZE - from));
        wire_put32(trailer + 8, block_crc(ID, from, stored, trailer));
    }
}

static void fix_sections(uint8_t *bytes, struct table_footer *f)
{
    f->index.crc = crc32c_extend(0, bytes + f->index.offset, (size_t)f->index.len);
    f->filter.crc = crc32c_extend(0, bytes + f->filter.offset, (size_t)f->filter.len);
    f->properties.crc = crc32c_extend(0, bytes + f->properties.offset, (size_t)f->properties.len);
}

static void fix(uint8_t *bytes, size_t size, uint8_t mode)
{
    uint8_t *footer = bytes + size - FOOTER_SIZE;
    struct table_footer f;

    if (mode & FIX_FOOTER) {
        memcpy(footer, TABLE_MAGIC, 8);
        wire_put32(footer + 8, TABLE_FORMAT_VERSION);
        wire_put64(footer + 16, ID);
        wire_put64(footer + 24, size);
        wire_put32(footer + 92, crc32c_extend(0, footer, 92));
    }
    if (table_footer_get(footer, size, &f) != TABLE_FOOTER_GOOD)
        return;
    if (mode & FIX_SECTIONS)
        fix_sections(bytes, &f);
    if (mode & FIX_BLOCKS)
        fix_blocks(bytes, &f);
    if (mode & FIX_SECTIONS)
        table_footer_put(footer, &f);
}

/* Of a block that is right in every way, each cell is where the table looks for it. */
static void find_all(const struct table *t, uint32_t at, struct slice payload)
{
    struct table_block b;

    assert(!err_is(table_block_open(payload, &b)));
    bool right = !err_is(table_block_check(payload));
    for (uint32_t i = 0; i < b.count; i++) {
        const uint8_t *cell = table_block_cell(&b, i);
        struct cell c;
        cell_decode(cell, &c);
        assert(cell + cell_encoded_size(cell) <= b.positions);
        table_may_hold(t, c.key.position);
        uint32_t block = table_locate(t, &c.key);
        const uint8_t *found = table_block_find(&b, &c.key);
        if (!right)
            continue;
        assert(found == cell);
        /* Behind it only if a later separator is one of this block's own cells, or less. */
        assert(block >= at && block < t->blocks);
    }
}

/* Cells that were told, as a number. */
static uint64_t read_through(struct table *t, size_t step)
{
    struct table_source s;
    uint64_t sum = 0, last = 0;

    for (table_source_init(&s, t, 0, step, false); s.source.cell; cell_source_next(&s.source)) {
        assert(cell_encoded_position(s.source.cell) >= last);
        last = cell_encoded_position(s.source.cell);
        sum = sum * 31 + last + cell_encoded_stamp(s.source.cell) + 1;
    }
    sum = sum * 31 + (uint64_t)s.source.err.code;
    assert(!err_is(s.source.err) || s.source.err.code == ERR_CORRUPT);
    table_source_deinit(&s);
    return sum;
}

static void run(struct slice bytes)
{
    struct fuzz_fs fs;
    struct table *t = NULL;

    fuzz_fs_init(&fs, bytes);
    struct err e = table_open(&t, &fs.fs, "/d", ID, 0);
    if (err_is(e)) {
        assert(e.code == ERR_CORRUPT && e.what[0]);
    } else {
        assert(t->meta.size == bytes.len && table_memory(t) > 0);
        for (uint32_t i = 0; i < t->blocks; i++) {
            uint8_t *payload = NULL;
            size_t len = 0;
            e = table_read(t, i, &payload, &len);
            assert(!err_is(e) || e.code == ERR_CORRUPT);
            if (!err_is(e))
                find_all(t, i, slice_of(payload, len));
            mem_free(payload);
        }
        assert(read_through(t, 1) == read_through(t, (size_t)1 << 20));
        table_close(t);
    }
    assert(table_open(&t, &fs.fs, "/d", ID, bytes.len + 1).code == ERR_CORRUPT);
    fuzz_fs_deinit(&fs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *bytes = mem_alloc(size);
    if (size > 1)
        memcpy(bytes, data + 1, size - 1);
    if (size - 1 >= FOOTER_SIZE)
        fix(bytes, size - 1, data[0]);
    run(slice_of(bytes, size - 1));
    mem_free(bytes);
    return 0;
}
