/* filter_test.c: what was added is found, and of what was not about one in a hundred. */
#include "lsm/filter.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/prng.h"

enum { KEYS = 100000 };

/* Of `step` apart positions from `base` on, every second is added; of how many of the
 * others it says they may be there, in ten thousandths. */
static unsigned false_hits(uint64_t base, uint64_t step)
{
    size_t size = filter_size(KEYS, 10);
    uint8_t *filter = mem_zalloc(size, 1);
    unsigned wrong = 0;

    for (uint64_t i = 0; i < KEYS; i++)
        filter_add(filter, size, base + 2 * i * step);
    for (uint64_t i = 0; i < KEYS; i++) {
        cr_assert(filter_may_hold(filter, size, base + 2 * i * step));
        wrong += filter_may_hold(filter, size, base + (2 * i + 1) * step);
    }
    mem_free(filter);
    return wrong / (KEYS / 10000);
}

Test(filter, is_wrong_about_once_in_a_hundred)
{
    struct prng prng;

    prng_init(&prng, 1);
    for (unsigned i = 0; i < 8; i++) {
        unsigned wrong = false_hits(prng_next(&prng), prng_next(&prng) | 1);
        cr_assert(wrong >= 50 && wrong <= 150, "%u", wrong);
    }
}

Test(filter, is_as_good_for_positions_that_are_nearly_alike)
{
    static const uint64_t steps[] = { 1, 2, 1u << 10, 1u << 20, (uint64_t)1 << 32, 12345 };

    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        unsigned wrong = false_hits((uint64_t)0x1234 << 50, steps[i]);
        cr_assert(wrong >= 50 && wrong <= 150, "step %llu: %u", (unsigned long long)steps[i],
                  wrong);
    }
}

Test(filter, has_a_line_also_without_keys)
{
    uint8_t line[FILTER_LINE] = { 0 };

    cr_assert_eq(filter_size(0, 10), FILTER_LINE);
    cr_assert_eq(filter_size(51, 10), FILTER_LINE);
    cr_assert_eq(filter_size(52, 10), 2 * FILTER_LINE);
    cr_assert_not(filter_may_hold(line, FILTER_LINE, 5));
}
