/* tree_fault_test.c: a store that flushes, compacts and rewrites, while any one of its
 * calls fails, or any few: it goes on or stops taking writes, and loses nothing that it
 * acknowledged. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lsm_world.h"
#include "put_trace.h"

enum { PUTS = 60 };

static struct lsm_world w;
static struct put_trace trace;

static void small_world(void)
{
    lsm_world_init(&w);
    w.options.sync = LSM_SYNC_ALWAYS;
    w.options.memtable_size = 4096;
    w.options.chunk_size = 2048;
    w.options.segment_size = 16384;
    w.options.value_separation = 1000;
    w.options.table_size = 2048;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 8192;
}

static void settle(void)
{
    put_trace_look(&trace, &w);
    while (lsm_world_step(&w))
        put_trace_look(&trace, &w);
}

/* Jobs and their pauses, until nothing moves or long enough. */
static void rest(void)
{
    for (unsigned i = 0; i < 100; i++) {
        uint64_t then = w.now_us;
        settle();
        lsm_world_tick(&w);
        if (!w.jobs && w.now_us - then > 500000)
            return;
    }
}

/* False: it takes none. */
static bool put_one(unsigned i)
{
    for (unsigned n = 0; n < 100 && !lsm_can_put(w.lsm, 2000); n++) {
        lsm_turn(w.lsm);
        settle();
        lsm_world_tick(&w);
    }
    if (!lsm_can_put(w.lsm, 2000))
        return false;
    put_trace_put(&trace, &w, (i * 5) % TRACE_KEYS, i % 3 ? 400 : 1500);
    lsm_commit(w.lsm);
    settle();
    return true;
}

static void write_some(void)
{
    for (unsigned i = 0; i < PUTS && put_one(i); i++) {
        if (i % 20 == 19)
            rest();
    }
    rest();
}

/* The world anew, around its files. */
static void begin_anew(void)
{
    struct memory_fs files = w.fs;
    uint64_t stamp = w.stamp;

    small_world();
    files.fail_at = 0;
    w.fs = files;
    w.stamp = stamp;
}

/* One run with failures from call `n` of its life on; whether the store took writes to the
 * end. */
static bool run(unsigned n, enum err_code as, unsigned count)
{
    char what[64];
    bool ready;

    snprintf(what, sizeof what, "call %u, %u of them, fails as %d", n, count, (int)as);
    small_world();
    memset(&trace, 0, sizeof trace);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    w.fs.fail_at = n ? w.fs.calls + n : 0;
    w.fs.fail_as = as;
    w.fs.fail_count = count;
    write_some();
    ready = lsm_state(w.lsm) == LSM_READY;
    cr_assert(lsm_check(w.lsm, true), "%s", what);
    w.fs.fail_at = 0;
    if (n % 2)
        lsm_world_kill(&w);
    else
        lsm_world_close(&w);
    begin_anew();
    cr_assert_eq(lsm_world_open(&w), LSM_READY, "%s", what);
    put_trace_after(&trace, &w, what);
    lsm_world_kill(&w);
    lsm_world_deinit(&w);
    return ready;
}

static unsigned calls_of(void)
{
    unsigned calls;

    small_world();
    memset(&trace, 0, sizeof trace);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    calls = w.fs.calls;
    write_some();
    calls = w.fs.calls - calls;
    cr_assert_geq(lsm_stats(w.lsm)->flushes, 5u);
    cr_assert_geq(lsm_stats(w.lsm)->compactions, 1u);
    cr_assert_geq(lsm_stats(w.lsm)->rewrites, 1u);
    lsm_world_kill(&w);
    lsm_world_deinit(&w);
    return calls;
}

static void fail_each(enum err_code as, unsigned count, unsigned stride)
{
    unsigned calls = calls_of(), broken = 0;

    for (unsigned n = 1; n <= calls; n += stride)
        broken += !run(n, as, count);
    cr_log_info("%u calls, %u runs end read-only", calls, broken);
    cr_expect_lt(broken, calls / stride, "most failures are survived");
}

Test(tree_fault, any_one_call_may_fail, .timeout = 120)
{
    fail_each(ERR_IO, 1, 1);
}

Test(tree_fault, there_may_be_no_room_for_any_few_calls, .timeout = 120)
{
    fail_each(ERR_NO_SPACE, 4, 2);
}

Test(tree_fault, everything_may_fail_from_any_call_on, .timeout = 120)
{
    unsigned calls = calls_of();

    for (unsigned n = 1; n <= calls; n += 5)
        run(n, ERR_IO, 100000);
}
