/* log_reader.h: frames of some arcs, read back from the log's segments: a job.
 *
 * Which frames of an arc's log count, lists of runs say (log_list.h): of two that have an
 * index the later one does, and cuts what was behind the earlier one.  A segment without a
 * list, the end of an earlier life, is read instead.  Then only pieces that are wanted are
 * read. */
#ifndef HENGE_LSM_LOG_READER_H
#define HENGE_LSM_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "env/fs.h"
#include "lsm/log_list.h"
#include "lsm/lsm_arc.h"
#include "lsm/segment.h"

struct log_piece;

/* A stretch of the log, and its runs if they are in memory. */
struct log_source {
    struct log_stretch stretch;
    struct log_list list;
    bool listed;
};

struct log_reader {
    /* inputs */
    struct fs *fs;
    const char *dir;
    struct log_source *source; /* by base; the runs owned */
    size_t source_count;
    struct lsm_log_want *want; /* by arc, each once; owned; `gone` is an output */
    size_t want_count;
    size_t bytes_max;
    /* outputs */
    struct buf frames; /* whole ones; at most bytes_max, unless it is one */
    bool more;         /* there are others that are wanted */
    uint64_t scanned;  /* bytes that were read because there was no list */
    /* its own */
    struct log_piece *piece;
    size_t piece_count;
    size_t piece_room;
};

/* For jobs.  ERR_NOT_FOUND: a segment has gone meanwhile; ERR_CORRUPT: a frame that must be
 * there is damaged. */
struct err log_reader_run(struct log_reader *r);

void log_reader_deinit(struct log_reader *r);

#endif
