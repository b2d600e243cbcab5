/* lsm_arc_test.c: many arcs' logs in one store, one thing at a time. */
#include "lsm/lsm_arc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lsm/log_format.h"
#include "lsm_world.h"

static struct lsm_world w;
static struct buf cells;

static const struct log_ballot first = { 1, 1 }, second = { 2, 2 };

static void begin(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 8192;
    w.options.chunk_size = 2048;
    w.options.segment_size = 8192;
    w.options.table_size = 8192;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 65536;
    cells = (struct buf){ 0 };
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static void end(void)
{
    buf_deinit(&cells);
    lsm_world_deinit(&w);
}

TestSuite(lsm_arc, .init = begin, .fini = end);

static uint64_t arc_of(unsigned n)
{
    return log_arc((uint16_t)(10 * n), 1);
}

/* A frame of one cell. */
static struct lsm_frame frame(unsigned arc, uint64_t index, const char *key, size_t size)
{
    char *value = mem_zalloc(1, size + 1);
    struct cell c = { .key = cell_head_key(0, slice_str(key)),
                      .stamp = ++w.stamp,
                      .origin = 1,
                      .type = CELL_STRING };

    memset(value, 'a' + (int)(index % 26), size);
    c.value = slice_of(value, size);
    cells.len = 0;
    cell_encode(&c, buf_reserve(&cells, cell_size(&c)));
    cells.len = cell_size(&c);
    mem_free(value);
    return (struct lsm_frame){ .arc = arc_of(arc),
                               .ballot = first,
                               .previous = index > 1 ? first : (struct log_ballot){ 0, 0 },
                               .index = index,
                               .stamp = c.stamp,
                               .count = 1,
                               .cells = buf_slice(&cells) };
}

static void append(struct lsm_frame f)
{
    bool held = true;

    cr_assert(lsm_can_put(w.lsm, 1000));
    cr_assert_not(err_is(lsm_append(w.lsm, &f, &held)));
    cr_assert_not(held);
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
}

static struct lsm_arc arc(unsigned n)
{
    struct lsm_arc a = { .arc = 0 };

    lsm_arc(w.lsm, arc_of(n), &a);
    return a;
}

/* Flushes, installs, trims: whatever goes by itself. */
static void rest(void)
{
    for (unsigned i = 0; i < 20; i++) {
        lsm_commit(w.lsm);
        lsm_world_settle(&w);
        lsm_world_tick(&w);
    }
    lsm_world_settle(&w);
}

Test(lsm_arc, a_frame_is_seen_once_it_is_applied)
{
    struct lsm_frame f;
    uint64_t position;

    append(frame(1, 1, "k", 100));
    append(frame(1, 2, "k", 100));
    cr_assert_null(lsm_world_get(&w, "k"));
    cr_assert(lsm_tail(w.lsm, arc_of(1), 2, &f, &position));
    cr_assert(f.index == 2 && f.count == 1 && f.cells.data[CELL_FIXED_SIZE + 1] == 'c');
    cr_assert_eq(position, FRAME_HEAD_SIZE + f.cells.len);
    cr_assert_not(lsm_tail(w.lsm, arc_of(1), 3, &f, NULL));
    cr_assert_not(lsm_tail(w.lsm, arc_of(2), 1, &f, NULL));
    lsm_apply(w.lsm, arc_of(1), 1);
    cr_assert_eq(lsm_world_get(&w, "k")[0], 'b');
    lsm_apply(w.lsm, arc_of(1), 2);
    cr_assert_eq(lsm_world_get(&w, "k")[0], 'c');
    cr_assert_not(lsm_tail(w.lsm, arc_of(1), 2, &f, NULL));
    cr_assert_eq(lsm_tail_bytes(w.lsm), 0);
}

Test(lsm_arc, what_is_no_frame_is_refused_and_leaves_nothing)
{
    struct lsm_frame f = frame(1, 1, "k", 100);
    uint64_t log_end = lsm_end(w.lsm);
    bool held;

    f.count = 2;
    cr_assert_eq(lsm_append(w.lsm, &f, &held).code, ERR_CORRUPT);
    f.count = 1;
    f.stamp--;
    cr_assert_eq(lsm_append(w.lsm, &f, &held).code, ERR_CORRUPT, "a cell that is newer");
    f.stamp++;
    cells.data[0] ^= 1;
    cr_assert_eq(lsm_append(w.lsm, &f, &held).code, ERR_CORRUPT, "not where its key is");
    cells.data[0] ^= 1;
    cr_assert_eq(lsm_end(w.lsm), log_end);
    append(f);
    cr_assert_not(err_is(lsm_append(w.lsm, &f, &held)));
    cr_assert(held);
}

Test(lsm_arc, another_ballot_cuts_a_tail_and_so_does_a_restart)
{
    struct lsm_frame f;

    for (unsigned i = 1; i <= 4; i++)
        append(frame(1, i, "k", 100));
    lsm_apply(w.lsm, arc_of(1), 1);
    f = frame(1, 3, "cut", 50);
    f.ballot = second;
    f.committed = 1;
    append(f);
    for (unsigned round = 0; round < 2; round++) {
        cr_assert_eq(arc(1).end.index, 3);
        cr_assert_eq(arc(1).end.ballot.counter, 2);
        cr_assert_eq(arc(1).applied.index, 1);
        cr_assert(lsm_tail(w.lsm, arc_of(1), 2, &f, NULL) && f.ballot.counter == 1);
        cr_assert(lsm_tail(w.lsm, arc_of(1), 3, &f, NULL) && f.ballot.counter == 2);
        lsm_world_kill(&w);
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
    }
    cr_assert_null(lsm_world_get(&w, "cut"));
    cr_assert_eq(lsm_world_get(&w, "k")[0], 'b');
}

/* Fills tables with arc 2, whatever arc 1 waits for. */
static void flush_much(uint64_t from)
{
    for (uint64_t i = from; i < from + 60; i++) {
        char key[16];
        snprintf(key, sizeof key, "much%u", (unsigned)(i % 40));
        append(frame(2, i, key, 700));
        lsm_apply(w.lsm, arc_of(2), i);
        rest();
    }
    cr_assert_gt(lsm_stats(w.lsm)->flushes, 2);
}

Test(lsm_arc, a_frame_that_waits_keeps_its_segment_and_all_behind)
{
    uint64_t segments;

    append(frame(1, 1, "waits", 100));
    flush_much(1);
    segments = lsm_stats(w.lsm)->segments;
    cr_assert_gt(segments, 8);
    cr_assert_eq(lsm_log_begin(w.lsm), 0);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert(arc(1).end.index == 1 && arc(1).applied.index == 0);
    cr_assert_eq(arc(2).applied.index, 60);
    cr_assert_eq(lsm_world_get(&w, "much20")[0], 'a' + 60 % 26);
    lsm_apply(w.lsm, arc_of(1), 1);
    flush_much(61);
    cr_assert_lt(lsm_stats(w.lsm)->segments, segments);
    cr_assert_gt(lsm_log_begin(w.lsm), 0);
    cr_assert_eq(lsm_world_get(&w, "waits")[0], 'b');
}

/* Then what would take its place is still to come, and a restart needs the old one. */
Test(lsm_arc, a_tail_that_was_cut_and_not_replaced_is_back_after_a_restart)
{
    append(frame(1, 1, "k", 100));
    append(frame(1, 2, "k", 100));
    lsm_apply(w.lsm, arc_of(1), 1);
    lsm_cut(w.lsm, arc_of(1), 2);
    cr_assert_eq(arc(1).end.index, 1);
    flush_much(1);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert(arc(1).end.index == 2 && arc(1).applied.index == 1 && !arc(1).forgot);
}

/* What a node alone put is replayed for nothing when an older frame waits: tables have it,
 * and what came later. */
Test(lsm_arc, what_is_in_tables_is_not_put_again_because_an_older_frame_waits)
{
    append(frame(1, 1, "waits", 100));
    lsm_world_put(&w, "k", "old");
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    append(frame(2, 1, "k", 100));
    lsm_apply(w.lsm, arc_of(2), 1);
    flush_much(2);
    for (unsigned round = 0; round < 2; round++) {
        cr_assert_eq(lsm_world_get(&w, "k")[0], 'b');
        lsm_world_kill(&w);
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
    }
    cr_assert_eq(arc(1).end.index, 1);
    lsm_world_put(&w, "k", "newer");
    lsm_commit(w.lsm);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_str_eq(lsm_world_get(&w, "k"), "newer");
}

/* Whether a store of the files as they are now, after a kill, has frame 1 of arc 3 in some
 * way, or says that it has not. */
static bool has_or_says(bool *says)
{
    struct lsm_world other;
    struct lsm_arc a = { .arc = 0 };
    struct lsm_frame f;
    bool right;

    lsm_world_init(&other);
    other.options = w.options;
    memory_fs_deinit(&other.fs);
    memory_fs_copy(&other.fs, &w.fs);
    memory_fs_kill(&other.fs);
    cr_assert_eq(lsm_world_open(&other), LSM_READY);
    lsm_arc(other.lsm, arc_of(3), &a);
    *says = a.forgot;
    right = a.forgot || lsm_tail(other.lsm, arc_of(3), 1, &f, NULL) ||
            (a.applied.index == 1 && lsm_world_get(&other, "late"));
    lsm_world_kill(&other);
    lsm_world_deinit(&other);
    return right;
}

/* A memtable is sealed behind what the log then loses; what was applied after that is in the
 * next one. */
static void fail_behind_a_seal(bool sync)
{
    struct lsm_frame f;
    unsigned moments = 0, said = 0;
    bool held, says;

    append(frame(3, 1, "late", 100));
    for (uint64_t i = 1; i <= 12; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%u", (unsigned)i);
        append(frame(1, i, key, 900));
    }
    lsm_world_tick(&w); /* a sync is under way */
    f = frame(2, 1, "lost", 100);
    cr_assert_not(err_is(lsm_append(w.lsm, &f, &held)));
    lsm_commit(w.lsm);
    cr_assert_lt(lsm_written(w.lsm), lsm_end(w.lsm));
    lsm_apply(w.lsm, arc_of(1), 12);
    lsm_commit(w.lsm);
    cr_assert_eq(lsm_stats(w.lsm)->sealed, 1);
    lsm_apply(w.lsm, arc_of(3), 1);
    w.fs.fail_sync = sync;
    w.fs.fail_write = !sync;
    do {
        cr_assert(has_or_says(&says), "moment %u", moments);
        said += says;
        if (w.failures)
            w.fs.fail_sync = w.fs.fail_write = false;
        if (++moments % 8 == 0)
            lsm_world_tick(&w);
    } while (lsm_world_half_step(&w) && lsm_world_step(&w) && moments < 200);
    cr_assert_gt(moments, 4);
    cr_assert_eq(w.failures, 1);
    cr_assert_eq(lsm_world_get(&w, "late")[0], 'b');
    cr_assert(has_or_says(&says) && !says, "in the end all is there");
    cr_log_info("%u moments, %u said that it is forgotten", moments, said);
}

Test(lsm_arc, what_was_applied_behind_a_seal_survives_a_failed_sync_or_is_said_to_be_forgotten)
{
    fail_behind_a_seal(true);
}

Test(lsm_arc, what_was_applied_behind_a_seal_survives_a_failed_write)
{
    fail_behind_a_seal(false);
}

Test(lsm_arc, what_is_known_of_an_arc_outlives_its_segments)
{
    struct lsm_arc a;

    append(frame(1, 1, "k", 100));
    lsm_promise(w.lsm, arc_of(1), (struct log_ballot){ 7, 3 });
    lsm_arc_state(w.lsm, arc_of(1), slice_str("owners"));
    lsm_arc_base(w.lsm, arc_of(3), &(struct log_point){ second, 40, w.stamp }, true);
    lsm_apply(w.lsm, arc_of(1), 1);
    flush_much(1);
    cr_assert_gt(lsm_log_begin(w.lsm), 1000);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    a = arc(1);
    cr_assert(a.end.index == 1 && a.applied.index == 1 && a.end.ballot.counter == 1);
    cr_assert(a.promise.counter == 7 && a.promise.node == 3);
    cr_assert(slice_equal(a.state, slice_str("owners")));
    a = arc(3);
    cr_assert(a.end.index == 40 && a.applied.index == 40 && a.closed && a.promise.counter == 0);
    append(frame(1, 2, "k", 100));
}

Test(lsm_arc, a_start_says_how_the_life_before_it_ended)
{
    const struct lsm_start *s = lsm_started(w.lsm);

    cr_assert(!s->clean && s->boot == 0, "there was none");
    lsm_world_close(&w);
    w.options.boot = 5;
    lsm_world_open(&w);
    s = lsm_started(w.lsm);
    cr_assert(s->clean && s->boot == 0, "nothing was written, in order");
    append(frame(1, 1, "k", 100));
    lsm_world_kill(&w);
    w.options.boot = 6;
    lsm_world_open(&w);
    s = lsm_started(w.lsm);
    cr_assert(!s->clean && s->boot == 5);
    append(frame(1, 2, "k", 100));
    lsm_world_close(&w);
    lsm_world_open(&w);
    s = lsm_started(w.lsm);
    cr_assert(s->clean && s->boot == 6);
    lsm_world_kill(&w);
    lsm_world_open(&w);
    cr_assert_not(lsm_started(w.lsm)->clean, "it was begun since");
    cr_assert_eq(arc(1).end.index, 2);
}

Test(lsm_arc, the_log_is_kept_as_long_as_asked)
{
    uint64_t begun;

    lsm_world_close(&w);
    w.options.keep_log = true;
    lsm_world_open(&w);
    flush_much(1);
    cr_assert_eq(lsm_log_begin(w.lsm), 0);
    lsm_world_close(&w);
    lsm_world_open(&w);
    cr_assert_eq(lsm_log_begin(w.lsm), 0, "over a restart too");
    lsm_retain(w.lsm, 20000);
    begun = lsm_log_begin(w.lsm);
    cr_assert(begun > 10000 && begun <= 20000, "%u", (unsigned)begun);
    lsm_retain(w.lsm, UINT64_MAX);
    cr_assert_gt(lsm_log_begin(w.lsm), 30000);
}

static struct err read_err;
static unsigned reads_done;

static void on_read(void *owner, struct err e)
{
    (void)owner;
    read_err = e;
    reads_done++;
}

static struct lsm_log_read *read_back(uint64_t from, uint64_t to)
{
    struct lsm_log_want want = { .arc = arc_of(1), .from = from, .to = to };

    reads_done = 0;
    return lsm_read_log(w.lsm, &want, 1, 4000, on_read, NULL);
}

/* Eleven frames, in several segments. */
static void append_some(void)
{
    for (uint64_t i = 1; i <= 11; i++)
        append(frame(1, i, "k", 1500));
    cr_assert_geq(lsm_stats(w.lsm)->segments, 4);
    rest();
}

Test(lsm_arc, frames_are_read_back_a_piece_at_a_time)
{
    struct lsm_log_read *r;
    struct lsm_frame f;
    uint64_t next = 3;

    append_some();
    while (next <= 10) {
        r = read_back(next, 10);
        lsm_world_settle(&w);
        cr_assert(reads_done == 1 && !err_is(read_err));
        uint64_t before = next;
        while (lsm_log_next(r, &f))
            cr_assert_eq(f.index, next++);
        cr_assert(next > before && next <= before + 2, "as many as there is room for");
        lsm_log_read_end(r);
    }
    cr_assert_eq(next, 11);
}

Test(lsm_arc, every_call_of_a_read_may_fail_and_nothing_is_shown_but_the_truth)
{
    unsigned failed = 0;

    append_some();
    for (unsigned n = 1;; n++) {
        unsigned before = w.fs.calls;
        w.fs.fail_at = before + n;
        w.fs.fail_as = ERR_IO;
        struct lsm_log_read *r = read_back(1, 11);
        lsm_world_settle(&w);
        cr_assert_eq(reads_done, 1);
        failed += err_is(read_err);
        lsm_log_read_end(r);
        if (w.fs.calls < before + n)
            break;
    }
    cr_assert_geq(failed, 8);
    cr_assert_eq(lsm_state(w.lsm), LSM_READY);
}

Test(lsm_arc, a_damaged_list_is_done_without_and_a_damaged_frame_is_no_answer)
{
    struct memory_file *f;
    struct lsm_log_read *r;
    uint8_t *p;

    append_some();
    f = memory_fs_find(&w.fs, "/data/log-0000000000000002.seg");
    p = f->data + SEGMENT_FRAMES_START;
    while (p[88] != FRAME_LIST)
        p += frame_size(p);
    p[FRAME_HEAD_SIZE + 8] ^= 1;
    r = read_back(1, 2);
    lsm_world_settle(&w);
    cr_assert(!err_is(read_err) && !lsm_log_wants(r)[0].gone);
    lsm_log_read_end(r);
    f->data[SEGMENT_FRAMES_START + 200] ^= 1;
    r = read_back(1, 2);
    lsm_world_settle(&w);
    cr_assert(err_is(read_err) || lsm_log_wants(r)[0].gone);
    lsm_log_read_end(r);
}

Test(lsm_arc, a_read_nobody_waits_for_ends_by_itself)
{
    append_some();
    lsm_log_read_end(read_back(1, 11));
    lsm_world_settle(&w);
    cr_assert_eq(reads_done, 0);
    read_back(1, 11);
    lsm_world_close(&w);
    cr_assert_eq(reads_done, 1, "an orderly end waits");
    lsm_world_open(&w);
    read_back(1, 11);
    lsm_world_kill(&w);
}
