/* recency.h: when positions were last used, about, in a fixed piece of memory: a
 * count-min sketch of times.  A position has two slots of one cache line, a use writes
 * the time into both, and the older of the two is its answer: never too old, and too young
 * only if others wrote to both since.
 *
 * Written by the loop; a job may ask meanwhile. */
#ifndef HENGE_LSM_RECENCY_H
#define HENGE_LSM_RECENCY_H

#include <stddef.h>
#include <stdint.h>

struct recency;

/* Of about that many bytes: a power of two. */
struct recency *recency_new(size_t bytes);
void recency_free(struct recency *r); /* accepts NULL */

/* A use at `tick`, which never falls; 0 is never. */
void recency_touch(struct recency *r, uint64_t position, uint32_t tick);

/* The tick of its last use, about; 0: it had none. */
uint32_t recency_last(const struct recency *r, uint64_t position);

size_t recency_bytes(const struct recency *r);

#endif
