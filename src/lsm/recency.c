/* recency.c: lines of sixteen times. */
#include "lsm/recency.h"

#include "base/mem.h"

enum { LINE = 16, LINES_MIN = 64 };

struct recency {
    uint32_t *ticks;
    size_t lines; /* a power of two */
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
    return x ^ (x >> 32);
}

struct slots {
    uint32_t *a;
    uint32_t *b;
};

static struct slots slots_of(const struct recency *r, uint64_t position)
{
    uint64_t hash = mix(position);
    uint32_t *line = r->ticks + (size_t)(hash >> 8 & (r->lines - 1)) * LINE;

    /* Different halves, so never the same. */
    return (struct slots){ line + (hash & 7), line + 8 + (hash >> 3 & 7) };
}

struct recency *recency_new(size_t bytes)
{
    struct recency *r = mem_alloc(sizeof *r);

    r->lines = LINES_MIN;
    while (2 * r->lines * LINE * sizeof(uint32_t) <= bytes)
        r->lines *= 2;
    r->ticks = mem_zalloc(r->lines * LINE, sizeof(uint32_t));
    return r;
}

void recency_free(struct recency *r)
{
    if (!r)
        return;
    mem_free(r->ticks);
    mem_free(r);
}

void recency_touch(struct recency *r, uint64_t position, uint32_t tick)
{
    struct slots s = slots_of(r, position);

    __atomic_store_n(s.a, tick, __ATOMIC_RELAXED);
    __atomic_store_n(s.b, tick, __ATOMIC_RELAXED);
}

uint32_t recency_last(const struct recency *r, uint64_t position)
{
    struct slots s = slots_of(r, position);
    uint32_t a = __atomic_load_n(s.a, __ATOMIC_RELAXED);
    uint32_t b = __atomic_load_n(s.b, __ATOMIC_RELAXED);

    return a < b ? a : b;
}

size_t recency_bytes(const struct recency *r)
{
    return r->lines * LINE * sizeof(uint32_t);
}
