/* compact_test.c: real tables, compacted, against a model. */
#include "lsm/compact.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/level_source.h"
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

TestSuite(compact, .init = begin, .fini = end);

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

/* Tables of L0 that meet some of the level they are to be compacted into. */
static struct pick prepare(uint64_t seed)
{
    struct prng prng;
    struct pick p;

    prng_init(&prng, seed);
    for (unsigned round = 0;; round++) {
        cr_assert_lt(round, 100);
        small_tree_random(&t, &prng, 120);
        small_tree_flush(&t, false);
        pick_next(t.version, &t.pick, t.cursor, t.now_ms, &p);
        if (round > 10 && p.kind == PICK_MERGE && p.from == 0 && p.lower_count > 2)
            return p;
        pick_deinit(&p);
        while (small_tree_compact(&t))
            ;
    }
}

static struct compact *start(struct pick *p)
{
    t.compact.now_ms = t.now_ms;
    return compact_new(&t.compact, t.version, p);
}

static unsigned run(struct compact *c)
{
    unsigned slices = 0;

    for (; !compact_ended(c); slices++)
        compact_job(c)->run(compact_job(c));
    return slices;
}

static void finish(struct compact *c)
{
    struct version *old = t.version;
    struct edit e;

    ok(compact_error(c));
    compact_take_edit(c, &e);
    version_hold(old);
    small_tree_install(&t, &e);
    compact_free(c, true);
    small_tree_drop(&t, old);
}

Test(compact, a_random_history_reads_as_the_model)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct prng prng;
        small_tree_deinit(&t);
        small_tree_init(&t);
        t.compact.table.compress = seed % 2;
        t.compact.slice_bytes = seed % 3 ? 3000 : 1;
        t.compact.table_size = seed % 4 ? 2000 : 600;
        prng_init(&prng, seed);
        for (unsigned round = 0; round < 25; round++) {
            small_tree_random(&t, &prng, 80);
            small_tree_check(&t);
            small_tree_flush(&t, prng_one_in(&prng, 6));
            small_tree_check(&t);
            for (unsigned picks = 0; small_tree_compact(&t); picks++) {
                cr_assert_lt(picks, 60);
                small_tree_check(&t);
            }
        }
    }
}

Test(compact, files_are_those_of_the_version)
{
    struct prng prng;

    prng_init(&prng, 5);
    for (unsigned round = 0; round < 20; round++) {
        size_t tables = 0;
        small_tree_random(&t, &prng, 100);
        small_tree_flush(&t, false);
        while (small_tree_compact(&t))
            ;
        for (unsigned level = 0; level < LEVELS; level++)
            tables += t.version->levels[level].count;
        cr_assert_eq(memory_fs_count(&t.fs, "/d/table-"), tables);
    }
}

Test(compact, everything_that_expired_goes_in_time)
{
    for (unsigned i = 0; i < TREE_KEYS; i++)
        small_tree_put(&t, i, 50, t.now_ms + 10 + i % 20);
    small_tree_flush(&t, false);
    t.now_ms += 100;
    while (small_tree_compact(&t))
        ;
    cr_expect_eq(version_bytes(t.version), 0);
}

Test(compact, a_flushed_database_goes_unread)
{
    unsigned reads;

    for (unsigned i = 0; i < TREE_KEYS; i += 3)
        small_tree_put(&t, i, 50, 0);
    small_tree_flush(&t, false);
    small_tree_flushdb(&t, 0);
    small_tree_flush(&t, false);
    reads = t.fs.reads;
    cr_expect(small_tree_compact(&t));
    cr_expect_eq(version_bytes(t.version), 0);
    cr_expect_eq(t.fs.reads, reads);
}

Test(compact, works_in_slices)
{
    struct pick p = prepare(1);
    uint64_t cells = 0, raw = 0, inputs = p.bytes, last = 0;
    struct compact *c;
    unsigned slices;

    for (size_t i = 0; i < p.upper_count; i++) {
        cells += p.upper[i]->meta.cells;
        raw += p.upper[i]->meta.raw_bytes;
    }
    for (size_t i = 0; i < p.lower_count; i++) {
        cells += p.lower[i]->meta.cells;
        raw += p.lower[i]->meta.raw_bytes;
    }
    t.compact.slice_bytes = 500;
    c = start(&p);
    for (slices = 0; !compact_ended(c); slices++) {
        compact_job(c)->run(compact_job(c));
        cr_assert_leq(compact_sums(c)->read_cells - last, 10);
        last = compact_sums(c)->read_cells;
    }
    cr_expect_geq(slices, raw / 600);
    cr_expect_eq(last, cells);
    cr_expect(compact_sums(c)->read_bytes <= inputs && compact_sums(c)->read_bytes > inputs / 2);
    cr_expect_gt(compact_sums(c)->written_bytes, 0);
    finish(c);
    small_tree_check(&t);
}

/* Keys of a database that the model has and no compaction may drop. */
static int64_t live_heads(uint8_t db, bool expiring)
{
    int64_t count = 0;

    for (unsigned i = 0; i < TREE_KEYS; i++) {
        const struct tree_fact *f = &t.facts[i];
        char room[24];
        struct cell_key key = small_tree_key(i, room);
        if (key.kind == CELL_HEAD && key.db == db && f->stamp > t.flushed[db] && !f->deleted &&
            (!f->expire_ms || f->expire_ms > t.now_ms))
            count += !expiring || f->expire_ms;
    }
    return count;
}

/* What the tables of all levels count. */
static int64_t counted_heads(uint8_t db, bool expiring)
{
    int64_t count = 0;

    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < t.version->levels[level].count; i++) {
            const struct table_meta *m = &t.version->levels[level].tables[i].table->meta;
            if (m->max_stamp <= t.flushed[db])
                continue;
            count += expiring ? (int64_t)m->expiring[db] - m->over_expiring[db]
                              : (int64_t)m->heads[db] - m->over[db];
        }
    }
    return count;
}

/* Guesses are made by filters, and wrong for deleted, expired and flushed keys. */
Test(compact, knows_how_many_keys_there_are_when_all_is_merged)
{
    t.pick.l0_tables = 1;
    t.pick.base_size = UINT64_MAX / 64;
    t.pick.job_bytes_max = UINT64_MAX;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct prng prng;
        prng_init(&prng, seed);
        for (unsigned round = 0; round < 3; round++) {
            small_tree_random(&t, &prng, 150);
            small_tree_flush(&t, false);
        }
        for (unsigned i = 0; i < TREE_KEYS; i++) /* a table that meets all others */
            small_tree_put(&t, i, 10, i % 5 ? 0 : t.now_ms + 100);
        small_tree_flush(&t, false);
        while (small_tree_compact(&t))
            ;
        for (unsigned level = 0; level < LEVELS - 1; level++)
            cr_assert_eq(t.version->levels[level].count, 0);
        for (uint8_t db = 0; db < 3; db++) {
            cr_assert_eq(counted_heads(db, false), live_heads(db, false));
            cr_assert_eq(counted_heads(db, true), live_heads(db, true));
            cr_assert_gt(counted_heads(db, true), 0);
        }
    }
    small_tree_check(&t);
}

/* Where every guess is right, so is every sum, whatever is merged and whatever not. */
Test(compact, carries_what_an_older_cell_was_over)
{
    struct prng prng;
    unsigned deepest = LEVELS;

    prng_init(&prng, 3);
    t.pick.base_size = 2500;
    for (unsigned i = 0; i < TREE_KEYS; i++)
        small_tree_put(&t, i, 30, 0);
    small_tree_flush(&t, false);
    for (unsigned step = 0; step < 400; step++) {
        for (unsigned i = 0; i < 40; i++)
            small_tree_put(&t, (unsigned)prng_below(&prng, TREE_KEYS), 30, 0);
        small_tree_flush(&t, false);
        for (bool more = true; more; more = small_tree_compact(&t)) {
            for (uint8_t db = 0; db < 3; db++)
                cr_assert_eq(counted_heads(db, false), live_heads(db, false));
        }
        for (unsigned level = LEVELS; level-- > 1;)
            deepest = t.version->levels[level].count && level < deepest ? level : deepest;
    }
    cr_assert_leq(deepest, LEVELS - 2); /* there was more than one level */
    small_tree_check(&t);
}

Test(compact, that_is_abandoned_leaves_nothing)
{
    struct pick p = prepare(2);
    unsigned slices;

    t.compact.slice_bytes = 400;
    for (slices = 0;; slices++) {
        uint64_t files = small_tree_files(&t);
        struct compact *c = start(&p);
        for (unsigned i = 0; i < slices && !compact_ended(c); i++)
            compact_job(c)->run(compact_job(c));
        if (compact_ended(c) && slices % 2) {
            finish(c);
            break;
        }
        compact_free(c, true);
        cr_assert_eq(small_tree_files(&t), files);
        pick_next(t.version, &t.pick, t.cursor, t.now_ms, &p);
    }
    cr_expect_gt(slices, 10);
    small_tree_check(&t);
}

Test(compact, that_fails_leaves_nothing)
{
    struct pick p = prepare(3);

    for (unsigned call = 1;; call++) {
        uint64_t files = small_tree_files(&t);
        struct compact *c = start(&p);
        t.fs.calls = 0;
        t.fs.fail_at = call;
        run(c);
        t.fs.fail_at = 0;
        if (!err_is(compact_error(c))) {
            cr_expect_gt(call, 20);
            finish(c);
            break;
        }
        cr_assert_eq(compact_error(c).os, 5);
        cr_assert_eq(small_tree_files(&t), files, "call %u", call);
        compact_free(c, true);
        cr_assert_eq(small_tree_files(&t), files);
        small_tree_check(&t);
        pick_next(t.version, &t.pick, t.cursor, t.now_ms, &p);
    }
    small_tree_check(&t);
}

Test(compact, of_a_damaged_table_ends_with_an_error)
{
    struct pick p = prepare(4);
    char *path = file_path("/d", FILE_TABLE, p.lower[p.lower_count - 1]->meta.id);
    struct memory_file *f = memory_fs_find(&t.fs, path);
    uint64_t files = small_tree_files(&t);
    struct compact *c;

    f->data[100] ^= 1;
    c = start(&p);
    run(c);
    cr_expect_eq(compact_error(c).code, ERR_CORRUPT);
    compact_free(c, true);
    cr_expect_eq(small_tree_files(&t), files);
    f->data[100] ^= 1;
    mem_free(path);
    small_tree_check(&t);
}

Test(compact, outputs_are_durable_before_the_edit)
{
    struct pick p = prepare(6);
    struct compact *c = start(&p);
    struct edit e;

    run(c);
    compact_take_edit(c, &e);
    memory_fs_power_loss(&t.fs, NULL);
    for (size_t i = 0; i < e.add_count; i++) {
        struct table *again;
        ok(table_open(&again, &t.fs.fs, "/d", e.add[i].id, e.add[i].size));
        table_close(again);
        table_close(e.add[i].table);
    }
    edit_deinit(&e);
    compact_free(c, true);
}
