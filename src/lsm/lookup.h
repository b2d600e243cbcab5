/* lookup.h: one key in a version's tables, newest first, from any thread that may
 * read the disk: fetches, rewrites, checks.  (The loop has its own way, which
 * never reads: find.c.) */
#ifndef HENGE_LSM_LOOKUP_H
#define HENGE_LSM_LOOKUP_H

#include "lsm/version.h"

/* A block on its way to the cache. */
struct lookup_block {
    struct table *table;
    uint32_t block;
    uint8_t *payload; /* mem_alloc() */
    size_t len;
};

struct lookup {
    const struct version *version;
    size_t skip;                 /* tables that may hold the key, newest first, known not to */
    struct lookup_block *blocks; /* read so far, the last one's cell found or not */
    size_t count;
    size_t room;
};

/* The newest cell of `key`, tombstones included, or NULL (then *e says if that is
 * for an error). Borrowed from the blocks, which grow by what was read. */
const uint8_t *lookup_find(struct lookup *l, const struct cell_key *key, struct err *e);

/* Reads one block and keeps it. */
void lookup_read(struct lookup *l, struct table *t, uint32_t block, struct err *e);

/* Frees the payloads that were not taken (set to NULL) and the list. */
void lookup_deinit(struct lookup *l);

#endif
