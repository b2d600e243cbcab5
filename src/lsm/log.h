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
#include "lsm/file_name.h"
#include "lsm/log_format.h"
#include "lsm/log_parts.h"
#include "lsm/lsm.h"
#include "lsm/segment.h"
#include "lsm/version.h"

/*     OPEN <-> NO_SPACE -----> RESCUE -> OPEN or NO_SPACE    log_resume()
 *       |         |              |
 *       +---------+--------------+-----> BROKEN              any but BROKEN -> CLOSED
 */
enum log_state {
    LOG_OPEN,
    LOG_NO_SPACE, /* no segment to go on in; tried again every second */
    LOG_RESCUE,   /* a sync failed: what memory holds must go to new files first */
    LOG_BROKEN,   /* a write failed twice, or the rescue did: nothing more is written */
    LOG_CLOSED,   /* after log_stop() */
};

/* All from a job's done(), as the last thing it does, on_state() also from
 * log_resume() and log_break(). */
struct log_hooks {
    void *owner;
    void (*on_acked)(void *owner);                /* log_acked() or log_synced() may have grown */
    void (*on_failed)(void *owner, struct err e); /* what is behind log_acked() will not be */
    void (*on_state)(void *owner);
    /* Within log_resume(): what tables do not have may be added again.  May be NULL. */
    void (*on_resumed)(void *owner);
};

/* Where it goes on; what a load found. */
struct log_start {
    struct segment *current; /* taken; NULL if there was no room for one */
    struct err no_space;     /* why not */
    struct file_ids *ids;    /* borrowed, as long as the log lives */
    struct log_parts parts;  /* taken: those of the log but `current` */
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

/* A frame by itself, `head` complete but for what the log knows (frames.h): the position it
 * will have.  Ends the open frame. */
uint64_t log_append(struct log *log, const struct frame_head *head, struct slice cells,
                    struct slice notes);

/* A request ends here, so a frame may. */
void log_request(struct log *log);

/* The turn ends here. */
void log_commit(struct log *log);

/* Position behind what was added, and of what is acknowledged. */
uint64_t log_end(const struct log *log);
uint64_t log_acked(const struct log *log);

/* Index of the last frame of arc 0 that is closed. */
uint64_t log_closed(const struct log *log);

/* Position before which everything is written. */
uint64_t log_written(const struct log *log);

/* Position before which everything is synced. */
uint64_t log_synced(const struct log *log);

/* Asks for a sync of everything before `position`, at most log_end(), as soon as it
 * is written, whatever the policy.  log_synced() tells when that is so. */
void log_want_sync(struct log *log, uint64_t position);

/* After on_failed(): the cells behind log_acked() are undone; those before have stamps
 * up to this one, and these are larger. */
void log_undone(struct log *log, uint64_t stamp);

/* Ends the open frame (so only between requests): where the next one will begin,
 * for whoever keeps what the log has up to there.  In RESCUE: where the log will
 * go on. */
struct log_mark log_mark(struct log *log);

/* The segments that have positions of from..to, whole but for what is behind `to`, by
 * base: the caller's, to end with mem_free(); *count of them. */
struct log_stretch *log_stretches(const struct log *log, uint64_t from, uint64_t to, size_t *count);

/* Position of the first byte that is still there. */
uint64_t log_begin(const struct log *log);

/* The runs of a segment that has no list on the disk yet, copied into `out`; false: it has, is
 * about to, or never will. */
bool log_runs(const struct log *log, uint64_t id, struct log_list *out);

/* The id of the oldest segment: files before it are not the log's. */
uint64_t log_first_id(const struct log *log);

/* The id of the newest one with frames, which may get more; 0: there is none. */
uint64_t log_last_id(const struct log *log);

/* A replay will begin at `mark` (durably; synced up to there): takes the oldest
 * segment if it ends at or before that, to be called until it returns false.  The
 * log is done with them; their files are the caller's. */
bool log_forget(struct log *log, uint64_t mark, struct log_part *out);

/* The end of a rescue: everything that was acknowledged is durable elsewhere, and a
 * replay will begin at log_mark().  What the old segments hold counts no more.
 * Both call on_state(). */
void log_resume(struct log *log);
void log_break(struct log *log, struct err e); /* it failed: BROKEN */

/* Bytes that wait to be written. */
uint64_t log_waiting(const struct log *log);

void log_set_sync(struct log *log, enum lsm_sync sync);
uint64_t log_deadline(const struct log *log);
void log_tick(struct log *log, uint64_t mono_us);

bool log_check(const struct log *log);

#endif
