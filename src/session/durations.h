/* durations.h: how long things took, counted in buckets that grow with what is in them.
 *
 * Each power of two of nanoseconds has 16 buckets, so that what is read back is at most a
 * sixteenth too large (HdrHistogram's idea, with fewer digits).  What took less than 64 ns
 * is in the first bucket, what took more than about a second in the last. */
#ifndef HENGE_SESSION_DURATIONS_H
#define HENGE_SESSION_DURATIONS_H

#include <stdint.h>

enum {
    DURATIONS_SUB_BITS = 4,
    DURATIONS_FIRST = 6, /* as powers of two of nanoseconds */
    DURATIONS_LAST = 30,
    DURATIONS_BUCKETS = (DURATIONS_LAST - DURATIONS_FIRST) << DURATIONS_SUB_BITS,
};

/* `= {0}` is an empty one. */
struct durations {
    uint64_t total;
    uint64_t buckets[DURATIONS_BUCKETS];
};

/* `n` things took `ns` each. */
void durations_add(struct durations *d, uint64_t ns, uint64_t n);

/* What so many percent took at most, in nanoseconds; 0 if there is nothing. */
uint64_t durations_at(const struct durations *d, double percent);

/* How many took less than 2^power nanoseconds. */
uint64_t durations_below(const struct durations *d, unsigned power);

#endif
