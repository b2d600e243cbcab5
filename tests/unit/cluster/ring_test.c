/* ring_test.c: owners of slots, held against the rule as it is written. */
#include "cluster/ring.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cell/position.h"
#include "ring_world.h"

static void expect_arcs(const char *members, unsigned copies, const char *arcs)
{
    struct ring_world w;
    struct ring *r;
    char *text;

    ring_world_parse(&w, members);
    r = ring_world_ring(&w, copies);
    text = ring_world_arcs(r);
    cr_assert_str_eq(text, arcs, "%s\n  is %s\n not %s", members, text, arcs);
    free(text);
    ring_free(r);
}

Test(ring, one_member_owns_all)
{
    expect_arcs("7/0: 100", 3, "0-16383 7");
    expect_arcs("7/0: 16383 0", 3, "0-16383 7");
}

Test(ring, a_token_ends_the_run_of_its_member)
{
    expect_arcs("1/0: 99; 2/0: 199; 3/0: 16383", 2, "0-99 1 2; 100-199 2 3; 200-16383 3 1");
}

Test(ring, an_arc_is_cut_at_slot_0)
{
    expect_arcs("1/0: 99; 2/0: 199", 2, "0-99 1 2; 100-199 2 1; 200-16383 1 2");
}

Test(ring, runs_with_the_same_owners_are_one_arc)
{
    expect_arcs("1/0: 9 19 29; 2/0: 39; 3/0: 49", 2,
                "0-29 1 2; 30-39 2 3; 40-49 3 1; 50-16383 1 2");
    expect_arcs("1/0: 9 29; 2/0: 19", 1, "0-9 1; 10-19 2; 20-16383 1");
}

Test(ring, of_several_tokens_on_a_slot_that_of_the_lowest_id_counts)
{
    expect_arcs("2/0: 99 199; 1/0: 99", 2, "0-99 1 2; 100-199 2 1; 200-16383 1 2");
}

Test(ring, a_member_without_tokens_owns_nothing)
{
    expect_arcs("2/0: 99; 1/0:; 3/0: 99", 3, "0-16383 2");
}

Test(ring, owners_are_in_zones_of_their_own_where_there_are_enough)
{
    expect_arcs("1/5: 9; 2/5: 19; 3/6: 29; 4/7: 16383", 3,
                "0-9 1 3 4; 10-19 2 3 4; 20-29 3 4 1; 30-16383 4 1 3");
}

Test(ring, with_fewer_zones_each_has_as_equal_a_part_as_can_be)
{
    expect_arcs("1/5: 9; 2/5: 19; 3/5: 29; 4/6: 16383", 3,
                "0-9 1 4 2; 10-19 2 4 3; 20-29 3 4 1; 30-16383 4 1 2");
    expect_arcs("1/5: 9; 2/5: 19; 3/5: 29; 4/6: 39; 5/6: 16383", 4,
                "0-9 1 4 2 5; 10-19 2 4 3 5; 20-29 3 4 5 1; 30-39 4 1 5 2; 40-16383 5 1 2 4");
    expect_arcs("1/5: 9; 2/5: 19; 3/5: 16383", 3, "0-9 1 2 3; 10-19 2 3 1; 20-16383 3 1 2");
}

/* --- the rule, slot by slot, without any cleverness */

/* Members in the order of their tokens from the slot on. */
static size_t in_order(const struct ring_world *w, const size_t *at, unsigned slot, size_t *out)
{
    size_t n = 0, active = 0;

    for (unsigned s = 0; s < w->count; s++)
        active += w->members[s].token_count > 0;

    for (unsigned k = 0; k < POSITION_SLOTS; k++) {
        size_t m = at[(slot + k) % POSITION_SLOTS];
        bool seen = m == SIZE_MAX;
        for (size_t i = 0; i < n; i++)
            seen |= out[i] == m;
        if (!seen)
            out[n++] = m;
        if (n == active)
            break;
    }
    return n;
}

static size_t in_rounds(const struct ring_world *w, const size_t *order, size_t n, size_t copies,
                        size_t *out)
{
    bool taken[RING_WORLD_MEMBERS] = { false };
    size_t found = 0;

    copies = copies < n ? copies : n;
    while (found < copies) {
        size_t begin = found;
        for (size_t i = 0; i < n && found < copies; i++) {
            uint64_t zone = w->members[order[i]].zone;
            bool used = taken[i];
            for (size_t k = begin; k < found; k++)
                used |= zone != 0 && w->members[out[k]].zone == zone;
            if (used)
                continue;
            out[found++] = order[i];
            taken[i] = true;
        }
    }
    return found;
}

static void tokens_by_slot(const struct ring_world *w, size_t *at)
{
    for (unsigned s = 0; s < POSITION_SLOTS; s++)
        at[s] = SIZE_MAX;
    for (size_t i = 0; i < w->count; i++) {
        for (size_t k = 0; k < w->members[i].token_count; k++) {
            size_t *m = &at[w->members[i].tokens[k]];
            if (*m == SIZE_MAX || w->members[i].id < w->members[*m].id)
                *m = i;
        }
    }
}

static void expect_rule(const struct ring_world *w, unsigned copies, struct prng *p)
{
    static size_t at[POSITION_SLOTS];
    size_t order[RING_WORLD_MEMBERS], owners[RING_WORLD_MEMBERS];
    uint32_t others[RING_WORLD_MEMBERS];
    struct ring *r = ring_world_ring(w, copies);

    tokens_by_slot(w, at);
    for (unsigned i = 0; i < 200; i++) {
        unsigned slot = (unsigned)(i < 80 ? (POSITION_SLOTS - 40 + i) % POSITION_SLOTS
                                          : prng_below(p, POSITION_SLOTS));
        const struct ring_arc *a = ring_arc(r, ring_arc_of(r, slot));
        size_t n = in_order(w, at, slot, order);
        size_t count = in_rounds(w, order, n, copies, owners);
        cr_assert(a->first <= slot && slot <= a->last);
        cr_assert_eq(a->owner_count, count);
        for (size_t k = 0; k < count; k++)
            cr_assert_eq(a->owners[k], w->members[owners[k]].id);
        size_t more = ring_stand_ins(r, slot, others, RING_WORLD_MEMBERS), next = 0;
        cr_assert_eq(more, n - count);
        for (size_t k = 0; k < n; k++) {
            uint32_t id = w->members[order[k]].id;
            if (!ring_arc_has(a, id))
                cr_assert_eq(others[next++], id);
        }
    }
    ring_free(r);
}

Test(ring, owners_and_stand_ins_are_as_the_rule_says)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct ring_world w;
        struct prng p;
        prng_init(&p, seed);
        ring_world_draw(&w, &p, seed % 2 ? 6 : 40, seed % 3 ? 4 : 40, (unsigned)prng_below(&p, 6));
        expect_rule(&w, 1 + (unsigned)prng_below(&p, LIMIT_COPIES), &p);
    }
}

/* --- what is counted */

static void expect_counts(const struct ring *r)
{
    for (size_t i = 0; i < ring_member_count(r); i++) {
        uint32_t id = ring_member(r, i)->id;
        struct ring_load load = { 0, 0 }, said = ring_load(r, id);
        size_t next = ring_next_arc(r, id, 0);
        for (size_t k = 0; k < ring_arc_count(r); k++) {
            const struct ring_arc *a = ring_arc(r, k);
            if (!ring_arc_has(a, id))
                continue;
            cr_assert_eq(next, k);
            next = ring_next_arc(r, id, k + 1);
            load.owned += a->last - a->first + 1U;
            load.led += a->owners[0] == id ? a->last - a->first + 1U : 0;
        }
        cr_assert_eq(next, ring_arc_count(r));
        cr_assert_eq(load.owned, said.owned);
        cr_assert_eq(load.led, said.led);
    }
}

static bool share_an_arc(const struct ring *r, uint32_t a, uint32_t b)
{
    for (size_t k = 0; k < ring_arc_count(r); k++) {
        if (ring_arc_has(ring_arc(r, k), a) && ring_arc_has(ring_arc(r, k), b))
            return true;
    }
    return false;
}

static void expect_neighbours(const struct ring *r)
{
    uint32_t near[RING_WORLD_MEMBERS];

    for (size_t i = 0; i < ring_member_count(r); i++) {
        uint32_t id = ring_member(r, i)->id;
        size_t n = ring_neighbours(r, id, near, RING_WORLD_MEMBERS), next = 0;
        for (size_t k = 0; k < ring_member_count(r); k++) {
            uint32_t other = ring_member(r, k)->id;
            if (other != id && share_an_arc(r, id, other))
                cr_assert_eq(near[next++], other);
        }
        cr_assert_eq(n, next);
        cr_assert_eq(ring_neighbours(r, id, near, 0), n);
    }
}

Test(ring, loads_arcs_and_neighbours_of_a_member_are_those_of_the_arcs)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct ring_world w;
        struct prng p;
        prng_init(&p, seed);
        ring_world_draw(&w, &p, 20, 12, 4);
        struct ring *r = ring_world_ring(&w, 1 + (unsigned)prng_below(&p, 4));
        expect_counts(r);
        expect_neighbours(r);
        ring_free(r);
    }
}

Test(ring, moved_are_slots_that_have_a_new_owner)
{
    struct ring_world a, b;

    ring_world_parse(&a, "1/0: 99; 2/0: 199; 3/0: 16383");
    ring_world_parse(&b, "1/0: 99; 2/0: 199; 3/0: 16383; 4/0: 49");
    struct ring *r = ring_world_ring(&a, 2), *s = ring_world_ring(&b, 2);
    cr_assert_eq(ring_moved(r, r), 0);
    /* 4 leads 0-49 and is the second of 200-16383. */
    cr_assert_eq(ring_moved(r, s), 50 + 16184);
    cr_assert_eq(ring_moved(s, r), 50 + 16184);
    ring_free(r);
    ring_free(s);
}

/* --- what a ring is made of */

Test(ring, the_order_of_members_does_not_matter)
{
    struct ring_world a, b;

    ring_world_parse(&a, "1/1: 99 7; 2/2: 199 99; 3/1: 16383 7");
    ring_world_parse(&b, "3/1: 7 16383; 1/1: 7 99; 2/2: 99 199");
    struct ring *r = ring_world_ring(&a, 2), *s = ring_world_ring(&b, 2);
    char *x = ring_world_arcs(r), *y = ring_world_arcs(s);
    cr_assert_str_eq(x, y);
    free(x);
    free(y);
    ring_free(r);
    ring_free(s);
}

Test(ring, members_are_by_id_with_the_tokens_that_count)
{
    struct ring_world w;

    ring_world_parse(&w, "9/3: 99 7 99; 5/4: 7 3; 6/0:");
    struct ring *r = ring_world_ring(&w, 2);
    memset(w.tokens, 0, sizeof w.tokens);
    cr_assert_eq(ring_member_count(r), 3);
    const struct ring_member *m = ring_member(r, 2);
    cr_assert_eq(m, ring_find(r, 9));
    cr_assert_eq(m->zone, 3);
    cr_assert_eq(m->token_count, 1);
    cr_assert_eq(m->tokens[0], 99);
    cr_assert_eq(ring_find(r, 5)->token_count, 2);
    cr_assert_eq(ring_find(r, 5)->tokens[0], 3);
    cr_assert_eq(ring_find(r, 5)->tokens[1], 7);
    cr_assert_eq(ring_find(r, 6)->token_count, 0);
    cr_assert_null(ring_find(r, 7));
    cr_assert_eq(ring_load(r, 7).owned, 0);
    cr_assert_eq(ring_copies(r), 2);
    cr_assert_eq(ring_epoch(r), 1);
    ring_free(r);
}

static enum err_code refusal(unsigned copies, const struct ring_member *members, size_t count)
{
    struct ring *r = NULL;
    struct err e = ring_new(&r, 1, copies, members, count);

    cr_assert_null(r);
    return e.code;
}

Test(ring, what_is_no_ring_is_refused)
{
    static const uint16_t good[] = { 1, 2 }, bad[] = { 1, POSITION_SLOTS };
    struct ring_member m[2] = { { 1, 1, 0, good, 2 }, { 2, 1, 0, good, 2 } };

    cr_assert_eq(refusal(0, m, 2), ERR_LIMIT);
    cr_assert_eq(refusal(LIMIT_COPIES + 1, m, 2), ERR_LIMIT);
    cr_assert_eq(refusal(3, m, LIMIT_MEMBERS + 1), ERR_LIMIT);
    cr_assert_eq(refusal(3, m, 0), ERR_INVALID);
    m[1].tokens = bad;
    cr_assert_eq(refusal(3, m, 2), ERR_INVALID);
    m[1] = (struct ring_member){ 1, 1, 0, good, 2 };
    cr_assert_eq(refusal(3, m, 2), ERR_INVALID);
    m[1] = (struct ring_member){ 0, 1, 0, good, 2 };
    cr_assert_eq(refusal(3, m, 2), ERR_INVALID);
    m[1] = (struct ring_member){ 2, 0, 0, good, 2 };
    cr_assert_eq(refusal(3, m, 2), ERR_INVALID);
    m[1] = (struct ring_member){ 2, LIMIT_WEIGHT + 1, 0, good, 2 };
    cr_assert_eq(refusal(3, m, 2), ERR_INVALID);
    m[0].token_count = m[1].token_count = 0;
    m[1].weight = 1;
    cr_assert_eq(refusal(3, m, 2), ERR_INVALID);
}

Test(ring, the_smallest_and_the_largest_are_rings)
{
    static struct ring_member m[LIMIT_MEMBERS];
    static uint16_t tokens[POSITION_SLOTS];
    struct ring *r = NULL;

    for (unsigned s = 0; s < POSITION_SLOTS; s++)
        tokens[s] = (uint16_t)(s % 16 * 1024 + s / 16);
    for (unsigned i = 0; i < LIMIT_MEMBERS; i++)
        m[i] = (struct ring_member){ UINT32_MAX - i, 1, i % 5, tokens + i * 16, 16 };
    cr_assert_not(err_is(ring_new(&r, UINT64_MAX, LIMIT_COPIES, m, LIMIT_MEMBERS)));
    cr_assert(ring_check(r));
    cr_assert_eq(ring_arc_count(r), POSITION_SLOTS);
    ring_free(r);
    cr_assert_not(err_is(ring_new(&r, 0, 1, m, 1)));
    cr_assert(ring_check(r));
    ring_free(r);
    ring_free(NULL);
}
