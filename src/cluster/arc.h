/* arc.h: the replicated log of one arc, as one owner sees it: facts in, decisions out.
 *
 * Viewstamped Replication (Liskov and Cowling, "Viewstamped Replication Revisited",
 * 2012), in the words of Raft (Ongaro and Ousterhout, 2014) where they are better known.
 *
 *     STARTING --> RECOVERING <--------- (a peer remembers more than this owner has)
 *         |          |   ^   '----------------.
 *         v          v   | resume failed      | too many recover: ask all to resume
 *       FOLLOWER <--------------------- CANDIDATE --> LEADER
 *          |  '------------------------>    ^           |
 *          |    leader out of reach,        '-----------'  refused: takes again
 *          |    or invited
 *          '<-------------------------------------------'  no majority, a higher ballot
 *
 *     any --> MUTE     the log could not be written: the arc is given up until a restart
 *     any --> DROPPED  other owners have it: (ballot, owners) is kept and answers `take`
 *
 * A learner is a FOLLOWER or RECOVERING that has no place among the owners yet.
 *
 * The arc knows the heads of its frames, not what is in them.  The caller, node/, keeps
 * log, overlay and links, tells what happened, and carries out what is left in
 * turn->out, in its order, before it tells anything else.  A few rules are the caller's:
 *
 * - The log is one sequence of records: a promise written after a frame is synced only
 *   with it, and what is replayed is a prefix of what was written.
 * - A frame is fed when its own write(2) has returned, and a message is acknowledged as
 *   written when all that handling it wrote is.
 * - On each connection a HELLO of every shared arc goes first, both ways.
 * - A leader's COMMIT, or an APPEND, reaches every owner within 500 ms of the last.
 * - An APPEND for an arc that is not there is refused, with ARC_RECOVERING.
 * - A refusal leaves before the acknowledgement of the message that was refused, and
 *   before any later answer to a round of confirmation; a link keeps the order.
 */
#ifndef HENGE_CLUSTER_ARC_H
#define HENGE_CLUSTER_ARC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"
#include "cluster/arc_message.h"

enum arc_role {
    ARC_STARTING, /* its log is being replayed */
    ARC_FOLLOWER,
    ARC_CANDIDATE,
    ARC_LEADER,
    ARC_RECOVERING_ROLE, /* it may have forgotten what it acknowledged */
    ARC_MUTE,
    ARC_DROPPED,
    ARC_ROLES, /* one more than the last */
};

/* --- what it wants ---------------------------------------------------------- */

enum arc_effect_kind {
    ARC_DO_SEND = 1,  /* `message` to `node` */
    ARC_DO_PROMISE,   /* write `ballot` to the log as promised; if `sync`, sync it too and then
                        call arc_on_promise_synced() */
    ARC_DO_KEEP,      /* frames from..to are cut, taken over or emptied: what in them is below
                        quorum is logged as tentative first */
    ARC_DO_CUT,       /* forget the frames from `from` on; the next frame takes that index, and
                        replay does the same when it meets it */
    ARC_DO_APPEND,    /* write the frame of the message that is being handled, with its payload */
    ARC_DO_WRITE,     /* write `frame`, of the arc's own making; its stamp is the caller's; of
                        ARC_FRAME_OWNERS the payload is `owners` */
    ARC_DO_APPLY,     /* frames up to `to` are committed */
    ARC_DO_FEED,      /* send `node` the frames from `from` on and all that come, as APPENDs
                        with `feed`: arc_fill_append(); ends an earlier feed to it */
    ARC_DO_STARVE,    /* feed it no longer */
    ARC_DO_SERVE,     /* send `node` frames from..to as FRAMEs under `ballot`; arc_on_gone() if
                        they are no longer there */
    ARC_DO_LEAD,      /* it leads now, under `ballot`; every frame not applied is in its overlay */
    ARC_DO_FOLLOW,    /* it no longer leads: writes are answered as uncertain, reads forwarded */
    ARC_DO_RECOVERED, /* it counts again */
    ARC_DO_RESUMED,   /* it leads after so many lost their memory that what was acknowledged
                         since `from` may be lost: counted, logged, said */
    ARC_DO_ACT,       /* `owners` are who counts from now on */
    ARC_DO_DROP,      /* it is not among `owners`, who have the arc at `ballot`: keep that for
                         good (arc_new_dropped()), empty the arc */
};

struct arc_effect {
    enum arc_effect_kind kind;
    uint32_t node;
    uint32_t feed;
    bool sync;
    struct ballot ballot;
    uint64_t from;
    uint64_t to;
    struct arc_frame frame;
    union {
        struct arc_message message;
        struct arc_owners owners;
    };
};

/* No call leaves more than ARC_EFFECTS_MAX. */
enum { ARC_EFFECTS_MAX = 4 * ARC_PEERS_MAX + 16 };
struct arc_effects {
    unsigned count;
    struct arc_effect list[ARC_EFFECTS_MAX];
};

/* One call's surroundings. */
struct arc_turn {
    uint64_t now_us;         /* monotonic */
    struct prng *prng;       /* for back-off and nonces */
    struct arc_effects *out; /* added to; the caller empties it */
    const uint32_t *away;    /* nodes that are out of reach, in the link layer's eyes */
    unsigned away_count;
};

/* --- life ------------------------------------------------------------------- */

struct arc;

struct arc_options {
    uint32_t self;
    struct arc_name name;
    struct arc_owners owners; /* as of `applied` */
    struct log_end applied;   /* what the store has of it; {{0}} at birth */
    struct ballot promise;    /* known besides the log: none, or what was kept when dropped */
    uint64_t learns_since;    /* 0, or the ring's epoch when it began to learn, not below that
                                 under which the node dropped the arc before: it is fed, not
                                 counted, until a frame of a later epoch makes it an owner */
    bool commit_synced;       /* only what a majority has synced is committed */
};

/* STARTING.  Ends with arc_free(), which accepts NULL. */
struct arc *arc_new(const struct arc_options *options);

/* DROPPED: all that is left of an arc that other owners have. */
struct arc *arc_new_dropped(uint32_t self, struct arc_name name, struct ballot ballot,
                            const struct arc_owners *moved_to);

void arc_free(struct arc *a);

/* Replay: the records of the log in order.  `owners` of ARC_FRAME_OWNERS, else NULL.
 * False: the frame follows nothing that is there, the log is corrupt. */
bool arc_replay_frame(struct arc *a, const struct arc_frame *frame,
                      const struct arc_owners *owners);
void arc_replay_promise(struct arc *a, struct ballot promise);

/* The log is replayed, all of it counts as written, and as synced up to `synced`.
 * `forgot`: it may have forgotten what it acknowledged; to be said again at each start
 * until there was ARC_DO_RECOVERED or ARC_DO_LEAD, and all written that was to be then. */
void arc_begin(struct arc *a, struct arc_turn *turn, uint64_t synced, bool forgot);

/* --- facts ------------------------------------------------------------------ */

/* What became of the frame of an APPEND or FRAME. */
enum arc_verdict {
    ARC_REFUSED,
    ARC_HELD,     /* it is in the log: acknowledged, not written again */
    ARC_APPENDED, /* turn->out has an ARC_DO_APPEND for it */
};

/* A message came.  `owners`: the payload of a frame of ARC_FRAME_OWNERS, else NULL.  The
 * verdict is ARC_REFUSED for messages without a frame.  What makes no sense is ignored. */
enum arc_verdict arc_on_message(struct arc *a, struct arc_turn *turn, uint32_t from,
                                const struct arc_message *message, const struct arc_owners *owners);

/* A peer's link acknowledged the APPEND of frame `index`, which was sent with `feed`. */
void arc_on_written(struct arc *a, struct arc_turn *turn, uint32_t peer, uint32_t feed,
                    uint64_t index);
void arc_on_synced(struct arc *a, struct arc_turn *turn, uint32_t peer, uint32_t feed,
                   uint64_t index);

/* The own log has written, or synced, the frame `end`, and all before it. */
void arc_on_own_written(struct arc *a, struct arc_turn *turn, struct log_end end);
void arc_on_own_synced(struct arc *a, struct arc_turn *turn, struct log_end end);
void arc_on_promise_synced(struct arc *a, struct arc_turn *turn, struct ballot promise);

/* The own log could not be written beyond `written`: the arc is MUTE. */
void arc_on_write_failed(struct arc *a, struct arc_turn *turn, struct log_end written);

/* Frames that ARC_DO_SERVE wanted for `node` are in no segment. */
void arc_on_gone(struct arc *a, struct arc_turn *turn, uint32_t node);

/* Time went by, or turn->away changed. */
void arc_on_time(struct arc *a, struct arc_turn *turn);

/* When arc_on_time() is wanted next; UINT64_MAX: not because of time. */
uint64_t arc_deadline_us(const struct arc *a);

/* --- wishes of the caller --------------------------------------------------- */

/* Whether requests may start: it leads and is not handing over. */
bool arc_may_append(const struct arc *a);

/* The next frame, at the leader; the caller writes it and then says so.  Needs
 * arc_may_append(). */
struct arc_frame arc_append(struct arc *a, enum arc_frame_kind kind, uint64_t stamp,
                            uint32_t length);

/* Hands the arc over to an owner, once that has all of it.  False: this is not to be,
 * now. */
bool arc_hand_over(struct arc *a, struct arc_turn *turn, uint32_t node);

/* At the leader: the first owner before it that is in reach and has all that is
 * committed, to be handed the arc; 0 if there is none. */
uint32_t arc_preferred(const struct arc *a, const struct arc_turn *turn);

/* The operator takes it on himself that what only the nodes given up have is lost: all
 * others are asked to promise, and those given up are owners no more.  To be said again if
 * it does not lead within a second.  False: it leads, is asked already, or is no owner. */
bool arc_force(struct arc *a, struct arc_turn *turn, const uint32_t *given_up, unsigned count);

/* Feeds a learner.  False: not leading, or too many peers. */
bool arc_teach(struct arc *a, struct arc_turn *turn, uint32_t node);

/* Whether a learner has all that is committed. */
bool arc_has_learnt(const struct arc *a, uint32_t node);

/* Begins to change owners: appends "old+new", and "new" once that is committed.  False:
 * not leading, another change is under way, or one of them has not learnt yet. */
bool arc_change_owners(struct arc *a, struct arc_turn *turn, const uint32_t *nodes, unsigned count,
                       uint64_t epoch);

/* --- what it knows ---------------------------------------------------------- */

struct arc_view {
    enum arc_role role;
    struct ballot promise;
    uint32_t leader; /* who is known to lead, or 0 */
    struct log_end end;
    uint64_t applied; /* known to be committed */
    uint64_t written; /* of the own log */
    uint64_t synced;
    uint64_t all_synced; /* every owner has synced up to here: segments below may go */
    struct arc_name name;
    bool learner;
    bool handing;
};
struct arc_view arc_view(const struct arc *a);

/* The newest in its log; borrowed until the arc is told anything. */
const struct arc_owners *arc_owners(const struct arc *a);

/* Whether the frame is in its log, as far back as it remembers; all that is applied is. */
bool arc_holds(const struct arc *a, struct log_end frame);

/* At the leader: how many owners have written `index` (of two sets, in the one where they
 * are fewer), and whether all have. */
unsigned arc_written_by(const struct arc *a, uint64_t index);
bool arc_written_by_all(const struct arc *a, uint64_t index);

/* At the leader: the last round that a majority has answered.  `answered` says for a peer
 * the last round it answered on the connection there is now, 0 if none.  A read that
 * arrived before round r was sent may be answered when this is >= r, and what it saw is
 * committed.  0 if it does not lead. */
uint64_t arc_confirmed(const struct arc *a, uint64_t (*answered)(const void *arg, uint32_t node),
                       const void *arg);

/* The first message of this arc on a connection to `node`. */
void arc_fill_hello(const struct arc *a, uint32_t node, struct arc_message *out);

/* The APPEND of a frame to a peer that is fed, and what tells a peer that is not how far
 * the log is committed (a heartbeat's part).  At the leader only. */
void arc_fill_append(const struct arc *a, uint32_t node, const struct arc_frame *frame,
                     struct arc_message *out);
void arc_fill_commit(const struct arc *a, struct arc_message *out);

bool arc_check(const struct arc *a);

#endif
