/* prng.c: xoshiro256**, seeded by splitmix64 as its authors advise. */
#include "base/prng.h"

#include <assert.h>

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void prng_init(struct prng *p, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        p->s[i] = z ^ (z >> 31);
    }
}

uint64_t prng_next(struct prng *p)
{
    uint64_t *s = p->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *p, uint64_t n)
{
    uint64_t limit, x;

    assert(n > 0);
    limit = UINT64_MAX - UINT64_MAX % n;
    do {
        x = prng_next(p);
    } while (x >= limit);
    return x % n;
}
