/* arc_append_test.c: an owner takes frames in: a test for each sentence about it. */
#include <criterion/criterion.h>

#include "unit/cluster/arc_stage.h"

static const struct ballot b1 = { 1, 1 }, b2 = { 2, 2 }, b3 = { 3, 1 };

/* Node 3 of three, with frames 1..3 of leader 1, written, none applied. */
static struct stage *three_frames(void)
{
    struct stage *s = stage_new(3, 3);
    stage_append(s, b1, 0, stage_frame(1, b1, none));
    stage_append(s, b1, 0, stage_frame(2, b1, b1));
    stage_append(s, b1, 0, stage_frame(3, b1, b1));
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ b1, 3 });
    stage_clear(s);
    return s;
}

Test(arc_append, an_owner_appends_a_frame_that_follows_what_it_has)
{
    struct stage *s = three_frames();
    cr_expect_eq(stage_append(s, b1, 0, stage_frame(4, b1, b1)), ARC_APPENDED);
    cr_expect(stage_does(s, ARC_DO_APPEND));
    cr_expect_eq(stage_view(s).end.index, 4);
    stage_free(s);
}

Test(arc_append, otherwise_it_answers_behind_with_its_log_end)
{
    struct stage *s = three_frames();
    cr_expect_eq(stage_append(s, b1, 0, stage_frame(5, b1, b1)), ARC_REFUSED);
    const struct arc_message *m = stage_sends(s, 1, ARC_REFUSAL);
    cr_assert(m);
    cr_expect_eq(m->refusal.reason, ARC_BEHIND);
    cr_expect_eq(m->refusal.feed, 1);
    cr_expect(log_end_equal(m->refusal.end, (struct log_end){ b1, 3 }));
    stage_free(s);
}

Test(arc_append, a_frame_that_is_not_written_is_not_told_as_its_log_end)
{
    struct stage *s = three_frames();
    stage_append(s, b1, 0, stage_frame(4, b1, b1));
    stage_append(s, b1, 0, stage_frame(6, b1, b1));
    const struct arc_message *m = stage_sends(s, 1, ARC_REFUSAL);
    cr_assert(m);
    cr_expect_eq(m->refusal.end.index, 3);
    stage_free(s);
}

Test(arc_append, a_message_of_a_lower_ballot_than_the_promise_is_refused_as_promised)
{
    struct stage *s = three_frames();
    stage_commit(s, b2, 0);
    stage_clear(s);
    cr_expect_eq(stage_append(s, b1, 0, stage_frame(4, b1, b1)), ARC_REFUSED);
    const struct arc_message *m = stage_sends(s, 1, ARC_REFUSAL);
    cr_assert(m);
    cr_expect_eq(m->refusal.reason, ARC_PROMISED);
    cr_expect(ballot_equal(m->refusal.promise, b2));
    cr_expect(m->refusal.heard);
    stage_free(s);
}

Test(arc_append, a_higher_ballot_of_a_message_becomes_the_promise_before_the_frame_is_written)
{
    struct stage *s = three_frames();
    cr_expect_eq(stage_append(s, b2, 0, stage_frame(4, b2, b1)), ARC_APPENDED);
    cr_expect(ballot_equal(stage_view(s).promise, b2));
    cr_expect_eq(stage_view(s).leader, 2);
    int promised = stage_place(s, ARC_DO_PROMISE);
    cr_assert_geq(promised, 0);
    cr_expect_lt(promised, stage_place(s, ARC_DO_APPEND));
    stage_free(s);
}

Test(arc_append, only_the_ballot_of_the_message_is_held_against_the_promise)
{
    struct stage *s = three_frames();
    stage_commit(s, b3, 0);
    /* The new leader's log goes on with a frame that another made before it. */
    cr_expect_eq(stage_append(s, b3, 0, stage_frame(4, b2, b1)), ARC_APPENDED);
    cr_expect(ballot_equal(stage_view(s).end.ballot, b2));
    cr_expect_eq(stage_append(s, b3, 0, stage_frame(5, b3, b2)), ARC_APPENDED);
    stage_free(s);
}

Test(arc_append, the_previous_frame_is_checked_by_the_ballot_it_was_made_at)
{
    struct stage *s = three_frames();
    cr_expect_eq(stage_append(s, b3, 0, stage_frame(4, b3, b2)), ARC_REFUSED);
    cr_expect_eq(stage_view(s).end.index, 3);
    stage_free(s);
}

Test(arc_append, nobody_speaks_for_another_leader)
{
    struct stage *s = three_frames();
    struct arc_message m = { .kind = ARC_APPEND };
    m.append = (struct arc_append){ .ballot = b2, .frame = stage_frame(4, b2, b1) };
    cr_expect_eq(arc_on_message(s->arc, &s->turn, 1, &m, NULL), ARC_REFUSED);
    cr_expect(ballot_equal(stage_view(s).promise, b1));
    stage_free(s);
}

Test(arc_append, an_owner_applies_up_to_the_commit_number)
{
    struct stage *s = three_frames();
    stage_commit(s, b1, 2);
    cr_assert(stage_does(s, ARC_DO_APPLY));
    cr_expect_eq(stage_does(s, ARC_DO_APPLY)->to, 2);
    stage_free(s);
}

Test(arc_append, an_owner_applies_only_what_it_has_matched_with_that_ballots_leader)
{
    struct stage *s = three_frames();
    stage_commit(s, b2, 3);
    cr_expect_not(stage_does(s, ARC_DO_APPLY));
    stage_append(s, b2, 3, stage_frame(2, b1, b1));
    cr_assert(stage_does(s, ARC_DO_APPLY));
    cr_expect_eq(stage_does(s, ARC_DO_APPLY)->to, 2);
    stage_free(s);
}

Test(arc_append, a_frame_that_is_held_is_acknowledged_and_not_written_again)
{
    struct stage *s = three_frames();
    cr_expect_eq(stage_append(s, b1, 0, stage_frame(2, b1, b1)), ARC_HELD);
    cr_expect_not(stage_does(s, ARC_DO_APPEND));
    cr_expect_not(stage_does(s, ARC_DO_SEND));
    stage_free(s);
}

Test(arc_append, a_frame_that_is_held_does_not_cut_what_is_behind_it)
{
    struct stage *s = three_frames();
    stage_append(s, b1, 0, stage_frame(2, b1, b1));
    cr_expect_not(stage_does(s, ARC_DO_CUT));
    cr_expect_eq(stage_view(s).end.index, 3);
    stage_free(s);
}

Test(arc_append, a_tail_is_cut_by_a_frame_of_another_ballot_at_that_index)
{
    struct stage *s = three_frames();
    cr_expect_eq(stage_append(s, b2, 0, stage_frame(2, b2, b1)), ARC_APPENDED);
    cr_assert(stage_does(s, ARC_DO_CUT));
    cr_expect_eq(stage_does(s, ARC_DO_CUT)->from, 2);
    cr_expect(log_end_equal(stage_view(s).end, (struct log_end){ b2, 2 }));
    stage_free(s);
}

Test(arc_append, requests_in_a_tail_that_is_cut_are_logged_as_tentative_first)
{
    struct stage *s = three_frames();
    stage_append(s, b2, 0, stage_frame(2, b2, b1));
    const struct arc_effect *keep = stage_does(s, ARC_DO_KEEP);
    cr_assert(keep);
    cr_expect_eq(keep->from, 2);
    cr_expect_eq(keep->to, 3);
    cr_expect_lt(stage_place(s, ARC_DO_KEEP), stage_place(s, ARC_DO_CUT));
    cr_expect_lt(stage_place(s, ARC_DO_CUT), stage_place(s, ARC_DO_APPEND));
    stage_free(s);
}

Test(arc_append, what_is_applied_is_never_cut)
{
    struct stage *s = three_frames();
    stage_commit(s, b1, 3);
    stage_clear(s);
    cr_expect_eq(stage_append(s, b2, 0, stage_frame(2, b2, b1)), ARC_HELD);
    cr_expect_not(stage_does(s, ARC_DO_CUT));
    stage_free(s);
}

Test(arc_append, a_higher_promise_is_said_to_the_leader_it_is_taken_from)
{
    struct stage *s = three_frames();
    stage_commit(s, b2, 0);
    const struct arc_message *m = stage_sends(s, 1, ARC_REFUSAL);
    cr_assert(m);
    cr_expect_eq(m->refusal.feed, 0);
    cr_expect(ballot_equal(m->refusal.ballot, b1));
    cr_expect(ballot_equal(m->refusal.promise, b2));
    stage_free(s);
}

Test(arc_append, every_owner_is_told_what_all_have_synced)
{
    struct stage *s = three_frames();
    struct arc_message m = { .kind = ARC_COMMIT };
    m.commit = (struct arc_commit){ .ballot = b1, .commit = 3, .all_synced = 2 };
    arc_on_message(s->arc, &s->turn, 1, &m, NULL);
    cr_expect_eq(stage_view(s).all_synced, 2);
    stage_free(s);
}

/* --- replay ----------------------------------------------------------------- */

Test(arc_append, replay_cuts_a_tail_where_it_was_cut)
{
    struct arc_options o = stage_options(3, 3);
    struct arc *a = arc_new(&o);
    struct arc_frame f[] = { stage_frame(1, b1, none), stage_frame(2, b1, b1),
                             stage_frame(3, b1, b1), stage_frame(2, b2, b1) };
    for (unsigned i = 0; i < 4; i++)
        cr_expect(arc_replay_frame(a, &f[i], NULL));
    cr_expect(log_end_equal(arc_view(a).end, (struct log_end){ b2, 2 }));
    cr_expect(ballot_equal(arc_view(a).promise, b2));
    arc_free(a);
}

Test(arc_append, replay_passes_over_tails_that_were_cut_before_what_is_applied_was_written)
{
    struct arc_options o = stage_options(3, 3);
    o.applied = (struct log_end){ b2, 2 };
    struct arc *a = arc_new(&o);
    struct arc_frame f[] = { stage_frame(1, b1, none), stage_frame(2, b1, b1),
                             stage_frame(3, b1, b1),   stage_frame(4, b1, b1),
                             stage_frame(2, b2, b1),   stage_frame(3, b2, b2) };
    for (unsigned i = 0; i < 6; i++)
        cr_expect(arc_replay_frame(a, &f[i], NULL));
    cr_expect(log_end_equal(arc_view(a).end, (struct log_end){ b2, 3 }));
    arc_free(a);
}

Test(arc_append, replay_says_when_a_frame_is_missing)
{
    struct arc_options o = stage_options(3, 3);
    struct arc *a = arc_new(&o);
    struct arc_frame first = stage_frame(1, b1, none);
    struct arc_frame third = stage_frame(3, b1, b1);
    cr_expect(arc_replay_frame(a, &first, NULL));
    cr_expect_not(arc_replay_frame(a, &third, NULL));
    arc_free(a);
}
