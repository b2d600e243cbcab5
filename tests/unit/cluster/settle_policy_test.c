/* settle_policy_test.c: what becomes of a request: whole values by versions, others by what they
 * changed. */
#include "cluster/settle.h"

#include <criterion/criterion.h>

#include "base/prng.h"

static const struct context NOTHING = { 0 };
static const struct context SAW_10_1 = { 1, { { 10, 1 } } };
static const struct context SAW_20_2 = { 1, { { 20, 2 } } };
static const struct context SAW_BOTH = { 2, { { 10, 1 }, { 20, 2 } } };

static struct settle_value value(uint64_t stamp, uint32_t origin, const struct context *seen)
{
    return (struct settle_value){ { stamp, origin }, seen };
}

static enum settle_verdict whole(enum settle_policy policy, struct settle_value r,
                                 struct settle_value there)
{
    bool gone = false;
    enum settle_verdict v = settle_whole(policy, &r, &there, 1, &gone);

    cr_assert_eq(gone, v == SETTLE_REPLACES || v == SETTLE_WINS);
    return v;
}

Test(settle_whole, replaces_what_it_had_seen_under_either_policy)
{
    for (enum settle_policy p = SETTLE_LWW; p <= SETTLE_SIBLINGS; p++) {
        cr_assert_eq(whole(p, value(20, 2, &SAW_10_1), value(10, 1, &NOTHING)), SETTLE_REPLACES);
        cr_assert_eq(whole(p, value(5, 2, &SAW_10_1), value(10, 1, &NOTHING)), SETTLE_REPLACES,
                     "causality beats the clock");
        cr_assert_eq(whole(p, value(10, 1, &NOTHING), value(20, 2, &SAW_10_1)), SETTLE_SEEN);
        cr_assert_neq(whole(p, value(10, 1, &NOTHING), value(20, 2, &NOTHING)), SETTLE_SEEN);
        cr_assert_eq(whole(p, value(10, 1, &NOTHING), value(10, 1, &NOTHING)), SETTLE_SEEN,
                     "it is there");
    }
}

Test(settle_whole, replaces_nothing_where_nothing_is)
{
    struct settle_value r = value(10, 1, &NOTHING);

    cr_assert_eq(settle_whole(SETTLE_LWW, &r, NULL, 0, NULL), SETTLE_REPLACES);
    cr_assert_eq(settle_whole(SETTLE_SIBLINGS, &r, NULL, 0, NULL), SETTLE_REPLACES);
}

Test(settle_whole, concurrent_the_later_one_wins_by_stamp_then_origin)
{
    cr_assert_eq(whole(SETTLE_LWW, value(20, 2, &NOTHING), value(10, 1, &NOTHING)), SETTLE_WINS);
    cr_assert_eq(whole(SETTLE_LWW, value(10, 1, &NOTHING), value(20, 2, &NOTHING)), SETTLE_LOSES);
    cr_assert_eq(whole(SETTLE_LWW, value(10, 3, &NOTHING), value(10, 2, &NOTHING)), SETTLE_WINS);
}

Test(settle_whole, concurrent_siblings_are_kept_and_a_descendant_ends_them)
{
    struct settle_value both[] = { value(10, 1, &NOTHING), value(20, 2, &NOTHING) };
    struct settle_value r = value(30, 3, &SAW_10_1);
    bool gone[2];
    struct context kept;

    cr_assert_eq(settle_whole(SETTLE_SIBLINGS, &r, both, 2, gone), SETTLE_BESIDE);
    cr_assert(gone[0] && !gone[1]);
    settle_seen(&r, both, 2, gone, &kept);
    cr_assert(context_covers(&kept, both[0].version) && !context_covers(&kept, both[1].version));
    r.seen = &SAW_BOTH;
    cr_assert_eq(settle_whole(SETTLE_SIBLINGS, &r, both, 2, gone), SETTLE_REPLACES);
    cr_assert(gone[0] && gone[1]);
    both[1].seen = &(struct context){ 1, { { 30, 3 } } };
    r.seen = &SAW_10_1;
    cr_assert_eq(settle_whole(SETTLE_SIBLINGS, &r, both, 2, gone), SETTLE_SEEN);
    cr_assert(!gone[0] && !gone[1], "who is dropped ends nothing");
}

Test(settle_whole, a_winner_is_kept_as_having_seen_what_it_ended)
{
    struct settle_value loser = value(20, 2, &SAW_10_1), r = value(30, 3, &NOTHING);
    bool gone;
    struct context kept;

    cr_assert_eq(settle_whole(SETTLE_LWW, &r, &loser, 1, &gone), SETTLE_WINS);
    settle_seen(&r, &loser, 1, &gone, &kept);
    struct settle_value now = value(30, 3, &kept);
    cr_assert_eq(whole(SETTLE_SIBLINGS, value(10, 1, &NOTHING), now), SETTLE_SEEN);
    cr_assert_eq(whole(SETTLE_SIBLINGS, value(20, 2, &SAW_10_1), now), SETTLE_SEEN);
    cr_assert_eq(whole(SETTLE_SIBLINGS, value(40, 2, &NOTHING), now), SETTLE_BESIDE);
}

/* Blind writes of several origins, each chain in order: which value stays does not depend on
 * how the chains come together. */
static void expect_same_winner(uint64_t seed)
{
    struct prng p;
    struct settle_value there = { { 0, 0 }, &NOTHING };
    struct context kept[2] = { { 0 }, { 0 } };
    uint32_t made[3] = { 0 };

    prng_init(&p, seed);
    for (int i = 0; i < 15;) {
        uint32_t origin = (uint32_t)prng_below(&p, 3), n = made[origin];
        struct settle_value r = value(100 + 10 * n + origin, origin, &NOTHING);
        bool gone = false;

        if (n == 5)
            continue;
        made[origin]++;
        i++;
        enum settle_verdict v =
            settle_whole(SETTLE_LWW, &r, &there, there.version.stamp != 0, &gone);
        if (v != SETTLE_REPLACES && v != SETTLE_WINS)
            continue;
        settle_seen(&r, &there, 1, &gone, &kept[i % 2]);
        there = value(r.version.stamp, r.version.origin, &kept[i % 2]);
        cr_assert(context_check(there.seen));
    }
    cr_assert(there.version.stamp == 142 && there.version.origin == 2, "seed %lu", seed);
}

Test(settle_whole, the_winner_is_the_same_in_whatever_order_origins_come)
{
    for (uint64_t seed = 0; seed < 500; seed++)
        expect_same_winner(seed);
}

static enum settle_verdict other(const struct context *seen, struct settle_base base,
                                 struct settle_value now, bool ordered)
{
    struct settle_now n = { now, ordered };

    return settle_other(seen, &base, &n);
}

Test(settle_other, runs_again_on_the_value_that_it_changed)
{
    struct settle_base base = { { 10, 1 }, false };

    cr_assert_eq(other(&NOTHING, base, value(10, 1, &NOTHING), false), SETTLE_AGAIN);
    cr_assert_eq(other(&SAW_BOTH, base, value(20, 2, &NOTHING), false), SETTLE_AGAIN,
                 "it had seen more than it changed");
}

Test(settle_other, runs_again_on_what_descends_from_that)
{
    struct settle_base tentative = { { 10, 1 }, false }, settled = { { 10, 1 }, true };

    cr_assert_eq(other(&SAW_10_1, tentative, value(20, 2, &SAW_10_1), false), SETTLE_AGAIN);
    cr_assert_eq(other(&SAW_10_1, settled, value(20, 2, &NOTHING), true), SETTLE_AGAIN,
                 "the leader wrote it over a settled value");
}

Test(settle_other, is_dropped_if_its_value_was_replaced_by_one_that_knew_nothing_of_it)
{
    struct settle_base tentative = { { 10, 1 }, false }, settled = { { 10, 1 }, true };

    cr_assert_eq(other(&SAW_10_1, tentative, value(20, 2, &NOTHING), false), SETTLE_ASIDE);
    cr_assert_eq(other(&SAW_10_1, tentative, value(20, 2, &NOTHING), true), SETTLE_ASIDE);
    cr_assert_eq(other(&SAW_10_1, settled, value(20, 2, &NOTHING), false), SETTLE_ASIDE);
    cr_assert_eq(other(&SAW_10_1, tentative, value(5, 3, &SAW_20_2), false), SETTLE_ASIDE);
}

Test(settle_other, that_changed_nothing_older_runs_again_on_anything)
{
    struct settle_base none = { { 0, 0 }, false }, some = { { 10, 1 }, false };

    cr_assert_eq(other(&NOTHING, none, value(20, 2, &NOTHING), false), SETTLE_AGAIN);
    cr_assert_eq(other(&NOTHING, some, value(0, 0, &NOTHING), false), SETTLE_AGAIN,
                 "what replaced it is gone, tombstone and all");
}

Test(settle_stats, count_conflicts)
{
    struct settle_stats stats = { .verdicts = { 1, 10, 100, 1000, 10000, 100000, 1000000 } };

    cr_assert_eq(settle_conflicts(&stats), 1011100);
}
