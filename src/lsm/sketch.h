/* sketch.h: how often positions were asked for lately, in a few bits each: TinyLFU
 * (Einziger, Friedman, Manes 2017): a count-min sketch of four-bit counters in
 * which only the smallest of a position's four grow, and everything is halved when as
 * many touches came as ten times the positions it is made for.
 *
 * So a count is never too small but by the halvings, rarely too large, and at most
 * 15.  Written by the loop; a job may ask for counts meanwhile. */
#ifndef HENGE_LSM_SKETCH_H
#define HENGE_LSM_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SKETCH_MAX = 15 };

struct sketch;

/* For about that many different positions, in four bytes each (rounded up to a power
 * of two, at most 64 MiB). */
struct sketch *sketch_new(uint64_t positions);
void sketch_free(struct sketch *s); /* accepts NULL */

/* One use of a position.  At every so many touches all counts are halved, a piece of
 * the sketch with each touch, so no touch is long. */
void sketch_touch(struct sketch *s, uint64_t position);

/* About how often it was touched lately, 0..SKETCH_MAX. */
unsigned sketch_count(const struct sketch *s, uint64_t position);

/* Halves all counts now. */
void sketch_halve(struct sketch *s);

size_t sketch_bytes(const struct sketch *s);
uint64_t sketch_halvings(const struct sketch *s);
bool sketch_check(const struct sketch *s);

#endif
