/* checkpoint_job.h: the part of a checkpoint that touches the disk, in slices.
 *
 *     <dir>/checkpoints/incomplete          while it is being made
 *     <dir>/checkpoints/checkpoint-<id>     a whole one: a store's folder like any other
 *
 * Files that are never written again get a second name there (a hard link), a manifest of
 * the version is written, and the log's last segment, which grows, is copied; then all is
 * synced and the folder renamed.  So a folder that is called checkpoint is whole and
 * durable.  <id> is the manifest's: later ones have larger ones. */
#ifndef HENGE_LSM_CHECKPOINT_JOB_H
#define HENGE_LSM_CHECKPOINT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "env/env.h"
#include "lsm/file_name.h"
#include "lsm/version.h"

/* A file that is linked. */
struct checkpoint_file {
    enum file_kind kind;
    uint64_t id;
};

struct checkpoint_job {
    struct job job;
    struct env *env;
    const char *dir; /* the store's; borrowed */
    struct file_ids *ids;
    const struct version *version; /* what the manifest says; held by the owner */
    struct checkpoint_file *files; /* owned */
    size_t count;
    uint64_t tail;      /* the segment that is copied; 0: none */
    uint64_t tail_size; /* so many bytes of it */
    unsigned keep;      /* so many of the newest stay; at least 1 */
    bool stop;          /* end with the next slice: the store does */
    bool ended;
    struct err err;
    char *at; /* the path an error is about */

    unsigned step; /* the job's own from here on */
    size_t next;   /* file to come */
    uint64_t id;   /* of the manifest */
    char *into;    /* <dir>/checkpoints/incomplete */
    char *shelf;   /* <dir>/checkpoints */
    uint64_t *old; /* checkpoints that go */
    size_t old_count;
};

/* `run` of its job: one slice; to be submitted until it has ended. */
void checkpoint_job_run(struct job *job);

/* What it has in memory. */
void checkpoint_job_deinit(struct checkpoint_job *c);

/* For a load: removes what a crash left of one that was being made. */
void checkpoint_clean(struct fs *fs, const char *dir);

#endif
