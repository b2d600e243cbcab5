/* zipf.c: by the cumulated frequencies. */
#include "zipf.h"

#include <math.h>

#include "base/mem.h"

struct zipf {
    unsigned keys;
    double upto[];
};

struct zipf *zipf_new(unsigned keys, double skew)
{
    struct zipf *z = mem_alloc(sizeof *z + keys * sizeof(double));
    double sum = 0;

    z->keys = keys;
    for (unsigned i = 0; i < keys; i++)
        z->upto[i] = sum += 1 / pow(i + 1, skew);
    for (unsigned i = 0; i < keys; i++)
        z->upto[i] /= sum;
    return z;
}

unsigned zipf_next(const struct zipf *z, struct prng *prng)
{
    double u = (double)(prng_next(prng) >> 11) / 9007199254740992.0;
    unsigned lo = 0, hi = z->keys - 1;

    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (z->upto[mid] < u)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
