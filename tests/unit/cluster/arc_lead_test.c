/* arc_lead_test.c: a leader counts: a test for each sentence about it. */
#include <criterion/criterion.h>

#include "unit/cluster/arc_stage.h"

static const struct ballot b1 = { 1, 1 }, b2 = { 2, 2 };

static void refuse(struct stage *s, uint32_t from, uint32_t feed, struct log_end end,
                   struct ballot promise)
{
    struct arc_message m = { .kind = ARC_REFUSAL };
    m.refusal = (struct arc_refusal){
        .ballot = b1, .feed = feed, .promise = promise, .end = end, .reason = ARC_BEHIND
    };
    arc_on_message(s->arc, &s->turn, from, &m, NULL);
}

Test(arc_lead, a_frame_is_committed_when_match_at_a_majority_has_reached_it)
{
    struct stage *s = stage_leader(5);
    uint64_t index = stage_write(s);
    stage_written(s, 2, index);
    cr_expect_eq(stage_view(s).applied, 0);
    stage_written(s, 3, index);
    cr_assert(stage_does(s, ARC_DO_APPLY));
    cr_expect_eq(stage_does(s, ARC_DO_APPLY)->to, index);
    stage_free(s);
}

Test(arc_lead, the_leader_is_included)
{
    struct stage *s = stage_leader(3);
    struct arc_frame f = arc_append(s->arc, ARC_FRAME_CELLS, 1, 1);
    stage_written(s, 2, f.index);
    stage_written(s, 3, f.index);
    cr_expect_eq(stage_view(s).applied, 1);
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ b1, f.index });
    cr_expect_eq(stage_view(s).applied, f.index);
    stage_free(s);
}

Test(arc_lead, a_frame_of_an_old_ballot_is_committed_only_with_a_later_one_of_the_leaders_own)
{
    struct stage *s = stage_new(3, 3);
    const struct ballot b3 = { 2, 3 };
    stage_append(s, b1, 0, stage_frame(1, b1, none));
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ b1, 1 });
    s->away[s->turn.away_count++] = 1;
    stage_wait(s, 2000000);
    arc_on_promise_synced(s->arc, &s->turn, b3);
    stage_promise(s, 2, b3, (struct log_end){ b1, 1 }); /* two of three have frame 1 */
    cr_assert_eq(stage_view(s).role, ARC_LEADER);
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ b3, 2 });
    cr_expect_eq(stage_view(s).applied, 0);
    stage_written(s, 2, 2);
    cr_expect_eq(stage_view(s).applied, 2);
    stage_free(s);
}

Test(arc_lead, acknowledgements_that_pass_a_refusal_do_not_count)
{
    struct stage *s = stage_leader(3);
    uint64_t index = stage_write(s);
    uint32_t feed = stage_feed(s, 2);
    refuse(s, 2, feed, (struct log_end){ 0 }, b1);
    arc_on_written(s->arc, &s->turn, 2, feed, index);
    cr_expect_eq(stage_view(s).applied, 0);
    stage_written(s, 2, index); /* of the feed that began anew */
    cr_expect_eq(stage_view(s).applied, index);
    stage_free(s);
}

Test(arc_lead, on_behind_it_sends_from_match_plus_one)
{
    struct stage *s = stage_leader(3);
    stage_write(s);
    stage_write(s);
    refuse(s, 2, stage_feed(s, 2), (struct log_end){ b1, 2 }, b1);
    const struct arc_effect *e = stage_does(s, ARC_DO_FEED);
    cr_assert(e);
    cr_expect_eq(e->node, 2);
    cr_expect_eq(e->from, 3);
    stage_clear(s);
    /* An end that is not in its log: from behind what the owner has applied. */
    refuse(s, 2, stage_feed(s, 2), (struct log_end){ b2, 2 }, b1);
    cr_assert(stage_does(s, ARC_DO_FEED));
    cr_expect_eq(stage_does(s, ARC_DO_FEED)->from, 1);
    stage_free(s);
}

Test(arc_lead, a_refusal_of_an_earlier_feed_changes_nothing)
{
    struct stage *s = stage_leader(3);
    uint32_t feed = stage_feed(s, 2);
    refuse(s, 2, feed, (struct log_end){ 0 }, b1);
    stage_clear(s);
    refuse(s, 2, feed, (struct log_end){ 0 }, b1);
    cr_expect_not(stage_does(s, ARC_DO_FEED));
    stage_free(s);
}

Test(arc_lead, a_leader_that_is_told_of_a_higher_promise_stops_leading)
{
    struct stage *s = stage_leader(3);
    refuse(s, 2, 0, (struct log_end){ 0 }, b2);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_wait(s, 2000000);
    cr_expect(ballot_equal(stage_view(s).promise, (struct ballot){ 3, 1 }));
    stage_free(s);
}

Test(arc_lead, a_connection_begins_with_promise_log_end_and_synced_end)
{
    struct stage *s = stage_leader(3);
    struct arc_message m;
    stage_written(s, 2, 1);
    stage_write(s);
    arc_on_own_synced(s->arc, &s->turn, (struct log_end){ b1, 1 });
    arc_fill_hello(s->arc, 2, &m);
    cr_expect(ballot_equal(m.hello.promise, b1));
    cr_expect(log_end_equal(m.hello.end, (struct log_end){ b1, 2 }));
    cr_expect_eq(m.hello.synced, 1);
    cr_expect_eq(m.hello.flags, ARC_IS_LEADING);
    cr_expect_eq(m.hello.known, 1);
    cr_expect(ballot_equal(m.hello.known_at, b1));
    stage_free(s);
}

Test(arc_lead, what_an_owner_says_on_a_new_connection_is_its_match)
{
    struct stage *s = stage_leader(3);
    uint64_t index = stage_write(s);
    stage_hello(s, 2, (struct arc_hello){ .promise = b1, .end = { b1, index } });
    cr_expect_eq(stage_does(s, ARC_DO_FEED)->from, index + 1);
    cr_expect_eq(arc_written_by(s->arc, index), 2);
    stage_free(s);
}

Test(arc_lead, w_owners_have_written_it_and_all_when_all_have)
{
    struct stage *s = stage_leader(3);
    uint64_t index = stage_write(s);
    cr_expect_eq(arc_written_by(s->arc, index), 1);
    stage_written(s, 2, index);
    cr_expect_eq(arc_written_by(s->arc, index), 2);
    cr_expect_not(arc_written_by_all(s->arc, index));
    stage_written(s, 3, index);
    cr_expect(arc_written_by_all(s->arc, index));
    stage_free(s);
}

Test(arc_lead, the_leader_tells_the_index_all_have_synced)
{
    struct stage *s = stage_leader(3);
    struct arc_message m;
    arc_on_own_synced(s->arc, &s->turn, (struct log_end){ b1, 1 });
    arc_on_synced(s->arc, &s->turn, 2, stage_feed(s, 2), 1);
    arc_fill_commit(s->arc, &m);
    cr_expect_eq(m.commit.all_synced, 0);
    arc_on_synced(s->arc, &s->turn, 3, stage_feed(s, 3), 1);
    arc_fill_commit(s->arc, &m);
    cr_expect_eq(m.commit.all_synced, 1);
    stage_free(s);
}

Test(arc_lead, an_arc_that_is_always_synced_commits_what_a_majority_has_synced)
{
    struct arc_options o = stage_options(1, 3);
    o.commit_synced = true;
    struct stage *s = stage_with(o, false);
    stage_wait(s, 500000);
    arc_on_promise_synced(s->arc, &s->turn, b1);
    stage_promise(s, 2, b1, (struct log_end){ 0 });
    arc_on_own_synced(s->arc, &s->turn, (struct log_end){ b1, 1 });
    stage_written(s, 2, 1);
    cr_expect_eq(stage_view(s).applied, 0);
    arc_on_synced(s->arc, &s->turn, 2, stage_feed(s, 2), 1);
    cr_expect_eq(stage_view(s).applied, 1);
    stage_free(s);
}

Test(arc_lead, an_only_owner_commits_by_itself)
{
    struct stage *s = stage_leader(1);
    cr_expect_eq(stage_view(s).applied, 1);
    cr_expect_eq(stage_write(s), 2);
    cr_expect_eq(stage_view(s).applied, 2);
    stage_free(s);
}

/* --- confirming that it leads ----------------------------------------------- */

static uint64_t answered(const void *arg, uint32_t node)
{
    const uint64_t *rounds = arg;
    return rounds[node];
}

Test(arc_lead, a_read_waits_until_a_majority_has_answered_something_sent_after_it_arrived)
{
    struct stage *s = stage_leader(5);
    uint64_t rounds[6] = { 0, 0, 7, 5, 3, 0 };
    stage_written(s, 2, 1);
    stage_written(s, 3, 1);
    stage_written(s, 4, 1);
    cr_expect_eq(arc_confirmed(s->arc, answered, rounds), 5);
    stage_free(s);
}

Test(arc_lead, an_answer_counts_at_this_ballot_only)
{
    struct stage *s = stage_leader(3);
    uint64_t rounds[4] = { 0, 0, 0, 7 };
    /* Node 3 has not promised it, so it would not say that it promises another. */
    cr_expect_eq(arc_confirmed(s->arc, answered, rounds), 0);
    stage_written(s, 3, 1);
    cr_expect_eq(arc_confirmed(s->arc, answered, rounds), 7);
    stage_free(s);
}

Test(arc_lead, who_does_not_lead_confirms_nothing)
{
    struct stage *s = stage_leader(3);
    uint64_t rounds[4] = { 0, 0, 7, 7 };
    stage_written(s, 2, 1);
    refuse(s, 2, 0, (struct log_end){ 0 }, b2);
    cr_expect_eq(arc_confirmed(s->arc, answered, rounds), 0);
    stage_free(s);
}
