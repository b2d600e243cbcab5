/* table_test.c: a table answers as the sorted array it was made of. */
#include "lsm/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cell_list.h"
#include "lsm/table_format.h"
#include "lsm/table_index.h"
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
    struct made m;
    unsigned calls;

    made_init(&m, 5, 500, &plain);
    struct memory_fs again;
    memory_fs_init(&again);
    struct table_meta meta;
    cr_assert_not(err_is(cell_list_write(&m.list, &again.fs, "d", 7, &plain, &meta)));
    mem_free(meta.blobs);
    calls = again.calls;
    memory_fs_deinit(&again);
    for (unsigned at = 1; at <= calls; at++) {
        memory_fs_init(&again);
        again.fail_at = at;
        struct err e = cell_list_write(&m.list, &again.fs, "d", 7, &plain, &meta);
        cr_assert(err_is(e), "call %u", at);
        cr_assert_eq(memory_fs_count(&again, "d/table-"), 0);
        memory_fs_deinit(&again);
    }
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
