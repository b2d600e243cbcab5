/* segment.h: one file of the log: made in advance, written once, in order.
 *
 * Its format is log_format.h's.  One user at a time: the loop between jobs, or
 * the job it was handed to. */
#ifndef HENGE_LSM_SEGMENT_H
#define HENGE_LSM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "env/fs.h"
#include "lsm/log_list.h"

/* Where a stretch of the log is: positions base..end are bytes
 * SEGMENT_FRAMES_START... of a file. */
struct log_stretch {
    uint64_t id;
    uint64_t base;
    uint64_t end;
};

struct segment {
    struct fs_file *file;
    struct segment *next; /* in the log's list of those to be synced */
    uint64_t id;
    uint64_t size;        /* bytes preallocated */
    uint64_t base;        /* log position of the first frame */
    uint64_t end;         /* log position behind the last frame that was written */
    uint64_t begun;       /* bytes of frames that are on their way to the device */
    bool headed;          /* its head is written */
    bool failed;          /* a write to it did */
    struct log_list list; /* of what is in it */
};

/* What its head says besides id and base. */
struct segment_facts {
    uint64_t previous;
    uint64_t synced;
    uint64_t index;
    uint64_t boot;
};

/* For jobs.  Makes the file, `size` bytes of zeros, and its name durable.  On
 * success *out is the caller's, to end with segment_close(); on failure nothing
 * is left but perhaps an empty file of that id. */
struct err segment_create(struct segment **out, struct fs *fs, const char *dir, uint64_t id,
                          uint64_t size);

/* For jobs.  Makes a segment that has no head yet larger. */
struct err segment_grow(struct segment *s, uint64_t size);

/* Bytes of frames it still takes. */
uint64_t segment_room(const struct segment *s);

/* Writes sealed frames behind those there are, and before the first ones the
 * head; `now` for the loop (fs_write_now()).  After an error nothing more may be
 * written to it. */
struct err segment_write(struct segment *s, const struct segment_facts *facts, struct slice frames,
                         bool now);

/* For jobs.  Writes what does not count behind the last frame, once there is a head. */
struct err segment_write_behind(struct segment *s, struct slice bytes);

/* So much was written since the device was told of it that segment_write() should be
 * a job's next, who tells it: a sync would wait for all of it. */
bool segment_lags(const struct segment *s);

/* Ends it; the file stays.  For jobs, or a crash.  Accepts NULL. */
void segment_close(struct segment *s);

#endif
