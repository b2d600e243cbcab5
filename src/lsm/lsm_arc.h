/* lsm_arc.h: many arcs' logs in a store's one log: lsm.h for a member of a ring.
 *
 * A frame of an arc is appended, written with the turn (lsm_commit()), and waits in the
 * arc's *tail*, in memory, until it is applied: only then its cells are in the store, as
 * lsm_put() would have put them.  The store decides nothing: what is appended, cut,
 * applied and promised the ring has decided, and what it must not do is asserted.
 *
 *      lsm_append() -> lsm_commit() -> lsm_written() -> (committed) -> lsm_apply()
 *                            \-> another ballot at its index: cut
 *
 * If the log cannot take it (on_failed()), what is behind lsm_acked() is gone from the
 * tails; their arcs are `mute`: nothing more is appended before a restart, for nobody knows
 * which of it a restart finds.
 *
 * Arc 0 is what lsm_put() writes.  A store is used in one of these ways at a time: the other
 * begins when everything put is acknowledged. */
#ifndef HENGE_LSM_LSM_ARC_H
#define HENGE_LSM_LSM_ARC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "lsm/log_ballot.h"
#include "lsm/lsm.h"

/* A frame of cells.  An arc is named by log_arc() (log_format.h), and is not 0. */
struct lsm_frame {
    uint64_t arc;
    struct log_ballot ballot;   /* the leadership that made it */
    struct log_ballot previous; /* ... the frame before it, none for index 1 */
    uint64_t index;             /* from 1 */
    uint64_t committed;         /* up to there, at most `index`, a restart may apply at once */
    uint64_t stamp;             /* of its newest cell, or newer; not below the frame before it */
    uint32_t count;             /* of cells */
    uint8_t tag;                /* the caller's */
    struct slice cells;         /* encoded, one behind another, as cell_encode() does */
    struct slice notes;         /* the caller's: what the requests were, and their levels */
};

/* Appends the next frame of an arc, or one that takes the place of the tail from its index
 * on, none of which is applied or known to be committed; what it has is copied.  Its end is
 * lsm_end() then.  *held: a frame of that index and ballot is there, and nothing is done.
 * ERR_CORRUPT: its cells are none, or do not fit its head; nothing is done.  That it follows
 * what is there is asserted, and that the arc is not mute.  Only after lsm_can_put(). */
struct err lsm_append(struct lsm *lsm, const struct lsm_frame *frame, bool *held);

/* Forgets an arc's frames from `index` on, none of which is applied or known to be
 * committed: the next one will have that index and another ballot.  A restart forgets them
 * when it meets that one. */
void lsm_cut(struct lsm *lsm, uint64_t arc, uint64_t index);

/* The frame of that index in the arc's tail; its bytes stay where they are until it is applied
 * or cut.  *position, if wanted, is where it is in the log.  False: it is not in the tail. */
bool lsm_tail(const struct lsm *lsm, uint64_t arc, uint64_t index, struct lsm_frame *out,
              uint64_t *position);

/* Puts the cells of the arc's tail up to `index`, all written.  Only after lsm_can_put() with
 * their bytes, nor while something of lsm_put() is not acknowledged. */
void lsm_apply(struct lsm *lsm, uint64_t arc, uint64_t index);

/* Everything before it is written (lsm_acked(): as the policy asks). */
uint64_t lsm_written(const struct lsm *lsm);

/* Records about an arc, written with the turn: durable when lsm_synced() has reached
 * lsm_end() as it is behind the call.  A promise: the highest counts. */
void lsm_promise(struct lsm *lsm, uint64_t arc, struct log_ballot ballot);

/* What the owner of the arc wants to know at a start, at most LIMIT_ARC_STATE bytes, copied;
 * instead of what it was.  What goes with a frame is recorded before that is applied. */
void lsm_arc_state(struct lsm *lsm, uint64_t arc, struct slice state);

/* The arc's log ends at `base`, all of it applied: it begins there, or its cells came by
 * another way.  Its tail is forgotten.  `closed`: no more comes. */
void lsm_arc_base(struct lsm *lsm, uint64_t arc, const struct log_point *base, bool closed);

/* The arc has again what it forgot, or has been given up. */
void lsm_arc_recovered(struct lsm *lsm, uint64_t arc);

/* What the store knows of an arc. */
struct lsm_arc {
    uint64_t arc;
    struct log_point applied;
    struct log_point end; /* of its log, written or not; after a load all is synced */
    struct log_ballot promise;
    struct slice state; /* borrowed until the next lsm_arc_state() */
    size_t tail_bytes;  /* that its tail takes in memory, about */
    bool forgot;        /* its log has been longer, or had other frames, than is here now */
    bool closed;
    bool mute;
};

/* False: nothing was ever said of it. */
bool lsm_arc(const struct lsm *lsm, uint64_t arc, struct lsm_arc *out);

/* Each one, by arc. */
void lsm_arcs(const struct lsm *lsm, void (*each)(void *arg, const struct lsm_arc *arc), void *arg);

/* Bytes that all tails take in memory, about. */
size_t lsm_tail_bytes(const struct lsm *lsm);

/* How the life before this one ended. */
struct lsm_start {
    uint64_t boot; /* lsm_options.boot of the one that wrote the log last; 0: not known, or none */
    bool clean;    /* it ended in order: everything it wrote was synced, and is here */
};
const struct lsm_start *lsm_started(const struct lsm *lsm);

/* Frames of an arc's log that are wanted from the segments, by index. */
struct lsm_log_want {
    uint64_t arc;
    uint64_t from; /* 1.. */
    uint64_t to;   /* of a frame that is written, as all before it, of the log as it is now */
    /* Answers: the log has not all of them any more, or never had; then none is read. */
    bool gone;
    uint64_t left; /* the next index that is still to be read */
};

struct lsm_log_read;

/* Reads frames that are written, by a job: the beginning of what is wanted, in the order of
 * the log, whole frames of at most `bytes` together, or one; then calls done() on the loop.
 * `wants` are by arc, each once, and copied.  Many may be under way. */
struct lsm_log_read *lsm_read_log(struct lsm *lsm, const struct lsm_log_want *wants, size_t count,
                                  size_t bytes, void (*done)(void *owner, struct err e),
                                  void *owner);

/* Behind done(), without an error.  The frames, one after another: of an arc by index,
 * without gaps from `from` on.  False at the end.  Borrowed until lsm_log_read_end(). */
bool lsm_log_next(struct lsm_log_read *read, struct lsm_frame *out);

/* The wants, with their answers. */
const struct lsm_log_want *lsm_log_wants(const struct lsm_log_read *read);

/* Lets go of it; before done() was called: it never will be. */
void lsm_log_read_end(struct lsm_log_read *read);

/* The log is kept from `position` on, even where tables have all of it, for feeds; it does
 * not fall.  With lsm_options.keep_log it is 0 at a start, without it kept for nobody. */
void lsm_retain(struct lsm *lsm, uint64_t position);

/* Where the log begins that is still there. */
uint64_t lsm_log_begin(const struct lsm *lsm);

#endif
