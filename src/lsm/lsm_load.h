/* lsm_load.h: from a directory to a dataset and a log that can go on: a job.
 *
 * It locks the directory, replays its segments, decides whether the log ends in
 * a torn tail or is damaged, cuts the tail, makes everything it believed durable,
 * and begins a new segment: an old file is never appended to. */
#ifndef HENGE_LSM_LSM_LOAD_H
#define HENGE_LSM_LSM_LOAD_H

#include "env/env.h"
#include "lsm/dataset.h"
#include "lsm/log.h"
#include "lsm/lsm.h"
#include "lsm/manifest.h"
#include "lsm/tails.h"

enum { LOAD_DETAIL = 512 };

struct load {
    struct job job; /* `done` and `owner` are the submitter's */
    void *owner;
    struct env *env;
    struct lsm_options options; /* borrowed `dir` */
    struct file_ids *ids;       /* borrowed; set before a file is made */
    unsigned permille;          /* __atomic, relaxed: the job writes, the loop reads */
    /* outputs */
    struct err err;
    char detail[LOAD_DETAIL];  /* for people, if err */
    struct fs_file *lock;      /* taken by the receiver, also after an error; may be NULL */
    struct dataset data;       /* as above */
    struct version *version;   /* as above, with its files open */
    struct manifest *manifest; /* as above */
    struct log_start start;
    struct tails tails; /* as above */
    uint64_t frames;
    uint64_t bytes;
    uint64_t torn;
    uint64_t boot; /* in which the log was written last; 0: not known, or there is none */
    bool clean;    /* the log ends where it was closed in order */
};

/* `run` of the job. */
void load_run(struct job *job);

#endif
