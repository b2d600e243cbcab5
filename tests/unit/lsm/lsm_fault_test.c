/* lsm_fault_test.c: every call may fail, and the process may end in every call. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lsm_world.h"
#include "put_trace.h"

static struct lsm_world w;

static void begin(void)
{
    lsm_world_init(&w);
}

static void end(void)
{
    lsm_world_deinit(&w);
}

TestSuite(lsm_fault, .init = begin, .fini = end);

/* Puts, rolls, ticks, an orderly end.  The world's fs may fail meanwhile. */
static void script(struct put_trace *t, struct lsm_world *world, unsigned seed)
{
    struct prng p;

    prng_init(&p, seed);
    if (lsm_world_open(world) == LSM_FAILED)
        return;
    for (unsigned turn = 0; turn < 25; turn++) {
        for (unsigned i = 0; i < 1 + turn % 4; i++) {
            if (!lsm_can_put(world->lsm, 1200))
                break;
            put_trace_put(t, world, (unsigned)prng_below(&p, TRACE_KEYS), turn % 3 ? 1000 : 10);
            lsm_request(world->lsm);
        }
        lsm_commit(world->lsm);
        put_trace_look(t, world);
        if (turn % 3 == 1)
            lsm_world_half_step(world);
        if (turn % 3 == 2)
            put_trace_settle(t, world);
        if (turn % 10 == 9) {
            put_trace_settle(t, world);
            lsm_world_tick(world);
            put_trace_now(t, world);
        }
    }
    put_trace_settle(t, world);
    put_trace_now(t, world);
}

/* Comes back whatever happened, without faults. */
static void reopen(struct put_trace *t, struct lsm_world *world, const char *what)
{
    for (unsigned round = 0; round < 2; round++) {
        cr_assert_eq(lsm_world_open(world), LSM_READY, "%s", what);
        put_trace_after(t, world, what);
        if (lsm_can_put(world->lsm, 100)) {
            put_trace_put(t, world, 0, 10);
            lsm_commit(world->lsm);
            put_trace_settle(t, world);
            cr_assert(t->puts[t->count - 1].acked);
        }
        lsm_world_kill(world);
    }
}

static unsigned calls_of(unsigned seed, enum lsm_sync sync)
{
    struct put_trace t = { .count = 0 };
    struct lsm_world plain;
    unsigned calls;

    lsm_world_init(&plain);
    plain.options.sync = sync;
    script(&t, &plain, seed);
    cr_assert_eq(t.failures, 0);
    cr_assert(t.puts[t.count - 1].acked);
    calls = plain.fs.calls;
    lsm_world_deinit(&plain);
    return calls;
}

static void fail_each_call(enum lsm_sync sync, enum err_code code, unsigned count)
{
    unsigned calls = calls_of(1, sync), broken = 0;

    cr_assert_gt(calls, 50);
    for (unsigned n = 1; n <= calls; n++) {
        struct put_trace t = { .count = 0 };
        char what[64];
        snprintf(what, sizeof what, "call %u of %u fails as %d, policy %d", n, calls, code, sync);
        lsm_world_init(&w);
        w.options.sync = sync;
        w.fs.fail_at = n;
        w.fs.fail_as = code;
        w.fs.fail_count = count;
        script(&t, &w, 1);
        cr_assert(lsm_state(w.lsm) != LSM_LOADING);
        broken += lsm_state(w.lsm) != LSM_READY;
        if (n % 2)
            lsm_world_kill(&w);
        else
            lsm_world_close(&w);
        memory_fs_kill(&w.fs);
        reopen(&t, &w, what);
        lsm_world_deinit(&w);
    }
    cr_assert_gt(broken, 3, "some failures must be final");
    lsm_world_init(&w);
}

Test(lsm_fault, any_one_call_may_fail_under_everysec)
{
    fail_each_call(LSM_SYNC_EVERYSEC, ERR_IO, 1);
}

Test(lsm_fault, any_one_call_may_fail_under_always)
{
    fail_each_call(LSM_SYNC_ALWAYS, ERR_IO, 1);
}

Test(lsm_fault, any_call_and_all_behind_it_may_fail)
{
    fail_each_call(LSM_SYNC_ALWAYS, ERR_IO, 1000);
    fail_each_call(LSM_SYNC_EVERYSEC, ERR_IO, 1000);
}

Test(lsm_fault, the_disk_may_be_full_for_a_while)
{
    fail_each_call(LSM_SYNC_ALWAYS, ERR_NO_SPACE, 5);
    fail_each_call(LSM_SYNC_EVERYSEC, ERR_NO_SPACE, 5);
}

/* The process ends within call n; what it did after that never happened. */
static void end_in_each_call(enum lsm_sync sync, bool power, unsigned seed)
{
    unsigned calls = calls_of(seed, sync);

    for (unsigned n = 1; n <= calls; n++) {
        struct put_trace t = { .count = 0 };
        struct prng p;
        char what[64];
        snprintf(what, sizeof what, "ended in call %u, policy %d, power %d, seed %u", n, sync,
                 power, seed);
        lsm_world_init(&w);
        w.options.sync = sync;
        w.fs.cut_at = n;
        prng_init(&p, n);
        script(&t, &w, seed);
        if (power)
            lsm_world_power_loss(&w, seed % 2 ? &p : NULL);
        else
            lsm_world_kill(&w);
        reopen(&t, &w, what);
        lsm_world_deinit(&w);
    }
    lsm_world_init(&w);
}

Test(lsm_fault, a_kill_in_any_call_loses_nothing_acknowledged)
{
    for (unsigned seed = 1; seed < 4; seed++) {
        end_in_each_call(LSM_SYNC_EVERYSEC, false, seed);
        end_in_each_call(LSM_SYNC_NO, false, seed);
    }
}

Test(lsm_fault, a_power_loss_in_any_call_loses_nothing_synced)
{
    for (unsigned seed = 1; seed < 7; seed++)
        end_in_each_call(LSM_SYNC_ALWAYS, true, seed);
}

/* The load itself is interrupted, again and again. */
Test(lsm_fault, a_power_loss_in_any_call_of_a_load_is_harmless)
{
    for (unsigned n = 1; n < 60; n++) {
        struct put_trace t = { .count = 0 };
        struct prng p;
        prng_init(&p, n);
        lsm_world_init(&w);
        w.options.sync = LSM_SYNC_ALWAYS;
        script(&t, &w, n);
        put_trace_put(&t, &w, 1, 1000);
        put_trace_put(&t, &w, 2, 1000);
        lsm_commit(w.lsm);
        lsm_world_power_loss(&w, &p);
        for (unsigned again = 0; again < 3; again++) {
            w.fs.cut_at = n;
            cr_assert(n < 10 || lsm_world_open(&w) != LSM_LOADING);
            if (w.lsm)
                lsm_world_power_loss(&w, &p);
        }
        memory_fs_kill(&w.fs);
        reopen(&t, &w, "load");
        lsm_world_deinit(&w);
    }
    lsm_world_init(&w);
}

Test(lsm_fault, a_failed_write_goes_to_the_next_segment)
{
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_put(&w, "a", "2");
    lsm_world_put(&w, "b", "2");
    w.fs.fail_at = w.fs.calls + 1;
    lsm_commit(w.lsm);
    cr_assert_lt(lsm_acked(w.lsm), lsm_end(w.lsm));
    lsm_world_settle(&w);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
    cr_assert_eq(w.failures, 0);
    cr_assert_eq(lsm_stats(w.lsm)->failed_writes, 1);
    lsm_world_put(&w, "c", "3");
    lsm_commit(w.lsm);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "2");
    cr_assert_str_eq(lsm_world_get(&w, "c"), "3");
    cr_assert_eq(lsm_stats(w.lsm)->replayed_frames, 3);
}

Test(lsm_fault, frames_behind_a_cut_do_not_count)
{
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    struct memory_file *first = memory_fs_find(&w.fs, "/data/log-0000000000000002.seg");
    lsm_world_put(&w, "a", "undone");
    uint8_t before = first->data[4096];
    cr_assert_neq(before, 0);
    struct memory_fs saved;
    lsm_commit(w.lsm); /* written whole ... */
    memory_fs_copy(&saved, &w.fs);
    lsm_world_kill(&w);
    memory_fs_deinit(&w.fs);
    memory_fs_init(&w.fs);
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    first = memory_fs_find(&w.fs, "/data/log-0000000000000002.seg");
    lsm_world_put(&w, "a", "other");
    w.fs.fail_at = w.fs.calls + 1; /* ... and said to have failed */
    lsm_commit(w.lsm);
    struct memory_file *whole = memory_fs_find(&saved, first->name);
    memcpy(first->data, whole->data, whole->len);
    lsm_world_settle(&w);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "other");
    memory_fs_deinit(&saved);
}

Test(lsm_fault, two_failed_writes_undo_what_was_not_acknowledged)
{
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_world_put(&w, "gone", "1");
    lsm_world_put(&w, "gone", NULL);
    lsm_commit(w.lsm);
    uint64_t acked = lsm_acked(w.lsm);
    lsm_world_put(&w, "a", "2");
    lsm_world_put(&w, "a", NULL);
    lsm_world_put(&w, "b", "2");
    lsm_world_put(&w, "gone", "2");
    lsm_flush(w.lsm, 0, ++w.stamp);
    lsm_world_put(&w, "c", "3");
    w.fs.fail_write = true;
    lsm_commit(w.lsm);
    cr_assert_str_eq(lsm_world_get(&w, "c"), "3");
    lsm_world_settle(&w);
    cr_assert_eq(lsm_state(w.lsm), LSM_BROKEN);
    cr_assert_eq(w.failures, 1);
    cr_assert_eq(lsm_acked(w.lsm), acked);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
    cr_assert_null(lsm_world_get(&w, "b"));
    cr_assert_null(lsm_world_get(&w, "c"));
    cr_assert_null(lsm_world_get(&w, "gone"));
    cr_assert_eq(lsm_count(w.lsm, 0), 1);
    cr_assert_eq(lsm_stats(w.lsm)->memtable_cells, 2);
    cr_assert_not(lsm_can_put(w.lsm, 10));
    const char *detail;
    cr_assert_eq(lsm_error(w.lsm, &detail).code, ERR_IO);
    cr_assert(strstr(detail, "/data"));
    lsm_world_close(&w);
    w.fs.fail_write = false;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
}

Test(lsm_fault, a_failed_sync_is_final_and_not_tried_again)
{
    w.options.sync = LSM_SYNC_ALWAYS;
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    lsm_world_put(&w, "a", "2");
    w.fs.fail_at = w.fs.calls + 2; /* a write, then the sync; another would succeed */
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    cr_assert_eq(lsm_stats(w.lsm)->failed_syncs, 1);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
    cr_assert_eq(w.failures, 1);
}

Test(lsm_fault, after_a_failed_sync_memory_goes_to_new_files_and_writes_go_on)
{
    w.options.value_separation = 100;
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_world_put_size(&w, "large", 500, 'x');
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    lsm_world_put(&w, "b", "2");
    lsm_commit(w.lsm);
    w.fs.fail_sync = true;
    lsm_world_tick(&w);
    lsm_world_half_step(&w);
    w.fs.fail_sync = false;
    lsm_world_settle(&w);
    cr_assert_eq(lsm_stats(w.lsm)->failed_syncs, 1);
    cr_assert_eq(lsm_stats(w.lsm)->flushes, 1);
    cr_assert_eq(lsm_state(w.lsm), LSM_READY);
    cr_assert(lsm_can_put(w.lsm, 100));
    lsm_world_put(&w, "c", "3");
    lsm_commit(w.lsm);
    lsm_world_tick(&w);
    lsm_world_settle(&w);
    lsm_world_power_loss(&w, NULL);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
    cr_assert_str_eq(lsm_world_get(&w, "b"), "2");
    cr_assert_eq(strlen(lsm_world_get(&w, "large")), 500);
    lsm_world_close(&w);
}

Test(lsm_fault, a_full_disk_refuses_writes_until_there_is_room)
{
    unsigned n = 0;
    lsm_world_open(&w);
    w.fs.quota = 40000; /* the first segment, its spare, not a third */
    for (; n < 100 && lsm_can_put(w.lsm, 1000); n++) {
        lsm_world_put_size(&w, "a", 1000, 'a' + (int)n % 26);
        lsm_commit(w.lsm);
        lsm_world_settle(&w);
    }
    cr_assert(n > 15 && n < 25, "%u", n);
    cr_assert_eq(w.failures, 0, "nothing that was put is lost");
    for (unsigned i = 0; i < 3; i++) {
        lsm_world_tick(&w);
        lsm_world_settle(&w);
    }
    cr_assert_eq(lsm_state(w.lsm), LSM_NO_SPACE);
    cr_assert_eq(lsm_error(w.lsm, NULL).code, ERR_NO_SPACE);
    cr_assert_eq(lsm_world_get(&w, "a")[0], 'a' + (int)(n - 1) % 26);
    w.fs.quota = 0;
    for (unsigned i = 0; i < 3; i++) {
        lsm_world_tick(&w);
        lsm_world_settle(&w);
    }
    cr_assert_eq(lsm_state(w.lsm), LSM_READY);
    lsm_world_put(&w, "a", "again");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    lsm_world_kill(&w);
    lsm_world_open(&w);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "again");
}

Test(lsm_fault, a_value_for_which_there_is_no_room_fails_alone)
{
    lsm_world_open(&w);
    w.fs.quota = 60000;
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_put_size(&w, "a", 100000, 'x');
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    cr_assert_eq(w.failures, 1);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
    cr_assert_eq(lsm_state(w.lsm), LSM_NO_SPACE);
    for (unsigned i = 0; i < 2; i++) {
        lsm_world_tick(&w);
        lsm_world_settle(&w);
    }
    cr_assert_eq(lsm_state(w.lsm), LSM_READY);
    lsm_world_put(&w, "b", "2");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
}

Test(lsm_fault, a_start_on_a_full_disk_reads)
{
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_kill(&w);
    w.fs.quota = 10000;
    cr_assert_eq(lsm_world_open(&w), LSM_NO_SPACE);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
    w.fs.quota = 0;
    lsm_world_tick(&w);
    lsm_world_settle(&w);
    cr_assert_eq(lsm_state(w.lsm), LSM_READY);
    lsm_world_put(&w, "a", "2");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    lsm_world_kill(&w);
    lsm_world_open(&w);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "2");
}
