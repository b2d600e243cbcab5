/* table_test.c: a table answers as the sorted array it was made of. */
#include "lsm/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cell_list.h"
#include "lsm/table_format.h"
#include "lsm/table_index.h"
#include "lsm/table_source.h"
#include "memory_fs.h"

struct made {
    struct memory_fs fs;
    struct cell_list list;
    struct table_meta meta;
    struct table *table;
};

static const struct table_options plain = { .block_size = 4096, .filter_bits = 10 };

static void made_write(struct made *m, const struct table_options *options)
{
    struct err e = cell_list_write(&m->list, &m->fs.fs, "d", 7, options, &m->meta);

    cr_assert_not(err_is(e), "%s", e.what);
    e = table_open(&m->table, &m->fs.fs, "d", 7, m->meta.size);
    cr_assert_not(err_is(e), "%s", e.what);
}

static void made_init(struct made *m, uint64_t seed, size_t n, const struct table_options *options)
{
    struct prng prng;

    *m = (struct made){ .table = NULL };
    memory_fs_init(&m->fs);
    prng_init(&prng, seed);
    cell_list_fill(&m->list, &prng, n);
    made_write(m, options);
}

static void made_deinit(struct made *m)
{
    table_close(m->table);
    mem_free(m->meta.blobs);
    cell_list_deinit(&m->list);
    memory_fs_deinit(&m->fs);
}

static bool same_cell(const uint8_t *a, const uint8_t *b)
{
    return cell_encoded_size(a) == cell_encoded_size(b) && memcmp(a, b, cell_encoded_size(a)) == 0;
}

/* The first cell at or behind `key`, by the table, equals `want` (NULL: none). */
static void expect_seek(struct table *t, const struct cell_key *key, const uint8_t *want)
{
    uint32_t block = table_locate(t, key);
    uint8_t *payload = NULL;
    struct table_block b;
    size_t len = 0;

    if (block == t->blocks) {
        cr_assert_null(want);
        return;
    }
    cr_assert_not(err_is(table_read(t, block, &payload, &len)));
    cr_assert_not(err_is(table_block_open(slice_of(payload, len), &b)));
    uint32_t i = table_block_seek(&b, key);
    const uint8_t *found = table_block_find(&b, key);
    if (i == b.count && block + 1 < t->blocks) {
        cr_assert_null(found);
        mem_free(payload);
        cr_assert_not(err_is(table_read(t, block + 1, &payload, &len)));
        cr_assert_not(err_is(table_block_open(slice_of(payload, len), &b)));
        i = 0;
    }
    cr_assert_eq(i == b.count, want == NULL);
    if (want) {
        struct cell c;
        cr_assert(same_cell(table_block_cell(&b, i), want));
        cell_decode(want, &c);
        cr_assert_eq(found != NULL, cell_key_compare(&c.key, key) == 0);
    }
    mem_free(payload);
}

static void expect_answers(struct made *m, uint64_t seed, unsigned searches)
{
    struct prng prng;
    uint8_t room[64];

    prng_init(&prng, seed);
    for (unsigned n = 0; n < searches; n++) {
        struct cell_key key = cell_list_pick(&m->list, &prng, room);
        size_t i = cell_list_seek(&m->list, &key);
        expect_seek(m->table, &key, i < m->list.count ? m->list.cells[i] : NULL);
    }
    for (size_t i = 0; i < m->list.count; i++)
        cr_assert(table_may_hold(m->table, cell_encoded_position(m->list.cells[i])));
}

Test(table, answers_as_the_array_it_was_made_of)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct table_options options = { .block_size = seed % 4 ? 4096 : 64,
                                         .filter_bits = 10,
                                         .compress = seed & 1 };
        struct made m;
        made_init(&m, seed, 1 + (size_t)seed * seed * 10, &options);
        expect_answers(&m, seed, 1000);
        made_deinit(&m);
    }
}

Test(table, holds_one_cell)
{
    struct made m;

    made_init(&m, 1, 1, &plain);
    cr_assert(m.table->blocks == 1 && m.meta.cells >= 1);
    expect_answers(&m, 1, 50);
    made_deinit(&m);
}

Test(table, a_large_collection_is_found_by_halving)
{
    struct made m = { .table = NULL };

    memory_fs_init(&m.fs);
    for (unsigned i = 0; i < 20000; i++) {
        char field[32];
        struct cell c = { .key = cell_head_key(0, slice_str("h")), .stamp = i + 1 };
        snprintf(field, sizeof field, "%08u", 2 * i);
        c.key.kind = CELL_FIELD;
        c.key.subkey = slice_str(field);
        cell_list_add(&m.list, &c);
    }
    made_write(&m, &plain);
    cr_assert(m.table->blocks > 100 && m.meta.keys == 1);
    expect_answers(&m, 1, 2000);
    made_deinit(&m);
}

Test(table, its_meta_counts_its_cells)
{
    struct made m;
    uint64_t heads = 0, tombstones = 0, bytes = 0;

    made_init(&m, 3, 1000, &plain);
    for (size_t i = 0; i < m.list.count; i++) {
        struct cell c;
        cell_decode(m.list.cells[i], &c);
        tombstones += c.flags & CELL_TOMBSTONE ? 1 : 0;
        heads += c.key.kind == CELL_HEAD && c.key.db == 2 && !(c.flags & CELL_TOMBSTONE);
        bytes += cell_size(&c);
    }
    cr_assert_eq(m.meta.cells, m.list.count);
    cr_assert_eq(m.meta.tombstones, tombstones);
    cr_assert_eq(m.meta.heads[2], heads);
    cr_assert_eq(m.meta.raw_bytes, bytes);
    cr_assert_eq(m.meta.min_position, cell_encoded_position(m.list.cells[0]));
    cr_assert_eq(m.meta.max_position, cell_encoded_position(m.list.cells[m.list.count - 1]));
    cr_assert_eq(m.meta.blob_count, 5);
    cr_assert_eq(m.table->meta.blob_count, 5);
    cr_assert_eq(memcmp(m.table->meta.blobs, m.meta.blobs, 5 * sizeof *m.meta.blobs), 0);
    struct blob_use *mine = m.meta.blobs, *its = m.table->meta.blobs;
    m.meta.blobs = m.table->meta.blobs = NULL;
    cr_assert_eq(memcmp(&m.table->meta, &m.meta, sizeof m.meta), 0);
    m.meta.blobs = mine;
    m.table->meta.blobs = its;
    made_deinit(&m);
}

Test(table, a_write_that_fails_leaves_no_file)
{
    struct cell_list list = { .count = 0 };
    struct table_meta meta;
    struct memory_fs fs;
    struct prng prng;
    unsigned calls = 0;

    prng_init(&prng, 5);
    cell_list_fill(&list, &prng, 10000);
    for (unsigned fail_at = 0; fail_at <= calls; fail_at++) {
        memory_fs_init(&fs);
        fs.fail_at = fail_at;
        fs.fail_as = ERR_NO_SPACE;
        struct err e = cell_list_write(&list, &fs.fs, "d", 7, &plain, &meta);
        if (fail_at == 0) {
            cr_assert_not(err_is(e));
            mem_free(meta.blobs);
            calls = fs.calls;
            cr_assert_gt(fs.writes, 2);
        } else {
            cr_assert_eq(e.code, ERR_NO_SPACE, "call %u", fail_at);
            cr_assert_eq(memory_fs_count(&fs, "d/table-"), 0);
        }
        memory_fs_deinit(&fs);
    }
    cell_list_deinit(&list);
}

Test(table, a_writer_may_be_abandoned_at_any_time)
{
    struct made m;
    struct table_writer *w = NULL;

    made_init(&m, 5, 500, &plain);
    cr_assert_not(err_is(table_writer_open(&w, &m.fs.fs, "d", 8, &plain)));
    table_writer_abandon(w, true);
    cr_assert_not(err_is(table_writer_open(&w, &m.fs.fs, "d", 8, &plain)));
    for (unsigned i = 0; i < 200; i++) {
        size_t size = cell_encoded_size(m.list.cells[i]);
        cr_assert_not(err_is(table_writer_add(w, m.list.cells[i], size)));
        cr_assert_eq(table_writer_position(w), cell_encoded_position(m.list.cells[i]));
    }
    cr_assert_eq(table_writer_open(&w, &m.fs.fs, "d", 8, &plain).code, ERR_EXISTS);
    table_writer_abandon(w, true);
    table_writer_abandon(NULL, true);
    cr_assert_eq(memory_fs_count(&m.fs, "d/table-"), 1);
    made_deinit(&m);
}

Test(table, a_missing_file_is_corruption)
{
    struct memory_fs fs;
    struct table *t = NULL;

    memory_fs_init(&fs);
    cr_assert_eq(table_open(&t, &fs.fs, "d", 9, 0).code, ERR_CORRUPT);
    memory_fs_deinit(&fs);
}

/* From `from` on, the source tells what the array has. */
static void expect_source(struct made *m, uint64_t from, size_t step, bool drop)
{
    struct cell_key key = { .position = from };
    size_t i = cell_list_seek(&m->list, &key);
    struct table_source s;

    table_source_init(&s, m->table, from, step, drop);
    while (s.source.cell) {
        cr_assert_lt(i, m->list.count);
        cr_assert(same_cell(s.source.cell, m->list.cells[i++]));
        cell_source_next(&s.source);
    }
    cr_assert_not(err_is(s.source.err), "%s", s.source.err.what);
    cr_assert_eq(i, m->list.count);
    cr_assert(from || s.read_bytes > m->meta.cells);
    table_source_deinit(&s);
}

Test(table_source, tells_every_cell_from_a_position_on)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct table_options options = { .block_size = 4096, .filter_bits = 10 };
        size_t step = seed % 2 ? 1024 * 1024 : 10000;
        struct prng prng;
        struct made m;
        options.compress = seed > 3;
        made_init(&m, seed, 3000, &options);
        prng_init(&prng, seed);
        expect_source(&m, 0, step, seed & 1);
        expect_source(&m, 0, 1, false);
        expect_source(&m, m.meta.max_position, step, false);
        expect_source(&m, UINT64_MAX, step, false);
        for (unsigned i = 0; i < 50; i++) {
            size_t at = prng_below(&prng, m.list.count);
            expect_source(&m, cell_encoded_position(m.list.cells[at]) + i % 2, step, true);
        }
        made_deinit(&m);
    }
}

Test(table_source, ends_with_the_error_of_a_read)
{
    struct made m;
    struct table_source s;
    size_t told = 0;

    made_init(&m, 9, 2000, &plain);
    m.fs.fail_at = m.fs.calls + 3;
    table_source_init(&s, m.table, 0, 8192, true);
    while (s.source.cell) {
        told++;
        cell_source_next(&s.source);
    }
    cr_assert_eq(s.source.err.code, ERR_IO);
    cr_assert(told > 0 && told < m.list.count);
    table_source_deinit(&s);
    made_deinit(&m);
}

/* A bit anywhere in the file: the table does not open, or a cell is told as it was,
 * or there is an error. */
static void expect_noticed(struct made *m, struct memory_file *file, size_t bit)
{
    struct table *t = NULL;
    struct table_source s;
    size_t i = 0;
    struct err e;

    file->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    e = table_open(&t, &m->fs.fs, "d", 7, m->meta.size);
    cr_assert(!err_is(e) || e.code == ERR_CORRUPT);
    if (!err_is(e)) {
        table_source_init(&s, t, 0, 1 << 20, false);
        for (; s.source.cell; cell_source_next(&s.source))
            cr_assert(same_cell(s.source.cell, m->list.cells[i++]), "byte %zu", bit / 8);
        cr_assert_eq(s.source.err.code, ERR_CORRUPT, "byte %zu", bit / 8);
        table_source_deinit(&s);
        table_close(t);
    }
    file->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

Test(table, every_flipped_byte_is_noticed)
{
    for (unsigned compress = 0; compress < 2; compress++) {
        struct table_options options = { .block_size = 512, .filter_bits = 10 };
        struct made m;
        options.compress = compress;
        made_init(&m, 11, 60, &options);
        struct memory_file *file = memory_fs_find(&m.fs, "d/table-0000000000000007.tbl");
        cr_assert(file && file->len == m.meta.size && m.table->blocks > 3);
        for (size_t i = 0; i < file->len; i++)
            expect_noticed(&m, file, 8 * i + i % 8);
        made_deinit(&m);
    }
}

Test(table, a_file_cut_anywhere_does_not_open)
{
    struct made m;
    struct table *t = NULL;

    made_init(&m, 11, 60, &plain);
    struct memory_file *file = memory_fs_find(&m.fs, "d/table-0000000000000007.tbl");
    for (size_t len = 0; len < m.meta.size; len++) {
        file->len = len;
        cr_assert_eq(table_open(&t, &m.fs.fs, "d", 7, 0).code, ERR_CORRUPT);
    }
    file->len = m.meta.size;
    cr_assert_eq(table_open(&t, &m.fs.fs, "d", 7, m.meta.size + 1).code, ERR_CORRUPT);
    made_deinit(&m);
}

Test(table, is_good_under_its_own_name_only)
{
    struct made m;
    struct table *t = NULL;

    made_init(&m, 11, 60, &plain);
    struct memory_file *file = memory_fs_find(&m.fs, "d/table-0000000000000007.tbl");
    memory_fs_add(&m.fs, "d/table-0000000000000008.tbl", slice_of(file->data, file->len));
    cr_assert_eq(table_open(&t, &m.fs.fs, "d", 8, m.meta.size).code, ERR_CORRUPT);
    made_deinit(&m);
}

Test(table, compression_is_kept_where_it_pays)
{
    struct table_options options = plain;
    struct made m = { .table = NULL }, packed = { .table = NULL };
    uint64_t size;

    made_init(&m, 13, 3000, &plain);
    options.compress = true;
    made_init(&packed, 13, 3000, &options);
    size = packed.meta.size;
    cr_assert(size < m.meta.size / 2, "%llu", (unsigned long long)size);
    made_deinit(&packed);
    /* Noise is stored as it is: no larger than without compression. */
    packed = (struct made){ .table = NULL };
    memory_fs_init(&packed.fs);
    struct prng prng;
    prng_init(&prng, 1);
    for (unsigned i = 0; i < 300; i++) {
        char key[16];
        uint8_t value[400];
        snprintf(key, sizeof key, "%u", i);
        for (unsigned k = 0; k < sizeof value; k++)
            value[k] = (uint8_t)prng_next(&prng);
        struct cell c = { .key = cell_head_key(0, slice_str(key)), .stamp = 1 };
        c.value = slice_of(value, sizeof value);
        cell_list_add(&packed.list, &c);
    }
    cell_list_sort(&packed.list);
    made_write(&packed, &options);
    size = packed.meta.size;
    mem_free(packed.meta.blobs);
    table_close(packed.table);
    cr_assert_not(err_is(fs_remove(&packed.fs.fs, "d/table-0000000000000007.tbl")));
    made_write(&packed, &plain);
    cr_assert_eq(size, packed.meta.size);
    made_deinit(&packed);
    made_deinit(&m);
}
