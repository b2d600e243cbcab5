/* keep.h: whether a key's newest cell is still needed: the rules by which flushes and
 * compactions drop.  Older ones that come along are not needed at all.  The first that
 * fits decides:
 *
 *     of a database flushed at or after its stamp   dropped: all older ones of the key are, too
 *     a tombstone, and nothing older below          dropped
 *     expired by `now_ms`                           a tombstone in its place, or dropped as one is
 *     chosen by `evict`, and nothing older below    dropped
 *     any other                                     kept
 *
 * Only the newest cell of a key decides: one that is expired never lets an older one
 * through.  Decides; touches nothing. */
#ifndef HENGE_LSM_KEEP_H
#define HENGE_LSM_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cell/cell.h"

struct evict;

struct keep {
    uint64_t now_ms; /* by applied stamps, not by a clock: no reader's time is before it */
    uint64_t flushed[LIMIT_DATABASES]; /* stamps, as in struct version */
    /* Whether an older table than all that are merged may hold this key. */
    bool (*below)(void *arg, const uint8_t *cell);
    void *arg;
    struct evict *evict; /* NULL: nothing is evicted */
    /* With `evict`: whether a newer cell of this key may hide it; then it is no key to be
     * evicted, and who counts on it being there is right. */
    bool (*above)(void *arg, const uint8_t *cell);
    struct buf made; /* a tombstone that stands for an expired cell */
};

enum keep_verdict {
    KEEP_CELL,      /* as it is */
    KEEP_TOMBSTONE, /* keep->made instead: same key, stamp and origin; good until the next call */
    KEEP_NOTHING,
    KEEP_EVICTED, /* nothing either */
};

enum keep_verdict keep_judge(struct keep *k, const uint8_t *cell);

/* What is left of a cell's CELL_OVER flags: nothing if there is nothing below. */
uint8_t keep_over(struct keep *k, const uint8_t *cell);
void keep_deinit(struct keep *k);

#endif
