/* peer_sends_test.c: what is owed, and for how long. */
#include "node/peer_sends.h"

#include <criterion/criterion.h>

#include "base/prng.h"

Test(peer_sends, an_answer_is_owed_from_the_moment_the_socket_took_all_of_it)
{
    struct peer_sends s = { 0 };
    uint64_t rtt;

    cr_expect_eq(peer_sends_silent_since(&s), 0);
    peer_sends_add(&s, 3, 300);
    peer_sends_taken(&s, 299, 1000);
    cr_expect_eq(peer_sends_silent_since(&s), 1000, "the socket moves");
    peer_sends_taken(&s, 300, 1010);
    peer_sends_add(&s, 4, 400);
    peer_sends_taken(&s, 400, 1020);
    cr_expect_eq(peer_sends_silent_since(&s), 1010);
    cr_expect(peer_sends_answer(&s, 3, 1100, &rtt));
    cr_expect_eq(rtt, 90);
    cr_expect_eq(s.answered_at, 300);
    cr_expect_eq(peer_sends_silent_since(&s), 1100, "it answers, if late");
    cr_expect(peer_sends_answer(&s, 4, 1110, &rtt));
    cr_expect_eq(rtt, 90);
    cr_expect_eq(peer_sends_silent_since(&s), 0);
    cr_expect_not(peer_sends_answer(&s, 4, 1120, &rtt));
}

Test(peer_sends, an_answer_to_a_part_of_a_turn_is_a_sign_of_life)
{
    struct peer_sends s = { 0 };
    uint64_t rtt;

    peer_sends_add(&s, 10, 1000);
    peer_sends_taken(&s, 1000, 50);
    cr_expect_not(peer_sends_answer(&s, 5, 70, &rtt));
    cr_expect_eq(peer_sends_silent_since(&s), 70);
    cr_expect_eq(s.answered_at, 0);
    cr_expect(peer_sends_answer(&s, 10, 80, &rtt));
    cr_expect_eq(rtt, 30);
}

Test(peer_sends, beyond_their_number_turns_share_an_entry)
{
    struct peer_sends s = { 0 };
    uint64_t rtt;

    for (uint64_t i = 1; i <= 3 * PEER_SENDS_MAX; i++) {
        peer_sends_add(&s, i, i * 10);
        peer_sends_taken(&s, i * 10, i);
        cr_assert(peer_sends_check(&s));
    }
    cr_expect_eq(s.count, PEER_SENDS_MAX);
    cr_expect_eq(peer_sends_silent_since(&s), 1);
    cr_expect(peer_sends_answer(&s, PEER_SENDS_MAX, 1000, &rtt));
    cr_expect_eq(s.count, 1);
    cr_expect(peer_sends_answer(&s, 3 * PEER_SENDS_MAX, 1001, &rtt));
    cr_expect_eq(s.count, 0);
    cr_expect_eq(s.answered_at, 30 * PEER_SENDS_MAX);
}

Test(peer_sends, any_order_of_sends_and_answers_keeps_it_whole)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct peer_sends s = { 0 };
        struct prng r;
        uint64_t number = 0, end = 0, taken = 0, rtt;

        prng_init(&r, seed);
        for (uint64_t now = 1; now < 2000; now++) {
            if (prng_one_in(&r, 2)) {
                number += 1 + prng_below(&r, 5);
                end += 1 + prng_below(&r, 500);
                peer_sends_add(&s, number, end);
            }
            if (prng_one_in(&r, 2)) {
                taken += prng_below(&r, end - taken + 1);
                peer_sends_taken(&s, taken, now);
            }
            if (prng_one_in(&r, 4))
                peer_sends_answer(&s, s.answered + prng_below(&r, number - s.answered + 1), now,
                                  &rtt);
            cr_assert(peer_sends_check(&s));
            cr_assert_leq(peer_sends_silent_since(&s), now);
        }
    }
}
