/* arc_fault_test.c: arcs' logs, while every call may fail, and the process end in each. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "arc_trace.h"
#include "base/planted.h"
#include "crash_points.h"

static struct lsm_world w;
static struct arc_trace trace;

static void small_world(enum lsm_sync sync)
{
    lsm_world_init(&w);
    w.options.sync = sync;
    w.options.memtable_size = 4096;
    w.options.chunk_size = 2048;
    w.options.segment_size = 8192;
    w.options.value_separation = 1000;
    w.options.table_size = 4096;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 8192;
}

/* Appends, applies, cuts, promises, with flushes and rolls between. */
static void script(struct arc_trace *t, unsigned turns)
{
    if (lsm_world_open(&w) == LSM_FAILED)
        return;
    for (unsigned turn = 0; turn < turns; turn++) {
        unsigned arc = turn % 3 == 2;
        arc_trace_append(t, &w, arc, turn % 7 == 3 ? 1400 : 700);
        if (turn % 4 == 1)
            arc_trace_append(t, &w, !arc, 400);
        if (turn % 6 == 4)
            arc_trace_cut(t, &w, arc, 1 + turn % 2);
        if (turn % 9 == 7)
            arc_trace_promise(t, &w, arc);
        lsm_commit(w.lsm);
        arc_trace_look(t, &w);
        if (turn % 3 == 1)
            arc_trace_settle(t, &w);
        if (turn % 3 == 2)
            arc_trace_apply(t, &w, turn % 2);
        if (turn % 8 == 7) {
            arc_trace_settle(t, &w);
            lsm_world_tick(&w);
        }
    }
    lsm_commit(w.lsm);
    arc_trace_settle(t, &w);
}

static void fail_each_call(enum lsm_sync sync, enum err_code code, unsigned count)
{
    unsigned calls, forgot = 0, mute = 0;

    small_world(sync);
    memset(&trace, 0, sizeof trace);
    script(&trace, 48);
    cr_assert_null(arc_trace_now(&trace, &w));
    cr_assert_gt(lsm_stats(w.lsm)->flushes, 1);
    calls = w.fs.calls;
    lsm_world_deinit(&w);
    for (unsigned n = 1; n <= calls; n++) {
        const char *wrong;
        memset(&trace, 0, sizeof trace);
        small_world(sync);
        w.fs.fail_at = n;
        w.fs.fail_as = code;
        w.fs.fail_count = count;
        script(&trace, 48);
        if (lsm_state(w.lsm) != LSM_FAILED) {
            wrong = arc_trace_now(&trace, &w);
            cr_assert_null(wrong, "call %u of %u fails as %d: %s", n, calls, code, wrong);
            for (unsigned arc = 0; arc < ARC_TRACE_ARCS; arc++) {
                struct lsm_arc s = { .arc = 0 };
                mute += lsm_arc(w.lsm, arc_trace_name(arc), &s) && s.mute;
            }
        }
        if (n % 2)
            lsm_world_kill(&w);
        else
            lsm_world_close(&w);
        memory_fs_kill(&w.fs);
        w.fs.fail_at = 0;
        cr_assert_eq(lsm_world_open(&w), LSM_READY, "call %u of %u fails as %d", n, calls, code);
        wrong = arc_trace_after(&trace, &w);
        cr_assert_null(wrong, "call %u of %u failed as %d: %s", n, calls, code, wrong);
        forgot += trace.forgot;
        lsm_world_deinit(&w);
    }
    cr_log_info("%u calls, %u arcs mute, %u forgot", calls, mute, forgot);
}

Test(arc_fault, any_one_call_may_fail, .timeout = 600)
{
    fail_each_call(LSM_SYNC_EVERYSEC, ERR_IO, 1);
    fail_each_call(LSM_SYNC_ALWAYS, ERR_IO, 1);
}

Test(arc_fault, any_call_and_some_behind_it_may_fail, .timeout = 600)
{
    fail_each_call(LSM_SYNC_ALWAYS, ERR_IO, 1000);
    fail_each_call(LSM_SYNC_EVERYSEC, ERR_IO, 4);
    fail_each_call(LSM_SYNC_EVERYSEC, ERR_NO_SPACE, 5);
}

/* --- within each call */

static void world_around_files(void)
{
    struct memory_fs files = w.fs;
    uint64_t stamp = w.stamp;

    small_world(LSM_SYNC_ALWAYS);
    w.fs = files;
    w.stamp = stamp;
}

static void arcs_setup(void *arg)
{
    (void)arg;
    lsm_world_open(&w);
    lsm_world_close(&w);
}

static void arcs_protocol(void *arg)
{
    (void)arg;
    world_around_files();
    w.stamp = 0;
    memset(&trace, 0, sizeof trace);
    script(&trace, 44);
    arc_trace_look(&trace, &w);
    w.jobs = w.ran = NULL; /* as by a kill, but the file system is the plan's to kill */
    lsm_free(w.lsm);
    w.lsm = NULL;
}

static const char *arcs_check(void *arg, bool whole)
{
    const char *wrong;

    (void)arg;
    world_around_files();
    if (lsm_world_open(&w) != LSM_READY)
        return "it does not start";
    if (whole && !(trace.count && trace.record[trace.count - 1].acked))
        return "nothing was acknowledged";
    wrong = arc_trace_after(&trace, &w);
    if (!wrong && trace.forgot)
        wrong = "it forgot something";
    for (unsigned i = 0; i < trace.count; i++)
        trace.record[i].lost = false; /* it may be gone after the next power loss */
    lsm_world_kill(&w);
    return wrong;
}

Test(arc_fault, appends_cuts_applies_and_trims_survive_an_end_in_each_call, .timeout = 600)
{
    static struct crash_report report;
    struct crash_plan plan = {
        .fs = &w.fs, .setup = arcs_setup, .protocol = arcs_protocol, .check = arcs_check, .dice = 2
    };
    char text[1024];
    bool good;

    small_world(LSM_SYNC_ALWAYS);
    good = crash_points_run(&plan, &report);
    cr_log_info("%s", crash_points_text(&report, text, sizeof text));
    cr_assert(good, "%s", report.failure);
    cr_assert_geq(crash_points_times(&report, "open", "log"), 3);
    cr_assert_geq(crash_points_times(&report, "write", "manifest"), 2);
    cr_assert_geq(crash_points_times(&report, "remove", "log"), 1);
    lsm_world_deinit(&w);
}
