/* allocate_test.c: rings are balanced, and changes move little, whatever the members. */
#include "cluster/allocate.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/prng.h"
#include "cell/position.h"

enum { MEMBERS = 256, COPIES = 3 };

struct most {
    double owned;
    double led;
};

/* The most of all members, over its share: what docs/ring.md shows. */
static struct most most_of(const struct ring *r)
{
    struct share share[MEMBERS];
    struct most m = { 0, 0 };

    allocate_shares(r, share);
    for (size_t i = 0; i < ring_member_count(r); i++) {
        struct ring_load l = ring_load(r, ring_member(r, i)->id);
        double owned = (double)l.owned * SHARE_SLOT / share[i].owned;
        double led = (double)l.led * SHARE_SLOT / share[i].led;
        m.owned = owned > m.owned ? owned : m.owned;
        m.led = led > m.led ? led : m.led;
    }
    return m;
}

static void expect_even(const struct ring *r, double owned, double led)
{
    struct most m = most_of(r);

    cr_assert(ring_check(r));
    cr_assert_leq(m.owned, owned, "%zu members, owned %.3f", ring_member_count(r), m.owned);
    cr_assert_leq(m.led, led, "%zu members, led %.3f", ring_member_count(r), m.led);
}

static struct ring *ring_of(const struct ring_member *members, size_t count)
{
    struct ring *r = NULL;

    cr_assert_not(err_is(allocate_ring(&r, 1, COPIES, ALLOCATE_TOKENS, members, count)));
    return r;
}

static struct ring *join_of(const struct ring *r, const struct ring_member *joiner)
{
    struct ring *more = NULL;

    cr_assert_not(err_is(allocate_join(&more, r, ALLOCATE_TOKENS, joiner)));
    cr_assert_eq(ring_epoch(more), ring_epoch(r) + 1);
    return more;
}

static struct ring *leave_of(const struct ring *r, uint32_t id)
{
    struct ring *less = NULL;

    cr_assert_not(err_is(allocate_leave(&less, r, id)));
    cr_assert_eq(ring_epoch(less), ring_epoch(r) + 1);
    cr_assert_null(ring_find(less, id));
    return less;
}

static bool same(const struct ring *a, const struct ring *b)
{
    if (ring_arc_count(a) != ring_arc_count(b))
        return false;
    return memcmp(ring_arc(a, 0), ring_arc(b, 0), ring_arc_count(a) * sizeof *ring_arc(a, 0)) == 0;
}

/* Members 1 .. MEMBERS of weights and zones that repeat. */
static void make(struct ring_member *m, const uint32_t *weights, unsigned weight_count,
                 unsigned zones)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        m[i] = (struct ring_member){ .id = i + 1, .weight = weights[i % weight_count] };
        m[i].zone = zones ? 1 + i % zones : 0;
    }
}

static const unsigned sizes[] = { 1, 2, 3, 4, 6, 12 };

Test(allocate, equal_members_own_and_lead_alike)
{
    static struct ring_member m[MEMBERS];

    make(m, (const uint32_t[]){ 1 }, 1, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ring *r = ring_of(m, sizes[i]);
        expect_even(r, 1.01, 1.02);
        for (size_t k = 0; k < ring_member_count(r); k++)
            cr_assert_eq(ring_member(r, k)->token_count, ALLOCATE_TOKENS);
        ring_free(r);
    }
}

Test(allocate, members_own_and_lead_by_weight)
{
    static struct ring_member m[MEMBERS];

    make(m, (const uint32_t[]){ 1, 2, 4 }, 3, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ring *r = ring_of(m, sizes[i]);
        expect_even(r, 1.03, 1.03);
        ring_free(r);
    }
}

Test(allocate, members_in_three_zones_own_and_lead_alike)
{
    static struct ring_member m[MEMBERS];

    make(m, (const uint32_t[]){ 1 }, 1, 3);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ring *r = ring_of(m, sizes[i]);
        expect_even(r, 1.01, 1.02);
        ring_free(r);
    }
}

/* Nearly as many tokens as slots would be needed. */
Test(allocate, a_hundred_members_have_fewer_tokens_and_are_nearly_even)
{
    static struct ring_member m[MEMBERS];

    make(m, (const uint32_t[]){ 1 }, 1, 0);
    struct ring *r = ring_of(m, 100);
    expect_even(r, 1.03, 1.04);
    for (size_t k = 0; k < ring_member_count(r); k++) {
        cr_assert_lt(ring_member(r, k)->token_count, 120);
        cr_assert_gt(ring_member(r, k)->token_count, 70);
    }
    ring_free(r);
}

/* --- determinism */

Test(allocate, a_list_in_any_order_gives_the_same_ring)
{
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct ring_member m[5];
        struct prng p;
        prng_init(&p, seed);
        for (unsigned i = 0; i < 5; i++) {
            m[i] = (struct ring_member){ .id = i * 1000 + 1 + (uint32_t)prng_below(&p, 999) };
            m[i].weight = 1 + (uint32_t)prng_below(&p, 3);
            m[i].zone = prng_below(&p, 4);
        }
        struct ring *r = ring_of(m, 5);
        for (unsigned i = 5; i-- > 1;) {
            size_t k = prng_below(&p, i + 1);
            struct ring_member x = m[i];
            m[i] = m[k];
            m[k] = x;
        }
        struct ring *s = ring_of(m, 5);
        cr_assert(same(r, s));
        ring_free(r);
        ring_free(s);
    }
}

Test(allocate, a_list_with_one_more_at_its_end_is_a_join)
{
    static struct ring_member m[MEMBERS];

    make(m, (const uint32_t[]){ 1, 2 }, 2, 3);
    struct ring *r = ring_of(m, 5), *s = ring_of(m, 6), *t = join_of(r, &m[5]);
    cr_assert(same(s, t));
    ring_free(r);
    ring_free(s);
    ring_free(t);
}

/* Members of one cluster compute their ring each for itself, of whatever build and machine:
 * if these numbers have to change, rings of lists do, and all their data moves. */
Test(allocate, rings_never_change)
{
    static const uint64_t expected[] = { UINT64_C(0x519808397ed45a16), UINT64_C(0x357fb27179eb5a3c),
                                         UINT64_C(0xc6387b194c51da23) };
    static const unsigned zones[] = { 0, 0, 3 };
    static struct ring_member m[MEMBERS];

    for (unsigned i = 0; i < 3; i++) {
        make(m, (const uint32_t[]){ 1, 2, 4 }, i == 1 ? 3 : 1, zones[i]);
        struct ring *r = ring_of(m, 5);
        uint64_t hash =
            hash_xxh3(slice_of(ring_arc(r, 0), ring_arc_count(r) * sizeof(struct ring_arc)));
        cr_expect_eq(hash, expected[i], "ring %u has 0x%016" PRIx64, i, hash);
        ring_free(r);
    }
}

/* --- changes */

/* At most 1.1 of the share of the member that came or went, which is in `with`. */
static void expect_moved(const struct ring *before, const struct ring *after,
                         const struct ring *with, uint32_t id)
{
    struct share share[MEMBERS];
    uint32_t moved = ring_moved(before, after);

    allocate_shares(with, share);
    double most = 1.1 * share[ring_find(with, id) - ring_member(with, 0)].owned / SHARE_SLOT;
    cr_assert_leq((double)moved, most, "%zu members, %u moved, of %.0f", ring_member_count(before),
                  moved, most);
}

Test(allocate, one_that_joins_leaves_the_tokens_of_others_alone)
{
    static struct ring_member m[MEMBERS];

    make(m, (const uint32_t[]){ 1 }, 1, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned n = sizes[i];
        struct ring *r = ring_of(m, n), *s = join_of(r, &m[n]);
        for (unsigned k = 0; k < n; k++) {
            const struct ring_member *a = ring_member(r, k), *b = ring_member(s, k);
            cr_assert_eq(a->token_count, b->token_count);
            cr_assert_eq(memcmp(a->tokens, b->tokens, a->token_count * sizeof *a->tokens), 0);
        }
        ring_free(r);
        ring_free(s);
    }
}

/* Joins and leaves by chance, of `members` on average, all of one kind.  A join leaves the
 * ring even, whatever was before; a leave may not, for it may move little. */
static void churn(uint64_t seed, unsigned members, unsigned weights, unsigned zones, double joined,
                  double left)
{
    struct ring_member m = { .id = 1, .weight = 1, .zone = zones ? 1 : 0 };
    struct ring *r = ring_of(&m, 1);
    struct prng p;

    prng_init(&p, seed);
    for (unsigned i = 0; i < 3 * members; i++) {
        size_t n = ring_member_count(r);
        struct ring *next;
        double bound;
        if (n < 2 || prng_below(&p, 2 * members) >= n) {
            m.id = 2 + (uint32_t)prng_below(&p, 1 << 30);
            m.weight = 1U << prng_below(&p, weights);
            m.zone = zones ? 1 + prng_below(&p, zones) : 0;
            next = join_of(r, &m);
            expect_moved(r, next, next, m.id);
            bound = joined;
        } else {
            uint32_t id = ring_member(r, prng_below(&p, n))->id;
            next = leave_of(r, id);
            expect_moved(r, next, r, id);
            bound = left;
        }
        cr_assert(ring_check(next));
        if (weights == 1 || ring_member_count(next) >= 6) /* fewer cannot follow any weights */
            expect_even(next, bound, bound);
        ring_free(r);
        r = next;
    }
    ring_free(r);
}

Test(allocate, rings_of_equal_members_stay_even_through_changes)
{
    for (uint64_t seed = 0; seed < 2; seed++)
        churn(seed, 5 + 5 * (unsigned)seed, 1, 0, 1.02, 1.15);
}

Test(allocate, rings_of_weights_stay_fair_through_changes)
{
    for (uint64_t seed = 0; seed < 2; seed++)
        churn(seed, 7 + 4 * (unsigned)seed, 3, 0, 1.1, 1.3);
}

Test(allocate, rings_in_zones_stay_fair_through_changes)
{
    for (uint64_t seed = 0; seed < 4; seed++)
        churn(seed, 5, 1, 2 + (unsigned)seed, 1.15, 1.3);
}

/* --- refusals */

Test(allocate, what_cannot_be_is_refused)
{
    struct ring_member m[2] = { { .id = 1, .weight = 1 }, { .id = 2, .weight = 1 } };
    struct ring *r = NULL, *s = NULL;

    cr_assert_eq(allocate_ring(&r, 1, COPIES, 0, m, 2).code, ERR_LIMIT);
    cr_assert_eq(allocate_ring(&r, 1, COPIES, ALLOCATE_TOKENS_MAX + 1, m, 2).code, ERR_LIMIT);
    cr_assert_eq(allocate_ring(&r, 1, 0, 1, m, 2).code, ERR_LIMIT);
    cr_assert_eq(allocate_ring(&r, 1, COPIES, 1, m, 0).code, ERR_INVALID);
    m[1].id = 1;
    cr_assert_eq(allocate_ring(&r, 1, COPIES, 1, m, 2).code, ERR_INVALID);
    cr_assert_null(r);
    r = ring_of(m, 1);
    cr_assert_eq(allocate_join(&s, r, 1, &m[1]).code, ERR_EXISTS);
    m[1].id = 2;
    cr_assert_eq(allocate_join(&s, r, 0, &m[1]).code, ERR_LIMIT);
    m[1].weight = LIMIT_WEIGHT + 1;
    cr_assert_eq(allocate_join(&s, r, 1, &m[1]).code, ERR_INVALID);
    cr_assert_eq(allocate_leave(&s, r, 2).code, ERR_NOT_FOUND);
    cr_assert_eq(allocate_leave(&s, r, 1).code, ERR_INVALID);
    cr_assert_null(s);
    ring_free(r);
}

Test(allocate, a_ring_full_of_tokens_of_one_each_takes_nobody)
{
    static struct ring_member m[LIMIT_MEMBERS];
    static uint16_t tokens[POSITION_SLOTS];
    struct ring *r = NULL, *s = NULL;

    for (unsigned i = 0; i < POSITION_SLOTS; i++)
        tokens[i] = (uint16_t)i;
    m[0] = (struct ring_member){ .id = 1, .weight = 1, .zone = 1, .tokens = tokens };
    m[0].token_count = POSITION_SLOTS - 1;
    m[1] = (struct ring_member){
        .id = 2, .weight = 1, .zone = 2, .tokens = &tokens[POSITION_SLOTS - 1]
    };
    m[1].token_count = 1;
    cr_assert_not(err_is(ring_new(&r, 1, 1, m, 2)));
    m[2] = (struct ring_member){ .id = 3, .weight = 1, .zone = 2 };
    cr_assert_eq(allocate_join(&s, r, 1, &m[2]).code, ERR_LIMIT);
    m[2].zone = 1;
    s = join_of(r, &m[2]);
    cr_assert(ring_check(s));
    ring_free(r);
    ring_free(s);
}

Test(allocate, a_member_without_tokens_joins_and_leaves)
{
    struct ring_member m[3] = { { .id = 1, .weight = 1 }, { .id = 2, .weight = 1 } };
    static const uint16_t token[] = { 100 };
    struct share share[2];
    struct ring *r = NULL, *s, *t;

    m[0].tokens = token;
    m[0].token_count = 1;
    cr_assert_not(err_is(ring_new(&r, 5, COPIES, m, 2)));
    allocate_shares(r, share);
    cr_assert_eq(share[0].led, SHARE_ALL);
    cr_assert_eq(share[1].owned, 0);
    s = join_of(r, &m[1]);
    cr_assert_eq(ring_member_count(s), 2);
    cr_assert_eq(ring_load(s, 2).owned, POSITION_SLOTS);
    t = leave_of(r, 2);
    cr_assert_eq(ring_member_count(t), 1);
    ring_free(r);
    ring_free(s);
    ring_free(t);
}
