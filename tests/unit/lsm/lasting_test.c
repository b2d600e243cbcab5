/* Tests of lasting.c, and of the store that asks it. */
#include "lsm/lasting.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "lsm/lsm_state.h"
#include "lsm_world.h"

static struct lasting l;
static struct dataset d;
static uint64_t out[LIMIT_DATABASES];

static void flush(unsigned db, uint64_t stamp, uint64_t end)
{
    d.flushed[db] = stamp;
    lasting_note(&l, end);
}

static void look(uint64_t synced, uint64_t wanted, uint64_t stamp)
{
    cr_expect_eq(lasting_look(&l, &d, synced, out), wanted);
    cr_expect_eq(out[3], stamp, "%d, not %d", (int)out[3], (int)stamp);
}

Test(lasting, what_was_loaded_is_durable)
{
    d.flushed[3] = 7;
    look(0, 0, 7);
}

Test(lasting, a_flush_counts_once_the_log_is_synced_behind_it)
{
    look(100, 0, 0);
    flush(3, 7, 200);
    look(100, 200, 0);
    look(199, 200, 0);
    look(200, 0, 7);
}

Test(lasting, those_that_come_all_the_time_count_in_turn)
{
    flush(3, 7, 200);
    look(100, 200, 0);
    flush(3, 8, 300);
    look(100, 200, 0);
    look(250, 300, 7);
    flush(3, 9, 400);
    look(350, 400, 8);
    look(400, 0, 9);
}

Test(lasting, one_that_is_undone_never_counts)
{
    flush(3, 7, 200);
    look(100, 200, 0);
    d.flushed[3] = 0;
    lasting_undone(&l, &d, 150);
    look(100, 150, 0);
    look(150, 0, 0);
    look(1000, 0, 0);
}

/* --- the store */

static struct lsm_world w;

static void rest(void)
{
    for (unsigned i = 0; i < 200; i++) {
        lsm_world_settle(&w);
        lsm_world_tick(&w);
    }
}

static void commit(void)
{
    lsm_request(w.lsm);
    lsm_commit(w.lsm);
}

/* Nothing is synced but what has to be. */
static void begin_with_tables(void)
{
    char key[16];

    lsm_world_init(&w);
    w.options.sync = LSM_SYNC_NO;
    w.options.memtable_size = 4096;
    w.options.chunk_size = 2048;
    w.options.table_size = 65536;
    w.options.segment_size = 1 << 20;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    for (unsigned i = 0; lsm_stats(w.lsm)->l0_tables == 0; i++) {
        snprintf(key, sizeof key, "k%u", i);
        lsm_world_put_size(&w, key, 400, 'x');
        commit();
        lsm_world_settle(&w);
    }
    rest();
}

/* A pool has no order: the newest job is the next to be run. */
static void newest_first(void)
{
    struct job **at = &w.jobs, *last;

    if (!w.jobs)
        return;
    while ((*at)->next)
        at = &(*at)->next;
    last = *at;
    *at = NULL;
    last->next = w.jobs;
    w.jobs = last;
}

/* The power is lost after so many more jobs, or ends of pauses where there are none; whether
 * the flush is there.  What was put behind it in the same request is there with it. */
static bool lose_after(unsigned steps, bool newest)
{
    bool flushed;

    begin_with_tables();
    lsm_flush(w.lsm, 0, ++w.stamp);
    lsm_world_put(&w, "after", "y");
    commit();
    w.now_us += 10 * 1000 * 1000; /* it rests no more */
    lsm_after_job(w.lsm);         /* as another's job would */
    cr_assert_null(lsm_world_get(&w, "k0"));
    for (unsigned i = 0; i < steps; i++) {
        if (newest)
            newest_first();
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
    lsm_world_power_loss(&w, NULL);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    flushed = !lsm_world_get(&w, "k0");
    cr_expect_eq(flushed, lsm_world_get(&w, "after") != NULL, "after %u steps", steps);
    lsm_world_kill(&w);
    lsm_world_deinit(&w);
    return flushed;
}

Test(lasting, a_flush_that_a_power_loss_takes_back_has_emptied_no_table)
{
    cr_expect_not(lose_after(0, false));
    for (unsigned steps = 1; steps < 20; steps++) {
        lose_after(steps, false);
        lose_after(steps, true);
    }
    cr_expect(lose_after(20, false));
    cr_expect(lose_after(20, true));
}
