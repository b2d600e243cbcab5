/* flush_durable_test.c: FLUSHDB is durable no sooner than what was put before it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lsm_world.h"

static struct lsm_world w;

static void begin(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 32768;
    w.options.chunk_size = 4096;
    w.options.segment_size = 65536;
    w.options.table_size = 16384;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 65536;
}

static void end(void)
{
    lsm_world_deinit(&w);
}

TestSuite(flush_durable, .init = begin, .fini = end);

static void put_in(uint8_t db, const char *key, const char *value)
{
    struct cell c = { .key = cell_head_key(db, slice_str(key)),
                      .stamp = ++w.stamp,
                      .origin = 1,
                      .value = slice_str(value),
                      .type = CELL_STRING };
    lsm_put(w.lsm, &c);
}

static bool is_in(uint8_t db, const char *key)
{
    struct cell_key k = cell_head_key(db, slice_str(key));
    struct cell c;

    return lsm_world_find(&w, &k, &c) && !(c.flags & CELL_TOMBSTONE);
}

/* A job of the store ends: it looks what else there is to do. */
static void some_job_ends(void)
{
    lsm_tick(w.lsm, w.now_us);
    lsm_world_settle(&w);
}

static void expect_either_after_power_loss(void)
{
    lsm_world_power_loss(&w, NULL);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert(is_in(0, "k") || is_in(1, "k"), "it was copied before the database was emptied");
}

static void copy_and_flush(void)
{
    put_in(1, "k", "v");
    lsm_commit(w.lsm);
    lsm_flush(w.lsm, 0, ++w.stamp);
    lsm_commit(w.lsm);
}

Test(flush_durable, tables_are_not_dropped_for_a_flush_that_a_power_loss_may_undo)
{
    lsm_world_open(&w);
    put_in(0, "k", "v");
    lsm_commit(w.lsm);
    lsm_world_tick(&w); /* the second of everysec: it is synced */
    lsm_world_settle(&w);
    copy_and_flush();
    some_job_ends();
    expect_either_after_power_loss();
}

Test(flush_durable, a_table_that_is_made_meanwhile_does_not_bring_it_either)
{
    lsm_world_open(&w);
    put_in(0, "k", "v");
    for (unsigned i = 0; lsm_stats(w.lsm)->sealed == 0; i++) {
        char key[16];
        snprintf(key, sizeof key, "f%u", i);
        lsm_world_put_size(&w, key, 1000, 'x');
        lsm_commit(w.lsm);
    }
    cr_assert(lsm_world_half_step(&w), "what was sealed is being synced");
    copy_and_flush();
    lsm_world_settle(&w);
    cr_assert_eq(lsm_stats(w.lsm)->flushes, 1);
    expect_either_after_power_loss();
}

Test(flush_durable, it_comes_with_the_sync)
{
    enum lsm_sync policies[] = { LSM_SYNC_EVERYSEC, LSM_SYNC_NO, LSM_SYNC_ALWAYS };

    for (unsigned i = 0; i < 3; i++) {
        if (i)
            end();
        begin();
        w.options.sync = policies[i];
        lsm_world_open(&w);
        for (unsigned n = 0; n < 3; n++) {
            copy_and_flush();
            lsm_world_settle(&w);
            some_job_ends();
            lsm_world_tick(&w);
            lsm_world_settle(&w);
            some_job_ends();
        }
        put_in(0, "k", "v");
        lsm_flush(w.lsm, CELL_DB_ALL, ++w.stamp);
        lsm_commit(w.lsm);
        for (unsigned n = 0; n < 4; n++) {
            some_job_ends();
            lsm_world_tick(&w);
            lsm_world_settle(&w);
        }
        lsm_world_power_loss(&w, NULL);
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
        cr_assert_eq(lsm_flushed(w.lsm, 0), w.stamp);
        cr_assert_not(is_in(0, "k") || is_in(1, "k"));
    }
}
