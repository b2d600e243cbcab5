/* rescue_test.c: a rescue of the log that something else ends, while its flush is under way. */
#include <criterion/criterion.h>

#include "lsm/lsm_state.h"
#include "lsm_world.h"

static struct lsm_world w;

/* A sync has failed: the flush of the rescue is a job that has not run. */
static void begin(void)
{
    lsm_world_init(&w);
    w.options.sync = LSM_SYNC_ALWAYS;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    lsm_world_put(&w, "a", "1");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    lsm_world_put(&w, "b", "2");
    w.fs.fail_sync = true;
    lsm_commit(w.lsm);
    while (log_state(w.lsm->log) == LOG_OPEN)
        cr_assert(lsm_world_step(&w));
    w.fs.fail_sync = false;
    cr_assert_eq(log_state(w.lsm->log), LOG_RESCUE);
    cr_assert(w.lsm->seal.in_job);
}

static void end(void)
{
    lsm_world_deinit(&w);
}

TestSuite(rescue, .init = begin, .fini = end);

static void break_otherwise(void)
{
    lsm_break(w.lsm, err_make(ERR_IO, 5, "append to the manifest"), "the manifest");
    cr_assert_eq(log_state(w.lsm->log), LOG_BROKEN);
}

static void stops(void)
{
    lsm_world_settle(&w);
    for (unsigned i = 0; i < 100 && lsm_state(w.lsm) != LSM_CLOSED; i++)
        lsm_world_tick(&w);
    cr_expect_eq(lsm_state(w.lsm), LSM_CLOSED);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_expect_str_eq(lsm_world_get(&w, "a"), "1");
    lsm_world_close(&w);
}

Test(rescue, whose_flush_fails_at_the_end_is_not_broken_twice)
{
    lsm_stop(w.lsm);
    break_otherwise();
    w.fs.fail_at = w.fs.calls + 1;
    w.fs.fail_count = 1;
    stops();
    cr_expect_gt(w.warnings, 0u);
}

Test(rescue, whose_flush_succeeds_does_not_begin_a_broken_log_anew)
{
    break_otherwise();
    lsm_world_settle(&w);
    cr_expect_eq(log_state(w.lsm->log), LOG_BROKEN);
    cr_expect_eq(lsm_state(w.lsm), LSM_BROKEN);
    lsm_stop(w.lsm);
    stops();
}
