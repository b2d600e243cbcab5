/* log_state.h: what the two halves of a log share: log.c, which is called, and
 * log_pump.c, which writes. */
#ifndef HENGE_LSM_LOG_STATE_H
#define HENGE_LSM_LOG_STATE_H

#include "lsm/frames.h"
#include "lsm/log.h"
#include "lsm/log_job.h"
#include "lsm/log_parts.h"
#include "lsm/spare.h"

enum { LOG_SECOND_US = 1000000 };

struct log {
    struct env *env;
    struct lsm_stats *stats;
    struct log_hooks hooks;
    char *dir;
    size_t segment_size;
    size_t frame_max;
    uint64_t boot;
    enum lsm_sync sync;
    enum log_state state;
    struct err err;          /* why NO_SPACE or BROKEN */
    struct err doomed;       /* what waits cannot be written; dropped when the rest is synced */
    struct frames open;      /* what comes */
    struct frames flight;    /* what is being written, or waits for a segment */
    struct segment *current; /* NULL: to be taken from the spare */
    struct segment *sealed;  /* older ones not synced yet, oldest first */
    struct log_parts parts;
    struct spare spare;
    struct log_job job;
    bool busy;  /* the job is under way */
    bool again; /* a write failed; the next segment is the last try */
    bool stuck; /* what waits needs a segment that is not there */
    bool stopping;
    bool ending;      /* the last job was submitted */
    bool sync_due;    /* a second is over */
    uint64_t last_id; /* of the segment before the current one */
    uint64_t index;   /* of the last frame of arc 0 written */
    uint64_t closed;  /* of the last of them that was closed */
    uint64_t end;     /* added */
    uint64_t written;
    uint64_t synced;
    uint64_t acked;
    uint64_t wanted;   /* to be synced, whatever the policy */
    uint64_t reached;  /* at the last failure: nothing was ever written there or behind */
    uint64_t stamp;    /* of the last cell added */
    uint64_t sync_us;  /* when the last sync began */
    uint64_t spare_us; /* when the last attempt at a segment ended */
};

/* Takes note of what may be answered for. */
void log_acknowledge(struct log *log);

/* Whether something that was written is not synced, or a segment not closed. */
bool log_unsynced(const struct log *log);

/* Ends the open frame, if there is one. */
void log_close_frame(struct log *log);

/* Starts whatever can be started. */
void log_pump(struct log *log);

/* The same from a done(), where hooks may be called. */
void log_pump_done(struct log *log);

/* The last job, once nothing is left to do and no other is under way. */
void log_end_if_done(struct log *log);

/* The spare's on_done(). */
void log_on_spare(void *owner);

/* Bytes the current segment takes behind what is written, from numbers that are
 * the loop's also while a job has the segment. */
uint64_t log_room_left(const struct log *log);

/* The numbers of the log's segments, for statistics. */
void log_count_parts(struct log *log);

#endif
