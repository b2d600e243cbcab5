/* flush.h: a sealed memtable becomes a table of L0: one job.
 *
 * Values that are large (memtable.h) stay where the log wrote them: their cells get a
 * blob_ref to the segment, which becomes a blob file of the version.  In a rescue (the
 * segments cannot be trusted) they go to a blob file of their own instead.
 *
 * Memtables are flushed in the order they were sealed, one after the other: what is
 * older than this one is in `version`. */
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
    struct version *version; /* held: what is older than the memtable; blob files known */
    const struct log_stretch *stretches; /* by base; cover every large cell's place */
    size_t stretch_count;
    struct table_options table;
    uint64_t order; /* of the L0 table */
    struct log_mark mark;
    struct slice arcs; /* what goes with it */
    uint64_t now_ms;
    uint64_t flushed[LIMIT_DATABASES]; /* durable in the log, at least up to the mark */
    bool rescue;
    /* outputs */
    struct err err;
    struct edit edit; /* see below; empty after an error */
    uint64_t bytes;   /* written, into tables and blob files */
    uint64_t us;
};

/* `run` of the job.  On success the edit adds a table, or none if no cell is needed any
 * more; the blob files it is the first to refer to, open, or else their new sizes (the
 * end of the stretch); the bytes of values it refers to; the mark; and what was
 * flushed, for the mark may pass where the log says so.  On an error nothing is left on
 * disk that was not there. */
void flush_run(struct job *job);

#endif
