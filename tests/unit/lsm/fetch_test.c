/* fetch_test.c: a read of many keys beside one of a single key, and what is counted. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "lsm_world.h"

enum { KEYS = 1000 };

static struct lsm_world w;
static char names[KEYS][16];
static struct want wants[KEYS];
static unsigned ended; /* in which order they do */

static void on_done(void *owner, struct err e)
{
    cr_assert_not(err_is(e));
    *(unsigned *)owner = ++ended;
}

static void begin(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 32768;
    w.options.chunk_size = 4096;
    w.options.segment_size = 65536;
    w.options.table_size = 16384;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 16384;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    for (int i = 0; i < 2 * KEYS; i++) { /* the second half pushes the first to disk */
        char name[16];
        snprintf(name, sizeof name, "key:%d", i);
        for (int n = 0; n < 10000 && !lsm_can_put(w.lsm, 4096); n++) {
            lsm_turn(w.lsm);
            if (!lsm_world_step(&w))
                lsm_world_tick(&w);
        }
        lsm_world_put_size(&w, name, 200, 'v');
        lsm_commit(w.lsm);
    }
    lsm_world_settle(&w);
    w.fs.cold = true;
    for (int i = 0; i < KEYS; i++) {
        snprintf(names[i], sizeof names[i], "key:%d", i);
        wants[i] = (struct want){ cell_head_key(0, slice_str(names[i])), WANT_CELL };
    }
}

static void end(void)
{
    lsm_world_deinit(&w);
}

TestSuite(fetch, .init = begin, .fini = end);

Test(fetch, one_key_does_not_wait_for_a_thousand_others)
{
    unsigned many = 0, one = 0;
    struct lsm_fetch *a = lsm_fetch(w.lsm, wants, KEYS, on_done, &many);
    struct lsm_fetch *b = lsm_fetch(w.lsm, &wants[KEYS / 2], 1, on_done, &one);
    struct cell c;

    while (!many || !one)
        cr_assert(lsm_world_step(&w));
    cr_expect_lt(one, many);
    for (int i = 0; i < KEYS; i++)
        cr_expect_eq(lsm_find(w.lsm, &wants[i].key, WANT_CELL, &c), LSM_HERE, "%d", i);
    lsm_fetch_end(a);
    lsm_fetch_end(b);
}

Test(fetch, what_is_read_and_pinned_is_counted_until_its_end)
{
    unsigned many = 0;
    struct lsm_fetch *a = lsm_fetch(w.lsm, wants, KEYS, on_done, &many);

    cr_expect_eq(lsm_stats(w.lsm)->reading_bytes, (uint64_t)KEYS * WANT_CELL_BYTES);
    while (!many)
        cr_assert(lsm_world_step(&w));
    cr_expect_eq(lsm_stats(w.lsm)->reading_bytes, 0);
    cr_expect_geq(lsm_stats(w.lsm)->pinned_bytes, (uint64_t)KEYS * 200);
    cr_expect_eq(lsm_stats(w.lsm)->pinned_bytes, lsm_fetch_bytes(a));
    cr_expect_gt(lsm_stats(w.lsm)->cache_beyond, 0);
    lsm_fetch_end(a);
    lsm_turn(w.lsm);
    cr_expect_eq(lsm_stats(w.lsm)->pinned_bytes, 0);
    cr_expect_eq(lsm_stats(w.lsm)->cache_beyond, 0);
    cr_expect_leq(lsm_stats(w.lsm)->cache_bytes, w.options.cache_size);
}

Test(fetch, one_that_is_given_up_reads_no_further_slice)
{
    unsigned many = 0, jobs = 0;
    struct lsm_fetch *a = lsm_fetch(w.lsm, wants, KEYS, on_done, &many);

    cr_assert(lsm_world_step(&w));
    lsm_fetch_end(a);
    while (lsm_world_step(&w))
        jobs++;
    cr_expect_leq(jobs, 4);
    cr_expect_eq(many, 0);
    cr_expect_eq(lsm_stats(w.lsm)->reading_bytes + lsm_stats(w.lsm)->pinned_bytes, 0);
}
