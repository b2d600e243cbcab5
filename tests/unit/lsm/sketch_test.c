/* sketch_test.c: how wrong the counts are, and how they age. */
#include "lsm/sketch.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/prng.h"
#include "zipf.h"

enum { KEYS = 20000 };

/* Positions as keys of 16 slots have them. */
static uint64_t position_of(unsigned i)
{
    struct prng prng;

    prng_init(&prng, i);
    return (uint64_t)(i % 16) << 50 | prng_next(&prng) >> 14;
}

static void touch(struct sketch *s, unsigned key, unsigned times)
{
    while (times-- > 0)
        sketch_touch(s, position_of(key));
}

Test(sketch, counts_a_few_positions_exactly_up_to_fifteen)
{
    struct sketch *s = sketch_new(KEYS);

    for (unsigned i = 0; i < 20; i++)
        touch(s, i, i);
    for (unsigned i = 0; i < 20; i++)
        cr_assert_eq(sketch_count(s, position_of(i)), i < 15 ? i : 15);
    cr_assert_eq(sketch_count(s, position_of(99)), 0);
    cr_assert(sketch_check(s));
    sketch_free(s);
}

Test(sketch, memory_is_four_bytes_a_position_and_bounded)
{
    static const uint64_t positions[] = { 0, 1000, 4096, 5000, 1 << 20, UINT64_MAX };
    static const size_t bytes[] = { 4096, 4096, 16384, 32768, 4 << 20, 64 << 20 };

    for (unsigned i = 0; i < 6; i++) {
        struct sketch *s = sketch_new(positions[i]);
        cr_assert_eq(sketch_bytes(s), bytes[i]);
        sketch_free(s);
    }
}

Test(sketch, never_counts_too_little_and_rarely_too_much_on_a_zipf_trace)
{
    struct sketch *s = sketch_new(KEYS);
    struct zipf *z = zipf_new(KEYS, 0.99);
    unsigned *real = mem_zalloc(KEYS, sizeof *real), wrong = 0;
    struct prng prng;

    prng_init(&prng, 1);
    for (unsigned i = 0; i < 5 * KEYS; i++) {
        unsigned key = zipf_next(z, &prng);
        real[key]++;
        sketch_touch(s, position_of(key));
    }
    cr_assert_eq(sketch_halvings(s), 0);
    for (unsigned i = 0; i < KEYS; i++) {
        unsigned want = real[i] < SKETCH_MAX ? real[i] : SKETCH_MAX;
        unsigned got = sketch_count(s, position_of(i));
        cr_assert_geq(got, want);
        wrong += got > want;
    }
    cr_log_info("%u of %u too large", wrong, (unsigned)KEYS);
    cr_assert_leq(wrong, KEYS / 50);
    mem_free(real);
    mem_free(z);
    sketch_free(s);
}

Test(sketch, halves_everything_when_its_sample_is_full)
{
    struct sketch *s = sketch_new(1000); /* of 1024: 10240 touches */
    unsigned i = 0;

    touch(s, 1, 12);
    touch(s, 2, 3);
    while (sketch_halvings(s) == 0 && i < 20000)
        sketch_touch(s, position_of(100 + i++ % 4));
    cr_assert_eq(i, 10240 - 15);
    for (unsigned n = 0; n < 64; n++) /* a line with each touch */
        sketch_touch(s, position_of(100));
    cr_assert_eq(sketch_count(s, position_of(1)), 6);
    cr_assert_eq(sketch_count(s, position_of(2)), 1);
    sketch_halve(s);
    cr_assert_eq(sketch_count(s, position_of(1)), 3);
    cr_assert_eq(sketch_count(s, position_of(2)), 0);
    cr_assert(sketch_check(s));
    sketch_free(s);
}

/* What eviction needs: yesterday's hot keys fall behind today's. */
Test(sketch, forgets_what_is_not_asked_for_any_more)
{
    struct sketch *s = sketch_new(KEYS);
    struct zipf *z = zipf_new(KEYS, 1.0);
    struct prng prng;
    unsigned hotter = 0;

    prng_init(&prng, 2);
    for (unsigned i = 0; i < 20 * KEYS; i++)
        sketch_touch(s, position_of(zipf_next(z, &prng)));
    for (unsigned i = 0; i < 40 * KEYS; i++)
        sketch_touch(s, position_of(KEYS + zipf_next(z, &prng)));
    cr_assert_geq(sketch_halvings(s), 3);
    for (unsigned i = 0; i < 1000; i++)
        hotter += sketch_count(s, position_of(KEYS + i)) > sketch_count(s, position_of(i));
    cr_log_info("%u of 1000", hotter);
    cr_assert_geq(hotter, 950);
    mem_free(z);
    sketch_free(s);
}

/* Splits the hot tenth from the rest as well as exact counts would, nearly. */
Test(sketch, tells_hot_from_cold)
{
    struct sketch *s = sketch_new(KEYS);
    struct zipf *z = zipf_new(KEYS, 0.99);
    struct prng prng;
    unsigned right = 0, all = 0;

    prng_init(&prng, 3);
    for (unsigned i = 0; i < 50 * KEYS; i++)
        sketch_touch(s, position_of(zipf_next(z, &prng)));
    for (unsigned i = 0; i < 2000; i += 7) {
        for (unsigned j = 10000; j < KEYS; j += 101, all++)
            right += sketch_count(s, position_of(i)) >= sketch_count(s, position_of(j));
    }
    cr_log_info("%u of %u", right, all);
    cr_assert_geq(right * 100.0, all * 98.0);
    mem_free(z);
    sketch_free(s);
}
