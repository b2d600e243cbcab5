/* log_job.h: what the log does on the pool: write a run of frames, sync, end.
 *
 * The loop hands over segments and bytes, touches neither until done(), and reads
 * the outcome there. */
#ifndef HENGE_LSM_LOG_JOB_H
#define HENGE_LSM_LOG_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "env/env.h"
#include "lsm/frames.h"
#include "lsm/segment.h"

enum log_step {
    LOG_STEP_NONE,
    LOG_STEP_WRITE,
    LOG_STEP_SYNC,
};

struct log_job {
    struct job job;
    struct env *env;
    const char *dir;
    /* inputs */
    struct segment *target; /* to be written or synced; NULL for neither */
    struct segment *sealed; /* older ones, to be synced and closed */
    struct segment *unused; /* end only: a spare, to be removed */
    uint8_t *bytes;         /* frames for `target` */
    size_t len;
    struct frames_place place;
    struct segment_facts facts;
    uint64_t stamp; /* end only: of the last cell */
    bool sync;      /* `sealed` was handed over */
    bool sync_target;
    bool dead; /* end only: close, and nothing else */
    /* outputs */
    enum log_step failed;
    struct err err;
    unsigned syncs;
    uint64_t sync_us; /* the longest of them */
};

/* Seals and writes `bytes`, then syncs `sealed`, oldest first, and the target:
 * `run` of a job. */
void log_job_run(struct job *job);

/* The orderly end: a last frame that promises that everything is synced, the
 * unused room given back, files closed: `run` of a job. */
void log_job_end(struct job *job);

#endif
