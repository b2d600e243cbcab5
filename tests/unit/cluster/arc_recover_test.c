/* arc_recover_test.c: lost memory: a test for each sentence about it. */
#include <criterion/criterion.h>

#include "unit/cluster/arc_stage.h"

static const struct ballot b1 = { 1, 1 }, b2 = { 2, 2 };
static const struct log_end empty = { { 0, 0 }, 0 };

/* Node 3, which may have forgotten what it acknowledged. */
static struct stage *forgetful(unsigned owners)
{
    struct arc_options o = stage_options(3, owners);
    o.promise = b1;
    return stage_with(o, true);
}

Test(arc_recover, a_recovering_owner_takes_no_frames)
{
    struct stage *s = forgetful(3);
    cr_expect_eq(stage_append(s, b1, 0, stage_frame(1, b1, none)), ARC_REFUSED);
    cr_assert(stage_sends(s, 1, ARC_REFUSAL));
    cr_expect_eq(stage_sends(s, 1, ARC_REFUSAL)->refusal.reason, ARC_RECOVERING);
    stage_free(s);
}

Test(arc_recover, a_recovering_owner_promises_nothing)
{
    struct stage *s = forgetful(3);
    stage_take(s, b2, none);
    cr_assert(stage_sends(s, 2, ARC_NO));
    cr_expect_eq(stage_sends(s, 2, ARC_NO)->no.reason, ARC_NO_RECOVERING);
    cr_expect(ballot_equal(stage_view(s).promise, b1));
    stage_free(s);
}

Test(arc_recover, a_recovering_owner_takes_nothing_over)
{
    struct stage *s = forgetful(3);
    stage_wait(s, 3000000);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_free(s);
}

Test(arc_recover, it_ends_when_a_majority_of_the_others_has_answered_with_the_leader_among_them)
{
    struct stage *s = forgetful(3);
    stage_state(s, 1, b1, empty, ARC_IS_LEADING);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_state(s, 2, b1, empty, 0);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    cr_expect(stage_does(s, ARC_DO_RECOVERED));
    cr_expect(stage_sends(s, 1, ARC_HELLO));
    stage_free(s);
}

Test(arc_recover, it_is_the_leader_of_the_highest_ballot_that_any_of_them_has_promised)
{
    struct stage *s = forgetful(3);
    stage_state(s, 1, b1, empty, ARC_IS_LEADING);
    stage_state(s, 2, b2, empty, 0);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_state(s, 2, b2, empty, ARC_IS_LEADING);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_recover, that_ballot_becomes_its_promise)
{
    struct stage *s = forgetful(3);
    stage_state(s, 1, b1, empty, 0);
    stage_state(s, 2, b2, empty, ARC_IS_LEADING);
    cr_expect(ballot_equal(stage_view(s).promise, b2));
    cr_expect(stage_does(s, ARC_DO_PROMISE));
    stage_free(s);
}

Test(arc_recover, it_has_that_leaders_log_first)
{
    struct stage *s = forgetful(3);
    stage_state(s, 2, b1, empty, 0);
    stage_state(s, 1, b1, (struct log_end){ b1, 1 }, ARC_IS_LEADING);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    cr_assert(stage_sends(s, 1, ARC_FETCH));
    struct arc_message m = { .kind = ARC_FRAME };
    m.fetched = (struct arc_fetched){ b1, stage_frame(1, b1, none) };
    cr_expect_eq(arc_on_message(s->arc, &s->turn, 1, &m, NULL), ARC_APPENDED);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_recover, an_answer_to_another_nonce_is_none)
{
    struct stage *s = forgetful(3);
    struct arc_message m = { .kind = ARC_STATE };
    m.state = (struct arc_state_answer){ .nonce = 2, .promise = b1, .flags = ARC_IS_LEADING };
    arc_on_message(s->arc, &s->turn, 1, &m, NULL);
    stage_state(s, 2, b1, empty, 0);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_free(s);
}

Test(arc_recover, an_answer_of_one_that_recovers_too_is_none)
{
    struct stage *s = forgetful(5);
    stage_state(s, 1, b1, empty, ARC_IS_LEADING);
    stage_state(s, 2, b1, empty, 0);
    stage_state(s, 4, b1, empty, ARC_IS_RECOVERING);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_state(s, 5, b1, empty, 0);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_recover, who_has_promised_higher_than_all_others_has_forgotten_nothing)
{
    struct arc_options o = stage_options(3, 3);
    o.promise = (struct ballot){ 9, 2 };
    struct stage *s = stage_with(o, true);
    stage_state(s, 1, b1, (struct log_end){ b1, 5 }, ARC_IS_LEADING);
    stage_state(s, 2, b1, (struct log_end){ b1, 5 }, 0);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    cr_expect(ballot_equal(stage_view(s).promise, o.promise));
    stage_free(s);
}

Test(arc_recover, the_leader_counts_a_recovering_owner_no_more)
{
    struct stage *s = stage_leader(3);
    uint64_t index = stage_write(s);
    uint32_t feed = stage_feed(s, 2);
    struct arc_message m = { .kind = ARC_RECOVER };
    m.recover.nonce = 5;
    arc_on_message(s->arc, &s->turn, 2, &m, NULL);
    cr_assert(stage_sends(s, 2, ARC_STATE));
    cr_expect_eq(stage_sends(s, 2, ARC_STATE)->state.nonce, 5);
    cr_expect_eq(stage_sends(s, 2, ARC_STATE)->state.flags, ARC_IS_LEADING);
    cr_expect_eq(stage_sends(s, 2, ARC_STATE)->state.end.index, index);
    arc_on_written(s->arc, &s->turn, 2, feed, index);
    cr_expect_eq(stage_view(s).applied, 0);
    stage_free(s);
}

Test(arc_recover, a_peer_says_in_the_hello_if_it_remembers_more_than_the_owner_has)
{
    struct stage *s = stage_new(3, 3);
    stage_append(s, b1, 0, stage_frame(1, b1, none));
    stage_hello(s, 1, (struct arc_hello){ .promise = b1, .known_at = b1, .known = 1 });
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_hello(s, 1, (struct arc_hello){ .promise = b1, .known_at = b1, .known = 2 });
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_free(s);
}

Test(arc_recover, a_promise_that_a_peer_remembers_and_the_owner_does_not_makes_it_recover)
{
    struct stage *s = stage_new(3, 3);
    stage_hello(s, 1, (struct arc_hello){ .promise = b1, .known_promise = b1 });
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_free(s);
}

Test(arc_recover, an_acknowledgement_to_an_earlier_leader_may_have_been_cut_since)
{
    struct stage *s = stage_new(3, 3);
    stage_append(s, b2, 0, stage_frame(1, b2, none));
    stage_hello(s, 1, (struct arc_hello){ .promise = b1, .known_at = b1, .known = 9 });
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

/* --- the whole room --------------------------------------------------------- */

Test(arc_recover, if_no_majority_can_answer_the_arc_resumes_when_all_owners_have)
{
    struct stage *s = forgetful(3);
    stage_state(s, 1, b1, empty, ARC_IS_RECOVERING);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_state(s, 2, b1, empty, 0);
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE); /* node 1 first, of the same log */
    stage_wait(s, 3000000);
    for (unsigned i = 0; i < 10 && stage_view(s).role == ARC_RECOVERING_ROLE; i++)
        stage_wait(s, 300000);
    cr_expect_eq(stage_view(s).role, ARC_CANDIDATE);
    stage_free(s);
}

/* Node 3, which has the most advanced log of those who forgot, asks to resume. */
static struct stage *resuming(void)
{
    struct arc_options o = stage_options(3, 3);
    o.applied = (struct log_end){ b1, 4 };
    struct stage *s = stage_with(o, true);
    stage_state(s, 1, b1, empty, ARC_IS_RECOVERING);
    stage_state(s, 2, b1, empty, ARC_IS_RECOVERING);
    cr_assert_eq(stage_view(s).role, ARC_CANDIDATE);
    return s;
}

Test(arc_recover, all_of_them_promise_at_a_new_ballot_and_it_is_said_what_may_be_lost)
{
    struct stage *s = resuming();
    struct ballot b = stage_view(s).promise;
    cr_expect_eq(b.counter, 2);
    arc_on_promise_synced(s->arc, &s->turn, b);
    cr_assert(stage_sends(s, 1, ARC_TAKE));
    cr_expect_eq(stage_sends(s, 1, ARC_TAKE)->take.flags, ARC_TAKE_RESUME);
    stage_promise(s, 1, b, empty);
    cr_expect_eq(stage_view(s).role, ARC_CANDIDATE);
    stage_promise(s, 2, b, empty);
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    cr_assert(stage_does(s, ARC_DO_RESUMED));
    cr_expect_eq(stage_does(s, ARC_DO_RESUMED)->from, 5);
    stage_free(s);
}

Test(arc_recover, one_that_recovers_promises_to_who_resumes_and_goes_on_with_its_log)
{
    struct stage *s = forgetful(3);
    struct arc_message m = { .kind = ARC_TAKE };
    m.take = (struct arc_take){ .ballot = b2, .epoch = 1, .flags = ARC_TAKE_RESUME };
    arc_on_message(s->arc, &s->turn, 2, &m, NULL);
    arc_on_promise_synced(s->arc, &s->turn, b2);
    cr_expect(stage_sends(s, 2, ARC_PROMISE));
    cr_expect_eq(stage_view(s).role, ARC_RECOVERING_ROLE);
    stage_state(s, 2, b2, empty, ARC_IS_LEADING); /* node 1 need not answer */
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_recover, force_names_who_is_given_up_and_they_are_owners_no_more)
{
    struct stage *s = forgetful(3);
    const uint32_t gone[] = { 1, 2 };
    cr_expect(arc_force(s->arc, &s->turn, gone, 2));
    arc_on_promise_synced(s->arc, &s->turn, (struct ballot){ 2, 3 });
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    cr_expect(stage_does(s, ARC_DO_RESUMED));
    cr_expect_eq(arc_owners(s->arc)->count, 1);
    cr_expect_eq(arc_owners(s->arc)->node[0], 3);
    stage_free(s);
}

Test(arc_recover, an_only_owner_resumes_by_itself)
{
    struct stage *s = stage_with(stage_options(1, 1), true);
    arc_on_promise_synced(s->arc, &s->turn, b1);
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    cr_expect(stage_does(s, ARC_DO_RESUMED));
    stage_free(s);
}
