/* lsm_test.c: a store as its users see it. */
#include "lsm/lsm.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lsm_world.h"

static struct lsm_world w;

static void begin(void)
{
    lsm_world_init(&w);
}

static void end(void)
{
    lsm_world_deinit(&w);
}

TestSuite(lsm, .init = begin, .fini = end);

#define VALUE(key, want) cr_assert_str_eq(lsm_world_get(&w, key) ?: "(none)", want)
#define NOTHING(key)     cr_assert_null(lsm_world_get(&w, key))

Test(lsm, what_was_put_is_there_after_a_kill_and_a_restart)
{
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    lsm_world_put(&w, "a", "1");
    lsm_world_put(&w, "b", "2");
    lsm_commit(w.lsm);
    lsm_world_put(&w, "a", "3");
    lsm_world_put(&w, "c", "4");
    lsm_world_put(&w, "c", NULL);
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
    VALUE("a", "3");
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    VALUE("a", "3");
    VALUE("b", "2");
    NOTHING("c");
    cr_assert_eq(lsm_count(w.lsm, 0), 2);
    cr_assert_eq(lsm_stats(w.lsm)->replayed_frames, 2);
    cr_assert(lsm_check(w.lsm, true));
}

Test(lsm, everysec_writes_at_once_and_syncs_after_a_second)
{
    lsm_world_open(&w);
    unsigned syncs = w.fs.syncs;
    lsm_world_put(&w, "a", "1");
    cr_assert_lt(lsm_acked(w.lsm), lsm_end(w.lsm));
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
    cr_assert_eq(w.fs.direct, 1, "the head was written at load, so one write");
    cr_assert_eq(w.fs.syncs, syncs);
    lsm_world_tick(&w);
    lsm_world_settle(&w);
    cr_assert_eq(w.fs.syncs, syncs + 1);
    cr_assert_eq(lsm_deadline(w.lsm), UINT64_MAX);
    lsm_world_put(&w, "a", "2");
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_deadline(w.lsm), w.now_us + 1000000);
    lsm_world_power_loss(&w, NULL);
    lsm_world_open(&w);
    VALUE("a", "1");
}

Test(lsm, always_acknowledges_after_the_sync_and_commits_groups)
{
    w.options.sync = LSM_SYNC_ALWAYS;
    w.fs.forbid_direct = true;
    lsm_world_open(&w);
    unsigned syncs = w.fs.syncs;
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    uint64_t first = lsm_end(w.lsm);
    cr_assert_lt(lsm_acked(w.lsm), first);
    cr_assert_eq(lsm_acked_stamp(w.lsm), w.stamp - 1);
    lsm_world_half_step(&w);
    lsm_world_put(&w, "b", "2");
    lsm_commit(w.lsm);
    lsm_world_put(&w, "c", "3");
    lsm_commit(w.lsm);
    cr_assert_lt(lsm_acked(w.lsm), first, "done() has not been called");
    lsm_world_step(&w);
    cr_assert_eq(lsm_acked(w.lsm), first);
    lsm_world_step(&w);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
    cr_assert_eq(lsm_acked_stamp(w.lsm), w.stamp);
    cr_assert_eq(w.fs.syncs, syncs + 2, "two turns shared the second");
    cr_assert_eq(w.acks, 2 + 1, "and the spare segment");
    lsm_world_power_loss(&w, NULL);
    w.fs.forbid_direct = true;
    lsm_world_open(&w);
    VALUE("a", "1");
    VALUE("c", "3");
}

Test(lsm, no_never_syncs_a_segment_that_is_written)
{
    w.options.sync = LSM_SYNC_NO;
    lsm_world_open(&w);
    unsigned syncs = w.fs.syncs;
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
    cr_assert_eq(lsm_deadline(w.lsm), UINT64_MAX);
    lsm_world_settle(&w);
    cr_assert_eq(w.fs.syncs, syncs);
    lsm_set_sync(w.lsm, LSM_SYNC_ALWAYS);
    lsm_world_settle(&w);
    cr_assert_eq(w.fs.syncs, syncs + 1);
    lsm_world_power_loss(&w, NULL);
    lsm_world_open(&w);
    VALUE("a", "1");
}

Test(lsm, the_loop_does_not_write_while_a_sync_is_in_flight)
{
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_tick(&w);
    lsm_world_half_step(&w);
    w.fs.forbid_direct = true;
    lsm_world_put(&w, "b", "2");
    lsm_commit(w.lsm);
    cr_assert_lt(lsm_acked(w.lsm), lsm_end(w.lsm));
    cr_assert_gt(lsm_stats(w.lsm)->buffer_bytes, 0);
    w.fs.forbid_direct = false;
    lsm_world_step(&w);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm), "a small rest is written at once");
}

Test(lsm, a_turn_is_rolled_over_many_segments_and_a_large_value_gets_its_own)
{
    char key[16];
    lsm_world_open(&w);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "k%u", i);
        lsm_world_put_size(&w, key, 700, 'a' + (int)(i % 26));
        lsm_request(w.lsm);
        if (i % 10 == 9) {
            lsm_commit(w.lsm);
            lsm_world_settle(&w);
        }
    }
    lsm_world_put_size(&w, "large", 100000, 'L');
    lsm_commit(w.lsm);
    cr_assert_lt(lsm_acked(w.lsm), lsm_end(w.lsm));
    lsm_world_settle(&w);
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
    cr_assert_gt(lsm_stats(w.lsm)->segments, 10);
    for (unsigned round = 0; round < 2; round++) {
        lsm_world_kill(&w);
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
        cr_assert_eq(lsm_count(w.lsm, 0), 201);
        cr_assert_eq(strlen(lsm_world_get(&w, "large")), 100000);
        cr_assert_eq(lsm_world_get(&w, "k25")[699], 'z');
    }
}

Test(lsm, nothing_more_is_put_while_too_much_waits)
{
    lsm_world_open(&w);
    unsigned n = 0;
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_tick(&w); /* a sync that does not end */
    for (; lsm_can_put(w.lsm, 1000) && n < 1000; n++) {
        lsm_world_put_size(&w, "a", 1000, 'x');
        lsm_commit(w.lsm);
    }
    cr_assert(n >= 57 && n <= 62, "%u", n);
    lsm_world_settle(&w);
    cr_assert(lsm_can_put(w.lsm, 1000));
    cr_assert_eq(lsm_acked(w.lsm), lsm_end(w.lsm));
}

Test(lsm, a_request_is_never_split_over_frames)
{
    lsm_world_open(&w);
    for (unsigned i = 0; i < 10; i++) /* one request larger than frame_max */
        lsm_world_put_size(&w, i % 2 ? "a" : "b", 1000, 'x');
    lsm_commit(w.lsm);
    for (unsigned i = 0; i < 10; i++) {
        lsm_world_put_size(&w, i % 2 ? "a" : "b", 1000, 'y');
        lsm_request(w.lsm);
    }
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    lsm_world_kill(&w);
    lsm_world_open(&w);
    cr_assert_eq(lsm_stats(w.lsm)->replayed_frames, 1 + 5);
}

Test(lsm, a_flush_hides_what_was_before_and_nothing_after)
{
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_world_put(&w, "b", "1");
    lsm_flush(w.lsm, CELL_DB_ALL, ++w.stamp);
    NOTHING("a");
    cr_assert_eq(lsm_count(w.lsm, 0), 0);
    lsm_world_put(&w, "b", "2");
    lsm_commit(w.lsm);
    lsm_flush(w.lsm, 3, ++w.stamp);
    lsm_commit(w.lsm);
    VALUE("b", "2");
    lsm_world_kill(&w);
    lsm_world_open(&w);
    NOTHING("a");
    VALUE("b", "2");
    cr_assert_eq(lsm_flushed(w.lsm, 0), 3);
    cr_assert_eq(lsm_flushed(w.lsm, 3), 5);
    cr_assert_eq(lsm_count(w.lsm, 0), 1);
}

static void nothing_expired(void *arg, const uint8_t *cell)
{
    (void)cell;
    ++*(unsigned *)arg;
}

Test(lsm, a_sweep_frees_tombstones_and_flushed_cells_once_they_are_acknowledged)
{
    unsigned expired = 0;
    w.options.sync = LSM_SYNC_ALWAYS;
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_world_put(&w, "b", "1");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    lsm_world_put(&w, "a", NULL);
    lsm_flush(w.lsm, 0, ++w.stamp);
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_sweep(w.lsm, 100, 0, nothing_expired, &expired), 2);
    cr_assert_eq(lsm_stats(w.lsm)->memtable_cells, 2, "both may still be undone");
    lsm_world_settle(&w);
    lsm_sweep(w.lsm, 100, 0, nothing_expired, &expired);
    cr_assert_eq(lsm_stats(w.lsm)->memtable_cells, 0);
    cr_assert_eq(expired, 0);
    cr_assert(lsm_check(w.lsm, true));
}

Test(lsm, a_sweep_finds_what_has_expired_a_little_at_a_time)
{
    unsigned expired = 0;
    char key[16];
    lsm_world_open(&w);
    for (unsigned i = 0; i < 500; i++) {
        struct cell c = { .flags = CELL_EXPIRES, .type = CELL_STRING, .stamp = ++w.stamp };
        snprintf(key, sizeof key, "k%u", i);
        c.key = cell_head_key(1, slice_str(key));
        c.expire_ms = 1000 + i;
        lsm_put(w.lsm, &c);
    }
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_count_expiring(w.lsm, 1), 500);
    for (unsigned i = 0; i < 50; i++)
        cr_assert_eq(lsm_sweep(w.lsm, 10, 1099, nothing_expired, &expired), 10);
    cr_assert_eq(expired, 100);
}

static bool collect(void *arg, const uint8_t *cell, bool visible)
{
    uint64_t *last = arg;
    struct cell c;

    cell_decode(cell, &c);
    cr_assert_eq(visible, c.key.key.data[0] == 'k');
    cr_assert_geq(cell_encoded_position(cell), *last);
    *last = cell_encoded_position(cell);
    return true;
}

Test(lsm, a_walk_is_in_order_and_tells_flushed_cells_apart)
{
    char key[16];
    uint64_t last = 0, at;
    lsm_world_open(&w);
    lsm_world_put(&w, "gone", "1");
    lsm_flush(w.lsm, 0, ++w.stamp);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(key, sizeof key, "k%u", i);
        lsm_world_put(&w, key, "v");
    }
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_walk(w.lsm, 0, collect, &last, &at), LSM_WALK_END);
    uint64_t from = last;
    cr_assert_eq(lsm_walk(w.lsm, from, collect, &last, &at), LSM_WALK_END);
    cr_assert_eq(from, last);
}

Test(lsm, emptying_a_large_store_leaves_its_memtable_to_a_job_and_can_be_undone)
{
    char key[16];
    lsm_world_open(&w);
    w.options.segment_size = 16384;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "k%u", i);
        lsm_world_put(&w, key, "v");
        lsm_request(w.lsm);
        if (i % 100 == 99) {
            lsm_commit(w.lsm);
            lsm_world_settle(&w);
        }
    }
    lsm_world_tick(&w);
    lsm_world_settle(&w);
    lsm_world_put(&w, "k7", "w");
    lsm_flush(w.lsm, CELL_DB_ALL, ++w.stamp);
    cr_assert_eq(lsm_count(w.lsm, 0), 0);
    lsm_world_put(&w, "k7", "x");
    lsm_world_put(&w, "k8", "x");
    w.fs.fail_write = true;
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    cr_assert_eq(lsm_state(w.lsm), LSM_BROKEN);
    cr_assert_eq(lsm_count(w.lsm, 0), 5000);
    VALUE("k7", "v");
    cr_assert(lsm_check(w.lsm, true));
    lsm_world_kill(&w);
    lsm_world_open(&w);
    cr_assert_eq(lsm_count(w.lsm, 0), 5000);
    lsm_flush(w.lsm, CELL_DB_ALL, ++w.stamp);
    lsm_world_put(&w, "k7", "x");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    cr_assert_eq(lsm_stats(w.lsm)->memtable_cells, 0);
    cr_assert_eq(lsm_stats(w.lsm)->flushes, 1, "%d sealed %d", (int)lsm_stats(w.lsm)->flushes,
                 (int)lsm_stats(w.lsm)->sealed);
    cr_assert_eq(lsm_stats(w.lsm)->sealed, 0);
    lsm_world_kill(&w);
    lsm_world_open(&w);
    cr_assert_eq(lsm_count(w.lsm, 0), 1);
    VALUE("k7", "x");
}

Test(lsm, it_says_why_it_cannot_start)
{
    const char *detail;
    struct lsm_world other;
    lsm_world_open(&w);
    lsm_world_init(&other);
    other.env.fs = &w.fs.fs;
    cr_assert_eq(lsm_world_open(&other), LSM_FAILED);
    cr_assert_eq(lsm_error(other.lsm, &detail).code, ERR_BUSY);
    cr_assert(strstr(detail, "/data"));
    lsm_stop(other.lsm);
    lsm_world_settle(&other);
    cr_assert_eq(lsm_state(other.lsm), LSM_CLOSED);
    lsm_world_deinit(&other);
}

Test(lsm, other_files_in_the_folder_stay)
{
    memory_fs_add(&w.fs, "/data", slice_of(NULL, 0))->is_dir = true;
    memory_fs_add(&w.fs, "/data/notes.txt", slice_str("mine"));
    memory_fs_add(&w.fs, "/data/log-0000000000000009.seg", slice_of(NULL, 0));
    memory_fs_add(&w.fs, "/data/log-9.seg", slice_str("mine too"));
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_close(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    VALUE("a", "1");
    cr_assert(memory_fs_find(&w.fs, "/data/notes.txt"));
    cr_assert(memory_fs_find(&w.fs, "/data/log-0000000000000009.seg"));
    cr_assert(memory_fs_find(&w.fs, "/data/log-9.seg"));
}

Test(lsm, restarts_leave_few_files)
{
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
        if (i % 2)
            lsm_world_close(&w);
        else
            lsm_world_kill(&w);
    }
    cr_assert_leq(memory_fs_count(&w.fs, "/data/log-"), 2);
}

Test(lsm, stopping_writes_and_syncs_everything)
{
    w.options.sync = LSM_SYNC_NO;
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_put(&w, "b", "2");
    lsm_world_close(&w);
    memory_fs_power_loss(&w.fs, NULL);
    lsm_world_open(&w);
    VALUE("a", "1");
    VALUE("b", "2");
}

Test(lsm, turns_go_on_while_it_closes_and_after)
{
    lsm_world_open(&w);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_stop(w.lsm);
    do {
        lsm_turn(w.lsm);
        cr_assert_eq(lsm_stats(w.lsm)->puts, 1);
        lsm_sweep(w.lsm, 10, 0, NULL, NULL);
    } while (lsm_world_step(&w));
    cr_assert_eq(lsm_state(w.lsm), LSM_CLOSED);
}
