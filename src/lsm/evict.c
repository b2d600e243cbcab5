/* evict.c: a cut through a histogram. */
#include "lsm/evict.h"

#include "cell/cell.h"

static uint32_t chance(uint64_t position, uint64_t seed)
{
    uint64_t x = (position ^ seed) * 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 31)) * 0xd6e8feb86659fd93u;
    return (uint32_t)(x >> 32);
}

void evict_init(struct evict *e, struct heat *heat, const struct evict_spread *spread,
                unsigned permille, uint64_t now_ms, uint64_t seed)
{
    uint64_t all = 0, want, below = 0;

    *e = (struct evict){ .heat = heat, .then = spread->when, .seed = seed };
    e->met.when = heat_time_of(heat, now_ms);
    for (unsigned r = 0; r < HEAT_RANKS; r++)
        all += spread->bytes[r];
    if (!spread->known || all == 0)
        return;
    want = all / 1000 * permille + all % 1000 * permille / 1000;
    while (e->cut < HEAT_RANKS - 1 && below + spread->bytes[e->cut] <= want)
        below += spread->bytes[e->cut++];
    if (spread->bytes[e->cut])
        e->part = (uint32_t)((double)(want - below) / (double)spread->bytes[e->cut] * UINT32_MAX);
}

bool evict_judge(struct evict *e, const uint8_t *encoded)
{
    uint64_t size = cell_encoded_size(encoded);
    struct cell c;
    unsigned rank;

    cell_decode(encoded, &c);
    if (heat_only_expiring(e->heat) && !(c.flags & CELL_EXPIRES))
        return false;
    if (c.flags & (CELL_BLOB | CELL_PARTS))
        size += cell_value_length(&c);
    e->met.bytes[heat_rank(e->heat, c.key.position, c.expire_ms, e->met.when)] += size;
    e->met.known = true;
    rank = heat_rank(e->heat, c.key.position, c.expire_ms, e->then);
    if (rank > e->cut || (rank == e->cut && chance(c.key.position, e->seed) >= e->part))
        return false;
    e->keys += c.key.kind == CELL_HEAD;
    e->bytes += size;
    return true;
}

void evict_learn(struct evict_spread *spread, const struct evict *e)
{
    struct evict_spread all = e->met;

    if (!e->met.known)
        return;
    for (unsigned r = 0; r < HEAT_RANKS && spread->known; r++)
        all.bytes[heat_shift(e->heat, r, spread->when, all.when)] += spread->bytes[r] / 2;
    *spread = all;
}
