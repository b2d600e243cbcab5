/* commit_test.c: counting, against counting one by one. */
#include "cluster/commit.h"

#include <criterion/criterion.h>

#include "base/prng.h"

static bool majority_has(const uint32_t *set, unsigned size, const uint64_t *value, uint64_t least)
{
    unsigned n = 0;
    for (unsigned i = 0; i < size; i++)
        n += value[set[i]] >= least;
    return 2 * n > size;
}

/* Distinct nodes of 1..14, in any order. */
static uint8_t draw(struct prng *p, uint32_t *set)
{
    uint32_t all[14];
    for (uint32_t i = 0; i < 14; i++)
        all[i] = i + 1;
    unsigned size = 1 + (unsigned)prng_below(p, ARC_OWNERS_MAX);
    for (unsigned i = 0; i < size; i++) {
        unsigned at = i + (unsigned)prng_below(p, 14 - i);
        set[i] = all[at];
        all[at] = all[i];
    }
    return (uint8_t)size;
}

Test(commit, what_is_reached_is_the_highest_that_majorities_of_both_sets_have)
{
    struct prng p;
    prng_init(&p, 1);
    for (unsigned round = 0; round < 5000; round++) {
        struct arc_owners o = { .epoch = 1 };
        struct commit_value values[14];
        uint64_t value[15] = { 0 };
        o.count = draw(&p, o.node);
        o.next_count = prng_one_in(&p, 2) ? draw(&p, o.next) : 0;
        cr_assert(commit_owners_check(&o));
        unsigned listed = (unsigned)prng_below(&p, 15);
        for (unsigned i = 0; i < listed; i++) {
            value[i + 1] = prng_below(&p, 10);
            values[i] = (struct commit_value){ i + 1, value[i + 1] };
        }
        uint64_t reached = commit_reached(&o, values, listed);
        for (uint64_t v = 1; v < 12; v++) {
            bool has = majority_has(o.node, o.count, value, v) &&
                       (o.next_count == 0 || majority_has(o.next, o.next_count, value, v));
            cr_assert_eq(has, v <= reached);
        }
    }
}

Test(commit, all_have_reached_the_lowest)
{
    struct arc_owners o = { .count = 2, .node = { 1, 2 }, .next_count = 1, .next = { 3 } };
    struct commit_value values[] = { { 1, 9 }, { 2, 8 }, { 3, 7 } };
    cr_expect_eq(commit_reached_by_all(&o, values, 3), 7);
    cr_expect_eq(commit_reached_by_all(&o, values, 2), 0);
}

Test(commit, owners_are_counted_where_they_are_fewer)
{
    struct arc_owners o = { .count = 3, .node = { 1, 2, 3 }, .next_count = 2, .next = { 3, 4 } };
    struct commit_value values[] = { { 1, 5 }, { 2, 5 }, { 3, 5 }, { 4, 4 } };
    cr_expect_eq(commit_counted(&o, values, 4, 5), 1);
    cr_expect_eq(commit_counted(&o, values, 4, 4), 2);
}

Test(commit, a_majority_of_the_others_is_more_than_half_of_them)
{
    struct commit_value values[] = { { 1, 1 }, { 2, 1 }, { 3, 1 } };
    struct arc_owners five = { .count = 5, .node = { 1, 2, 3, 4, 5 } };
    struct arc_owners four = { .count = 4, .node = { 1, 2, 3, 4 } };
    struct arc_owners one = { .count = 1, .node = { 1 } };
    cr_expect(commit_majority_of_others(&five, 5, values, 3, 1));
    cr_expect_not(commit_majority_of_others(&five, 5, values, 2, 1));
    cr_expect(commit_majority_of_others(&four, 4, values, 2, 1));
    cr_expect_not(commit_majority_of_others(&four, 4, values, 1, 1));
    cr_expect_not(commit_majority_of_others(&one, 1, values, 3, 1));
}

Test(commit, a_set_names_nobody_twice_and_no_node_0)
{
    struct arc_owners twice = { .count = 2, .node = { 1, 1 } };
    struct arc_owners zero = { .count = 2, .node = { 1, 0 } };
    struct arc_owners nobody = { .count = 0 };
    struct arc_owners many = { .count = 8, .node = { 1 } };
    cr_expect_not(commit_owners_check(&twice));
    cr_expect_not(commit_owners_check(&zero));
    cr_expect_not(commit_owners_check(&nobody));
    cr_expect_not(commit_owners_check(&many));
}
