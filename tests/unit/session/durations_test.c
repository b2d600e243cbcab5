/* durations_test.c: durations into buckets, and percentiles out of them. */
#include <criterion/criterion.h>

#include "session/durations.h"

Test(durations, what_is_read_back_is_a_sixteenth_too_large_at_most)
{
    for (uint64_t ns = 64; ns < UINT64_C(1) << DURATIONS_LAST; ns += ns / 7 + 1) {
        struct durations d = { 0 };
        uint64_t back;

        durations_add(&d, ns, 3);
        back = durations_at(&d, 50);
        cr_assert(back >= ns && back - ns <= ns / 16, "%llu is %llu", (unsigned long long)ns,
                  (unsigned long long)back);
    }
}

Test(durations, the_shortest_and_the_longest_have_a_bucket)
{
    struct durations d = { 0 };

    durations_add(&d, 0, 1);
    cr_expect_eq(durations_at(&d, 100), 67u);
    durations_add(&d, UINT64_MAX, 1);
    cr_expect_eq(durations_at(&d, 100), (UINT64_C(1) << DURATIONS_LAST) - 1);
    cr_expect_eq(durations_at(&d, 50), 67u);
}

Test(durations, nothing_took_no_time)
{
    struct durations d = { 0 };

    cr_expect_eq(durations_at(&d, 99), 0u);
    cr_expect_eq(durations_below(&d, DURATIONS_LAST), 0u);
}

Test(durations, percentiles_count_what_is_below)
{
    struct durations d = { 0 };

    durations_add(&d, 1000, 98);
    durations_add(&d, 1000 * 1000, 1);
    durations_add(&d, 100 * 1000 * 1000, 1);
    cr_expect_lt(durations_at(&d, 0), 1100u);
    cr_expect_lt(durations_at(&d, 98), 1100u);
    cr_expect_gt(durations_at(&d, 98.5), 999999u);
    cr_expect_lt(durations_at(&d, 99), 1100000u);
    cr_expect_gt(durations_at(&d, 99.9), 99999999u);
}

Test(durations, below_a_power_of_two_is_exact)
{
    struct durations d = { 0 };

    durations_add(&d, 1023, 1);
    durations_add(&d, 1024, 2);
    durations_add(&d, 2047, 4);
    durations_add(&d, 2048, 8);
    cr_expect_eq(durations_below(&d, 6), 0u);
    cr_expect_eq(durations_below(&d, 10), 1u);
    cr_expect_eq(durations_below(&d, 11), 7u);
    cr_expect_eq(durations_below(&d, 12), 15u);
    cr_expect_eq(durations_below(&d, 60), 15u);
}
