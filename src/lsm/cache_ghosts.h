/* cache_ghosts.h: what a cache gave up lately, remembered by hash alone.
 *
 * The queue of ghosts as S3-FIFO's authors build it (Yang et al., SOSP 2023, section
 * 4.2): a table of prints, each with the count of insertions it came at; one is in
 * the queue while fewer than the queue's length came after it.  So nothing is
 * ever taken out; a full bucket loses its oldest. */
#ifndef HENGE_LSM_CACHE_GHOSTS_H
#define HENGE_LSM_CACHE_GHOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache_ghosts {
    struct cache_ghost *ghosts; /* buckets of eight: a line of memory */
    size_t buckets;             /* a power of two, or 0 */
    uint32_t now;               /* insertions so far; may wrap, which confuses a few ghosts */
};

/* `= {0}` is an empty one. */
void cache_ghosts_deinit(struct cache_ghosts *g);

/* Remembers `hash`; `length` is that of the queue, for room. */
void cache_ghosts_add(struct cache_ghosts *g, uint64_t hash, size_t length);

/* Whether it is among the last `length`; if so it is forgotten. */
bool cache_ghosts_take(struct cache_ghosts *g, uint64_t hash, size_t length);

#endif
