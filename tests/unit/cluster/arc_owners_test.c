/* arc_owners_test.c: changing owners: a test for each sentence about it. */
#include <criterion/criterion.h>

#include "unit/cluster/arc_stage.h"

static const struct ballot b1 = { 1, 1 };
static const uint32_t next[] = { 2, 3, 4 };

/* Leader 1 of three, all of which have frame 1, teaches node 4. */
static struct stage *teacher(void)
{
    struct stage *s = stage_leader(3);
    stage_written(s, 2, 1);
    stage_written(s, 3, 1);
    cr_assert(arc_teach(s->arc, &s->turn, 4));
    return s;
}

static void learns(struct stage *s, uint64_t index)
{
    stage_hello(
        s, 4, (struct arc_hello){ .promise = b1, .end = { b1, index }, .flags = ARC_IS_LEARNING });
}

/* ... and it has learnt, and "old+new" is frame 2. */
static struct stage *joint(void)
{
    struct stage *s = teacher();
    learns(s, 1);
    stage_clear(s);
    cr_assert(arc_change_owners(s->arc, &s->turn, next, 3, 2));
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ b1, 2 });
    return s;
}

Test(arc_owners, a_learner_is_fed_and_not_counted)
{
    struct stage *s = teacher();
    cr_assert(stage_does(s, ARC_DO_FEED));
    cr_expect_eq(stage_does(s, ARC_DO_FEED)->node, 4);
    uint64_t index = stage_write(s);
    stage_written(s, 4, index);
    cr_expect_eq(stage_view(s).applied, 1);
    cr_expect_eq(arc_written_by(s->arc, index), 1);
    stage_free(s);
}

Test(arc_owners, nothing_changes_until_it_has_caught_up)
{
    struct stage *s = teacher();
    cr_expect_not(arc_change_owners(s->arc, &s->turn, next, 3, 2));
    learns(s, 0);
    cr_expect_not(arc_change_owners(s->arc, &s->turn, next, 3, 2));
    learns(s, 1);
    cr_expect(arc_change_owners(s->arc, &s->turn, next, 3, 2));
    stage_free(s);
}

Test(arc_owners, who_is_about_to_drop_the_arc_has_not_learnt_it)
{
    struct stage *s = teacher();
    stage_hello(s, 4, (struct arc_hello){ .promise = b1, .end = { b1, 1 } });
    cr_expect_not(arc_has_learnt(s->arc, 4));
    stage_free(s);
}

Test(arc_owners, the_frame_old_and_new_is_acted_on_before_it_is_committed)
{
    struct stage *s = joint();
    cr_assert(stage_does(s, ARC_DO_WRITE));
    cr_expect_eq(stage_does(s, ARC_DO_WRITE)->frame.kind, ARC_FRAME_OWNERS);
    cr_expect_eq(arc_owners(s->arc)->count, 3);
    cr_expect_eq(arc_owners(s->arc)->next_count, 3);
    stage_free(s);
}

Test(arc_owners, majorities_of_both_sets_are_needed)
{
    struct stage *s = joint();
    stage_written(s, 4, 2); /* new: 4 of 2, 3, 4; old: 1 of 1, 2, 3 */
    cr_expect_eq(stage_view(s).applied, 1);
    stage_written(s, 2, 2);
    cr_expect_eq(stage_view(s).applied, 2);
    stage_free(s);
}

Test(arc_owners, new_is_appended_only_after_old_and_new_is_committed)
{
    struct stage *s = joint();
    cr_expect_eq(stage_view(s).end.index, 2);
    stage_written(s, 3, 2);
    cr_expect_eq(stage_view(s).end.index, 2); /* 3 alone of new */
    stage_written(s, 4, 2);
    cr_expect_eq(stage_view(s).end.index, 3);
    cr_expect_eq(arc_owners(s->arc)->next_count, 0);
    cr_expect_eq(arc_owners(s->arc)->node[0], 2);
    stage_free(s);
}

Test(arc_owners, a_leader_that_is_not_in_new_leads_until_that_is_committed)
{
    struct stage *s = joint();
    stage_written(s, 3, 2);
    stage_written(s, 4, 2);
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ b1, 3 });
    stage_written(s, 3, 3);
    cr_expect_eq(stage_view(s).role, ARC_LEADER);
    stage_written(s, 4, 3); /* two of 2, 3, 4: its own copy counts no more */
    cr_expect_eq(stage_view(s).role, ARC_DROPPED);
    cr_expect(stage_sends(s, 4, ARC_COMMIT));
    cr_assert(stage_does(s, ARC_DO_DROP));
    cr_expect_eq(stage_does(s, ARC_DO_DROP)->owners.epoch, 2);
    stage_free(s);
}

Test(arc_owners, one_change_at_a_time)
{
    const uint32_t back[] = { 1, 2, 3 };
    struct stage *s = joint();
    cr_expect_not(arc_change_owners(s->arc, &s->turn, back, 3, 3));
    stage_free(s);
}

Test(arc_owners, an_owner_acts_on_the_newest_in_its_log_also_when_that_is_cut)
{
    struct stage *s = stage_new(3, 3);
    struct arc_owners owners = { .epoch = 2, .count = 3, .node = { 1, 2, 3 }, .next_count = 1 };
    owners.next[0] = 4;
    stage_append(s, b1, 0, stage_frame(1, b1, none));
    struct arc_message m = { .kind = ARC_APPEND };
    m.append = (struct arc_append){ .ballot = b1, .frame = stage_frame(2, b1, b1) };
    m.append.frame.kind = ARC_FRAME_OWNERS;
    arc_on_message(s->arc, &s->turn, 1, &m, &owners);
    cr_expect_eq(arc_owners(s->arc)->next_count, 1);
    cr_expect(stage_does(s, ARC_DO_ACT));
    stage_append(s, (struct ballot){ 2, 2 }, 0, stage_frame(2, (struct ballot){ 2, 2 }, b1));
    cr_expect_eq(arc_owners(s->arc)->next_count, 0);
    stage_free(s);
}

Test(arc_owners, a_learner_does_not_take)
{
    struct arc_options o = stage_options(4, 3);
    o.learns_since = 1;
    struct stage *s = stage_with(o, false);
    cr_expect(stage_view(s).learner);
    stage_wait(s, 3000000);
    cr_expect_eq(stage_view(s).role, ARC_FOLLOWER);
    stage_free(s);
}

Test(arc_owners, a_dropped_arc_is_kept_for_good_and_answers_take)
{
    struct arc_owners owners = { .epoch = 7, .count = 1, .node = { 5 } };
    struct stage *s = stage_new(1, 3);
    arc_free(s->arc);
    s->arc = arc_new_dropped(1, (struct arc_name){ 0 }, b1, &owners);
    stage_take(s, (struct ballot){ 9, 2 }, none);
    const struct arc_message *m = stage_sends(s, 2, ARC_MOVED);
    cr_assert(m);
    cr_expect_eq(m->moved.owners.epoch, 7);
    cr_expect_eq(m->moved.owners.node[0], 5);
    cr_expect(ballot_equal(m->moved.moved_at, b1));
    cr_expect_not(stage_does(s, ARC_DO_PROMISE));
    stage_free(s);
}

Test(arc_owners, who_is_told_that_others_have_the_arc_drops_it)
{
    struct stage *s = stage_new(3, 3);
    struct arc_message m = { .kind = ARC_MOVED };
    m.moved = (struct arc_moved){ .owners = { .epoch = 2, .count = 1, .node = { 5 } } };
    arc_on_message(s->arc, &s->turn, 2, &m, NULL);
    cr_expect_eq(stage_view(s).role, ARC_DROPPED);
    cr_expect(stage_does(s, ARC_DO_DROP));
    stage_free(s);
}
