/* table_source.c: a stretch of whole blocks is read, then unpacked one by one. */
#include "lsm/table_source.h"

#include <assert.h>

#include "base/mem.h"

/* The bytes that were read last are done with. */
static void drop_raw(struct table_source *s)
{
    if (s->drop && s->raw.len)
        fs_advise(s->table->file, s->raw_offset, s->raw.len, FS_ADVISE_DONTNEED);
    s->raw.len = 0;
}

/* Reads block `at_block` and those behind it that fit into a step. */
static struct err read_ahead(struct table_source *s)
{
    uint64_t offset;
    uint32_t size;
    size_t len = 0, got = 0;
    struct err e;

    drop_raw(s);
    s->raw_first = s->raw_end = s->at_block;
    table_extent(s->table, s->at_block, &s->raw_offset, &size);
    do {
        len += size;
        s->raw_end++;
        if (s->raw_end < s->table->blocks)
            table_extent(s->table, s->raw_end, &offset, &size);
    } while (s->raw_end < s->table->blocks && len + size <= s->step);
    e = fs_read(s->table->file, s->raw_offset, buf_reserve(&s->raw, len), len, &got);
    if (!err_is(e) && got != len)
        e = err_make(ERR_CORRUPT, 0, "table is shorter than it says");
    if (err_is(e))
        return e;
    s->raw.len = len;
    s->read_bytes += len;
    return e;
}

/* Block `at_block` becomes the one it stands in. */
static struct err load_block(struct table_source *s)
{
    struct err e = err_ok();
    uint64_t offset;
    uint32_t size;
    size_t len = 0;

    mem_free(s->payload);
    s->payload = NULL;
    if (s->at_block >= s->raw_end)
        e = read_ahead(s);
    if (err_is(e))
        return e;
    table_extent(s->table, s->at_block, &offset, &size);
    e = table_unpack(s->table, s->at_block, s->raw.data + (offset - s->raw_offset), &s->payload,
                     &len);
    if (!err_is(e))
        e = table_block_open(slice_of(s->payload, len), &s->block);
    return e;
}

/* Stands at `at_cell` of `at_block`, or at the beginning of the block behind it. */
static void settle(struct table_source *s)
{
    s->source.cell = NULL;
    if (s->at_cell == s->block.count) {
        s->at_cell = 0;
        s->at_block++;
        if (s->at_block == s->table->blocks)
            return;
        s->source.err = load_block(s);
        if (err_is(s->source.err))
            return;
    }
    s->source.cell = table_block_cell(&s->block, s->at_cell);
}

static void next(struct cell_source *source)
{
    struct table_source *s = (struct table_source *)source;

    assert(source->cell);
    s->at_cell++;
    settle(s);
}

void table_source_init(struct table_source *s, struct table *t, uint64_t from, size_t step,
                       bool drop)
{
    /* Nothing sorts before it that has the position. */
    struct cell_key first = { .position = from };

    *s = (struct table_source){
        .source = { .err = err_ok(), .next = next }, .table = t, .step = step, .drop = drop
    };
    s->at_block = table_locate(t, &first);
    if (s->at_block == t->blocks)
        return;
    s->source.err = load_block(s);
    if (err_is(s->source.err))
        return;
    s->at_cell = table_block_seek(&s->block, &first);
    settle(s);
}

void table_source_deinit(struct table_source *s)
{
    drop_raw(s);
    buf_deinit(&s->raw);
    mem_free(s->payload);
    s->payload = NULL;
}
