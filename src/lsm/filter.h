/* filter.h: a blocked Bloom filter (Putze, Sanders, Singler 2007): every key's
 * probes fall into one 64-byte line.  One entry a position; positions are mixed
 * again, for their high bits are alike within a table. */
#ifndef HENGE_LSM_FILTER_H
#define HENGE_LSM_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILTER_LINE = 64, FILTER_PROBES = 6 };

/* Bytes of a filter for `keys` entries at `bits` a key; a multiple of FILTER_LINE,
 * at least one line.  At 10 bits about one probe in a hundred is true for nothing. */
size_t filter_size(uint64_t keys, unsigned bits);

/* `size` is filter_size()'s, below 2^38; a new filter is all zeros. */
void filter_add(uint8_t *filter, size_t size, uint64_t position);
bool filter_may_hold(const uint8_t *filter, size_t size, uint64_t position);
void filter_prefetch(const uint8_t *filter, size_t size, uint64_t position);

#endif
