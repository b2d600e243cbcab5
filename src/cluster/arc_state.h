/* arc_state.h: what the files of arc share: one owner's state, and the steps that more
 * than one of them takes. */
#ifndef HENGE_CLUSTER_ARC_STATE_H
#define HENGE_CLUSTER_ARC_STATE_H

#include <assert.h>

#include "cluster/arc.h"
#include "cluster/commit.h"

enum {
    ARC_OTHERS_MAX = ARC_PEERS_MAX + 1, /* and one more, whose log is fetched */
    ARC_SIZE_MAX = 200,                 /* bytes; a node has thousands of arcs */
    ARC_RUNS_KEPT = 16,      /* ballots remembered of what is applied, to find where logs part */
    ARC_RUNS_MAX = 60000,    /* takeovers of which nothing is known to be committed */
    ARC_CONFIGS_MAX = 16,    /* changes of owners remembered: all but the last two are committed */
    ARC_BACK_OFF_US = 80000, /* an owner waits up to this, and half of it for each before it */
    ARC_STAND_US = 500000,   /* a candidate without a majority, or without frames, gives up */
    ARC_HEARD_US = 1000000,  /* a leader that says nothing for so long is none */
    ARC_HAND_OVER_US = 500000,
    ARC_ASK_US = 200000,     /* between a recovering owner's questions */
    ARC_RESUME_US = 2000000, /* ... and until another than the most advanced resumes */
};

/* Frames first.. were made at `ballot`, up to the next run. */
struct arc_run {
    struct ballot ballot;
    uint64_t first;
};

/* Frame `index` made these the owners. */
struct arc_config {
    uint64_t index;
    struct arc_owners owners;
};

enum arc_peer_flag {
    PEER_WITH = 1,       /* it has promised this ballot, on the connection there is */
    PEER_VOTED = 2,      /* it has promised to the candidate that this owner is, or was */
    PEER_FED = 4,        /* frames go to it with number `feed` */
    PEER_RECOVERING = 8, /* it may have forgotten what it acknowledged */
    PEER_LEARNER = 16,   /* fed, no owner yet */
    PEER_LEAVING = 32,   /* fed, no owner any more */
    PEER_ANSWERED = 64,  /* to a recovering owner's question */
    PEER_LEADING = 128,  /* ... that it leads under `promise` */
    PEER_GIVEN_UP = 256, /* by the operator */
    PEER_LEARNS = 512,   /* a learner that said itself that it is one */
};

struct arc_peer {
    uint32_t node;
    uint32_t feed;
    uint64_t written; /* match: it holds the log up to here */
    uint64_t synced;
    uint64_t applied;   /* told with its promise, or its state */
    struct log_end end; /* the same */
    struct ballot promise;
    unsigned flags; /* of enum arc_peer_flag */
};

/* The others, while there is something to count: at a candidate, a leader, a recovering
 * owner. */
struct arc_peers {
    struct ballot invited_by; /* a candidate's */
    uint64_t nonce;           /* a recovering owner's */
    uint64_t since_us;        /* it recovers, or all have answered it, since then */
    uint32_t fetch_from;      /* the owner whose log is fetched, up to its `end`; 0 */
    uint32_t hand_to;         /* a leader's: who is to take; 0 */
    unsigned count;
    struct arc_owners moved; /* a recovering owner's: who is said to own it now; count 0: nobody */
    struct arc_peer list[ARC_OTHERS_MAX];
};

enum arc_flag {
    FLAG_HEARD = 1,             /* the node of `promise` is known to lead */
    FLAG_PROMISE_SYNCED = 2,    /* the promise survives a loss of power */
    FLAG_ANSWER_DUE = 4,        /* the candidate waits for that */
    FLAG_LEARNER = 8,           /* no frame of its log made it an owner yet */
    FLAG_COMMIT_SYNCED = 16,    /* only what is synced counts */
    FLAG_INVITED = 32,          /* a leader's: it has told `hand_to` to take */
    FLAG_FORGOT = 64,           /* it may have forgotten; RECOVERING, or a candidate to resume */
    FLAG_RESUME = 128,          /* a candidate that wants the promise of all */
    FLAG_PROMISED_RESUME = 256, /* `promise` was given to such a one */
};

struct arc {
    struct arc_name name;
    uint32_t self;
    uint32_t feeds; /* counts all feeds ever begun, so that no number means two */
    struct ballot promise;
    struct log_end end;
    uint64_t applied;
    uint64_t matched;   /* an owner's: it has the log of the promised ballot's leader up to here */
    uint64_t lead_from; /* a leader's first frame */
    uint64_t written;
    uint64_t synced;
    uint64_t all_synced;
    uint64_t seen;              /* the highest counter of any ballot it was told of */
    uint64_t deadline_us;       /* UINT64_MAX: none */
    uint64_t learns_since;      /* owners of later epochs only make it one */
    struct arc_run *runs;       /* at least one, oldest first, up to `end` */
    struct arc_config *configs; /* the same; the first is applied */
    struct arc_peers *peers;    /* or NULL */
    uint16_t run_count;
    uint16_t run_cap;
    uint16_t flags; /* of enum arc_flag */
    uint8_t config_count;
    uint8_t role; /* enum arc_role */
};
static_assert(sizeof(struct arc) < ARC_SIZE_MAX, "an arc is small");

/* --- arc.c ------------------------------------------------------------------ */

void arc_move(struct arc *a, enum arc_role to);
struct arc_effect *arc_effect(struct arc_turn *t, enum arc_effect_kind kind);

/* A message of this arc to be filled in. */
struct arc_message *arc_send(struct arc *a, struct arc_turn *t, uint32_t node,
                             enum arc_message_kind kind);
void arc_refuse(struct arc *a, struct arc_turn *t, uint32_t to, struct ballot ballot, uint32_t feed,
                enum arc_refusal_reason reason);
bool arc_away(const struct arc_turn *t, uint32_t node);

/* A follower hears, or no longer, that the node of its promise leads. */
void arc_heard(struct arc *a, const struct arc_turn *t, bool heard);

/* Whether the leader is known and in reach. */
bool arc_hears_leader(const struct arc *a, const struct arc_turn *t);

/* Whether it is no owner yet. */
bool arc_learns(const struct arc *a);

/* What of its log is written: only that is told to others, who count on it. */
struct log_end arc_written_end(const struct arc *a);

static inline bool arc_flag(const struct arc *a, enum arc_flag flag)
{
    return a->flags & (unsigned)flag;
}

static inline void arc_set(struct arc *a, enum arc_flag flag, bool on)
{
    a->flags = (uint16_t)(on ? a->flags | (unsigned)flag : a->flags & ~(unsigned)flag);
}

/* Promises `ballot`, which is higher: the record is to be written, and synced before
 * anything rests on it if `sync`; the leader it is taken from is told. */
void arc_raise(struct arc *a, struct arc_turn *t, struct ballot ballot, bool sync);

/* A candidate's or leader's end: RECOVERING if it may have forgotten, else FOLLOWER. */
void arc_step_down(struct arc *a, struct arc_turn *t);

/* A leader says that it is none any more, and steps down. */
void arc_yield(struct arc *a, struct arc_turn *t);

uint64_t arc_back_off_us(const struct arc *a, struct arc_turn *t);

/* --- arc_peers.c ------------------------------------------------------------ */

/* Makes the list anew, of all owners but itself; nothing is known of them. */
void arc_peers_new(struct arc *a);
void arc_peers_free(struct arc *a);

/* Adds owners that are missing; who is none any more is leaving.  Moves the others:
 * pointers to peers are invalid afterwards. */
void arc_peers_extend(struct arc *a);

/* NULL if there is none. */
struct arc_peer *arc_peer(const struct arc *a, uint32_t node);

/* What each peer has reached, by `of`, and `self` for this owner.  Returns how many;
 * `out` has ARC_OTHERS_MAX + 1 places. */
unsigned arc_values(const struct arc *a, uint64_t (*of)(const struct arc_peer *p), uint64_t self,
                    struct commit_value *out);

static inline bool arc_peer_is(const struct arc_peer *p, enum arc_peer_flag flag)
{
    return p->flags & (unsigned)flag;
}

static inline void arc_peer_set(struct arc_peer *p, enum arc_peer_flag flag, bool on)
{
    p->flags = on ? p->flags | (unsigned)flag : p->flags & ~(unsigned)flag;
}

/* --- arc_log.c -------------------------------------------------------------- */

void arc_log_init(struct arc *a, struct log_end applied, const struct arc_owners *owners);
void arc_log_deinit(struct arc *a);

/* The ballot of frame `index`; none for 0, beyond the end and before what it remembers. */
struct ballot arc_log_ballot(const struct arc *a, uint64_t index);
bool arc_log_has(const struct arc *a, struct log_end frame);

/* Whether a frame of this ballot can be taken in. */
bool arc_log_room(const struct arc *a, struct ballot ballot);

/* The frame after `end`. */
void arc_log_push(struct arc *a, struct arc_turn *t, const struct arc_frame *frame,
                  const struct arc_owners *owners);

/* Frames from `from` on are no more. */
void arc_log_cut(struct arc *a, struct arc_turn *t, uint64_t from);

/* Frames up to `to` are committed. */
void arc_log_apply(struct arc *a, uint64_t to);

/* Who counts: the newest in the log, and the newest that is committed. */
static inline const struct arc_config *arc_newest(const struct arc *a)
{
    return &a->configs[a->config_count - 1];
}

/* --- arc_append.c ----------------------------------------------------------- */

/* Takes a frame in, or not, that was sent at the promised ballot. */
enum arc_verdict arc_take_in(struct arc *a, struct arc_turn *t, const struct arc_frame *frame,
                             const struct arc_owners *owners);
enum arc_verdict arc_on_append(struct arc *a, struct arc_turn *t, uint32_t from,
                               const struct arc_append *m, const struct arc_owners *owners);
void arc_on_commit(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_commit *m);

/* --- arc_lead.c ------------------------------------------------------------- */

/* A candidate leads. */
void arc_lead(struct arc *a, struct arc_turn *t);

/* The leader's next frame, of its own making. */
void arc_make(struct arc *a, struct arc_turn *t, enum arc_frame_kind kind,
              const struct arc_owners *owners);

/* Feeds a peer from where its log, which ends so, parts from the leader's. */
void arc_place(struct arc *a, struct arc_turn *t, struct arc_peer *p, struct log_end end,
               uint64_t applied);
/* Feeds it the last frame, upon which it will say where it is. */
void arc_feed_end(struct arc *a, struct arc_turn *t, struct arc_peer *p);
void arc_starve(struct arc *a, struct arc_turn *t, struct arc_peer *p);
void arc_advance(struct arc *a, struct arc_turn *t);
void arc_apply(struct arc *a, struct arc_turn *t, uint64_t to);
void arc_on_refusal(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_refusal *m);
void arc_on_hello(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_hello *m);

/* --- arc_take.c ------------------------------------------------------------- */

/* Asks to lead, at a new ballot. */
void arc_stand(struct arc *a, struct arc_turn *t, struct ballot invited_by, bool resume);

/* The candidate's promise is synced, or a peer's connection is new: asks. */
void arc_ask(struct arc *a, struct arc_turn *t, uint32_t node);
void arc_count_votes(struct arc *a, struct arc_turn *t);
void arc_answer_take(struct arc *a, struct arc_turn *t);
void arc_on_take(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_take *m);
void arc_on_promise(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_promise *m);
void arc_on_no(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_no *m);
void arc_on_invite(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_invite *m);

/* --- arc_fetch.c ------------------------------------------------------------ */

/* Asks for the log of a peer, up to its `end`. */
void arc_fetch(struct arc *a, struct arc_turn *t, struct arc_peer *p);
void arc_on_fetch(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_fetch *m);
enum arc_verdict arc_on_fetched(struct arc *a, struct arc_turn *t, uint32_t from,
                                const struct arc_fetched *m, const struct arc_owners *owners);
void arc_on_fetch_gone(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_gone *m);

/* --- arc_recover.c ---------------------------------------------------------- */

/* It may have forgotten: asks the others. */
void arc_recover(struct arc *a, struct arc_turn *t);
void arc_recover_ask(struct arc *a, struct arc_turn *t, uint32_t node);
void arc_recover_look(struct arc *a, struct arc_turn *t);
void arc_recover_time(struct arc *a, struct arc_turn *t);
void arc_on_recover(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_recover *m);
void arc_on_state(struct arc *a, struct arc_turn *t, uint32_t from,
                  const struct arc_state_answer *m);

/* Who the others are: the newest in the log, or who a peer said they are. */
const struct arc_owners *arc_recover_owners(const struct arc *a);

/* Whether all have answered or are given up that a resuming candidate needs: `flag` tells
 * who has. */
bool arc_all_have(const struct arc *a, enum arc_peer_flag flag);

/* --- arc_owners.c ----------------------------------------------------------- */

/* A peer that is no owner said that it learns. */
void arc_learning(struct arc_peer *p);

/* Owners may have become committed. */
void arc_owners_applied(struct arc *a, struct arc_turn *t);
void arc_owners_time(struct arc *a, struct arc_turn *t);

/* Tells `node` who has the arc, if it is known that it is none of them. */
bool arc_tell_moved(struct arc *a, struct arc_turn *t, uint32_t node, struct ballot ballot,
                    uint64_t epoch);
/* Whether owners, which are committed, have come after others: of one epoch "new" comes
 * after "old+new". */
static inline bool arc_owners_newer(const struct arc_owners *o, const struct arc_owners *than)
{
    return o->epoch > than->epoch ||
           (o->epoch == than->epoch && o->next_count == 0 && than->next_count != 0);
}

/* Tells it who counts now, if that is committed. */
void arc_tell_owners(struct arc *a, struct arc_turn *t, uint32_t node, struct ballot ballot);
void arc_on_moved(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_moved *m);

/* --- arc_hand_over.c -------------------------------------------------------- */

/* Tells `hand_to` to take as soon as it has everything. */
void arc_hand_over_look(struct arc *a, struct arc_turn *t);

#endif
