/* tails_test.c: what a frame is to its arc's log. */
#include "lsm/tails.h"

#include <criterion/criterion.h>

static struct tails all;
static struct tail *t;

static const uint64_t ARC = 77;

static void begin(void)
{
    all = (struct tails){ 0 };
    t = tails_get(&all, ARC);
}

static void end(void)
{
    tails_deinit(&all);
}

TestSuite(tails, .init = begin, .fini = end);

static struct frame_head head(uint64_t index, uint64_t ballot, uint64_t previous)
{
    return (struct frame_head){ .arc = ARC,
                                .ballot = { ballot, 1 },
                                .previous = { previous, previous ? 1 : 0 },
                                .index = index,
                                .stamp = 100 + index,
                                .kind = FRAME_CELLS };
}

static void append(uint64_t index, uint64_t ballot, uint64_t previous)
{
    struct frame_head h = head(index, ballot, previous);

    tail_append(&all, t, &h, slice_of(NULL, 0), slice_str("n"), index * 1000, index);
    cr_assert(tails_check(&all));
}

static enum tail_verdict judge(uint64_t index, uint64_t ballot, uint64_t previous)
{
    struct frame_head h = head(index, ballot, previous);

    return tail_judge(t, &h);
}

Test(tails, a_frame_follows_the_one_it_names)
{
    cr_assert_eq(judge(1, 5, 0), TAIL_FOLLOWS);
    cr_assert_eq(judge(1, 5, 4), TAIL_STRAY, "before the first is none");
    cr_assert_eq(judge(2, 5, 5), TAIL_STRAY, "a gap");
    append(1, 5, 0);
    append(2, 5, 5);
    cr_assert_eq(judge(3, 6, 5), TAIL_FOLLOWS);
    cr_assert_eq(judge(3, 6, 6), TAIL_STRAY, "behind another than there is");
    struct frame_head h = head(3, 6, 5);
    h.stamp = 101;
    cr_assert_eq(tail_judge(t, &h), TAIL_STRAY, "older than the frame before it");
}

Test(tails, the_same_is_held_and_another_ballot_cuts)
{
    for (unsigned i = 1; i <= 4; i++)
        append(i, 5, i > 1 ? 5 : 0);
    cr_assert_eq(judge(2, 5, 5), TAIL_HELD);
    cr_assert_eq(judge(3, 4, 5), TAIL_CUTS, "a lower one too");
    append(3, 7, 5);
    cr_assert(t->end.index == 3 && t->end.ballot.counter == 7 && t->count == 3);
    cr_assert_null(tail_at(t, 4));
    cr_assert_eq(judge(4, 5, 5), TAIL_STRAY, "what was cut does not follow");
}

Test(tails, nothing_cuts_what_is_applied_or_known_to_be_committed)
{
    struct frame_head h = head(3, 5, 5);

    append(1, 5, 0);
    append(2, 5, 5);
    h.committed = 2;
    tail_append(&all, t, &h, slice_of(NULL, 0), slice_of(NULL, 0), 3000, 3);
    tail_applied(&all, t);
    cr_assert_eq(t->applied.index, 1);
    cr_assert_eq(judge(1, 9, 0), TAIL_STRAY);
    cr_assert_eq(judge(2, 9, 5), TAIL_STRAY);
    cr_assert_eq(judge(3, 9, 5), TAIL_CUTS);
    cr_assert_eq(judge(1, 5, 0), TAIL_HELD);
}

Test(tails, the_log_is_needed_from_the_oldest_frame_on_and_from_what_was_cut)
{
    uint64_t lone = 0;

    cr_assert_eq(tails_oldest(&all, 0, &lone), UINT64_MAX);
    for (unsigned i = 1; i <= 4; i++)
        append(i, 5, i > 1 ? 5 : 0);
    tail_applied(&all, t);
    cr_assert_eq(tails_oldest(&all, 0, &lone), 2000);
    cr_assert_eq(lone, 2);
    tail_cut(&all, t, 2);
    cr_assert_eq(tails_oldest(&all, UINT64_MAX - 1, &lone), 2000, "nothing is in its place yet");
    struct frame_head h = head(2, 8, 5);
    tail_append(&all, t, &h, slice_of(NULL, 0), slice_of(NULL, 0), 9000, 9);
    cr_assert_eq(tails_oldest(&all, 9000 + FRAME_HEAD_SIZE - 1, &lone), 2000);
    cr_assert_eq(tails_oldest(&all, 9000 + FRAME_HEAD_SIZE, &lone), 9000);
    cr_assert_eq(lone, 9);
}

Test(tails, what_the_log_lost_makes_an_arc_mute)
{
    for (unsigned i = 1; i <= 4; i++)
        append(i, 5, i > 1 ? 5 : 0);
    tails_lost(&all, 5000);
    cr_assert(!t->mute && t->end.index == 4);
    tails_lost(&all, 3000);
    cr_assert(t->mute && t->end.index == 2);
    cr_assert(tails_check(&all));
}

Test(tails, marks_say_what_there_was_and_the_log_whether_it_is_there)
{
    struct buf marks = { 0 };
    struct tails again = { 0 };
    struct tail *one;

    for (unsigned i = 1; i <= 3; i++)
        append(i, 5, i > 1 ? 5 : 0);
    tail_applied(&all, t);
    tail_set_promise(t, (struct log_ballot){ 9, 2 });
    tail_set_state(t, slice_str("who"));
    tails_get(&all, 99);
    tails_put_marks(&all, false, &marks);
    cr_assert(arc_marks_good(buf_slice(&marks)));
    tails_begin(&again, buf_slice(&marks));
    one = tails_find(&again, ARC);
    cr_assert(one && again.count == 2 && one->applied.index == 1 && one->end.index == 1);
    cr_assert(one->promise.counter == 9 && slice_equal(buf_slice(&one->state), slice_str("who")));
    cr_assert(one->forgot, "until frame 3 is found");
    for (uint64_t i = 2; i <= 3; i++) {
        struct frame_head h = head(i, 5, 5);
        cr_assert(one->forgot);
        tail_append(&again, one, &h, slice_of(NULL, 0), slice_of(NULL, 0), i, i);
    }
    cr_assert_not(one->forgot);
    cr_assert_not(tails_find(&again, 99)->forgot);
    tails_deinit(&again);
    buf_deinit(&marks);
}
