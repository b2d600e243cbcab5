/* linear_cache.h: a set of 128-bit names, for what a search has been at.
 *
 * A name is a sum (exclusive or) of random-looking numbers for its parts (Zobrist 1970), so
 * that it is changed in one step however large what it names is.  Two things of one
 * name among 2^32 are as likely as 2^-65. */
#ifndef HENGE_JUDGE_LINEAR_CACHE_H
#define HENGE_JUDGE_LINEAR_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct linear_name {
    uint64_t a;
    uint64_t b;
};

struct linear_cache {
    struct linear_name *at; /* {0, 0}: free */
    size_t cap;
    size_t count;
};

void linear_cache_init(struct linear_cache *c);
void linear_cache_deinit(struct linear_cache *c);

bool linear_cache_has(const struct linear_cache *c, struct linear_name name);

/* False if it was there. */
bool linear_cache_add(struct linear_cache *c, struct linear_name name);

size_t linear_cache_bytes(const struct linear_cache *c);

/* The name of part `x` of kind `kind`. */
struct linear_name linear_name_of(uint64_t kind, uint64_t x);

static inline struct linear_name linear_name_join(struct linear_name x, struct linear_name y)
{
    return (struct linear_name){ x.a ^ y.a, x.b ^ y.b };
}

#endif
