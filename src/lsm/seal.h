/* seal.h: the life of a memtable: full, sealed, flushed, ended.
 *
 *     active -> sealed -> (the log is synced beyond it) -> flush job -> edit installed
 *            -> the log forgets what is before its mark -> freed by a job
 *
 * Oldest first, one flush at a time. */
#ifndef HENGE_LSM_SEAL_H
#define HENGE_LSM_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lsm/flush.h"

struct lsm;

struct seal {
    struct lsm *lsm;
    struct flush flush;
    struct log_stretch *stretches; /* for the flush */
    bool busy;                     /* from the flush job's begin until its edit is installed */
    bool in_job;                   /* ... until its job is done */
    bool failed;                   /* the last flush did; another failure ends it */
    bool rescue;                   /* the log's device failed: everything must go to new files */
    bool rescue_sealed;            /* ... and everything that was in memory then is sealed */
    uint64_t retry_us;             /* mono; 0: none */
    uint64_t order;                /* of the newest flush that is installed */
    struct job freeing;            /* frees `old` */
    struct memtable *old;
    bool freeing_busy;
};

void seal_init(struct seal *s, struct lsm *lsm);
void seal_deinit(struct seal *s);

/* The active memtable is full, or the log behind the last mark is long: what is
 * overwritten again and again fills no memtable, but a restart reads all of it, and it
 * takes its room on the disk. */
bool seal_due(const struct seal *s);

/* After a commit: seals the active memtable; false if there is no room for another. */
bool seal_now(struct seal *s);

/* Starts what can be started. */
void seal_pump(struct seal *s);

/* The log needs everything in memory written to tables, whatever the files it wrote. */
void seal_rescue(struct seal *s);

/* The store ends: a rescue gets its last try at once. */
void seal_stop(struct seal *s);

/* No job of it is under way. */
bool seal_idle(const struct seal *s);
uint64_t seal_deadline(const struct seal *s);

#endif
