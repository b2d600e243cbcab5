/* route.c: which node answers a request. */
#include "cluster/route.h"

#include <assert.h>
#include <stddef.h>

static bool counts(const struct route_node *n)
{
    return n->reachable && !n->recovering;
}

static bool takes(const struct route_node *n)
{
    return counts(n) && n->accepts;
}

static bool answers(const struct route_node *n)
{
    return n->reachable;
}

/* Smaller is nearer: oneself, then the zone, then who answers soonest under its load. */
static uint64_t distance_of(const struct route_node *n)
{
    uint64_t loaded_us = (uint64_t)n->rtt_us * (1000 + 4 * (uint64_t)n->load) / 1000;

    if (n->self)
        return 0;
    return 1 + loaded_us + ((uint64_t)!n->same_zone << 48) +
           ((uint64_t)(n->load >= ROUTE_BUSY) << 49);
}

/* The index of the nearest owner that `fits` and is not in `taken`; owner_count: none. */
static unsigned nearest(const struct route_facts *f, bool (*fits)(const struct route_node *),
                        uint32_t taken)
{
    unsigned best = f->owner_count;

    for (unsigned i = 0; i < f->owner_count; i++) {
        if ((taken >> i & 1) || !fits(&f->owners[i]))
            continue;
        if (best == f->owner_count || distance_of(&f->owners[i]) < distance_of(&f->owners[best]))
            best = i;
    }
    return best;
}

static struct route to_node(struct route r, enum route_kind kind, const struct route_node *node)
{
    r.kind = kind;
    r.node = node;
    return r;
}

static struct route to_owner(const struct route_facts *f, struct route r, enum route_kind kind,
                             unsigned owner)
{
    return to_node(r, kind, &f->owners[owner]);
}

/* What only a leader can do.  Another node's leader decides by what it sees itself. */
static struct route through_leader(const struct route_facts *f, struct route r)
{
    unsigned majority = level_majority(f->owner_count);
    bool leads = f->leader && f->leader->reachable;

    if (leads && (!f->leader->self || r.reachable >= r.need))
        return to_node(r, ROUTE_LEADER, f->leader);
    if (!leads && r.need < majority)
        r.need = majority; /* to have a leader at all */
    if (!leads && r.reachable >= r.need)
        r.kind = ROUTE_WAIT;
    return r;
}

static struct route write_alone(const struct route_facts *f, struct route r)
{
    unsigned owner = nearest(f, takes, 0);

    if (owner < f->owner_count)
        return to_owner(f, r, ROUTE_TENTATIVE, owner);
    if (f->level.kind != LEVEL_ONE || !f->blind)
        return r;
    for (unsigned i = 0; i < f->other_count; i++) {
        if (takes(&f->others[i]))
            return to_node(r, ROUTE_STAND_IN, &f->others[i]);
    }
    return r;
}

static struct route route_write(const struct route_facts *f, struct route r)
{
    bool alone = (f->level.kind == LEVEL_ONE || f->level.kind == LEVEL_NUMBER) && r.need == 1;

    if (alone && f->tentative && !(f->leader && f->leader->reachable))
        return write_alone(f, r);
    return through_leader(f, r);
}

static struct route ask_owners(const struct route_facts *f, struct route r)
{
    if (r.reachable < r.need)
        return r;
    for (unsigned i = 0; i < r.need; i++)
        r.asked |= UINT32_C(1) << nearest(f, counts, r.asked);
    r.kind = ROUTE_ASK;
    return r;
}

static struct route route_read(const struct route_facts *f, struct route r)
{
    unsigned owner;

    if (f->level.kind == LEVEL_QUORUM)
        return through_leader(f, r);
    if (r.need > 1 && r.need < f->owner_count && !level_below_quorum(f->level, f->owner_count)) {
        r.need = level_majority(f->owner_count);
        return through_leader(f, r);
    }
    if (f->level.kind == LEVEL_ALL || r.need > 1)
        return ask_owners(f, r);
    owner = nearest(f, counts, 0);
    if (owner == f->owner_count && f->level.kind == LEVEL_ONE)
        owner = nearest(f, answers, 0);
    return owner < f->owner_count ? to_owner(f, r, ROUTE_VIEW, owner) : r;
}

struct route route_decide(const struct route_facts *f)
{
    struct route r = { .kind = ROUTE_NOQUORUM, .need = level_need(f->level, f->owner_count) };

    assert(f->owner_count <= ROUTE_OWNERS_MAX);
    for (unsigned i = 0; i < f->owner_count; i++)
        r.reachable += counts(&f->owners[i]);
    if (r.need > f->owner_count)
        return r;
    return f->write ? route_write(f, r) : route_read(f, r);
}
