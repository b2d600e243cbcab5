/* log.h: the write-ahead log: frames into segments, in order, as the policy asks.
 *
 * At most one job works on it at a time.  While none does, the loop writes small
 * turns itself; what comes while one does waits for the next: that is the group
 * commit.  A file whose sync is in flight is never written to. */
#ifndef HENGE_LSM_LOG_H
#define HENGE_LSM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "env/env.h"
#include "lsm/lsm.h"
#include "lsm/segment.h"

/* OPEN <-> NO_SPACE,  any -> BROKEN,  any -> CLOSED */
enum log_state {
    LOG_OPEN,
    LOG_NO_SPACE, /* no segment to go on in; tried again every second */
    LOG_BROKEN,   /* a write failed twice, or a sync failed: nothing more is written */
    LOG_CLOSED,   /* after log_stop() */
};

/* All from a job's done(), as the last thing it does. */
struct log_hooks {
    void *owner;
    void (*on_acked)(void *owner);                /* log_acked() may have grown */
    void (*on_failed)(void *owner, struct err e); /* what is behind log_acked() will not be */
    void (*on_state)(void *owner);
};

/* Where it goes on; what a load found. */
struct log_start {
    struct segment *current; /* taken; NULL if there was no room for one */
    struct err no_space;     /* why not */
    uint64_t next_id;        /* of segments */
    uint64_t last_id;        /* of the newest segment but `current`; 0 for none */
    uint64_t end;            /* position; everything before it is synced */
    uint64_t index;          /* of the last frame */
    uint64_t stamp;          /* of the last cell */
};

struct log;

/* Copies what it is given; borrows `env` and `stats`, which it keeps. */
struct log *log_new(struct env *env, const struct lsm_options *options,
                    const struct log_start *start, const struct log_hooks *hooks,
                    struct lsm_stats *stats);

/* As a crash.  Accepts NULL. */
void log_free(struct log *log);

/* Writes and syncs what there is, then LOG_CLOSED. */
void log_stop(struct log *log);

enum log_state log_state(const struct log *log);
struct err log_error(const struct log *log);

/* Whether about `bytes` more find room. */
bool log_can_take(const struct log *log, size_t bytes);

/* Room for one cell of `size` bytes, to be filled at once. */
uint8_t *log_add(struct log *log, size_t size, uint64_t stamp);

/* A request ends here, so a frame may. */
void log_request(struct log *log);

/* The turn ends here. */
void log_commit(struct log *log);

/* Position behind what was added, and of what is acknowledged. */
uint64_t log_end(const struct log *log);
uint64_t log_acked(const struct log *log);

/* Bytes that wait to be written. */
uint64_t log_waiting(const struct log *log);

void log_set_sync(struct log *log, enum lsm_sync sync);
uint64_t log_deadline(const struct log *log);
void log_tick(struct log *log, uint64_t mono_us);

bool log_check(const struct log *log);

#endif
