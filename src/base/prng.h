/* prng.h: random numbers from a seed: xoshiro256** (Blackman and Vigna, 2018).
 * Not for secrets. */
#ifndef HENGE_BASE_PRNG_H
#define HENGE_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t s[4];
};

void prng_init(struct prng *p, uint64_t seed);
uint64_t prng_next(struct prng *p);

/* Uniform in [0, n); n > 0. */
uint64_t prng_below(struct prng *p, uint64_t n);

/* True once in `n` on average; n > 0. */
static inline bool prng_one_in(struct prng *p, uint64_t n)
{
    return prng_below(p, n) == 0;
}

#endif
