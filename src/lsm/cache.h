/* cache.h: blocks and values that were read, kept by S3-FIFO (Yang et al., SOSP
 * 2023): a small queue of a tenth of the budget, a main one, and the ghosts of what
 * the small one gave up.
 *
 * Owned by the loop; a hit counts a use and moves nothing.  Two shares, so that
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
    uint64_t evictions; /* for room; not those of forgotten files */
    uint64_t bytes;     /* of all entries, their overhead, pinned and given up ones included */
    uint64_t beyond;    /* of `bytes`: not in the queues, whose budget it is */
    uint64_t entries;
};

/* `budget` bytes for each share, the allocator's rounding and the entries' own memory
 * included; what is pinned when its time is over, and what was given up in this
 * turn, comes on top.  Entries larger than a quarter of it are kept only while
 * pinned or until the turn's end. */
struct cache *cache_new(const uint64_t budget[CACHE_SHARES]);
void cache_free(struct cache *c); /* accepts NULL; nothing may be pinned */

/* If it is less it gives way little by little, some at each cache_turn(), and holds no
 * more than it did meanwhile. */
void cache_set_budget(struct cache *c, enum cache_share share, uint64_t budget);

/* It is not done with that. */
bool cache_gives_way(const struct cache *c);

/* What is there of (file, offset), or NULL; a block's offset is its number.  Counts as a
 * use, unless it is pinned: who has it pinned is who had it read. */
const uint8_t *cache_find(struct cache *c, enum cache_share share, uint64_t file, uint64_t offset,
                          size_t *len);

/* The entry, or NULL, for cache_use() within the turn; counts as nothing. */
struct cache_entry *cache_peek(const struct cache *c, enum cache_share share, uint64_t file,
                               uint64_t offset);

/* cache_find() for an entry that is there. */
const uint8_t *cache_use(struct cache *c, struct cache_entry *e, size_t *len);

/* What cache_peek() will touch: first the index, a little later the entry. */
void cache_prefetch(const struct cache *c, enum cache_share share, uint64_t file, uint64_t offset);
void cache_prefetch_entry(const struct cache *c, enum cache_share share, uint64_t file,
                          uint64_t offset);

/* Takes `bytes` (mem_alloc()).  If the entry is there already the new bytes are
 * freed and the old ones stay.  Returns the entry, pinned once if `pin`; without a
 * pin it is good until the next cache_turn(). */
struct cache_entry *cache_insert(struct cache *c, enum cache_share share, uint64_t file,
                                 uint64_t offset, uint8_t *bytes, size_t len, bool pin);
void cache_pin(struct cache *c, struct cache_entry *e);
void cache_unpin(struct cache *c, struct cache_entry *e);
const uint8_t *cache_bytes(const struct cache_entry *e, size_t *len);

/* Forgets every entry of a file that nobody will ask for again (ids are never used
 * twice).  Costs nothing now: its entries are the first to give way when room is
 * needed, and some of them go each turn; pinned ones when they are unpinned. */
void cache_forget(struct cache *c, uint64_t file);

/* A new turn: frees what was given up in the last one, some of what a smaller budget has
 * no room for, and some of what was forgotten. */
void cache_turn(struct cache *c);

const struct cache_stats *cache_stats(const struct cache *c, enum cache_share share);

/* Walks every entry. */
bool cache_check(const struct cache *c);

#endif
