/* latency_test.c: rings of moments when something took long. */
#include <criterion/criterion.h>

#include "session/latency.h"

enum { SECOND = 1000 * 1000, MS = 1000 };

static struct latency l;

static void teardown(void)
{
    latency_deinit(&l);
    cr_expect_eq(l.bytes, 0u);
}

TestSuite(latency, .fini = teardown);

Test(latency, the_longest_of_a_second_is_kept)
{
    latency_add(&l, LATENCY_TURN, 5 * SECOND, 7 * MS);
    latency_add(&l, LATENCY_TURN, 5 * SECOND + 1, 9 * MS);
    latency_add(&l, LATENCY_TURN, 5 * SECOND + 2, 8 * MS);
    latency_add(&l, LATENCY_TURN, 6 * SECOND, 3 * MS);
    cr_assert_eq(l.of[LATENCY_TURN]->count, 2u);
    cr_expect_eq(latency_at(l.of[LATENCY_TURN], 0)->ms, 9u);
    cr_expect_eq(latency_at(l.of[LATENCY_TURN], 1)->ms, 3u);
    cr_expect_eq(latency_at(l.of[LATENCY_TURN], 1)->at_s, 6u);
    cr_expect_eq(l.of[LATENCY_TURN]->max_ms, 9u);
    cr_expect_null(l.of[LATENCY_COMMAND]);
}

Test(latency, the_oldest_make_room_and_the_worst_is_remembered)
{
    const struct latency_series *s;

    for (unsigned i = 0; i < LATENCY_SAMPLES + 10; i++)
        latency_add(&l, LATENCY_COMMAND, (uint64_t)i * SECOND, (1000 - i) * MS);
    s = l.of[LATENCY_COMMAND];
    cr_assert_eq(s->count, (uint32_t)LATENCY_SAMPLES);
    cr_expect_eq(latency_at(s, 0)->at_s, 10u);
    cr_expect_eq(latency_at(s, LATENCY_SAMPLES - 1)->at_s, LATENCY_SAMPLES + 9u);
    cr_expect_eq(s->max_ms, 1000u);
}

Test(latency, what_is_forgotten_is_gone_with_its_memory)
{
    latency_add(&l, LATENCY_EXPIRE, SECOND, MS);
    cr_expect_eq(l.bytes, sizeof(struct latency_series));
    cr_expect_eq(latency_forget(&l, LATENCY_EXPIRE), 1u);
    cr_expect_eq(latency_forget(&l, LATENCY_EXPIRE), 0u);
    cr_expect_eq(l.bytes, 0u);
}

Test(latency, a_name_finds_its_kind)
{
    for (int i = 0; i < LATENCY_EVENTS; i++)
        cr_expect_eq(latency_find(slice_str(latency_name((enum latency_event)i))), i);
    cr_expect_eq(latency_find(slice_str("nosuch")), LATENCY_EVENTS);
}
