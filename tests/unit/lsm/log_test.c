/* log_test.c: the log alone, with a user that does what a store would. */
#include "lsm/log.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/log_format.h"
#include "lsm_world.h"

static struct lsm_world w; /* its seams, without a store */
static struct file_ids ids;
static struct lsm_stats stats;
static struct log *lg;
static uint64_t stamp;
static unsigned failed, states;
static uint64_t acked_when_failed;
static enum log_state last_state;

static void on_acked(void *owner)
{
    (void)owner;
}

static void on_failed(void *owner, struct err e)
{
    (void)owner;
    cr_assert(err_is(e));
    failed++;
    acked_when_failed = log_acked(lg);
    cr_assert_eq(log_end(lg), log_acked(lg));
}

static void on_state(void *owner)
{
    (void)owner;
    states++;
    last_state = log_state(lg);
}

static void begin(void)
{
    lsm_world_init(&w);
    fs_make_dir(w.env.fs, "/data");
    ids.next = 1;
    stats = (struct lsm_stats){ 0 };
    stamp = failed = states = 0;
}

static void end(void)
{
    log_free(lg);
    lg = NULL;
    lsm_world_deinit(&w);
}

TestSuite(log, .init = begin, .fini = end);

static void settle(void)
{
    while (lsm_world_step(&w))
        cr_assert(log_check(lg));
}

static void open_log(enum lsm_sync sync)
{
    struct log_hooks hooks = { NULL, on_acked, on_failed, on_state, NULL };
    struct log_start start = { .ids = &ids, .no_space = err_ok() };

    w.options.sync = sync;
    cr_assert_not(err_is(segment_create(&start.current, w.env.fs, "/data", file_ids_take(&ids),
                                        w.options.segment_size)));
    lg = log_new(&w.env, &w.options, &start, &hooks, &stats);
    settle();
}

/* One cell with a value of `size`, in a frame of its own. */
static void put(size_t size)
{
    char *value = mem_zalloc(1, size);
    struct cell c = { .key = cell_head_key(0, slice_str("k")),
                      .stamp = ++stamp,
                      .origin = 1,
                      .value = slice_of((uint8_t *)value, size),
                      .type = CELL_STRING };

    cr_assert(log_can_take(lg, size));
    cell_encode(&c, log_add(lg, cell_size(&c), c.stamp));
    log_commit(lg);
    cr_assert(log_check(lg));
    mem_free(value);
}

/* Fills segments; the log is written, whatever of it is synced. */
static void put_many(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        put(1000);
        settle();
    }
}

static void tick(void)
{
    w.now_us += 1000000;
    log_tick(lg, w.now_us);
    settle();
}

static struct err io(void)
{
    return err_make(ERR_IO, 5, "told to fail");
}

Test(log, knows_its_segments)
{
    size_t count;
    struct log_stretch *s;
    open_log(LSM_SYNC_EVERYSEC);
    cr_assert_eq(stats.segments, 1);
    put_many(30);
    cr_assert_eq(stats.segments, 3);
    cr_assert_eq(stats.log_bytes, 3 * w.options.segment_size);
    s = log_stretches(lg, 0, log_end(lg), &count);
    cr_assert_eq(count, 3);
    cr_assert_eq(s[0].id, 1);
    cr_assert_eq(s[0].base, 0);
    cr_assert_eq(s[1].base, s[0].end);
    cr_assert_eq(s[2].end, log_end(lg));
    mem_free(s);
    s = log_stretches(lg, 100, 200, &count);
    cr_assert_eq(count, 1);
    mem_free(s);
    uint64_t edge = s ? log_end(lg) : 0;
    mem_free(log_stretches(lg, edge, edge, &count));
    cr_assert_eq(count, 0);
}

Test(log, forgets_what_is_behind_the_mark_and_never_the_current_segment)
{
    struct log_part part;
    size_t count;
    open_log(LSM_SYNC_EVERYSEC);
    put_many(30);
    tick();
    cr_assert_eq(log_synced(lg), log_end(lg));
    struct log_stretch *s = log_stretches(lg, 0, UINT64_MAX, &count);
    cr_assert_not(log_forget(lg, s[0].end - 8, &part));
    cr_assert(log_forget(lg, s[1].end - 8, &part));
    cr_assert_eq(part.stretch.id, s[0].id);
    cr_assert_eq(part.size, w.options.segment_size);
    cr_assert_not(log_forget(lg, s[1].end - 8, &part));
    cr_assert(log_forget(lg, log_end(lg), &part));
    cr_assert_eq(part.stretch.id, s[1].id);
    cr_assert_not(log_forget(lg, log_end(lg), &part));
    cr_assert_eq(stats.segments, 1);
    cr_assert_eq(stats.log_bytes, w.options.segment_size);
    mem_free(s);
    put_many(20);
    cr_assert_eq(stats.segments, 3);
}

Test(log, a_sync_that_is_asked_for_comes_under_every_policy)
{
    for (enum lsm_sync sync = LSM_SYNC_NO; sync <= LSM_SYNC_ALWAYS; sync++) {
        open_log(sync);
        put_many(20);
        uint64_t mark = log_mark(lg).position;
        cr_assert_eq(mark, log_end(lg));
        cr_assert_eq(log_synced(lg) == mark, sync == LSM_SYNC_ALWAYS);
        log_want_sync(lg, mark);
        settle();
        cr_assert_eq(log_synced(lg), mark);
        unsigned syncs = w.fs.syncs;
        put(10);
        log_want_sync(lg, mark);
        settle();
        cr_assert_eq(w.fs.syncs, syncs + (sync == LSM_SYNC_ALWAYS));
        end();
        begin();
    }
    open_log(LSM_SYNC_NO);
}

Test(log, a_sync_is_asked_for_while_the_job_is_busy)
{
    open_log(LSM_SYNC_NO);
    w.fs.fail_at = w.fs.calls + 1; /* so that a job does the next one */
    put(10);
    put(10);
    log_want_sync(lg, log_end(lg));
    cr_assert_lt(log_acked(lg), log_end(lg));
    settle();
    cr_assert_eq(log_synced(lg), log_end(lg));
}

Test(log, a_mark_counts_frames_that_wait)
{
    open_log(LSM_SYNC_ALWAYS);
    put(10);
    settle();
    put(10); /* its job runs */
    put(10);
    put(10);
    struct log_mark mark = log_mark(lg);
    cr_assert_eq(mark.position, log_end(lg));
    cr_assert_eq(mark.index, 4);
    cr_assert_eq(mark.stamp, 4);
    settle();
    cr_assert_eq(log_mark(lg).index, 4);
}

/* `always`: the second put's sync fails. */
static void fail_a_sync(void)
{
    put(10);
    settle();
    w.fs.fail_at = w.fs.calls + 2; /* a write, then the sync */
    put(20);
    put(30);
    settle();
}

Test(log, after_a_failed_sync_it_goes_on_beyond_all_that_was_ever_written)
{
    struct log_part part;
    open_log(LSM_SYNC_ALWAYS);
    fail_a_sync();
    cr_assert_eq(log_state(lg), LOG_RESCUE);
    cr_assert_eq(failed, 1);
    cr_assert_eq(log_error(lg).code, ERR_IO);
    cr_assert_not(log_can_take(lg, 1));
    cr_assert_eq(log_deadline(lg), UINT64_MAX);
    uint64_t acked = log_acked(lg), first = FRAME_HEAD_SIZE + 48;
    cr_assert_eq(acked, first);
    struct log_mark mark = log_mark(lg);
    cr_assert_eq(mark.position, 3 * first + 8 + 16, "%zu", (size_t)mark.position);
    cr_assert_eq(mark.index, 2, "the third frame was not written");
    unsigned syncs = w.fs.syncs, direct = w.fs.writes;
    log_resume(lg);
    cr_assert_eq(last_state, LOG_OPEN);
    cr_assert_eq(log_acked(lg), mark.position);
    put(10);
    settle();
    cr_assert_eq(log_acked(lg), log_end(lg));
    cr_assert_eq(w.fs.writes, direct + 2, "a head and a frame");
    struct memory_file *old = memory_fs_find(&w.fs, "/data/log-0000000000000001.seg");
    cr_assert_neq(memcmp(old->data, old->synced, old->len), 0, "nobody synced it");
    cr_assert_gt(w.fs.syncs, syncs);
    struct memory_file *new = memory_fs_find(&w.fs, "/data/log-0000000000000002.seg");
    struct segment_head head;
    cr_assert_eq(segment_head_get(new->data, &head), SEGMENT_HEAD_GOOD);
    cr_assert_eq(head.base, mark.position);
    cr_assert_eq(head.synced, mark.position);
    cr_assert_eq(head.index, mark.index + 1);
    cr_assert(log_forget(lg, mark.position, &part));
    cr_assert_eq(part.stretch.id, 1);
    cr_assert_eq(stats.segments, 1);
}

Test(log, a_failed_sync_under_everysec_undoes_nothing)
{
    open_log(LSM_SYNC_EVERYSEC);
    put_many(20); /* two segments: the older one's sync fails */
    w.fs.fail_sync = true;
    tick();
    cr_assert_eq(log_state(lg), LOG_RESCUE);
    cr_assert_eq(acked_when_failed, log_end(lg));
    w.fs.fail_sync = false;
    unsigned syncs = w.fs.syncs;
    log_resume(lg);
    settle();
    tick();
    put(10);
    settle();
    tick();
    struct memory_file *old = memory_fs_find(&w.fs, "/data/log-0000000000000002.seg");
    cr_assert_neq(memcmp(old->data, old->synced, old->len), 0, "nobody synced it");
    cr_assert_eq(w.fs.syncs, syncs + 2, "the new segment, and the spare behind it");
    cr_assert_eq(log_synced(lg), log_end(lg));
}

Test(log, a_rescue_that_fails_breaks_it)
{
    open_log(LSM_SYNC_ALWAYS);
    fail_a_sync();
    log_break(lg, io());
    cr_assert_eq(last_state, LOG_BROKEN);
    cr_assert_not(log_can_take(lg, 1));
    log_stop(lg);
    settle();
    cr_assert_eq(log_state(lg), LOG_CLOSED);
}

Test(log, a_stop_waits_for_the_end_of_a_rescue)
{
    open_log(LSM_SYNC_ALWAYS);
    fail_a_sync();
    log_stop(lg);
    settle();
    cr_assert_eq(log_state(lg), LOG_RESCUE);
    log_resume(lg);
    settle();
    cr_assert_eq(log_state(lg), LOG_CLOSED);
    end();
    begin();
    open_log(LSM_SYNC_ALWAYS);
    fail_a_sync();
    log_stop(lg);
    log_break(lg, io());
    settle();
    cr_assert_eq(log_state(lg), LOG_CLOSED);
}

Test(log, a_rescue_that_ends_on_a_full_disk_waits_for_room)
{
    open_log(LSM_SYNC_ALWAYS);
    w.fs.quota = 40000; /* the segment and its spare */
    put_many(15);
    cr_assert_eq(stats.segments, 2);
    cr_assert_eq(log_state(lg), LOG_OPEN);
    fail_a_sync();
    cr_assert_eq(log_state(lg), LOG_RESCUE);
    tick();
    log_resume(lg);
    cr_assert_eq(last_state, LOG_NO_SPACE);
    w.fs.quota = 0;
    tick();
    cr_assert_eq(last_state, LOG_OPEN);
    put(10);
    settle();
    cr_assert_eq(log_acked(lg), log_end(lg));
}

/* What two failed writes left behind the cut lies before the new base as well. */
Test(log, goes_on_beyond_what_was_given_up_before)
{
    open_log(LSM_SYNC_EVERYSEC);
    put(10);
    w.fs.fail_at = w.fs.calls + 1;
    w.fs.fail_count = 4; /* the loop's write, a spare's making, the job's write */
    w.fs.fail_as = ERR_NO_SPACE;
    put(5000);
    uint64_t reached = log_end(lg);
    settle();
    cr_assert_eq(failed, 1);
    cr_assert_lt(log_end(lg), reached);
    w.fs.fail_sync = true;
    tick();
    cr_assert_eq(log_state(lg), LOG_RESCUE);
    cr_assert_eq(log_mark(lg).position, reached);
}
