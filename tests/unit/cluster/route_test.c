/* route_test.c: who answers, case by case, and what holds in every case. */
#include "cluster/route.h"

#include <criterion/criterion.h>

#include "base/prng.h"

static const struct level ONE = { LEVEL_ONE, 0 }, QUORUM = { LEVEL_QUORUM, 0 },
                          ALL = { LEVEL_ALL, 0 }, R1 = { LEVEL_NUMBER, 1 },
                          R2 = { LEVEL_NUMBER, 2 }, R3 = { LEVEL_NUMBER, 3 },
                          R4 = { LEVEL_NUMBER, 4 };

/* Five nodes: 0, 1, 2 own the arc, 3 and 4 follow on the ring; 0 leads, `self` decides. */
struct ring {
    struct route_node nodes[5];
    struct route_facts facts;
};

static struct ring ring_seen_by(unsigned self)
{
    struct ring r = { 0 };

    for (unsigned i = 0; i < 5; i++)
        r.nodes[i] = (struct route_node){ .id = 100 + i,
                                          .rtt_us = 100 + 10 * i,
                                          .self = i == self,
                                          .reachable = true,
                                          .accepts = true,
                                          .same_zone = true };
    r.facts.owner_count = 3;
    r.facts.other_count = 2;
    r.facts.tentative = true;
    r.facts.blind = true;
    return r;
}

static struct route decide(struct ring *r, bool write, struct level level)
{
    r->facts.owners = r->nodes;
    r->facts.others = r->nodes + 3;
    r->facts.write = write;
    r->facts.level = level;
    return route_decide(&r->facts);
}

static void expect(struct ring *r, bool write, struct level level, enum route_kind kind,
                   unsigned node)
{
    struct route got = decide(r, write, level);

    cr_assert_eq(got.kind, kind, "kind %d, not %d", (int)got.kind, (int)kind);
    if (kind <= ROUTE_STAND_IN && kind != ROUTE_ASK)
        cr_assert_eq(got.node->id, 100 + node, "node %u", got.node->id);
}

static void expect_refusal(struct ring *r, bool write, struct level level, const char *want)
{
    struct route got = decide(r, write, level);
    struct buf text = { 0 };

    cr_assert_eq(got.kind, ROUTE_NOQUORUM);
    level_print_noquorum(got.need, r->facts.owner_count, got.reachable, &text);
    cr_assert(slice_equal(buf_slice(&text), slice_str(want)), "%.*s", (int)text.len,
              (const char *)text.data);
    buf_deinit(&text);
}

Test(route, a_write_goes_to_the_leader_at_every_level)
{
    for (unsigned self = 0; self < 5; self++) {
        struct ring r = ring_seen_by(self);

        r.facts.leader = &r.nodes[0];
        expect(&r, true, QUORUM, ROUTE_LEADER, 0);
        expect(&r, true, ONE, ROUTE_LEADER, 0);
        expect(&r, true, ALL, ROUTE_LEADER, 0);
        expect(&r, true, R1, ROUTE_LEADER, 0);
        expect(&r, true, R3, ROUTE_LEADER, 0);
        expect(&r, false, QUORUM, ROUTE_LEADER, 0);
        expect(&r, false, R2, ROUTE_LEADER, 0);
    }
}

Test(route, a_leader_refuses_at_once_what_too_few_owners_can_log)
{
    struct ring r = ring_seen_by(0);

    r.facts.leader = &r.nodes[0];
    r.nodes[1].reachable = false;
    expect(&r, true, QUORUM, ROUTE_LEADER, 0);
    expect_refusal(&r, true, ALL, "need 3 of 3, 2 reachable");
    r.nodes[2].recovering = true;
    expect_refusal(&r, true, QUORUM, "need 2 of 3, 1 reachable");
    expect_refusal(&r, false, QUORUM, "need 2 of 3, 1 reachable");
    expect(&r, true, ONE, ROUTE_LEADER, 0);
    expect_refusal(&r, true, R4, "need 4 of 3, 1 reachable");
    expect_refusal(&r, false, R4, "need 4 of 3, 1 reachable");
}

Test(route, another_node_leaves_that_to_the_leader_whom_it_reaches)
{
    struct ring r = ring_seen_by(4);

    r.facts.leader = &r.nodes[0];
    r.nodes[1].reachable = r.nodes[2].reachable = false;
    expect(&r, true, QUORUM, ROUTE_LEADER, 0);
    expect(&r, true, ALL, ROUTE_LEADER, 0);
}

Test(route, a_leader_that_owns_the_arc_no_more_still_leads)
{
    struct ring r = ring_seen_by(1);

    r.facts.leader = &r.nodes[4];
    expect(&r, true, QUORUM, ROUTE_LEADER, 4);
}

Test(route, without_a_leader_quorum_waits_for_the_next_if_there_can_be_one)
{
    struct ring r = ring_seen_by(1);

    r.facts.leader = &r.nodes[0];
    r.nodes[0].reachable = false;
    expect(&r, true, QUORUM, ROUTE_WAIT, 0);
    expect(&r, false, QUORUM, ROUTE_WAIT, 0);
    expect(&r, false, R2, ROUTE_WAIT, 0);
    expect_refusal(&r, true, ALL, "need 3 of 3, 2 reachable");
    r.nodes[2].reachable = false;
    expect_refusal(&r, true, QUORUM, "need 2 of 3, 1 reachable");
    expect_refusal(&r, false, QUORUM, "need 2 of 3, 1 reachable");
    r.facts.leader = NULL;
    expect_refusal(&r, true, QUORUM, "need 2 of 3, 1 reachable");
}

Test(route, without_a_leader_one_is_taken_by_oneself_or_the_nearest_owner)
{
    struct ring r = ring_seen_by(2);

    r.nodes[0].reachable = false;
    expect(&r, true, ONE, ROUTE_TENTATIVE, 2);
    expect(&r, true, R1, ROUTE_TENTATIVE, 2);
    r.nodes[2].accepts = false; /* one's own clock is off */
    expect(&r, true, ONE, ROUTE_TENTATIVE, 1);
    r.nodes[2].accepts = true;
    r.nodes[2].recovering = true;
    expect(&r, true, ONE, ROUTE_TENTATIVE, 1);
    r = ring_seen_by(3);
    expect(&r, true, ONE, ROUTE_TENTATIVE, 0);
    r.nodes[0].rtt_us = 5000;
    expect(&r, true, ONE, ROUTE_TENTATIVE, 1);
}

Test(route, without_owners_one_is_taken_by_the_next_ring_node)
{
    struct ring r = ring_seen_by(4);

    r.nodes[0].reachable = r.nodes[1].reachable = r.nodes[2].reachable = false;
    expect(&r, true, ONE, ROUTE_STAND_IN, 3);
    r.nodes[3].reachable = false;
    expect(&r, true, ONE, ROUTE_STAND_IN, 4);
    expect_refusal(&r, true, R1, "need 1 of 3, 0 reachable");
    expect_refusal(&r, false, ONE, "need 1 of 3, 0 reachable");
    r.facts.blind = false;
    expect_refusal(&r, true, ONE, "need 1 of 3, 0 reachable");
    r.facts.blind = true;
    r.nodes[4].accepts = false;
    expect_refusal(&r, true, ONE, "need 1 of 3, 0 reachable");
}

Test(route, what_cannot_be_tentative_needs_a_leader)
{
    struct ring r = ring_seen_by(1);

    r.facts.tentative = false;
    r.nodes[0].reachable = false;
    expect(&r, true, ONE, ROUTE_WAIT, 0);
    r.nodes[2].reachable = false;
    expect_refusal(&r, true, ONE, "need 2 of 3, 1 reachable");
}

Test(route, a_read_at_one_asks_the_nearest_owner)
{
    struct ring r = ring_seen_by(1);

    expect(&r, false, ONE, ROUTE_VIEW, 1);
    r = ring_seen_by(4);
    expect(&r, false, ONE, ROUTE_VIEW, 0);
    r.nodes[0].load = 200;
    expect(&r, false, ONE, ROUTE_VIEW, 1);
    r.nodes[1].same_zone = false;
    expect(&r, false, ONE, ROUTE_VIEW, 2);
    r.nodes[0].load = r.nodes[2].load = ROUTE_BUSY;
    expect(&r, false, ONE, ROUTE_VIEW, 1);
    r.nodes[1].reachable = false;
    expect(&r, false, ONE, ROUTE_VIEW, 0);
}

Test(route, a_read_asks_who_may_have_forgotten_only_at_one_and_last)
{
    struct ring r = ring_seen_by(1);

    r.nodes[1].recovering = true;
    expect(&r, false, ONE, ROUTE_VIEW, 0);
    r.nodes[0].reachable = r.nodes[2].reachable = false;
    expect(&r, false, ONE, ROUTE_VIEW, 1);
    expect_refusal(&r, false, R1, "need 1 of 3, 0 reachable");
    r.nodes[0].reachable = r.nodes[2].reachable = true;
    expect_refusal(&r, false, ALL, "need 3 of 3, 2 reachable");
}

Test(route, a_read_asks_as_many_owners_as_it_says)
{
    struct ring r = ring_seen_by(4);

    r.facts.leader = &r.nodes[0];
    cr_assert(decide(&r, false, ALL).kind == ROUTE_ASK && decide(&r, false, ALL).asked == 7);
    cr_assert(decide(&r, false, R3).kind == ROUTE_ASK && decide(&r, false, R3).asked == 7);
    r.facts.owner_count = 5;
    r.facts.other_count = 0;
    cr_assert_eq(decide(&r, false, R2).kind, ROUTE_ASK);
    cr_assert_eq(decide(&r, false, R2).asked, 1 << 4 | 1 << 0, "oneself and the nearest");
    r.nodes[0].recovering = true;
    cr_assert_eq(decide(&r, false, R2).asked, 1 << 4 | 1 << 1);
    cr_assert_eq(decide(&r, false, R3).kind, ROUTE_LEADER);
    for (unsigned i = 1; i < 4; i++)
        r.nodes[i].reachable = false;
    expect_refusal(&r, false, R2, "need 2 of 5, 1 reachable");
}

Test(route, one_node_by_itself_answers_everything)
{
    struct ring r = ring_seen_by(0);
    static const struct level levels[] = { { LEVEL_ONE, 0 },
                                           { LEVEL_QUORUM, 0 },
                                           { LEVEL_NUMBER, 1 } };

    r.facts.owner_count = 1;
    r.facts.other_count = 0;
    r.facts.leader = &r.nodes[0];
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        expect(&r, true, levels[i], ROUTE_LEADER, 0);
        cr_assert_leq(decide(&r, false, levels[i]).kind, ROUTE_VIEW);
    }
    expect(&r, true, ALL, ROUTE_LEADER, 0);
    cr_assert_eq(decide(&r, false, ALL).asked, 1);
    expect_refusal(&r, true, R2, "need 2 of 1, 1 reachable");
}

static struct ring random_ring(struct prng *p)
{
    struct ring r = ring_seen_by((unsigned)prng_below(p, 5));

    for (unsigned i = 0; i < 5; i++) {
        struct route_node *n = &r.nodes[i];
        n->reachable = n->self || prng_one_in(p, 2);
        n->recovering = prng_one_in(p, 4);
        n->accepts = !prng_one_in(p, 4);
        n->same_zone = prng_one_in(p, 2);
        n->load = (uint16_t)prng_below(p, 1001);
        n->rtt_us = (uint32_t)prng_below(p, 1000);
    }
    r.facts.owner_count = 1 + (unsigned)prng_below(p, 3);
    r.facts.other_count = 2;
    r.facts.tentative = !prng_one_in(p, 3);
    r.facts.blind = !prng_one_in(p, 3);
    return r;
}

static void expect_sense(struct ring *r, bool write, struct level level)
{
    struct route got = decide(r, write, level);
    bool leads = r->facts.leader && r->facts.leader->reachable;
    unsigned owners = r->facts.owner_count, asked = 0;

    for (unsigned i = 0; i < owners; i++) {
        if (got.asked >> i & 1)
            asked += r->nodes[i].reachable && !r->nodes[i].recovering;
    }
    cr_assert_eq(got.asked >> owners, 0);
    cr_assert_eq(asked, got.kind == ROUTE_ASK ? got.need : 0);
    cr_assert_eq(got.node != NULL, got.kind <= ROUTE_STAND_IN && got.kind != ROUTE_ASK);
    cr_assert(!got.node || got.node->reachable);
    if (got.kind == ROUTE_LEADER)
        cr_assert(leads && got.node == r->facts.leader);
    if (got.kind == ROUTE_WAIT)
        cr_assert(!leads && got.reachable >= level_majority(owners));
    if (got.kind == ROUTE_TENTATIVE || got.kind == ROUTE_STAND_IN)
        cr_assert(write && !leads && r->facts.tentative && level_need(level, owners) == 1 &&
                  got.node->accepts && !got.node->recovering);
    if (got.kind == ROUTE_STAND_IN)
        cr_assert(r->facts.blind && level.kind == LEVEL_ONE);
    if (got.kind == ROUTE_VIEW || got.kind == ROUTE_ASK)
        cr_assert(!write);
    if (got.kind == ROUTE_NOQUORUM && !leads)
        cr_assert(got.need > got.reachable || (write && level_need(level, owners) == 1));
}

/* At `one` a blind write is taken as long as anybody takes it. */
static void expect_always_writable(struct ring *r)
{
    bool anybody = r->facts.leader && r->facts.leader->reachable;

    if (!r->facts.tentative || !r->facts.blind)
        return;
    for (unsigned i = 0; i < 5; i++)
        anybody = anybody || ((i < r->facts.owner_count || i >= 3) && r->nodes[i].reachable &&
                              r->nodes[i].accepts && !r->nodes[i].recovering);
    cr_assert_eq(decide(r, true, ONE).kind != ROUTE_NOQUORUM, anybody);
}

Test(route, makes_sense_whatever_is_known)
{
    static const struct level levels[] = {
        { LEVEL_ONE, 0 },    { LEVEL_QUORUM, 0 }, { LEVEL_ALL, 0 },
        { LEVEL_NUMBER, 1 }, { LEVEL_NUMBER, 2 }, { LEVEL_NUMBER, 3 },
    };
    struct prng p;

    prng_init(&p, 5);
    for (int i = 0; i < 20000; i++) {
        struct ring r = random_ring(&p);
        unsigned leader = (unsigned)prng_below(&p, 6);

        /* Who leads does not recover; a node knows of itself whether it can. */
        if (leader < 5 && !r.nodes[leader].recovering &&
            (leader < r.facts.owner_count || !r.nodes[leader].self))
            r.facts.leader = &r.nodes[leader];
        for (size_t j = 0; j < sizeof levels / sizeof levels[0]; j++) {
            expect_sense(&r, true, levels[j]);
            expect_sense(&r, false, levels[j]);
        }
        expect_always_writable(&r);
    }
}
