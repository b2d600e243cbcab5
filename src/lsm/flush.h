/* flush.h: a sealed memtable becomes a table of L0: one job.
 *
 * Values of `value_separation` bytes or more stay where the log wrote them: their
 * cells get a blob_ref to the segment.  In a rescue (the segments cannot be
 * trusted) they go to a blob file instead. */
#ifndef HENGE_LSM_FLUSH_H
#define HENGE_LSM_FLUSH_H

#include "env/env.h"
#include "lsm/keep.h"
#include "lsm/memtable.h"
#include "lsm/segment.h"
#include "lsm/table_writer.h"
#include "lsm/version.h"

struct flush {
    struct job job; /* `done` and `owner` are the submitter's; run is flush_run */
    void *owner;
    struct env *env;
    const char *dir;
    struct file_ids *ids;
    /* inputs; shared and not changed until done() */
    const struct memtable *memtable;
    struct version *version; /* held: what is below; tables older than this memtable, blobs known */
    const struct log_stretch *stretches; /* by base; cover every large cell's place */
    size_t stretch_count;
    struct table_options table;
    uint32_t value_separation;
    uint64_t order; /* of the L0 table */
    struct log_mark mark;
    uint64_t now_ms;
    uint64_t flushed[LIMIT_DATABASES];
    bool rescue;
    /* outputs */
    struct err err;
    struct edit
        edit; /* adds at most one table, the blob files it is the first to refer to, live bytes, the mark */
    uint64_t bytes; /* written */
    uint64_t us;
};

/* `run` of the job: on an error nothing is left on disk that was not there. */
void flush_run(struct job *job);

#endif
