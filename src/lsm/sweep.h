/* sweep.h: housekeeping of the active memtable, a little at a time.
 *
 * Frees what a flush hid for good and tombstones nothing needs any more, and
 * finds what has expired. */
#ifndef HENGE_LSM_SWEEP_H
#define HENGE_LSM_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "lsm/dataset.h"

struct sweep {
    struct buf bytes;   /* the key it stopped behind */
    struct cell_key at; /* borrows from `bytes` */
};

/* What may be freed, and who wants the expired. */
struct sweep_rules {
    uint64_t stamp;                    /* cells newer than this may still be undone */
    uint64_t flushed[LIMIT_DATABASES]; /* ... and these are flushed for good */
    bool bottom; /* nothing is older than the active memtable: tombstones hide nothing */
    uint64_t now_ms;
    void (*expired)(void *arg, const uint8_t *cell);
    void *arg;
};

/* `= {0}` begins at the first cell. */
void sweep_deinit(struct sweep *s);

/* Goes on for at most `visits` cells, from the end to the beginning; returns how
 * many, 0 if there is none. */
size_t sweep_step(struct sweep *s, struct dataset *d, size_t visits,
                  const struct sweep_rules *rules);

#endif
