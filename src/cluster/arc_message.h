/* arc_message.h: what the owners of an arc say to each other, as plain structs.
 *
 * Every message names its arc: a log's name is (first slot, index of birth).  Who sent
 * it the link knows.  Acknowledgements are not here: they belong to the link, which
 * numbers all it carries; the arc is told "peer p has written up to index i".
 *
 *     leader     -> owner      APPEND  COMMIT  YIELD  INVITE
 *     owner      -> leader     REFUSAL
 *     candidate  -> owner      TAKE    INVITE         owner -> candidate  PROMISE  NO  MOVED
 *     candidate, recovering -> owner   FETCH          owner -> it         FRAME  GONE
 *     recovering -> owner      RECOVER                owner -> it         STATE
 *     each       -> each       HELLO, first on a connection, and when a recovery has ended
 */
#ifndef HENGE_CLUSTER_ARC_MESSAGE_H
#define HENGE_CLUSTER_ARC_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/ballot.h"

/* A set of owners has at most this many nodes; two sets together, while owners change,
 * and those still learning have at most twice as many. */
enum { ARC_OWNERS_MAX = 7, ARC_PEERS_MAX = 2 * ARC_OWNERS_MAX };

/* Who owns an arc, the preferred leader first.  While it changes ("old+new") both sets
 * are there, and majorities of both are needed; else next_count is 0. */
struct arc_owners {
    uint64_t epoch;     /* the ring's; of "old+new" that of new */
    uint8_t count;      /* 1..ARC_OWNERS_MAX */
    uint8_t next_count; /* 0..ARC_OWNERS_MAX */
    uint32_t node[ARC_OWNERS_MAX];
    uint32_t next[ARC_OWNERS_MAX];
};

struct arc_name {
    uint16_t slot;  /* the first */
    uint64_t birth; /* the index at which its log began: 0, or that of the split */
};

enum arc_frame_kind {
    ARC_FRAME_CELLS,  /* of requests; the payload is the node's matter */
    ARC_FRAME_EMPTY,  /* a new leader's first, and now and then a quiet one's */
    ARC_FRAME_OWNERS, /* a change of owners: the payload is a struct arc_owners */
};

/* The head of one frame of the log, wherever it is: in memory, on disk, under way.  The
 * frame before it has index - 1. */
struct arc_frame {
    struct ballot ballot;   /* the leadership that made it */
    struct ballot previous; /* ... the frame before it; none before index 1 */
    uint64_t index;
    uint64_t stamp;  /* microseconds, hybrid; rises within the arc */
    uint32_t length; /* bytes of the payload, which travels behind the message */
    uint8_t kind;    /* enum arc_frame_kind */
};

enum arc_message_kind {
    ARC_HELLO = 1,
    ARC_APPEND,
    ARC_COMMIT,
    ARC_YIELD,
    ARC_INVITE,
    ARC_REFUSAL,
    ARC_TAKE,
    ARC_PROMISE,
    ARC_NO,
    ARC_MOVED,
    ARC_FETCH,
    ARC_FRAME,
    ARC_GONE,
    ARC_RECOVER,
    ARC_STATE,
    ARC_MESSAGE_KINDS, /* one more than the last */
};

/* What an owner is just now. */
enum arc_state_flag {
    ARC_IS_LEADING = 1,    /* under `promise`, which is its own then */
    ARC_IS_RECOVERING = 2, /* it may have forgotten what it acknowledged: it counts nowhere */
    ARC_IS_LEARNING = 4,   /* it has no place among the owners yet */
};

/* Where one side of a connection is.  `end` is written, `synced` the part of it that
 * survives a loss of power, `applied` the part known to be committed. */
struct arc_hello {
    struct ballot promise;
    struct log_end end;
    uint64_t synced;
    uint64_t applied;
    /* What the sender remembers of the receiver: it had written up to `known` with the
     * sender's ballot `known_at`, and had promised `known_promise`; 0 and none if nothing. */
    struct ballot known_at;
    uint64_t known;
    struct ballot known_promise;
    uint8_t flags; /* of enum arc_state_flag */
};

/* One frame, and what is committed.  `ballot` is the sender's; the frame has its own. */
struct arc_append {
    struct ballot ballot;
    uint32_t feed; /* counts how often this peer's feed began anew; a refusal repeats it */
    uint64_t commit;
    uint64_t all_synced; /* every owner has synced up to here */
    struct arc_frame frame;
};

/* The sender leads, and what is committed. */
struct arc_commit {
    struct ballot ballot;
    uint64_t commit;
    uint64_t all_synced;
};

/* The sender no longer leads under this ballot. */
struct arc_yield {
    struct ballot ballot;
};

/* Take this arc, now: from a leader that hands over, under its `ballot`; or from a
 * candidate that cannot fetch what you have, under the one it has asked with. */
struct arc_invite {
    struct ballot ballot;
};

enum arc_refusal_reason {
    ARC_BEHIND = 1, /* the frame does not follow `end` */
    ARC_PROMISED,   /* `promise` is higher; also said unasked to the leader it was taken from */
    ARC_RECOVERING, /* no frame is taken before the recovery has ended */
};

struct arc_refusal {
    struct ballot ballot; /* of the message refused, or of the leadership that is over */
    uint32_t feed;        /* of the message refused; 0: unasked */
    struct ballot promise;
    struct log_end end;
    uint64_t applied;
    uint8_t reason; /* enum arc_refusal_reason */
    uint8_t heard;  /* 1: the node of `promise` is known to lead, and in reach; else 0 */
};

enum arc_take_flag {
    ARC_TAKE_INVITED = 1, /* `invited_by` leads, or has asked, and wants this */
    ARC_TAKE_RESUME = 2,  /* too many have lost their memory: whoever is not given up promises */
};

struct arc_take {
    struct ballot ballot;     /* its node is the candidate */
    struct ballot invited_by; /* none unless ARC_TAKE_INVITED */
    uint64_t epoch;           /* of the owners the candidate knows */
    uint8_t flags;            /* of enum arc_take_flag */
};

/* Yes; synced, and every frame up to `end` with it. */
struct arc_promise {
    struct ballot ballot;
    struct log_end end;
    uint64_t applied;
};

enum arc_no_reason {
    ARC_NO_LEADS = 1,  /* `promise` leads and is heard */
    ARC_NO_PROMISED,   /* `promise` is as high or higher */
    ARC_NO_RECOVERING, /* it counts nowhere */
    ARC_NO_LEARNING,   /* among those owners it is none */
};

struct arc_no {
    struct ballot ballot; /* that was asked with */
    struct ballot promise;
    uint8_t reason; /* enum arc_no_reason */
};

/* The arc has other owners, and the candidate is none of them. */
struct arc_moved {
    struct ballot ballot;     /* that was asked with */
    struct ballot moved_at;   /* the ballot under which it left */
    struct arc_owners owners; /* where to; the epoch is in it */
};

/* Send what leads to `wanted`, the end you told.  The asker has `end` and has applied
 * `applied`: if you have `end` too, begin behind it, else behind `applied`. */
struct arc_fetch {
    struct ballot ballot; /* what the asker has promised, and you */
    struct log_end wanted;
    struct log_end end;
    uint64_t applied;
};

/* One of the frames asked for; the payload travels behind it. */
struct arc_fetched {
    struct ballot ballot; /* of the fetch */
    struct arc_frame frame;
};

/* The segments no longer have them. */
struct arc_gone {
    struct ballot ballot; /* of the fetch */
};

/* I may have forgotten what I acknowledged. */
struct arc_recover {
    uint64_t nonce; /* of this recovery; never 0 */
};

struct arc_state_answer {
    uint64_t nonce;
    struct ballot promise;
    struct log_end end;
    uint64_t applied;
    uint8_t flags; /* of enum arc_state_flag */
};

struct arc_message {
    struct arc_name arc;
    enum arc_message_kind kind;
    union {
        struct arc_hello hello;
        struct arc_append append;
        struct arc_commit commit;
        struct arc_yield yield;
        struct arc_invite invite;
        struct arc_refusal refusal;
        struct arc_take take;
        struct arc_promise promise;
        struct arc_no no;
        struct arc_moved moved;
        struct arc_fetch fetch;
        struct arc_fetched fetched;
        struct arc_gone gone;
        struct arc_recover recover;
        struct arc_state_answer state;
    };
};

#endif
