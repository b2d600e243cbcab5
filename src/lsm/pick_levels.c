/* pick_levels.c: how large levels should be, and what it costs to make them so. */
#include <assert.h>
#include <stddef.h>

#include "lsm/pick.h"

enum { LAST = LEVELS - 1 };

static unsigned first_used(const struct version *v)
{
    unsigned i = 1;

    while (i < LEVELS && v->levels[i].count == 0)
        i++;
    return i;
}

static uint64_t largest(const struct version *v)
{
    uint64_t most = 0;

    for (unsigned i = 1; i < LEVELS; i++)
        most = v->levels[i].bytes > most ? v->levels[i].bytes : most;
    return most;
}

void pick_levels(const struct version *v, const struct pick_options *o, struct pick_levels *out)
{
    unsigned used = first_used(v);
    /* A level in use is kept a while longer, or it would come and go at the limit. */
    uint64_t least = o->base_size / o->ratio / 4;
    uint64_t size = largest(v);

    assert(o->ratio >= 2 && o->l0_tables >= 1);
    *out = (struct pick_levels){ .base = LAST };
    out->target[LAST] = size ? size : 1;
    while (out->base > 1) {
        bool wanted = size > o->base_size;
        bool kept = used < out->base && size / o->ratio > least;
        if (!wanted && !kept)
            break;
        size /= o->ratio;
        out->target[--out->base] = size ? size : 1;
    }
    if (used < out->base)
        out->base = used;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What it takes to bring `bytes` of L0 into the base, then what is too much in each
 * level into the next: itself, and what it meets there, `ratio` times as much at most. */
static uint64_t cost(const uint64_t bytes[LEVELS], const struct pick_levels *l, unsigned ratio)
{
    uint64_t have = bytes[l->base] + bytes[0];
    uint64_t sum = bytes[0] + at_most(bytes[l->base], bytes[0] * ratio);

    for (unsigned i = l->base; i < LAST; i++) {
        uint64_t excess = have > l->target[i] ? have - l->target[i] : 0;
        sum += excess + at_most(bytes[i + 1], excess * ratio);
        have = bytes[i + 1] + excess;
    }
    return sum;
}

uint64_t pick_debt(const struct version *v, const struct pick_options *o)
{
    struct pick_levels l;
    uint64_t bytes[LEVELS];

    pick_levels(v, o, &l);
    for (unsigned i = 0; i < LEVELS; i++)
        bytes[i] = v->levels[i].bytes;
    return cost(bytes, &l, o->ratio);
}

uint64_t pick_debt_of(const struct version *v, const struct pick_options *o, uint64_t bytes)
{
    struct pick_levels l;
    uint64_t at[LEVELS];

    pick_levels(v, o, &l);
    for (unsigned i = 1; i < LEVELS; i++)
        at[i] = l.target[i];
    at[0] = bytes;
    return cost(at, &l, o->ratio);
}
