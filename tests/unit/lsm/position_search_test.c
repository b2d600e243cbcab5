/* position_search_test.c: as counting would say, however the positions are spread. */
#include "lsm/position_search.h"

#include <criterion/criterion.h>

#include "base/prng.h"

enum { MOST = 3000 };

/* Differences of 2^0 to 2^shift: from dense to a few at the far ends. */
static void fill(uint8_t *positions, size_t n, struct prng *prng, unsigned shift)
{
    uint64_t p = prng_one_in(prng, 2) ? 0 : prng_next(prng) >> 1;

    for (size_t i = 0; i < n; i++) {
        uint64_t step = prng_next(prng) >> (63 - prng_below(prng, shift + 1));
        p = step > UINT64_MAX - p ? UINT64_MAX : p + step;
        wire_put64(positions + i * 8, p);
    }
}

static size_t count(const uint8_t *positions, size_t n, uint64_t x)
{
    size_t smaller = 0;

    while (smaller < n && position_at(positions, smaller) < x)
        smaller++;
    return smaller;
}

Test(position_search, agrees_with_counting)
{
    static uint8_t positions[MOST * 8];

    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct prng prng;
        prng_init(&prng, seed);
        size_t n = prng_below(&prng, seed % 3 ? 60 : MOST);
        fill(positions, n, &prng, (unsigned)prng_below(&prng, 60));
        for (unsigned i = 0; i < 50; i++) {
            uint64_t x = prng_next(&prng);
            if (n && i % 4)
                x = position_at(positions, prng_below(&prng, n)) + i % 3 - 1;
            size_t want = count(positions, n, x), got = position_search(positions, n, x);
            cr_assert_eq(got, want, "seed %llu: %zu of %zu", (unsigned long long)seed, got, n);
        }
        cr_assert_eq(position_search(positions, n, 0), 0);
        cr_assert_eq(position_search(positions, n, UINT64_MAX), count(positions, n, UINT64_MAX));
    }
}

Test(position_search, positions_may_lie_anywhere_in_memory)
{
    uint8_t bytes[8 * 20 + 3];

    for (uint64_t i = 0; i < 20; i++)
        wire_put64(bytes + 3 + i * 8, i * i * i);
    for (uint64_t i = 0; i < 20; i++)
        cr_assert_eq(position_search(bytes + 3, 20, i * i * i), i);
}
