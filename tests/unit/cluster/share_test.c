/* share_test.c: what members ought to carry. */
#include "cluster/share.h"

#include <criterion/criterion.h>

#include "base/limits.h"
#include "base/prng.h"

enum { MEMBERS = 12 };

static struct share shares[MEMBERS];

static void reckon(unsigned copies, const uint32_t *weights, const uint16_t *zones, unsigned count)
{
    static const uint16_t own[MEMBERS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

    share_of(copies, weights, zones ? zones : own, count, shares);
}

/* Of member `i`: `part` / `parts` of all slots, but for a few units. */
static void expect_owned(unsigned i, unsigned part, unsigned parts)
{
    int64_t off = (int64_t)shares[i].owned - (int64_t)SHARE_ALL * part / parts;

    cr_assert(off >= -MEMBERS && off <= MEMBERS, "%u has %u, not %u/%u", i, shares[i].owned, part,
              parts);
}

Test(share, equal_members_own_alike)
{
    reckon(3, (const uint32_t[]){ 1, 1, 1, 1, 1 }, NULL, 5);
    for (unsigned i = 0; i < 5; i++) {
        expect_owned(i, 3, 5);
        cr_assert_eq(shares[i].led, SHARE_ALL / 5);
    }
}

Test(share, fewer_members_than_copies_own_all)
{
    reckon(3, (const uint32_t[]){ 1, 9 }, NULL, 2);
    expect_owned(0, 1, 1);
    expect_owned(1, 1, 1);
    cr_assert_eq(shares[1].led, SHARE_ALL / 10 * 9 + 5);
}

Test(share, nobody_owns_a_slot_twice)
{
    reckon(3, (const uint32_t[]){ 1, 1, 1, 6 }, NULL, 4);
    expect_owned(0, 2, 3);
    expect_owned(1, 2, 3);
    expect_owned(2, 2, 3);
    expect_owned(3, 1, 1);
}

Test(share, as_many_zones_as_copies_have_a_copy_each)
{
    reckon(3, (const uint32_t[]){ 1, 1, 1, 3, 1 }, (const uint16_t[]){ 0, 0, 2, 0, 4 }, 5);
    expect_owned(0, 1, 5);
    expect_owned(1, 1, 5);
    expect_owned(3, 3, 5);
    expect_owned(2, 1, 1);
    expect_owned(4, 1, 1);
}

Test(share, of_fewer_zones_each_has_its_rounds)
{
    /* Each zone has one of a slot's owners, and one of them two. */
    reckon(3, (const uint32_t[]){ 1, 1, 1, 1, 1, 1, 1, 1 },
           (const uint16_t[]){ 0, 0, 2, 2, 2, 2, 2, 2 }, 8);
    expect_owned(0, 1, 2);
    expect_owned(7, 2, 6);
    /* A zone of one member has one of them at most. */
    reckon(3, (const uint32_t[]){ 1, 1, 1, 1 }, (const uint16_t[]){ 0, 1, 1, 1 }, 4);
    expect_owned(0, 1, 1);
    expect_owned(3, 2, 3);
}

Test(share, who_weighs_nothing_is_not_there)
{
    reckon(3, (const uint32_t[]){ 1, 0, 1 }, NULL, 3);
    expect_owned(0, 1, 1);
    expect_owned(1, 0, 1);
    cr_assert_eq(shares[1].led, 0);
    expect_owned(2, 1, 1);
}

Test(share, sums_are_all_copies)
{
    for (uint64_t seed = 0; seed < 2000; seed++) {
        uint32_t weights[MEMBERS];
        uint16_t zones[MEMBERS];
        uint64_t owned = 0, led = 0;
        struct prng p;
        prng_init(&p, seed);
        unsigned count = 1 + (unsigned)prng_below(&p, MEMBERS);
        unsigned copies = 1 + (unsigned)prng_below(&p, LIMIT_COPIES);
        for (unsigned i = 0; i < count; i++) {
            weights[i] = 1 + (uint32_t)prng_below(&p, seed % 2 ? LIMIT_WEIGHT : 3);
            zones[i] = (uint16_t)prng_below(&p, i + 1);
        }
        reckon(copies, weights, zones, count);
        for (unsigned i = 0; i < count; i++) {
            cr_assert_leq(shares[i].owned, SHARE_ALL);
            cr_assert_leq(shares[i].led, shares[i].owned + MEMBERS);
            owned += shares[i].owned;
            led += shares[i].led;
        }
        copies = copies < count ? copies : count;
        cr_assert_leq(owned, (uint64_t)SHARE_ALL * copies + MEMBERS);
        cr_assert_geq(owned + MEMBERS, (uint64_t)SHARE_ALL * copies);
        cr_assert_geq(led + MEMBERS, SHARE_ALL);
    }
}
