/* settle.h: how tentative requests get into an arc's order: each exactly once, those of an
 * origin in a slot in the order it made them; and what becomes of them there (Bayou, SOSP 1995;
 * Dynamo, SOSP 2007).
 *
 * A request below quorum carries its stamp and its origin's previous one in that slot:
 *
 *      origin 3, slot 77:   0 <- 10 <- 25 <- 31        each names the one before it
 *
 * The arc's state has, per slot and origin, the last stamp that was settled.  So any holder may
 * send any request, in any order and twice:
 *
 *      own stamp reached         done: it is dropped
 *      previous stamp reached    its turn: it is settled, and the entry is moved to its stamp
 *      neither                   it waits at its holder
 *
 * A leader's own frame at `one` is such a request too, in the place where it is made: it has to
 * be its turn, so a new leader settles its own tentative requests first.
 *
 * Below the floor everything is settled, of all origins: the mark of tombstone.h, put into the
 * arc's log.  Entries below it go, so quiet arcs have none.
 *
 * An origin that is lost may leave a gap: a request that nobody else had.  Those behind it wait
 * until the origin is forgotten; then, as soon as every member has said what it still holds, the
 * mark reaches the oldest of them, the floor passes the gap, and it is their turn.  Until then
 * a member that is away may have the one that is missing.
 *
 * The state changes by the arc's log alone, at every owner alike.  A leader decides on a copy
 * that is ahead of it by the frames that are not applied yet; a leader that loses its arc drops
 * the copy.
 *
 * As bytes, numbers little-endian (it is sent with an arc, and kept with what a flush wrote):
 *
 *      0  u32  format version      1
 *      4  u32  entries
 *      8  u64  floor
 *     16       entries, 16 bytes each, ordered by slot, then origin; stamps at least the floor
 *              u64 stamp, u32 origin, u16 slot, u16 0 */
#ifndef HENGE_CLUSTER_SETTLE_H
#define HENGE_CLUSTER_SETTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "cell/context.h"

enum {
    SETTLE_FORMAT_VERSION = 1,
    SETTLE_HEAD_SIZE = 16,
    SETTLE_ENTRY_SIZE = 16,
    SETTLE_ENTRIES_MAX = 65536, /* 1 MiB: beyond, new slots and origins wait for the floor */
};

/* The settled stamps of one arc.  Also what an origin keeps of the stamps it gave, to know the
 * previous one of its next request. */
struct settle;

struct settle_request {
    struct cell_version version; /* its stamp and origin */
    uint64_t previous;           /* the origin's stamp before it in that slot; 0: none */
    uint16_t slot;               /* below POSITION_SLOTS: whoever reads a message checks it */
};

/* Whose turn it is. */
enum settle_turn {
    SETTLE_NOW,   /* its own */
    SETTLE_DONE,  /* nobody's: it is settled already */
    SETTLE_LATER, /* another one's, that somebody still has to send */
    SETTLE_FULL,  /* its own, but there are too many entries: later */
};

struct settle *settle_new(void);
struct settle *settle_copy(const struct settle *s);
void settle_free(struct settle *s);

/* Up to this stamp all that `origin` wrote below quorum in that slot is settled; 0: nothing. */
uint64_t settle_reached(const struct settle *s, uint16_t slot, uint32_t origin);

/* For an origin, of what it keeps: the previous stamp that its next request in that slot
 * carries.  0 if the last one is below the floor, and so settled wherever it is sent. */
uint64_t settle_previous(const struct settle *s, uint16_t slot, uint32_t origin);

enum settle_turn settle_turn(const struct settle *s, const struct settle_request *r);

/* The frame that settles the request is in the log.  What is reached already changes nothing. */
void settle_move(struct settle *s, uint16_t slot, struct cell_version v);

/* The frame that says that all stamped below `floor` is settled.  A lower one changes nothing. */
void settle_raise_floor(struct settle *s, uint64_t floor);

/* The arc is split: what is from `slot` on goes into a new one, which the caller owns. */
struct settle *settle_split(struct settle *s, uint16_t slot);

size_t settle_entries(const struct settle *s);

void settle_encode(const struct settle *s, struct buf *to);

/* The whole of `bytes`.  On success *out is the caller's; else ERR_CORRUPT, or ERR_INVALID for
 * another version. */
struct err settle_decode(struct slice bytes, struct settle **out);

bool settle_check(const struct settle *s);

/* What becomes of a request whose turn it is.  One that is dropped gets a frame too, without
 * cells: it moves the entry. */
enum settle_verdict {
    SETTLE_REPLACES, /* whole value: it had seen all that is there, and takes its place */
    SETTLE_SEEN,     /* ... what is there had seen it: dropped */
    SETTLE_WINS,     /* ... conflict: it is the later one, and takes the place */
    SETTLE_LOSES,    /* ... conflict: it is the earlier one, and is dropped */
    SETTLE_BESIDE,   /* ... conflict: it is kept beside what it had not seen */
    SETTLE_AGAIN,    /* any other: it is run again, on what is there now */
    SETTLE_ASIDE,    /* ... conflict: what it changed was replaced meanwhile: dropped */
    SETTLE_VERDICTS
};

enum settle_policy { SETTLE_LWW, SETTLE_SIBLINGS };

/* A whole value, or a tombstone of one.  A writer that read nothing had at least seen what its
 * node wrote before: a SET's context has its origin with the previous stamp, or two of one node
 * would be a conflict. */
struct settle_value {
    struct cell_version version;
    const struct context *seen; /* what its writer had seen */
};

/* A SET, a DEL.  `there`: what the key has, tombstones too; more than one only as siblings.
 * gone[i] says whether there[i] ends. */
enum settle_verdict settle_whole(enum settle_policy policy, const struct settle_value *request,
                                 const struct settle_value *there, size_t count, bool *gone);

/* What is kept as seen by a request that did not lose: what it had seen, and all that it ends,
 * or what comes late from before them would count as new. */
void settle_seen(const struct settle_value *request, const struct settle_value *there, size_t count,
                 const bool *gone, struct context *out);

/* What a request that is no whole value changed: the whole write that the key stood on. */
struct settle_base {
    struct cell_version version; /* none: the key had never been there */
    bool settled;                /* it was settled, not tentative, when it was seen */
};

/* ... and the one it stands on now. */
struct settle_now {
    struct settle_value value; /* no version: there is none, nor a tombstone */
    bool ordered;              /* the leader made it in the arc's order, from no context: it
                                  descends from all that was settled before it */
};

/* INCR, HSET, LPUSH and all others.  `seen`: what the request had seen. */
enum settle_verdict settle_other(const struct context *seen, const struct settle_base *base,
                                 const struct settle_now *now);

bool settle_conflict(enum settle_verdict verdict);

/* What the leader counts: one increment a decision. */
struct settle_stats {
    uint64_t verdicts[SETTLE_VERDICTS];
    uint64_t duplicates; /* SETTLE_DONE */
};

uint64_t settle_conflicts(const struct settle_stats *stats);

#endif
