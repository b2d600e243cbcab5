/* peers_state.h: the structs of peers.h, for its own files alone: peers.c (the set, times),
 * peer_call.c (calling, and who is kept), peer_link.c (one connection's bytes). */
#ifndef HENGE_NODE_PEERS_STATE_H
#define HENGE_NODE_PEERS_STATE_H

#include "base/buf.h"
#include "base/list.h"
#include "base/prng.h"
#include "node/peer_sends.h"
#include "node/peers.h"

enum { PEER_WHY_MAX = LIMIT_PEER_TEXT + 64 };

/* A connection: of a stranger until its handshake is over. */
struct peer_link {
    struct list links; /* of peers->links */
    struct peers *all;
    struct peer *peer; /* NULL: a stranger who has called */
    struct net_conn *net;
    struct handshake *handshake; /* NULL once it is up */
    struct message_hello hello;  /* of the peer, once up; its name is empty */
    bool caller;                 /* this node is */
    bool ready;                  /* something may be read */
    bool closed;
    struct buf in;
    size_t need; /* bytes the message that begins `in` has at least */
    struct buf out;
    size_t out_sent;    /* bytes of `out` that have left */
    uint64_t sent_end;  /* bytes that have left in all */
    uint64_t sent;      /* number of the last message put into `out` */
    uint64_t noted;     /* ... of those in `sends` */
    uint64_t noted_end; /* ... where it ends */
    uint64_t received;
    uint64_t refusable_end; /* where the last message ends that is refused when the queue is full */
    struct message_ack ack; /* to be told */
    struct message_ack told;
    struct message_ack heard; /* from the peer */
    struct peer_sends sends;
    char why[PEER_WHY_MAX]; /* it has to end; "" for no reason */
};

struct peer {
    struct list links; /* of peers->peers */
    struct peers *all;
    void *data;
    uint32_t id;
    int port;
    char address[NET_ADDRESS_MAX];
    bool removed;
    bool in_reach;
    bool behind;            /* as the owner has been told */
    bool full;              /* as it is, or is to be told */
    struct peer_link *up;   /* NULL: down */
    struct peer_link *call; /* a handshake this node has begun, or NULL */
    unsigned failures;      /* calls without a link that stayed, since the last that did */
    uint64_t call_at;       /* not before; mono µs, as all times here */
    uint64_t barred_until;
    uint64_t heartbeat_at;
    uint64_t up_since;       /* up: since then; down: when the last link came up */
    uint64_t silent_since;   /* down: as of then it has not answered; UINT64_MAX: never was up */
    char said[PEER_WHY_MAX]; /* what the log has said last about why it is down */
    struct peer_stats stats;
};

struct peers {
    struct env *env;
    struct peers_options options;
    struct peers_hooks hooks;
    void *owner;
    struct list peers; /* ... removed ones too, until the turn's end */
    struct list links; /* connections; closed ones likewise */
    unsigned strangers;
    uint64_t attempts;
    uint64_t now;
    uint64_t turned_at;     /* the last turn's time */
    uint64_t complained_at; /* of a stranger, last; 0: never */
    struct prng prng;
};

/* --- peer_link.c */

/* Takes the connection over.  `peer`: this node has called it; NULL: a stranger calls. */
struct peer_link *peer_link_new(struct peers *all, struct net_conn *net, struct peer *peer);

/* Closes it, without a word to anybody; it is freed at the turn's end. */
void peer_link_close(struct peer_link *l);
void peer_link_free(struct peer_link *l);

/* Reads and hands messages on, within a bound. */
void peer_link_read(struct peer_link *l);

/* Appends a message of the handshake, or the link's own. */
void peer_link_put(struct peer_link *l, const struct message *m);

/* Appends one with the next number. */
void peer_link_send(struct peer_link *l, const struct message *m);

/* Writes what there is, as far as the socket takes it. */
void peer_link_write(struct peer_link *l);

/* Says so to the peer if it can, and marks the link to be ended for nonsense. */
void peer_link_nonsense(struct peer_link *l, const char *why);

/* The link is to be ended: peer_lost() closes it.  The first reason stays. */
void peer_link_fail(struct peer_link *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The handshake is over: messages are numbered from here on. */
void peer_link_up(struct peer_link *l, struct peer *p);

/* Bytes unsent, and unsent or unanswered. */
uint64_t peer_link_unsent(const struct peer_link *l);
uint64_t peer_link_unanswered(const struct peer_link *l);

bool peer_link_check(const struct peer_link *l);

/* --- peer_call.c */

/* Begins a call if it is time to. */
void peer_call(struct peer *p);

/* When peer_call() may be of use next; UINT64_MAX: nobody knows. */
uint64_t peer_call_time(const struct peer *p);

/* The handshake has moved. */
void peer_shaken(struct peer_link *l);

/* The link ends: for its `why`, or because another takes its place (""). */
void peer_lost(struct peer_link *l);

#endif
