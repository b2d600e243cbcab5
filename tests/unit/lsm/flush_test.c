/* flush_test.c: memtables into tables. */
#include "lsm/flush.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/log_format.h"
#include "lsm/memtable_source.h"
#include "lsm/table_source.h"
#include "small_tree.h"

static struct small_tree t;

static void begin(void)
{
    small_tree_init(&t);
}

static void end(void)
{
    small_tree_deinit(&t);
}

TestSuite(flush, .init = begin, .fini = end);

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

static struct table *newest(void)
{
    cr_assert_gt(t.version->levels[0].count, 0);
    return t.version->levels[0].tables[0].table;
}

Test(flush, of_a_memtable_is_a_table_of_the_same_cells)
{
    struct memtable_source from;
    struct table_source to;
    struct flush f;
    struct prng prng;
    size_t cells = 0;

    prng_init(&prng, 1);
    for (unsigned i = 0; i < TREE_KEYS; i++)
        small_tree_put(&t, i, (uint32_t)prng_below(&prng, TREE_LARGE), i % 5 ? 0 : 5000);
    small_tree_flush_init(&t, &f);
    flush_run(&f.job);
    ok(f.err);
    memtable_source_init(&from, t.memtable);
    table_source_init(&to, f.edit.add[0].table, 0, 4096, false);
    for (; from.source.cell; cells++) {
        size_t size = cell_encoded_size(from.source.cell);
        cr_assert_eq(memcmp(from.source.cell, to.source.cell, size), 0);
        cell_source_next(&from.source);
        cell_source_next(&to.source);
    }
    cr_expect_null(to.source.cell);
    cr_expect_eq(cells, TREE_KEYS);
    table_source_deinit(&to);
    cr_expect(f.edit.add_count == 1 && f.edit.add[0].level == 0 && f.edit.add[0].order == f.order);
    cr_expect_eq(f.edit.add_blob_count, 0);
    cr_expect_eq(f.bytes, f.edit.add[0].size);
    cr_expect(f.edit.has_mark && f.edit.mark.position == t.log_end);
    small_tree_install(&t, &f.edit);
}

Test(flush, leaves_large_values_where_the_log_has_them)
{
    struct table_source s;
    unsigned refs = 0;

    small_tree_put(&t, 0, TREE_LARGE - 1, 0);
    small_tree_put(&t, 1, TREE_LARGE, 0);
    small_tree_roll(&t);
    small_tree_put(&t, 2, 5000, 99999);
    small_tree_flush(&t, false);
    cr_expect_eq(t.version->blob_count, 2);
    cr_expect_eq(t.version->blobs[0].live, TREE_LARGE);
    cr_expect_eq(t.version->blobs[1].live, 5000);
    for (size_t i = 0; i < 2; i++) {
        const struct blob_file *b = t.version->blobs[i].blob;
        const struct log_stretch *stretch = &t.stretches[i];
        cr_expect(b->id == stretch->id && b->kind == FILE_SEGMENT);
        cr_expect_eq(b->size, SEGMENT_FRAMES_START + stretch->end - stretch->base);
    }
    table_source_init(&s, newest(), 0, 4096, false);
    for (; s.source.cell; cell_source_next(&s.source))
        refs += (s.source.cell[30] & CELL_BLOB) != 0;
    table_source_deinit(&s);
    cr_expect_eq(refs, 2);
    cr_expect_lt(newest()->meta.size, 2500);
    small_tree_check(&t);
}

Test(flush, lets_a_segment_grow_that_the_log_was_still_writing)
{
    struct blob_file *b;
    uint64_t size;

    small_tree_put(&t, 1, 1000, 0);
    small_tree_flush(&t, false);
    b = t.version->blobs[0].blob;
    size = b->size;
    small_tree_put(&t, 2, 3000, 0);
    small_tree_flush(&t, false);
    cr_expect_eq(t.version->blob_count, 1);
    cr_expect_eq(t.version->blobs[0].blob, b);
    cr_expect_gt(b->size, size + 3000);
    cr_expect_eq(t.version->blobs[0].live, 4000);
    small_tree_check(&t);
}

Test(flush, of_a_rescue_moves_large_values_to_a_file_of_their_own)
{
    small_tree_put(&t, 1, 1000, 0);
    small_tree_flush(&t, false);
    small_tree_put(&t, 2, 3000, 0);
    small_tree_put(&t, 3, 30, 0);
    small_tree_put(&t, 5, 4000, 0);
    small_tree_flush(&t, true);
    cr_assert_eq(t.version->blob_count, 2);
    cr_expect_eq(t.version->blobs[1].blob->kind, FILE_BLOB);
    cr_expect_eq(t.version->blobs[1].live, 7000);
    small_tree_check(&t);
}

Test(flush, keeps_only_what_is_needed)
{
    small_tree_put(&t, 0, 10, 0); /* flushed */
    small_tree_put(&t, 3, TREE_LARGE, 0);
    small_tree_flushdb(&t, 0);
    small_tree_delete(&t, 1);
    small_tree_put(&t, 2, TREE_LARGE, t.now_ms);
    small_tree_put(&t, 4, 10, t.now_ms + 1);
    small_tree_flush(&t, false);
    cr_expect_eq(newest()->meta.cells, 1);
    cr_expect_eq(t.version->blob_count, 0);
    cr_expect_eq(t.version->flushed[0], t.flushed[0]);
    small_tree_check(&t);
}

Test(flush, keeps_tombstones_over_what_may_be_below)
{
    small_tree_put(&t, 1, 10, 0);
    small_tree_put(&t, 2, 10, 0);
    small_tree_flush(&t, false);
    small_tree_delete(&t, 1);
    small_tree_put(&t, 2, 1000, t.now_ms);
    small_tree_delete(&t, 5);
    small_tree_flush(&t, false);
    cr_expect_eq(newest()->meta.cells, 2);
    cr_expect_eq(newest()->meta.tombstones, 2);
    small_tree_check(&t);
}

Test(flush, of_nothing_needed_only_moves_the_mark)
{
    uint64_t files = small_tree_files(&t);

    small_tree_delete(&t, 1);
    small_tree_put(&t, 2, 10, 1);
    small_tree_flush(&t, false);
    cr_expect_eq(t.version->levels[0].count, 0);
    cr_expect_eq(t.version->mark.position, t.log_end);
    cr_expect_eq(small_tree_files(&t), files);
    small_tree_check(&t);
}

Test(flush, is_durable_before_it_is_done)
{
    struct flush f;
    struct blob_file *b;
    struct table *again;
    uint64_t id;

    for (unsigned i = 0; i < TREE_KEYS; i++)
        small_tree_put(&t, i, 100 + i * 10, 0);
    small_tree_flush_init(&t, &f);
    f.rescue = true;
    flush_run(&f.job);
    ok(f.err);
    memory_fs_power_loss(&t.fs, NULL);
    ok(table_open(&again, &t.fs.fs, "/d", f.edit.add[0].id, f.edit.add[0].size));
    cr_expect_eq(again->meta.cells, TREE_KEYS);
    table_close(again);
    id = f.edit.add_blobs[0].id;
    ok(blob_file_open(&b, &t.fs.fs, "/d", FILE_BLOB, id, f.edit.add_blobs[0].size));
    blob_file_close(b);
    small_tree_install(&t, &f.edit);
}

/* Each call fails once: nothing is left, nothing is missing, and the next try does it. */
static void fail_everywhere(bool rescue)
{
    struct prng prng;
    struct flush f;

    prng_init(&prng, 3);
    small_tree_random(&t, &prng, 150);
    small_tree_flush(&t, false);
    small_tree_random(&t, &prng, 200);
    for (unsigned call = 1;; call++) {
        uint64_t files = small_tree_files(&t);
        small_tree_flush_init(&t, &f);
        f.rescue = rescue;
        t.fs.calls = 0;
        t.fs.fail_at = call;
        flush_run(&f.job);
        t.fs.fail_at = 0;
        if (!err_is(f.err)) {
            cr_expect_gt(call, rescue ? 12 : 9);
            break;
        }
        cr_assert_eq(f.err.os, 5);
        cr_assert_eq(small_tree_files(&t), files, "call %u", call);
        cr_assert_eq(f.edit.add_count + f.edit.add_blob_count + f.edit.live_count, 0);
        cr_assert_eq(f.bytes, 0);
        small_tree_check(&t);
    }
    small_tree_install(&t, &f.edit);
    small_tree_check(&t);
}

Test(flush, that_fails_leaves_nothing)
{
    fail_everywhere(false);
}

Test(flush, of_a_rescue_that_fails_leaves_nothing)
{
    fail_everywhere(true);
}
