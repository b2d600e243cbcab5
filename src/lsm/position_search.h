/* position_search.h: where a position is in a sorted array of them, as it lies in
 * a file: by interpolation, for positions are hashes and so evenly spread.
 *
 * At most three guesses, then halving: a spread that is not even costs a few
 * steps more, never a walk. */
#ifndef HENGE_LSM_POSITION_SEARCH_H
#define HENGE_LSM_POSITION_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"

/* How many of the `n` positions, little-endian, are smaller than `x`. */
size_t position_search(const uint8_t *positions, size_t n, uint64_t x);

/* Where among the `n`, at least one, it looks first. */
size_t position_guess(const uint8_t *positions, size_t n, uint64_t x);

static inline uint64_t position_at(const uint8_t *positions, size_t i)
{
    return wire_get64(positions + i * 8);
}

#endif
