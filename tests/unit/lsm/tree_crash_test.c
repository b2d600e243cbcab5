/* tree_crash_test.c: a store that flushes, compacts and rewrites, ended within
 * its calls, by kills and power losses. */
#include <criterion/criterion.h>
#include <string.h>

#include "crash_points.h"
#include "lsm_world.h"
#include "put_trace.h"

enum { PUTS = 60 };

static struct lsm_world w;
static struct put_trace before; /* the trace of the setup */
static struct put_trace trace;
static struct lsm_stats sums; /* of the last protocol that was not interrupted */

/* The world's seams anew, around the files there are. */
static void world_around_files(void)
{
    struct memory_fs files = w.fs;
    uint64_t stamp = w.stamp;

    lsm_world_init(&w);
    w.fs = files;
    w.stamp = stamp;
    w.options.sync = LSM_SYNC_ALWAYS;
    w.options.memtable_size = 4096;
    w.options.chunk_size = 2048;
    w.options.segment_size = 16384;
    w.options.value_separation = 1000;
    w.options.table_size = 2048;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 65536;
}

/* The process has ended in a call: what it does now is nobody's any more. */
static bool gone(void)
{
    return w.fs.cut_at && w.fs.calls >= w.fs.cut_at;
}

/* Runs all jobs, looking after each. */
static void settle(void)
{
    put_trace_look(&trace, &w);
    while (!gone() && lsm_world_half_step(&w) && !gone()) {
        lsm_world_step(&w);
        cr_assert(gone() || lsm_check(w.lsm, false));
        if (!gone())
            put_trace_look(&trace, &w);
    }
}

/* Jobs and their pauses until nothing moves any more. */
static void rest(void)
{
    for (unsigned i = 0; i < 1000 && !gone(); i++) {
        uint64_t then = w.now_us;
        settle();
        if (!gone())
            lsm_world_tick(&w);
        if (!w.jobs && w.now_us - then > 500000)
            return;
    }
}

static void write_some(void)
{
    for (unsigned i = 0; i < PUTS; i++) {
        for (unsigned n = 0; n < 200 && !gone() && !lsm_can_put(w.lsm, 2000); n++) {
            lsm_turn(w.lsm);
            settle();
            if (!gone())
                lsm_world_tick(&w);
        }
        if (gone() || !lsm_can_put(w.lsm, 2000))
            return;
        put_trace_put(&trace, &w, (i * 5) % TRACE_KEYS, i % 3 ? 400 : 1500);
        lsm_commit(w.lsm);
        settle();
        if (i % 20 == 19)
            rest();
    }
}

/* As by a kill, but the file system is the plan's to kill. */
static void forget_store(void)
{
    w.jobs = w.ran = NULL;
    lsm_free(w.lsm);
    w.lsm = NULL;
}

static void setup(void *arg)
{
    (void)arg;
    world_around_files();
    memset(&trace, 0, sizeof trace);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    write_some();
    forget_store();
    memory_fs_kill(&w.fs);
    before = trace;
}

static void protocol(void *arg)
{
    (void)arg;
    world_around_files();
    trace = before;
    if (lsm_world_open(&w) == LSM_READY && !gone())
        write_some();
    if (!w.fs.cut_at)
        sums = *lsm_stats(w.lsm);
    forget_store();
}

static const char *check(void *arg, bool whole)
{
    (void)arg;
    world_around_files();
    if (lsm_world_open(&w) != LSM_READY)
        return "it does not start";
    if (whole && !trace.puts[trace.count - 1].acked)
        return "not everything was acknowledged";
    for (unsigned round = 0; round < 2; round++) {
        put_trace_after(&trace, &w, "at the start and at rest");
        for (unsigned i = 0; i < trace.count; i++)
            trace.puts[i].failed = false; /* it may be gone after the next power loss */
        trace.failures = w.failures;
        rest();
    }
    lsm_world_kill(&w);
    return NULL;
}

static void survive(unsigned stride, unsigned offset)
{
    static struct crash_report report;
    char text[1024];
    struct crash_plan plan = { .fs = &w.fs,
                               .setup = setup,
                               .protocol = protocol,
                               .check = check,
                               .dice = 2,
                               .stride = stride,
                               .offset = offset };

    memory_fs_init(&w.fs);
    cr_assert(crash_points_run(&plan, &report), "%s", report.failure);
    cr_log_info("%s; %u flushes, %u compactions, %u rewrites",
                crash_points_text(&report, text, sizeof text), (unsigned)sums.flushes,
                (unsigned)sums.compactions, (unsigned)sums.rewrites);
    cr_assert_geq(sums.flushes, 3);
    cr_assert_geq(sums.compactions, 1);
    cr_assert_geq(sums.rewrites, 1);
    cr_assert_geq(crash_points_times(&report, "sync", "table"), 4);
    cr_assert_geq(crash_points_times(&report, "remove", "table"), 4);
    cr_assert_geq(crash_points_times(&report, "sync", "manifest"), 4);
    cr_assert_geq(crash_points_times(&report, "sync", "blob"), 1);
    cr_assert_geq(crash_points_times(&report, "remove", "log"), 1);
    lsm_world_deinit(&w);
}

Test(tree_crash, nothing_acknowledged_is_lost_wherever_a_store_ends, .timeout = 300)
{
    survive(5, 0);
}
