/* pace_test.c: curves swept from end to end, and a bucket against exact sums. */
#include "lsm/pace.h"

#include <criterion/criterion.h>

#include "base/prng.h"

enum { SECOND = 1000000 };

static const uint64_t fast = 400 << 20, slow = 20 << 20;

static uint64_t rate_at(unsigned pressure)
{
    struct pace_bucket b = { .mono_us = 0 };

    pace_set(&b, pressure, fast, slow, SECOND);
    return b.rate;
}

Test(pace, pressure_is_the_worst_of_four)
{
    struct pace_facts f = { 10, 100, 20, 100, 1, 8, 15, 100 };

    cr_expect_eq(pace_pressure(&f), 200);
    f.memtable_bytes = 35;
    cr_expect_eq(pace_pressure(&f), 350);
    f.l0_tables = 7;
    cr_expect_eq(pace_pressure(&f), 875);
    f.debt = 99;
    cr_expect_eq(pace_pressure(&f), 990);
    f.debt = UINT64_MAX;
    cr_expect_geq(pace_pressure(&f), PACE_FULL);
    f.debt_limit = 0;
    cr_expect_eq(pace_pressure(&f), 875);
    f.disk = 90;
    cr_expect_eq(pace_pressure(&f), 900);
}

Test(pace, there_is_no_bound_without_pressure_and_nothing_at_full)
{
    for (unsigned p = 0; p < PACE_SLOW; p++)
        cr_expect_eq(rate_at(p), UINT64_MAX);
    for (unsigned p = PACE_FULL; p < 3 * PACE_FULL; p++)
        cr_expect_eq(rate_at(p), 0);
}

Test(pace, the_rate_falls_smoothly_from_fast_over_slow_to_little)
{
    cr_expect_eq(rate_at(PACE_SLOW), fast);
    cr_expect_eq(rate_at(PACE_CARRY), slow);
    for (unsigned p = PACE_SLOW + 1; p < PACE_FULL; p++) {
        cr_expect_lt(rate_at(p), rate_at(p - 1), "at %u", p);
        if (p <= PACE_CARRY)
            cr_expect_geq(rate_at(p) * 100, rate_at(p - 1) * 98, "at %u", p);
        else
            cr_expect_leq(rate_at(p - 1) - rate_at(p), slow / 99, "at %u", p);
    }
}

Test(pace, odd_measurements_still_give_a_rate_that_only_falls)
{
    const uint64_t odd[][2] = {
        { 0, 0 }, { 10, 1000000 }, { UINT64_MAX, 1 }, { UINT64_MAX, UINT64_MAX }
    };

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        uint64_t last = UINT64_MAX;
        for (unsigned p = PACE_SLOW; p < PACE_FULL; p++) {
            struct pace_bucket b = { .mono_us = 0 };
            pace_set(&b, p, odd[i][0], odd[i][1], SECOND);
            cr_expect(b.rate >= 1000 && b.rate <= last, "case %zu at %u", i, p);
            last = b.rate;
        }
    }
}

/* Turns of any length, writes of any size: what is let in is what the rate allows. */
Test(pace, a_bucket_lets_in_its_rate)
{
    for (unsigned p = PACE_SLOW; p < PACE_FULL; p += 50) {
        struct pace_bucket b = { .mono_us = 0 };
        uint64_t now = SECOND, taken = 0;
        struct prng prng;
        double ideal;
        prng_init(&prng, p);
        pace_set(&b, p, fast, slow, now);
        while (now < 11 * SECOND) {
            now += 1 + prng_below(&prng, 200);
            pace_set(&b, p, fast, slow, now);
            while (pace_admit(&b)) {
                uint64_t bytes = prng_below(&prng, 20000);
                pace_take(&b, bytes);
                taken += bytes;
            }
        }
        ideal = (double)b.rate * 10;
        cr_expect(0.99 * ideal < (double)taken && (double)taken < 1.01 * ideal + 40000,
                  "at %u: %g of %g", p, (double)taken, ideal);
    }
}

Test(pace, the_deadline_is_when_the_next_is_admitted)
{
    struct prng prng;

    prng_init(&prng, 1);
    for (unsigned i = 0; i < 2000; i++) {
        struct pace_bucket b = { .mono_us = 0 };
        unsigned p = PACE_SLOW + (unsigned)prng_below(&prng, PACE_FULL - PACE_SLOW);
        uint64_t now = SECOND, at;
        pace_set(&b, p, fast, slow, now);
        pace_set(&b, p, fast, slow, now += 10000);
        pace_take(&b, 1 + prng_below(&prng, 4 * fast));
        at = pace_deadline(&b);
        if (pace_admit(&b)) {
            cr_expect_leq(at, now);
            continue;
        }
        cr_expect_gt(at, now);
        cr_expect_leq(at, now + SECOND + 1000, "nobody waits longer than a second");
        pace_set(&b, p, fast, slow, at);
        cr_expect(pace_admit(&b));
    }
}

Test(pace, just_before_the_deadline_nothing_is_admitted)
{
    struct pace_bucket b = { .mono_us = 0 };
    uint64_t at;

    pace_set(&b, PACE_CARRY, fast, slow, SECOND);
    pace_take(&b, slow / 2);
    at = pace_deadline(&b);
    pace_set(&b, PACE_CARRY, fast, slow, at - 10);
    cr_expect_not(pace_admit(&b));
    cr_expect_leq(pace_deadline(&b), at + 1);
}

Test(pace, a_full_store_waits_for_room_not_for_time)
{
    struct pace_bucket b = { .mono_us = 0 };

    pace_set(&b, PACE_SLOW, fast, slow, SECOND);
    pace_set(&b, PACE_FULL, fast, slow, 2 * SECOND);
    cr_expect_not(pace_admit(&b));
    cr_expect_eq(pace_deadline(&b), UINT64_MAX);
    pace_set(&b, 0, fast, slow, 2 * SECOND);
    cr_expect(pace_admit(&b));
    pace_take(&b, UINT64_MAX);
    cr_expect(pace_admit(&b));
    /* What came in without a bound is not held against those behind. */
    pace_set(&b, PACE_SLOW, fast, slow, 2 * SECOND);
    cr_expect(pace_admit(&b));
}

Test(pace, an_idle_bucket_does_not_gather_more_than_a_moment)
{
    struct pace_bucket b = { .mono_us = 0 };

    pace_set(&b, PACE_CARRY, fast, slow, SECOND);
    pace_set(&b, PACE_CARRY, fast, slow, 3600ULL * SECOND);
    pace_take(&b, slow / 100);
    cr_expect_not(pace_admit(&b));
}

Test(pace, compaction_pauses_the_longer_the_less_it_presses)
{
    for (uint64_t took = 0; took < 200000; took += 999) {
        uint64_t last = pace_pause_us(0, took);
        cr_expect_leq(last, 100000);
        for (unsigned p = 1; p < PACE_FULL; p++) {
            uint64_t pause = pace_pause_us(p, took);
            cr_expect_leq(pause, last);
            last = pause;
        }
        cr_expect_eq(pace_pause_us(PACE_SLOW / 2, took), 0);
    }
    cr_expect_eq(pace_pause_us(0, 10000), 30000);
    cr_expect_gt(pace_pause_us(0, UINT64_MAX), 0);
}
