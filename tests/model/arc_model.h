/* arc_model.h: a world of a few nodes that own one arc: the real arc of src/cluster on
 * simulated logs and links, with crashes, losses of power, pauses, cuts and resets, and
 * what must hold whatever happens.  One seed, one history. */
#ifndef HENGE_MODEL_ARC_MODEL_H
#define HENGE_MODEL_ARC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prng.h"
#include "cluster/arc.h"

enum {
    MODEL_NODES = 6,     /* at most */
    MODEL_FRAMES = 4096, /* a history stops writing here */
    MODEL_QUEUE = 1024,  /* packets under way on one side of a link; more, and it breaks */
    MODEL_SENT = 4096,   /* appends of one connection that can be told apart */
    MODEL_READS = 64,
    MODEL_GHOSTS = 8,
    MODEL_STEP_US = 1000,
    MODEL_AWAY_US = 400000, /* unheard for so long at most: out of reach */
    MODEL_BEAT_US = 30000,
};

/* A frame with what is in it. */
struct model_entry {
    struct arc_frame frame;
    uint64_t value; /* unique for cells, 0 for others */
    struct arc_owners owners;
};

/* One record of a node's log on disk. */
struct model_record {
    bool is_promise;
    struct ballot promise;
    struct model_entry entry;
};

enum packet_kind { PACKET_ARC, PACKET_ACK, PACKET_ROUND, PACKET_ANSWER, PACKET_BEAT };

struct model_packet {
    enum packet_kind kind;
    uint64_t at_us;  /* when it arrives */
    uint64_t number; /* of an arc's message on its connection; a round */
    uint64_t synced; /* of an acknowledgement, besides `number` written */
    struct arc_message message;
    struct model_entry entry;
};

/* One side of a link: what `from` sends to `to`, on the connection there is. */
struct model_pipe {
    struct model_packet *queue; /* MODEL_QUEUE, a ring */
    unsigned head;
    unsigned count;
    uint64_t connections;
    uint64_t last_us;               /* arrivals keep their order */
    uint64_t stalled_us;            /* nothing arrives before */
    uint64_t sent;                  /* number of the last message */
    uint64_t acked;                 /* ... that the other side has written */
    uint64_t acked_synced;          /* ... and synced */
    uint32_t sent_feed[MODEL_SENT]; /* by number: 0, or an append's */
    uint64_t sent_index[MODEL_SENT];
    /* The receiver's: */
    uint64_t handled;
    uint64_t needs[MODEL_SENT]; /* by number: records that must be written before it is acked */
    uint64_t told;              /* acknowledged as written */
    uint64_t told_synced;
    uint64_t answered; /* the last round `to` has answered to `from` */
};

/* A packet that is heard once more, later. */
struct model_ghost {
    uint32_t from;
    uint32_t to;
    struct model_packet packet; /* at_us 0: none */
};

struct model_read {
    uint64_t round; /* 0: not sent */
    uint64_t rests_on;
    uint64_t must_see;
};

struct model_serve {
    struct ballot ballot;
    uint64_t next; /* 0: nothing to serve */
    uint64_t to;
};

struct model_node {
    uint32_t id;
    bool up;
    uint64_t away_us;    /* unheard for so long: out of reach */
    uint64_t resumes_us; /* paused before */
    uint64_t starts_us;  /* down before */
    uint64_t lonely_us;  /* a new leader is to be cut off then; 0 */
    struct arc *arc;     /* NULL: none, or down */
    uint64_t heard_us[MODEL_NODES + 1];
    /* In memory: the log, and the feeds out of it. */
    struct model_entry *log; /* [index - 1] */
    uint64_t end;
    uint64_t applied;
    bool fed[MODEL_NODES + 1];
    uint64_t feed_next[MODEL_NODES + 1];
    struct model_serve serve[MODEL_NODES + 1];
    struct model_read reads[MODEL_READS];
    unsigned read_count;
    uint64_t round;
    uint64_t beat_us;
    /* On disk: records, of which a part is written and a part of that synced; and a table
     * with frames up to `base`. */
    struct model_record *records;
    uint64_t record_count;
    uint64_t record_cap;
    uint64_t written;
    uint64_t synced;
    uint64_t write_at_us; /* 0: nothing to write */
    uint64_t sync_at_us;
    uint64_t sync_wanted; /* records */
    uint64_t slow_us;     /* writes take longer before */
    struct model_entry *table;
    struct log_end base;
    struct arc_owners base_owners;
    bool owns;             /* there is, or was, an arc here */
    uint64_t learns_since; /* the epoch, or 0 */
    struct arc_owners born_owners;
    struct ballot born_promise;
    bool dropped;
    struct ballot dropped_ballot;
    bool forgot;           /* lost power, and did not recover yet */
    uint64_t remembers_at; /* records, with which it has recovered; 0 */
};

struct model_options {
    unsigned nodes;  /* 3..MODEL_NODES */
    unsigned owners; /* at first */
    bool moves;      /* owners change */
    bool room;       /* once, all lose power */
    bool hectic;     /* faults are many and short, feeds slow */
    bool quiet;      /* few writes, and the leader is not heard often */
    bool always;     /* commits need synced frames */
    bool trace;
};

struct model_stats {
    uint64_t crashes, power_losses, pauses, cuts, resets, leads, commits, reads, recoveries;
    uint64_t hand_overs, moves, drops, failed_writes, resumes, tails_cut;
};

struct model {
    struct model_options options;
    struct prng prng;
    uint64_t now_us;
    struct model_node nodes[MODEL_NODES + 1]; /* from 1 */
    struct model_pipe pipes[MODEL_NODES + 1][MODEL_NODES + 1];
    bool linked[MODEL_NODES + 1][MODEL_NODES + 1]; /* a < b */
    struct model_ghost ghosts[MODEL_GHOSTS];
    uint64_t links_us[MODEL_NODES + 1][MODEL_NODES + 1];
    struct arc_effects out;
    const struct model_packet *handling;
    uint64_t next_value;
    bool faults;
    /* What holds. */
    struct model_entry *committed; /* [index - 1]; ballot none: not yet */
    struct ballot *committed_at;   /* ... the ballot under which it was found to be */
    uint64_t committed_to;
    uint64_t acked_to; /* of writes: somebody was told OK */
    uint64_t seen_to;  /* ... of reads: somebody saw it */
    struct ballot *led;
    unsigned led_count;
    struct model_entry *made; /* frames by leaders, to find (index, ballot) given twice */
    uint64_t made_count;
    uint64_t epoch;
    uint32_t target[ARC_OWNERS_MAX]; /* owners wanted next */
    unsigned target_count;
    char wrong[200]; /* empty: nothing */
    struct model_stats stats;
};

/* Runs one history; NULL if everything held, else what did not, valid until
 * model_free(). */
struct model *model_new(uint64_t seed, const struct model_options *options);
const char *model_run(struct model *m);
void model_free(struct model *m);

/* --- between the model's files ---------------------------------------------- */

__attribute__((format(printf, 2, 3))) void model_wrong(struct model *m, const char *format, ...);
__attribute__((format(printf, 2, 3))) void model_trace(const struct model *m, const char *format,
                                                       ...);
uint64_t model_below(struct model *m, uint64_t n);
bool model_one_in(struct model *m, uint64_t n);

/* model_link.c */
void model_send(struct model *m, uint32_t from, uint32_t to, const struct arc_message *message,
                const struct model_entry *entry);
void model_packet(struct model *m, uint32_t from, uint32_t to, struct model_packet p);
void model_reset(struct model *m, uint32_t a, uint32_t b, uint64_t for_us);
void model_reset_all(struct model *m, uint32_t node);
void model_links(struct model *m);
struct model_who {
    const struct model *m;
    uint32_t self;
};
uint64_t model_answered(const void *arg, uint32_t node);
void model_links_deinit(struct model *m);

/* model_node.c */
struct arc_turn model_turn(struct model *m, const struct model_node *n, uint32_t *away);
void model_carry_out(struct model *m, struct model_node *n);
void model_disk(struct model *m, struct model_node *n);
void model_start(struct model *m, struct model_node *n);
void model_stop(struct model *m, struct model_node *n, bool power);
void model_flush(struct model *m, struct model_node *n);
void model_learn(struct model *m, struct model_node *n, const struct arc_owners *owners);
void model_push(struct model *m, struct model_node *n, const struct model_record *r);
void model_handle(struct model *m, struct model_node *n, uint32_t from,
                  const struct model_packet *p);
void model_work(struct model *m, struct model_node *n);

/* model_check.c */
void model_check_apply(struct model *m, const struct model_node *n, uint64_t index);
void model_check_lead(struct model *m, const struct model_node *n, struct ballot ballot,
                      bool resumed);
void model_check_made(struct model *m, const struct model_node *n, const struct model_entry *e);
void model_check_held(struct model *m, const struct model_node *n, uint64_t index);
void model_check_read(struct model *m, const struct model_node *n, const struct model_read *r);
void model_check_shape(struct model *m, const struct model_node *n);

/* model_director.c */
void model_faults(struct model *m);
void model_owners(struct model *m);

#endif
