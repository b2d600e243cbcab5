/* tails.h: each arc's log as the store knows it: where it ends, what is promised and
 * applied, and its tail, the frames that are logged and not applied yet.
 *
 *      1 ... applied | applied + 1 ... end          the tail, in memory, cells and all
 *
 * Bytes and numbers, no files.  The loop has one of these, and a replay builds it.  The
 * rules for what follows what are Viewstamped Replication's: a frame comes behind the one
 * with the index before it, made at the ballot it names, or takes the place of a tail
 * that has another ballot at its index. */
#ifndef HENGE_LSM_TAILS_H
#define HENGE_LSM_TAILS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "lsm/arc_marks.h"
#include "lsm/log_format.h"

struct tail_frame {
    uint64_t position; /* of its first byte in the log */
    uint64_t lone;     /* index of the last frame of arc 0 before it */
    bool again;        /* it was acknowledged in files that are not read again */
    struct frame_head head;
    uint8_t payload[];
};

struct tail {
    uint64_t arc;
    struct log_point applied;
    struct log_point end;
    struct log_ballot promise;
    uint64_t committed;        /* index that frames say is; a replay applies up to it */
    struct buf state;          /* of FRAME_STATE */
    struct tail_frame **frame; /* ring, from applied.index + 1 on */
    size_t room;               /* a power of two, or 0 */
    size_t first;
    size_t count;
    size_t bytes;              /* of the frames */
    uint64_t held;             /* position of frames that were cut ... */
    uint64_t held_lone;        /* ... with what tail_frame has of the first of them ... */
    uint64_t held_until;       /* ... by one that ends here: kept until it is acknowledged */
    struct log_point expected; /* the log ended there once, a manifest says */
    bool forgot;               /* ... and that was not found, or: */
    bool lost;                 /* a failure of the log's files took frames of it */
    bool closed;               /* no more frames come */
    bool mute;                 /* the log could not take a frame: nothing is appended any more */
};

/* `= {0}` has none. */
struct tails {
    struct tail **tail; /* by arc */
    size_t count;
    size_t room;
    size_t bytes; /* of all frames */
};

void tails_deinit(struct tails *t);

/* The arc's, or NULL. */
struct tail *tails_find(const struct tails *t, uint64_t arc);

/* ... or a new one without frames. */
struct tail *tails_get(struct tails *t, uint64_t arc);

enum tail_verdict {
    TAIL_FOLLOWS, /* it is the next */
    TAIL_CUTS,    /* it takes the place of frames of another ballot, none of them applied */
    TAIL_HELD,    /* it is there, or applied */
    TAIL_STRAY,   /* it follows nothing that is there, or would cut what is applied */
};

/* What a frame of cells is to the arc's log. */
enum tail_verdict tail_judge(const struct tail *t, const struct frame_head *head);

/* The frame that follows or cuts is the last one now: a copy of it, whose payload stays
 * where it is until it is applied or cut. */
struct tail_frame *tail_append(struct tails *all, struct tail *t, const struct frame_head *head,
                               struct slice cells, struct slice notes, uint64_t position,
                               uint64_t lone);

/* The frame of that index, or NULL. */
struct tail_frame *tail_at(const struct tail *t, uint64_t index);

/* The first one is applied, and gone.  There must be one. */
void tail_applied(struct tails *all, struct tail *t);

/* Drops the frames from `index` on.  The log keeps them until the one that takes their place
 * is acknowledged: see tails_oldest(). */
void tail_cut(struct tails *all, struct tail *t, uint64_t index);

/* A FRAME_BASE: the log ends there, and has no tail. */
void tail_reset(struct tails *all, struct tail *t, const struct log_point *base, bool closed);

void tail_set_promise(struct tail *t, struct log_ballot promise);
void tail_set_state(struct tail *t, struct slice state);

/* The log has lost what begins at or behind `position`: these frames are dropped, and
 * their arcs mute; one that was acknowledged before is forgotten. */
void tails_lost(struct tails *t, uint64_t position);

/* The position a replay must begin at for every frame not applied, and index of the last
 * frame of arc 0 before it; what was cut counts until `acked` has reached the frame that cut
 * it, and no more.  UINT64_MAX: none needs any. */
uint64_t tails_oldest(struct tails *t, uint64_t acked, uint64_t *lone);

/* Appends what a manifest should say of each arc.  `lost`: the log's files will not be read
 * again, so what mute arcs had in them is forgotten. */
void tails_put_marks(const struct tails *t, bool lost, struct buf *to);

/* Such marks as of an earlier moment: what of them the log has lost since is taken out. */
void tails_mark_again(const struct tails *t, bool lost, struct buf *marks);

/* Begins with what a manifest said: no tails yet, forgot until the log's end is found.
 * `marks` are good. */
void tails_begin(struct tails *t, struct slice marks);

/* The smallest stamp of any arc's last frame that is applied, of those to which more can
 * come; UINT64_MAX: there is none. */
uint64_t tails_applied_stamp(const struct tails *t);

/* Whether the content of a frame can be that of an arc's: cells that are whole, as many as
 * the head says, with stamps that do not fall nor pass the head's, and no flush of a database
 * nor a value that is elsewhere. */
struct err tail_check_cells(const struct frame_head *head, const uint8_t *payload);

bool tails_check(const struct tails *t);

#endif
