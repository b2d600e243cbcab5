/* cache.h: blocks and values that were read, kept by S3-FIFO (Yang et al., SOSP
 * 2023): a small queue a tenth of the budget, a main one, and the ghosts of what
 * the small one gave up.
 *
 * Owned by the loop; a hit sets a bit and moves nothing.  Two shares, so that
 * large values do not evict blocks.  What is given up within a turn is freed at
 * the next cache_turn(): pointers into entries are good until then. */
#ifndef HENGE_LSM_CACHE_H
#define HENGE_LSM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cache_share {
    CACHE_BLOCKS, /* of tables; decoded payloads */
    CACHE_VALUES, /* of segments and blob files */
    CACHE_SHARES,
};

struct cache;
struct cache_entry; /* pinned while somebody needs it to stay */

struct cache_stats {
    uint64_t hits;
    uint64_t misses;
    uint64_t inserts;
    uint64_t evictions;
    uint64_t bytes; /* of all entries, pinned and given up in this turn included */
    uint64_t entries;
};

/* `budget` bytes for each share; entries larger than a quarter of it are kept only
 * while pinned or until the turn's end. */
struct cache *cache_new(const uint64_t budget[CACHE_SHARES]);
void cache_free(struct cache *c); /* accepts NULL; nothing may be pinned */

/* Gives way at once if it is less. */
void cache_set_budget(struct cache *c, enum cache_share share, uint64_t budget);

/* What is there of (file, offset), or NULL; counts as a use. */
const uint8_t *cache_find(struct cache *c, enum cache_share share, uint64_t file, uint64_t offset,
                          size_t *len);
void cache_prefetch(const struct cache *c, enum cache_share share, uint64_t file, uint64_t offset);

/* Takes `bytes` (mem_alloc()).  If the entry is there already the new bytes are
 * freed and the old ones stay. Returns the entry, pinned once if `pin`. */
struct cache_entry *cache_insert(struct cache *c, enum cache_share share, uint64_t file,
                                 uint64_t offset, uint8_t *bytes, size_t len, bool pin);
void cache_pin(struct cache *c, struct cache_entry *e);
void cache_unpin(struct cache *c, struct cache_entry *e);
const uint8_t *cache_bytes(const struct cache_entry *e, size_t *len);

/* Forgets every entry of a file that is gone; pinned ones when they are unpinned. */
void cache_forget(struct cache *c, uint64_t file);

/* A new turn: frees what was given up in the last one. */
void cache_turn(struct cache *c);

const struct cache_stats *cache_stats(const struct cache *c, enum cache_share share);
bool cache_check(const struct cache *c);

#endif
