/* position.c: slot by Redis Cluster's rule, then the hash. */
#include "cell/position.h"

#include <string.h>

#include "base/hash.h"

unsigned position_slot_of(struct slice key)
{
    const uint8_t *open = key.len ? memchr(key.data, '{', key.len) : NULL;

    if (open) {
        size_t rest = (size_t)(key.data + key.len - open) - 1;
        const uint8_t *close = memchr(open + 1, '}', rest);
        if (close && close > open + 1)
            key = slice_of(open + 1, (size_t)(close - open) - 1);
    }
    return hash_crc16(key) & (POSITION_SLOTS - 1);
}

uint64_t position_of(struct slice key)
{
    return (uint64_t)position_slot_of(key) << POSITION_SLOT_SHIFT |
           hash_xxh3(key) >> (64 - POSITION_SLOT_SHIFT);
}
