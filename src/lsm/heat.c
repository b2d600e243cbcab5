/* heat.c: policies by the two sketches. */
#include "lsm/heat.h"

#include <assert.h>

#include "base/mem.h"
#include "lsm/recency.h"
#include "lsm/sketch.h"

enum {
    TICK_SHIFT = 16, /* microseconds of a tick: a fifteenth of a second */
    STEPS = 8,       /* ranks an octave */
    LEFT_MS = 64,    /* of the time until an expiry, a step */
    SKETCH_POSITION = 4,
    TOP = HEAT_RANKS - 1,
};

struct heat {
    unsigned refs;
    enum heat_policy policy;
    uint32_t now; /* tick; the loop writes, jobs read */
    struct recency *recency;
    struct sketch *sketch;
};

struct heat *heat_new(enum heat_policy policy, size_t bytes)
{
    struct heat *h = mem_zalloc(1, sizeof *h);

    h->refs = 1;
    h->policy = policy;
    h->now = 1;
    if (policy == HEAT_ALLKEYS_LRU || policy == HEAT_VOLATILE_LRU)
        h->recency = recency_new(bytes);
    if (policy == HEAT_ALLKEYS_LFU || policy == HEAT_VOLATILE_LFU)
        h->sketch = sketch_new(bytes / SKETCH_POSITION);
    return h;
}

struct heat *heat_hold(struct heat *h)
{
    h->refs++;
    return h;
}

void heat_drop(struct heat *h)
{
    if (!h || --h->refs > 0)
        return;
    recency_free(h->recency);
    sketch_free(h->sketch);
    mem_free(h);
}

enum heat_policy heat_policy_of(const struct heat *h)
{
    return h->policy;
}

void heat_clock(struct heat *h, uint64_t mono_us)
{
    uint32_t tick = (uint32_t)(mono_us >> TICK_SHIFT) + 1;

    if (tick > h->now)
        __atomic_store_n(&h->now, tick, __ATOMIC_RELAXED);
}

void heat_touch(struct heat *h, uint64_t position)
{
    if (h->recency)
        recency_touch(h->recency, position, h->now);
    else if (h->sketch)
        sketch_touch(h->sketch, position);
}

bool heat_only_expiring(const struct heat *h)
{
    return h->policy >= HEAT_VOLATILE_LRU;
}

/* The logarithm in steps of about a tenth: 0 for 0, and 255 for 2^32. */
static unsigned magnitude(uint64_t x)
{
    unsigned octave;

    x = x >= UINT32_MAX ? UINT32_MAX : x + 1;
    octave = 63 - (unsigned)__builtin_clzll(x);
    return octave * STEPS + (unsigned)((x << 3 >> octave) & (STEPS - 1));
}

/* The least that has this magnitude. */
static uint64_t least_of(unsigned magnitude)
{
    return ((uint64_t)(STEPS + magnitude % STEPS) << (magnitude / STEPS) >> 3) - 1;
}

struct heat_time heat_time_of(const struct heat *h, uint64_t now_ms)
{
    return (struct heat_time){ __atomic_load_n(&h->now, __ATOMIC_RELAXED), now_ms };
}

static uint64_t left(uint64_t expire_ms, uint64_t now_ms)
{
    return expire_ms > now_ms ? (expire_ms - now_ms) / LEFT_MS : 0;
}

unsigned heat_rank(const struct heat *h, uint64_t position, uint64_t expire_ms,
                   struct heat_time then)
{
    uint32_t last;

    switch (h->policy) {
    case HEAT_ALLKEYS_LRU:
    case HEAT_VOLATILE_LRU:
        last = recency_last(h->recency, position);
        return TOP - magnitude(then.tick > last ? then.tick - last : 0);
    case HEAT_ALLKEYS_LFU:
    case HEAT_VOLATILE_LFU:
        return sketch_count(h->sketch, position);
    case HEAT_VOLATILE_TTL:
        return magnitude(left(expire_ms, then.ms));
    case HEAT_NOEVICTION:
    case HEAT_ALLKEYS_RANDOM:
    case HEAT_VOLATILE_RANDOM:
        break;
    }
    return 0;
}

unsigned heat_shift(const struct heat *h, unsigned rank, struct heat_time from, struct heat_time to)
{
    uint64_t gone = (to.ms - from.ms) / LEFT_MS, was;

    switch (h->policy) {
    case HEAT_ALLKEYS_LRU:
    case HEAT_VOLATILE_LRU:
        return TOP - magnitude(least_of(TOP - rank) + (to.tick - from.tick));
    case HEAT_VOLATILE_TTL:
        was = least_of(rank);
        return magnitude(was > gone ? was - gone : 0);
    default:
        return rank;
    }
}

bool heat_idle(const struct heat *h, uint64_t position, uint64_t *seconds)
{
    uint32_t last;

    if (!h->recency)
        return false;
    last = recency_last(h->recency, position);
    *seconds = ((uint64_t)(h->now - last) << TICK_SHIFT) / 1000000;
    return last != 0;
}

bool heat_uses(const struct heat *h, uint64_t position, unsigned *uses)
{
    if (!h->sketch)
        return false;
    *uses = sketch_count(h->sketch, position);
    return true;
}

size_t heat_bytes(const struct heat *h)
{
    return (h->recency ? recency_bytes(h->recency) : 0) + (h->sketch ? sketch_bytes(h->sketch) : 0);
}
