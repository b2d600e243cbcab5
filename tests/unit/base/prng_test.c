/* prng_test.c: the published sequence; ranges without a bias one could see. */
#include "base/prng.h"

#include <criterion/criterion.h>

/* First outputs of the authors' program from the state 1, 2, 3, 4. */
Test(prng, is_the_published_generator)
{
    struct prng p = { { 1, 2, 3, 4 } };
    static const uint64_t want[] = { 11520, 0, 1509978240, UINT64_C(1215971899390074240) };
    for (int i = 0; i < 4; i++)
        cr_assert_eq(prng_next(&p), want[i]);
}

/* splitmix64 of 0 begins with these. */
Test(prng, is_seeded_by_splitmix64)
{
    struct prng p;
    prng_init(&p, 0);
    cr_assert_eq(p.s[0], UINT64_C(0xe220a8397b1dcdaf));
    cr_assert_eq(p.s[1], UINT64_C(0x6e789e6aa1b965f4));
    cr_assert_eq(p.s[2], UINT64_C(0x06c45d188009454f));
}

Test(prng, the_same_seed_gives_the_same_numbers_and_another_others)
{
    struct prng a, b, c;
    int equal = 0;
    prng_init(&a, 42);
    prng_init(&b, 42);
    prng_init(&c, 43);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = prng_next(&a);
        cr_assert_eq(x, prng_next(&b));
        equal += x == prng_next(&c);
    }
    cr_assert_eq(equal, 0);
}

Test(prng, below_is_within_and_even)
{
    enum { N = 10, DRAWS = 100000 };
    struct prng p;
    int count[N] = { 0 };
    prng_init(&p, 5);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t x = prng_below(&p, N);
        cr_assert_lt(x, N);
        count[x]++;
    }
    for (int i = 0; i < N; i++)
        cr_assert(count[i] > 9500 && count[i] < 10500, "%d: %d", i, count[i]);
    cr_assert_eq(prng_below(&p, 1), 0);
    for (int i = 0; i < 1000; i++)
        cr_assert_lt(prng_below(&p, (UINT64_C(1) << 63) + 1), (UINT64_C(1) << 63) + 1);
}

Test(prng, one_in_n_is_once_in_n)
{
    struct prng p;
    int hits = 0;
    prng_init(&p, 6);
    for (int i = 0; i < 100000; i++)
        hits += prng_one_in(&p, 50);
    cr_assert(hits > 1700 && hits < 2300, "%d", hits);
    cr_assert(prng_one_in(&p, 1));
}
