/* filter.c: a position is mixed once for the line, and once more for the six bits
 * of nine bits' choice in it. */
#include "lsm/filter.h"

enum { LINE_BITS = FILTER_LINE * 8, BIT_CHOICE = 9 /* log2 of LINE_BITS */ };

struct place {
    size_t line;   /* where its line begins */
    uint64_t bits; /* FILTER_PROBES bit numbers of BIT_CHOICE bits, from the top */
};

/* MurmurHash3's finalizer: every bit of x reaches every bit of the result. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccd;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53;
    return x ^ x >> 33;
}

static struct place place_of(size_t size, uint64_t position)
{
    uint64_t h = mix(position), lines = size / FILTER_LINE;

    /* A line by the upper half, as if it were a fraction. */
    return (struct place){ (size_t)((h >> 32) * lines >> 32) * FILTER_LINE,
                           h * 0x9e3779b97f4a7c15 };
}

size_t filter_size(uint64_t keys, unsigned bits)
{
    uint64_t lines = (keys * bits + LINE_BITS - 1) / LINE_BITS;

    return (lines ? (size_t)lines : 1) * FILTER_LINE;
}

void filter_add(uint8_t *filter, size_t size, uint64_t position)
{
    struct place p = place_of(size, position);

    for (unsigned i = 0; i < FILTER_PROBES; i++, p.bits <<= BIT_CHOICE) {
        unsigned bit = (unsigned)(p.bits >> (64 - BIT_CHOICE));
        filter[p.line + bit / 8] |= (uint8_t)(1 << bit % 8);
    }
}

bool filter_may_hold(const uint8_t *filter, size_t size, uint64_t position)
{
    struct place p = place_of(size, position);

    for (unsigned i = 0; i < FILTER_PROBES; i++, p.bits <<= BIT_CHOICE) {
        unsigned bit = (unsigned)(p.bits >> (64 - BIT_CHOICE));
        if (!(filter[p.line + bit / 8] >> bit % 8 & 1))
            return false;
    }
    return true;
}

void filter_prefetch(const uint8_t *filter, size_t size, uint64_t position)
{
    __builtin_prefetch(filter + place_of(size, position).line);
}
