/* arc_take_test.c: takeover and hand-over: a test for each sentence about them. */
#include <criterion/criterion.h>

#include "unit/cluster/arc_stage.h"

static const struct ballot b1 = { 1, 1 }, b2 = { 2, 2 }, b3 = { 2, 3 };

/* Node 3 of three, which follows leader 1 and has its frame 1. */
static struct stage *follower(void)
{
    struct stage *s = stage_new(3, 3);
    stage_append(s, b1, 0, stage_frame(1, b1, none));
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ b1, 1 });
    stage_clear(s);
    return s;
}

static void lose(struct stage *s, uint32_t node)
{
    s->away[s->turn.away_count++] = node;
}

/* ... whose leader is out of reach, so that it asks for the arc at {2, 3}. */
static struct stage *candidate(void)
{
    struct stage *s = follower();
    lose(s, 1);
    stage_wait(s, 2000000);
    cr_assert_eq(stage_view(s).role, ARC_CANDIDATE);
    cr_assert(ballot_equal(stage_view(s).promise, b3));
    return s;
}

static void take_no(struct stage *s, uint32_t from, enum arc_no_reason reason,
                    struct ballot promise)
{
    struct arc_message m = { .kind = ARC_NO };
    m.no = (struct arc_no){ .ballot = b3, .promise = promise, .reason = (uint8_t)reason };
    arc_on_message(s->arc, &s->turn, from, &m, NULL);
}

Test(arc_take, an_owner_that_finds_the_leader_out_of_reach_asks_after_a_random_back_off)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct stage *s = follower();
        prng_init(&s->prng, seed);
        lose(s, 1);
        uint64_t from = s->turn.now_us;
        stage_wait(s, 2000000);
        uint64_t took = s->turn.now_us - from;
        least = took < least ? took : least;
        most = took > most ? took : most;
        cr_assert_eq(stage_view(s).role, ARC_CANDIDATE);
        stage_free(s);
    }
    cr_expect_gt(most, least + 30000);
    cr_expect_lt(most, 500000);
}

Test(arc_take, an_owner_that_hears_the_leader_does_not_ask)
{
    struct stage *s = follower();
    for (unsigned i = 0; i < 20; i++) {
        stage_wait(s, 100000);
        stage_commit(s, b1, 0);
    }
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_take, an_owner_without_a_majority_in_reach_does_not_ask)
{
    struct stage *s = follower();
    lose(s, 1);
    lose(s, 2);
    stage_wait(s, 2000000);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_take, the_candidates_own_promise_is_synced_before_it_asks)
{
    struct stage *s = candidate();
    cr_assert(stage_does(s, ARC_DO_PROMISE));
    cr_expect(stage_does(s, ARC_DO_PROMISE)->sync);
    cr_expect_not(stage_sends(s, 2, ARC_TAKE));
    arc_on_promise_synced(s->arc, &s->turn, b3);
    cr_assert(stage_sends(s, 2, ARC_TAKE));
    cr_expect(ballot_equal(stage_sends(s, 2, ARC_TAKE)->take.ballot, b3));
    stage_free(s);
}

Test(arc_take, a_promise_is_synced_before_the_answer_and_every_frame_with_it)
{
    struct stage *s = follower();
    lose(s, 1);
    stage_take(s, b2, none);
    cr_assert(stage_does(s, ARC_DO_PROMISE));
    cr_expect(stage_does(s, ARC_DO_PROMISE)->sync);
    cr_expect_not(stage_sends(s, 2, ARC_PROMISE));
    arc_on_promise_synced(s->arc, &s->turn, b2);
    const struct arc_message *m = stage_sends(s, 2, ARC_PROMISE);
    cr_assert(m);
    cr_expect(ballot_equal(m->promise.ballot, b2));
    cr_expect(log_end_equal(m->promise.end, (struct log_end){ b1, 1 }));
    stage_free(s);
}

Test(arc_take, an_older_promise_that_is_synced_answers_nobody)
{
    struct stage *s = follower();
    lose(s, 1);
    stage_take(s, b2, none);
    stage_take(s, (struct ballot){ 3, 2 }, none);
    arc_on_promise_synced(s->arc, &s->turn, b2);
    cr_expect_not(stage_sends(s, 2, ARC_PROMISE));
    stage_free(s);
}

Test(arc_take, an_owner_that_hears_the_leader_answers_who_leads_and_promises_nothing)
{
    struct stage *s = follower();
    stage_take(s, b2, none);
    const struct arc_message *m = stage_sends(s, 2, ARC_NO);
    cr_assert(m);
    cr_expect_eq(m->no.reason, ARC_NO_LEADS);
    cr_expect(ballot_equal(m->no.promise, b1));
    cr_expect(ballot_equal(stage_view(s).promise, b1));
    cr_expect_not(stage_does(s, ARC_DO_PROMISE));
    stage_free(s);
}

Test(arc_take, a_ballot_that_is_not_higher_is_not_promised)
{
    struct stage *s = follower();
    lose(s, 1);
    stage_take(s, b2, none);
    stage_clear(s);
    stage_take(s, (struct ballot){ 1, 2 }, none);
    cr_assert(stage_sends(s, 2, ARC_NO));
    cr_expect_eq(stage_sends(s, 2, ARC_NO)->no.reason, ARC_NO_PROMISED);
    stage_free(s);
}

Test(arc_take, with_a_majority_it_appends_an_empty_frame_at_its_ballot_and_leads)
{
    struct stage *s = candidate();
    arc_on_promise_synced(s->arc, &s->turn, b3);
    stage_promise(s, 2, b3, (struct log_end){ 0 });
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    const struct arc_effect *write = stage_does(s, ARC_DO_WRITE);
    cr_assert(write && stage_does(s, ARC_DO_LEAD));
    cr_expect_eq(write->frame.kind, ARC_FRAME_EMPTY);
    cr_expect_eq(write->frame.index, 2);
    cr_expect(ballot_equal(write->frame.ballot, b3));
    cr_expect(ballot_equal(write->frame.previous, b1));
    stage_free(s);
}

Test(arc_take, requests_in_a_tail_that_is_taken_over_are_logged_as_tentative_first)
{
    struct stage *s = candidate();
    arc_on_promise_synced(s->arc, &s->turn, b3);
    stage_promise(s, 2, b3, (struct log_end){ 0 });
    cr_assert(stage_does(s, ARC_DO_KEEP));
    cr_expect_eq(stage_does(s, ARC_DO_KEEP)->to, 1);
    cr_expect_lt(stage_place(s, ARC_DO_KEEP), stage_place(s, ARC_DO_LEAD));
    stage_free(s);
}

Test(arc_take, a_majority_counts_its_own_promise_only_when_that_is_synced)
{
    struct stage *s = candidate();
    stage_promise(s, 2, b3, (struct log_end){ 0 });
    cr_expect_eq(stage_view(s).role, ARC_CANDIDATE);
    stage_free(s);
}

Test(arc_take, the_candidate_fetches_the_most_advanced_log_highest_ballot_then_index)
{
    struct stage *s = candidate();
    struct ballot later = { 1, 2 };
    arc_on_promise_synced(s->arc, &s->turn, b3);
    stage_promise(s, 2, b3, (struct log_end){ later, 1 });
    const struct arc_message *m = stage_sends(s, 2, ARC_FETCH);
    cr_assert(m);
    cr_expect_eq(stage_view(s).role, ARC_CANDIDATE);
    cr_expect(log_end_equal(m->fetch.wanted, (struct log_end){ later, 1 }));
    stage_clear(s);
    struct arc_message frame = { .kind = ARC_FRAME };
    frame.fetched = (struct arc_fetched){ b3, stage_frame(1, later, none) };
    cr_expect_eq(arc_on_message(s->arc, &s->turn, 2, &frame, NULL), ARC_APPENDED);
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    cr_expect_lt(stage_place(s, ARC_DO_APPEND), stage_place(s, ARC_DO_WRITE));
    cr_expect_eq(stage_does(s, ARC_DO_WRITE)->frame.index, 2);
    stage_free(s);
}

Test(arc_take, if_segments_no_longer_have_it_it_asks_that_owner_to_take_instead)
{
    struct stage *s = candidate();
    arc_on_promise_synced(s->arc, &s->turn, b3);
    stage_promise(s, 2, b3, (struct log_end){ { 1, 2 }, 1 });
    struct arc_message gone = { .kind = ARC_GONE };
    gone.gone.ballot = b3;
    arc_on_message(s->arc, &s->turn, 2, &gone, NULL);
    cr_assert(stage_sends(s, 2, ARC_INVITE));
    cr_expect(ballot_equal(stage_sends(s, 2, ARC_INVITE)->invite.ballot, b3));
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_take, an_owner_serves_a_candidate_what_it_has_promised_to_it)
{
    struct stage *s = follower();
    lose(s, 1);
    struct arc_message m = { .kind = ARC_FETCH };
    m.fetch = (struct arc_fetch){ .ballot = b2, .wanted = { b1, 1 } };
    arc_on_message(s->arc, &s->turn, 2, &m, NULL);
    cr_expect_not(stage_does(s, ARC_DO_SERVE));
    stage_take(s, b2, none);
    arc_on_message(s->arc, &s->turn, 2, &m, NULL);
    cr_assert(stage_does(s, ARC_DO_SERVE));
    cr_expect_eq(stage_does(s, ARC_DO_SERVE)->from, 1);
    cr_expect_eq(stage_does(s, ARC_DO_SERVE)->to, 1);
    stage_free(s);
}

Test(arc_take, a_candidate_that_is_told_of_a_leader_gives_up)
{
    struct stage *s = candidate();
    arc_on_promise_synced(s->arc, &s->turn, b3);
    take_no(s, 2, ARC_NO_LEADS, b1);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_take, a_ballot_never_repeats)
{
    struct stage *s = candidate();
    arc_on_promise_synced(s->arc, &s->turn, b3);
    take_no(s, 2, ARC_NO_PROMISED, (struct ballot){ 7, 2 });
    stage_wait(s, 2000000);
    cr_expect(ballot_equal(stage_view(s).promise, (struct ballot){ 8, 3 }));
    stage_free(s);
}

Test(arc_take, a_node_that_starts_leads_nothing)
{
    struct arc_options o = stage_options(1, 3);
    o.promise = b1;
    struct stage *s = stage_with(o, false);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    cr_expect_eq(stage_view(s).leader, 0);
    cr_expect_not(arc_may_append(s->arc));
    stage_wait(s, 2000000);
    cr_expect(ballot_equal(stage_view(s).promise, (struct ballot){ 2, 1 }));
    stage_free(s);
}

Test(arc_take, a_leader_that_has_heard_no_majority_stops_leading_and_says_so)
{
    struct stage *s = stage_leader(3);
    lose(s, 2);
    arc_on_time(s->arc, &s->turn);
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    lose(s, 3);
    arc_on_time(s->arc, &s->turn);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    cr_expect(stage_does(s, ARC_DO_FOLLOW));
    cr_expect(stage_sends(s, 2, ARC_YIELD));
    stage_free(s);
}

Test(arc_take, a_leader_whose_log_write_failed_gives_the_arc_up)
{
    struct stage *s = stage_leader(3);
    arc_append(s->arc, ARC_FRAME_CELLS, 1, 1);
    arc_on_write_failed(s->arc, &s->turn, (struct log_end){ b1, 1 });
    cr_expect_eq(stage_view(s).role, ARC_MUTE);
    cr_expect_eq(stage_view(s).end.index, 1);
    cr_expect(stage_sends(s, 2, ARC_YIELD));
    stage_take(s, b2, none);
    cr_expect_not(stage_does(s, ARC_DO_PROMISE));
    stage_free(s);
}

/* --- hand-over -------------------------------------------------------------- */

Test(arc_take, the_leader_that_hands_over_stops_starting_requests)
{
    struct stage *s = stage_leader(3);
    cr_expect(arc_hand_over(s->arc, &s->turn, 2));
    cr_expect_not(arc_may_append(s->arc));
    stage_free(s);
}

Test(arc_take, it_feeds_the_tail_and_then_tells_it_to_take)
{
    struct stage *s = stage_leader(3);
    arc_hand_over(s->arc, &s->turn, 2);
    cr_expect_not(stage_sends(s, 2, ARC_INVITE));
    stage_written(s, 2, 1);
    cr_assert(stage_sends(s, 2, ARC_INVITE));
    cr_expect(ballot_equal(stage_sends(s, 2, ARC_INVITE)->invite.ballot, b1));
    stage_free(s);
}

Test(arc_take, the_invited_takes_at_a_new_ballot)
{
    struct stage *s = follower();
    struct arc_message m = { .kind = ARC_INVITE };
    m.invite.ballot = b1;
    arc_on_message(s->arc, &s->turn, 1, &m, NULL);
    cr_expect_eq(stage_view(s).role, ARC_CANDIDATE);
    arc_on_promise_synced(s->arc, &s->turn, b3);
    cr_assert(stage_sends(s, 2, ARC_TAKE));
    cr_expect(ballot_equal(stage_sends(s, 2, ARC_TAKE)->take.invited_by, b1));
    stage_free(s);
}

Test(arc_take, owners_promise_to_who_is_invited_although_they_hear_the_leader)
{
    struct stage *s = follower();
    stage_take(s, b2, b1);
    cr_expect(ballot_equal(stage_view(s).promise, b2));
    stage_free(s);
}

Test(arc_take, no_answer_in_500_ms_and_the_old_leader_takes_again_at_a_new_ballot)
{
    struct stage *s = stage_leader(3);
    arc_hand_over(s->arc, &s->turn, 2);
    stage_written(s, 2, 1);
    stage_wait(s, 499000);
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    stage_wait(s, 2000);
    cr_expect_eq(stage_view(s).role, ARC_CANDIDATE);
    cr_expect(ballot_equal(stage_view(s).promise, (struct ballot){ 2, 1 }));
    stage_free(s);
}

Test(arc_take, a_hand_over_to_who_does_not_catch_up_in_500_ms_is_none)
{
    struct stage *s = stage_leader(3);
    arc_hand_over(s->arc, &s->turn, 2);
    stage_wait(s, 501000);
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    cr_expect(arc_may_append(s->arc));
    stage_free(s);
}
