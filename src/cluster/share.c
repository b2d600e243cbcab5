/* share.c: the water's level by bisection, first of all, then of each zone. */
#include "cluster/share.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

/* A level is what a member of weight 1 gets, in units / 2^16. */
enum { LEVEL_SHIFT = 16, LEVEL_BITS = 37 };

struct pool {
    const uint32_t *weights;
    const uint16_t *zones;
    unsigned count;
    unsigned members[LIMIT_MEMBERS]; /* of each zone */
    uint64_t least[LIMIT_MEMBERS];   /* of each zone, in units */
    uint64_t most[LIMIT_MEMBERS];
    uint64_t filled[LIMIT_MEMBERS]; /* by the level that was tried last */
    uint64_t level[LIMIT_MEMBERS];
};

static uint64_t poured(const struct pool *p, unsigned member, uint64_t level)
{
    uint64_t units = level * p->weights[member] >> LEVEL_SHIFT;

    return units < SHARE_ALL ? units : SHARE_ALL;
}

/* The zones' parts of a slot: so many whole rounds, and perhaps one more. */
static void bound_zones(struct pool *p, unsigned copies)
{
    unsigned rounds = 0, taken = 0;

    for (unsigned i = 0; i < p->count; i++)
        p->members[p->zones[i]] += p->weights[i] > 0;
    while (taken < copies) {
        unsigned next = 0;
        for (unsigned z = 0; z < p->count; z++)
            next += p->members[z] > rounds;
        if (next == 0 || taken + next > copies)
            break;
        taken += next;
        rounds++;
    }
    for (unsigned z = 0; z < p->count; z++) {
        unsigned n = p->members[z];
        unsigned more = taken < copies ? rounds + 1 : rounds;
        p->least[z] = (uint64_t)SHARE_ALL * (n < rounds ? n : rounds);
        p->most[z] = (uint64_t)SHARE_ALL * (n < more ? n : more);
    }
}

/* All zones' parts at one level, each within its bounds. */
static uint64_t fill_zones(struct pool *p, uint64_t level)
{
    uint64_t sum = 0;

    memset(p->filled, 0, sizeof p->filled);
    for (unsigned i = 0; i < p->count; i++)
        p->filled[p->zones[i]] += poured(p, i, level);
    for (unsigned z = 0; z < p->count; z++) {
        uint64_t *f = &p->filled[z];
        *f = *f < p->least[z] ? p->least[z] : *f;
        *f = *f > p->most[z] ? p->most[z] : *f;
        sum += *f;
    }
    return sum;
}

/* The lowest level of each zone at which its members together have its part. */
static void level_zones(struct pool *p)
{
    uint64_t sums[LIMIT_MEMBERS];

    memset(p->level, 0, sizeof p->level);
    for (unsigned bit = LEVEL_BITS; bit-- > 0;) {
        memset(sums, 0, sizeof sums);
        for (unsigned i = 0; i < p->count; i++)
            sums[p->zones[i]] += poured(p, i, p->level[p->zones[i]] + (UINT64_C(1) << bit) - 1);
        for (unsigned z = 0; z < p->count; z++) {
            if (sums[z] < p->filled[z])
                p->level[z] += UINT64_C(1) << bit;
        }
    }
}

void share_of(unsigned copies, const uint32_t *weights, const uint16_t *zones, unsigned count,
              struct share *out)
{
    struct pool p = { .weights = weights, .zones = zones, .count = count };
    uint64_t level = 0, weight = 0, want;
    unsigned present = 0;

    assert(count <= LIMIT_MEMBERS);
    for (unsigned i = 0; i < count; i++) {
        weight += weights[i];
        present += weights[i] > 0;
    }
    assert(present > 0);
    copies = copies < present ? copies : present;
    want = (uint64_t)SHARE_ALL * copies;
    bound_zones(&p, copies);
    for (unsigned bit = LEVEL_BITS; bit-- > 0;) {
        if (fill_zones(&p, level + (UINT64_C(1) << bit) - 1) < want)
            level += UINT64_C(1) << bit;
    }
    fill_zones(&p, level);
    level_zones(&p);
    for (unsigned i = 0; i < count; i++) {
        out[i].owned = (uint32_t)poured(&p, i, p.level[zones[i]]);
        out[i].led = (uint32_t)((uint64_t)SHARE_ALL * weights[i] / weight);
    }
}
