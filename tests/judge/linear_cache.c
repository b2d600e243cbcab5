/* linear_cache.c: open addressing, at most half full. */
#include "judge/linear_cache.h"

#include "base/mem.h"

enum { CAP_FIRST = 1 << 12 };

void linear_cache_init(struct linear_cache *c)
{
    *c = (struct linear_cache){ mem_zalloc(CAP_FIRST, sizeof *c->at), CAP_FIRST, 0 };
}

void linear_cache_deinit(struct linear_cache *c)
{
    mem_free(c->at);
    *c = (struct linear_cache){ 0 };
}

/* Where it is, or would be. */
static size_t place_of(const struct linear_cache *c, struct linear_name name)
{
    size_t i = (size_t)name.a & (c->cap - 1);

    while ((c->at[i].a != name.a || c->at[i].b != name.b) && (c->at[i].a || c->at[i].b))
        i = (i + 1) & (c->cap - 1);
    return i;
}

bool linear_cache_has(const struct linear_cache *c, struct linear_name name)
{
    const struct linear_name *n = &c->at[place_of(c, name)];

    return n->a || n->b;
}

static void grow(struct linear_cache *c)
{
    struct linear_cache old = *c;

    c->cap *= 2;
    c->at = mem_zalloc(c->cap, sizeof *c->at);
    for (size_t i = 0; i < old.cap; i++) {
        if (old.at[i].a || old.at[i].b)
            c->at[place_of(c, old.at[i])] = old.at[i];
    }
    mem_free(old.at);
}

bool linear_cache_add(struct linear_cache *c, struct linear_name name)
{
    size_t i = place_of(c, name);

    if (c->at[i].a || c->at[i].b)
        return false;
    c->at[i] = name;
    if (++c->count * 2 > c->cap)
        grow(c);
    return true;
}

size_t linear_cache_bytes(const struct linear_cache *c)
{
    return c->cap * sizeof *c->at;
}

/* The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

struct linear_name linear_name_of(uint64_t kind, uint64_t x)
{
    uint64_t seed = mix(x + 0x9e3779b97f4a7c15u * (kind + 1));

    return (struct linear_name){ mix(seed + 0xd1b54a32d192ed03u), mix(seed ^ 0x8cb92ba72f3d8dd7u) };
}
