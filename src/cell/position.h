/* position.h: where a key is: on the ring, in memory, on disk, in a SCAN.
 *
 *     63      50 49                                      0
 *     [  slot   |  top 50 bits of XXH3-64 of the whole key ]
 *
 * The slot is Redis Cluster's: CRC16 of the hash tag, modulo 16384.  Everything
 * is sorted by position, so a slot, an arc and a SCAN are runs of it. */
#ifndef HENGE_CELL_POSITION_H
#define HENGE_CELL_POSITION_H

#include <stdint.h>

#include "base/slice.h"

enum { POSITION_SLOTS = 16384, POSITION_SLOT_SHIFT = 50 };

/* The slot of a key: of what stands between its first '{' and the next '}', if
 * that is not empty, else of the whole key. */
unsigned position_slot_of(struct slice key);

uint64_t position_of(struct slice key);

static inline unsigned position_slot(uint64_t position)
{
    return (unsigned)(position >> POSITION_SLOT_SHIFT);
}

#endif
