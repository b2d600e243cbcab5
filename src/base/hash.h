/* hash.h: the two hashes keys are placed by. */
#ifndef HENGE_BASE_HASH_H
#define HENGE_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

/* CRC16-XMODEM (polynomial 0x1021, start 0), as Redis Cluster's specification
 * uses it for slots. */
uint16_t hash_crc16(struct slice bytes);

/* XXH3, 64 bits, seed 0. */
uint64_t hash_xxh3(struct slice bytes);

#endif
