/* deadlines_test.c: what is due comes off in order, and what was cancelled does not. */
#include "server/deadlines.h"

#include <criterion/criterion.h>

#include "base/prng.h"

enum { MANY = 500 };

Test(deadlines, they_come_off_in_order_and_none_too_early)
{
    static struct deadline d[MANY];
    struct deadlines h = { 0 };
    struct prng prng;
    uint64_t last = 0;
    int count = 0;

    prng_init(&prng, 3);
    for (int i = 0; i < MANY; i++) {
        deadline_set(&h, &d[i], 1 + prng_below(&prng, 1000));
        cr_assert(deadlines_check(&h));
    }
    for (uint64_t now = 0; now <= 1000; now += 7) {
        for (struct deadline *due; (due = deadlines_take_due(&h, now)) != NULL; count++) {
            cr_expect_leq(due->at_us, now);
            cr_expect_geq(due->at_us, last);
            cr_expect_null(due->heap);
            last = due->at_us;
        }
        cr_expect_gt(deadlines_next(&h), now);
        cr_assert(deadlines_check(&h));
    }
    for (; deadlines_take_due(&h, UINT64_MAX) != NULL; count++)
        ;
    cr_expect_eq(count, MANY);
    cr_expect_eq(deadlines_next(&h), UINT64_MAX);
    deadlines_deinit(&h);
}

Test(deadlines, those_cancelled_never_come)
{
    static struct deadline d[MANY];
    struct deadlines h = { 0 };
    struct prng prng;
    int left = MANY, came = 0;

    prng_init(&prng, 4);
    for (int i = 0; i < MANY; i++)
        deadline_set(&h, &d[i], prng_below(&prng, 100));
    for (int i = 0; i < MANY; i += 3) {
        deadline_cancel(&d[i]);
        deadline_cancel(&d[i]); /* harmless */
        left--;
        cr_assert(deadlines_check(&h));
    }
    for (struct deadline *due; (due = deadlines_take_due(&h, 100)) != NULL; came++)
        cr_expect_neq((due - d) % 3, 0);
    cr_expect_eq(came, left);
    deadlines_deinit(&h);
}
