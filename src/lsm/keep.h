/* keep.h: what of a merged run of cells is still needed: the rules by which
 * flushes and compactions drop.  The first that fits decides:
 *
 *     shadowed by a newer cell of its key           dropped
 *     of a database flushed at or after its stamp   dropped: all older ones of the key are, too
 *     a tombstone, and nothing older below          dropped
 *     expired by `now_ms`                           a tombstone in its place, or dropped as one is
 *     any other                                     kept
 *
 * So only the newest cell of a key decides: one that is expired never lets an older
 * one through.  Decides; touches nothing. */
#ifndef HENGE_LSM_KEEP_H
#define HENGE_LSM_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cell/cell.h"

struct keep {
    uint64_t now_ms; /* by applied stamps, not by a clock: no reader's time is before it */
    uint64_t flushed[LIMIT_DATABASES]; /* stamps, as in struct version */
    /* Whether an older table than all that are merged may hold this key. */
    bool (*below)(void *arg, const uint8_t *cell);
    void *arg;
    struct buf made; /* a tombstone that stands for an expired cell */
};

enum keep_verdict {
    KEEP_CELL,      /* as it is */
    KEEP_TOMBSTONE, /* keep->made instead: same key, stamp and origin; good until the next call */
    KEEP_NOTHING,
};

/* `again`: a newer cell of the same key came before. */
enum keep_verdict keep_judge(struct keep *k, const uint8_t *cell, bool again);
void keep_deinit(struct keep *k);

#endif
