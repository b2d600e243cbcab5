/* timers_test.c: entries come out by time, and a full heap keeps the sooner ones. */
#include "lsm/timers.h"

#include <criterion/criterion.h>

#include "base/prng.h"

Test(timers, come_out_by_time)
{
    struct timers t = { .most = 5000 };
    struct prng prng;
    uint64_t last = 0, sum = 0;

    prng_init(&prng, 1);
    cr_expect_eq(timers_next_ms(&t), UINT64_MAX);
    for (uint64_t i = 0; i < 5000; i++) {
        timers_add(&t, prng_below(&prng, 1000000), (uint8_t)(i % 16), i);
        sum += i;
    }
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t when = timers_next_ms(&t), position;
        uint8_t db;
        timers_pop(&t, &db, &position);
        cr_assert_geq(when, last);
        cr_assert_eq(db, position % 16);
        last = when;
        sum -= position;
    }
    cr_expect_eq(sum, 0u);
    cr_expect_eq(timers_next_ms(&t), UINT64_MAX);
    timers_deinit(&t);
}

Test(timers, a_full_one_keeps_mostly_the_sooner_half)
{
    struct timers t = { .most = 1000 };
    struct prng prng;
    unsigned soon = 0;

    prng_init(&prng, 2);
    for (unsigned i = 0; i < 20000; i++)
        timers_add(&t, prng_below(&prng, 20000), 0, i);
    cr_expect_eq(t.count, 1000u);
    cr_expect_leq(timers_bytes(&t), 16000u);
    for (uint64_t last = 0; t.count > 0;) {
        uint64_t when = timers_next_ms(&t), position;
        uint8_t db;
        timers_pop(&t, &db, &position);
        cr_assert_geq(when, last);
        last = when;
        soon += when < 5000;
    }
    cr_log_info("%u of 1000", soon);
    cr_expect_geq(soon, 900u);
    timers_deinit(&t);
}

Test(timers, one_without_room_takes_nothing)
{
    struct timers t = { .most = 0 };

    timers_add(&t, 1, 2, 3);
    cr_expect_eq(timers_next_ms(&t), UINT64_MAX);
    timers_add(&t, UINT64_MAX, 2, 3);
    cr_expect_eq(timers_bytes(&t), 0u);
}

Test(timers, what_was_left_out_is_known_by_its_time_and_can_be_given_anew)
{
    struct timers t = { .most = 1000 };
    struct prng prng;
    uint64_t last = 0, position;
    size_t kept = 0;
    uint8_t db;

    prng_init(&prng, 3);
    for (uint64_t i = 0; i < 1000; i++)
        timers_add(&t, 1000 + i, 0, i);
    cr_expect_eq(t.lost, 0u);
    for (uint64_t i = 0; i < 500; i++)
        timers_add(&t, prng_below(&prng, 1000), 0, i);
    cr_expect_eq(t.lost, 500u);
    cr_expect(t.lost_ms < 2000);
    for (size_t i = 0; i < t.count; i++)
        kept += t.heap[i].when_db >> 8 < t.lost_ms;
    timers_cut(&t, t.lost_ms);
    cr_expect_eq(t.lost, 0u);
    cr_expect_eq(t.count, kept);
    for (; t.count; last = position) {
        position = timers_next_ms(&t);
        cr_expect(position >= last, "still by time");
        timers_pop(&t, &db, &(uint64_t){ 0 });
    }
    timers_cut(&t, 0);
    timers_deinit(&t);
}
