/* durations.c: from a duration to its bucket and back. */
#include "session/durations.h"

#include <math.h>

enum { SUBS = 1 << DURATIONS_SUB_BITS };

static unsigned bucket_of(uint64_t ns)
{
    unsigned power;

    if (ns < UINT64_C(1) << DURATIONS_FIRST)
        return 0;
    if (ns >= UINT64_C(1) << DURATIONS_LAST)
        return DURATIONS_BUCKETS - 1;
    power = 63 - (unsigned)__builtin_clzll(ns);
    return (power - DURATIONS_FIRST) << DURATIONS_SUB_BITS |
           (unsigned)(ns >> (power - DURATIONS_SUB_BITS) & (SUBS - 1));
}

/* The largest duration of a bucket. */
static uint64_t most_of(unsigned bucket)
{
    unsigned power = DURATIONS_FIRST + (bucket >> DURATIONS_SUB_BITS);
    uint64_t width = UINT64_C(1) << (power - DURATIONS_SUB_BITS);

    return (UINT64_C(1) << power) + ((bucket & (SUBS - 1)) + 1) * width - 1;
}

void durations_add(struct durations *d, uint64_t ns, uint64_t n)
{
    d->total += n;
    d->buckets[bucket_of(ns)] += n;
}

uint64_t durations_at(const struct durations *d, double percent)
{
    double exact = ceil((double)d->total * percent / 100);
    uint64_t wanted = exact < 1 ? 1 : (uint64_t)exact, seen = 0;

    for (unsigned i = 0; i < DURATIONS_BUCKETS; i++) {
        seen += d->buckets[i];
        if (seen >= wanted)
            return most_of(i);
    }
    return 0;
}

uint64_t durations_below(const struct durations *d, unsigned power)
{
    unsigned end = power <= DURATIONS_FIRST ? 0 : (power - DURATIONS_FIRST) << DURATIONS_SUB_BITS;
    uint64_t n = 0;

    for (unsigned i = 0; i < end && i < DURATIONS_BUCKETS; i++)
        n += d->buckets[i];
    return n;
}
