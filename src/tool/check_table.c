/* check_table.c: a table's blocks in large steps: each in itself, in its place among
 * the others, its cells in the filter, and their sums what the properties say. */
#include <string.h>

#include "base/mem.h"
#include "lsm/run.h"
#include "lsm/table_format.h"
#include "lsm/table_properties.h"
#include "tool/check.h"

struct table_sum {
    struct check *check;
    const struct store_file *file;
    struct table *table;
    struct table_meta meta; /* counted */
    size_t blobs_room;
    struct buf last; /* the key of the last cell, as a cell with nothing else in it */
    bool good;
};

static void wrong(struct table_sum *s, uint64_t offset, const char *what)
{
    check_found(s->check, s->file, offset, what, check_restore);
    s->good = false;
}

/* Where a table that cannot be opened is damaged, as far as its footer tells. */
static uint64_t damage_offset(const struct check *c, const struct store_file *f)
{
    const struct table_section *sections[3];
    uint8_t bytes[FOOTER_SIZE];
    struct table_footer footer;
    uint64_t offset = CHECK_NOWHERE;
    struct fs_file *file;
    size_t got = 0;

    if (f->size < FOOTER_SIZE || err_is(tool_store_file(&c->store, f, &file)))
        return CHECK_NOWHERE;
    if (!err_is(fs_read(file, f->size - FOOTER_SIZE, bytes, sizeof bytes, &got)) &&
        got == sizeof bytes) {
        offset = f->size - FOOTER_SIZE;
        if (table_footer_get(bytes, f->size, &footer) == TABLE_FOOTER_GOOD && footer.id == f->id) {
            sections[0] = &footer.index;
            sections[1] = &footer.filter;
            sections[2] = &footer.properties;
            for (unsigned i = 0; i < 3; i++) {
                struct buf section = { 0 };
                size_t len = (size_t)sections[i]->len;
                if (err_is(fs_read(file, sections[i]->offset, buf_reserve(&section, len + 1), len,
                                   &got)) ||
                    got < len || crc32c_extend(0, section.data, len) != sections[i]->crc)
                    offset = sections[i]->offset;
                buf_deinit(&section);
                if (offset == sections[i]->offset)
                    break;
            }
        }
    }
    fs_close(file);
    return offset;
}

/* The key of the cell before, to be compared with the next one's. */
static void keep_key(struct table_sum *s, const struct cell_key *key)
{
    struct cell bare = { .key = *key };

    s->last.len = 0;
    cell_encode(&bare, buf_reserve(&s->last, cell_size(&bare)));
    s->last.len = cell_size(&bare);
}

static void check_cells(struct table_sum *s, struct slice payload, uint64_t offset)
{
    struct table_block b;
    struct cell_key key = { .position = 0 };

    (void)table_block_open(payload, &b);
    for (uint32_t i = 0; i < b.count; i++) {
        const uint8_t *cell = table_block_cell(&b, i);
        bool again = s->meta.cells > 0 && cell_encoded_position(cell) == s->meta.max_position;
        key = run_key_of(cell);
        if (i == 0 && s->last.len) {
            struct cell_key last = run_key_of(s->last.data);
            if (cell_key_compare(&last, &key) >= 0)
                wrong(s, offset, "a block's first cell is not behind the cell before it");
        }
        if (!table_may_hold(s->table, key.position))
            wrong(s, offset, "the filter denies a cell that is there");
        table_meta_count(&s->meta, cell, cell_encoded_size(cell), again, &s->blobs_room);
    }
    keep_key(s, &key);
}

static void check_block(struct table_sum *s, uint32_t i, const uint8_t *bytes)
{
    uint8_t *payload = NULL;
    uint64_t offset;
    uint32_t size;
    size_t len = 0;
    struct err e = table_unpack(s->table, i, bytes, &payload, &len);

    table_extent(s->table, i, &offset, &size);
    if (!err_is(e))
        e = table_block_check(slice_of(payload, len));
    if (err_is(e))
        wrong(s, offset, e.what);
    else
        check_cells(s, slice_of(payload, len), offset);
    mem_free(payload);
}

/* The blocks from `first` on that a step has, read at once; returns the next. */
static uint32_t check_blocks(struct table_sum *s, uint32_t first, struct buf *room)
{
    uint64_t from, offset;
    uint32_t size, end = first + 1;
    size_t len, got = 0;
    struct err e;

    table_extent(s->table, first, &from, &size);
    len = size;
    for (; end < s->table->blocks; end++, len += size) {
        table_extent(s->table, end, &offset, &size);
        if (len + size > CHECK_STEP)
            break;
    }
    room->len = 0;
    e = fs_read(s->table->file, from, buf_reserve(room, len), len, &got);
    if (!err_is(e) && got < len)
        e = err_make(ERR_CORRUPT, 0, "the file ends in a block");
    if (err_is(e))
        wrong(s, from + got, e.os ? strerror(e.os) : e.what);
    for (uint32_t i = first; !err_is(e) && i < end; i++) {
        table_extent(s->table, i, &offset, &size);
        check_block(s, i, room->data + (offset - from));
    }
    check_progress(s->check, len);
    return end;
}

/* What was counted is what the properties say. */
static void check_sums(struct table_sum *s)
{
    struct buf counted = { 0 }, said = { 0 };

    table_properties_put(&s->meta, &counted);
    table_properties_put(&s->table->meta, &said);
    if (!slice_equal(buf_slice(&counted), buf_slice(&said)))
        wrong(s, CHECK_NOWHERE, "its cells are not those its properties count");
    buf_deinit(&counted);
    buf_deinit(&said);
}

bool check_table(struct check *c, const struct store_file *f, struct table **out)
{
    struct table_sum s = { .check = c, .file = f, .good = true };
    struct buf room = { 0 };
    uint64_t before = c->done;
    struct err e = table_open(&s.table, c->store.tool->fs, c->store.dir, f->id, 0);

    *out = NULL;
    if (err_is(e)) {
        wrong(&s, damage_offset(c, f), e.os ? strerror(e.os) : e.what);
        check_progress(c, f->size);
        return false;
    }
    table_meta_init(&s.meta, f->id);
    for (uint32_t i = 0; i < s.table->blocks;)
        i = check_blocks(&s, i, &room);
    if (s.good)
        check_sums(&s);
    mem_free(s.meta.blobs);
    buf_deinit(&s.last);
    buf_deinit(&room);
    c->done = before;
    check_progress(c, f->size);
    *out = s.table;
    return s.good;
}
