/* evict.h: which cells a compaction drops for room: the lowest ranks, up to a share of
 * the bytes.
 *
 * How ranks are spread is learnt from the cells that the last such compactions met; as
 * positions are hashes, each of them meets a fair sample of the store.  Keys with one hash
 * tag lie together: where they are colder than what was met before more of them goes, and
 * less where they are hotter, as it should be. */
#ifndef HENGE_LSM_EVICT_H
#define HENGE_LSM_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "lsm/heat.h"

/* Bytes by rank, values included. */
struct evict_spread {
    uint64_t bytes[HEAT_RANKS];
    struct heat_time when; /* ranks are those of then */
    bool known;
};

/* One compaction's. */
struct evict {
    struct heat *heat;     /* a reference is held by the loop */
    struct heat_time then; /* when the ranks of `cut` were learnt */
    uint64_t seed;         /* which of equal ranks go */
    unsigned cut;          /* ranks below it go */
    uint32_t part;         /* of rank `cut`, so many of 2^32 */
    struct evict_spread met;
    uint64_t keys;  /* that went */
    uint64_t bytes; /* of them */
};

/* Chooses the cut that takes about `permille` of the bytes in `spread`; nothing goes while
 * that is not known. */
void evict_init(struct evict *e, struct heat *heat, const struct evict_spread *spread,
                unsigned permille, uint64_t now_ms, uint64_t seed);

/* Whether this encoded cell, with nothing older below it, goes. */
bool evict_judge(struct evict *e, const uint8_t *cell);

/* What was met counts half and half with what was known. */
void evict_learn(struct evict_spread *spread, const struct evict *e);

#endif
