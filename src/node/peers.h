/* peers.h: the links to the other members of the ring: one connection to each, made by
 * whichever of the two comes first, and what is known of it.
 *
 *     DOWN -- call, or accept --> a handshake (cluster/handshake.h) --> UP -- lost --> DOWN
 *                                   '-- refused, too late --> DOWN, a pause, again
 *
 * Messages arrive in order and once, or the link goes down; what was under way is lost
 * then, and its numbers with it: each connection numbers its messages from 1, all but
 * acks.  An ack says up to which number everything is handled, so a link needs no other
 * sign of life.  What an arc is, is not known here.
 *
 * A turn: peers_read() at its beginning, peers_turn() at its end.  Hooks are called from
 * within these two and nowhere else; they may call everything here but peers_free(),
 * peers_read() and peers_turn(). */
#ifndef HENGE_NODE_PEERS_H
#define HENGE_NODE_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/handshake.h"
#include "cluster/message.h"
#include "env/env.h"

struct peer;
struct peers;

struct peers_options {
    struct handshake_self self; /* its texts must outlive the peers */
    uint64_t heartbeat_us;      /* one to each peer so often */
    uint64_t reach_us;          /* an answer owed so long: out of reach */
    uint64_t lost_us;           /* ... so long: the connection is given up, and made anew */
    uint64_t handshake_us;      /* that it may take, connecting included */
    uint64_t retry_min_us;      /* between two calls: at first, and at most */
    uint64_t retry_max_us;
    uint64_t barred_us; /* who spoke nonsense is not taken again before */
    uint64_t queue_max; /* bytes unsent or unanswered beyond which a peer is behind */
};

/* Defaults: 100 ms, 500 ms, 3 s, 2 s, 50 ms to 1 s, 10 s, 16 MiB; `self` is zeros. */
void peers_options_init(struct peers_options *options);

struct peers_hooks {
    /* Messages may be sent, and come.  Before it nothing of the link before it is left. */
    void (*on_up)(void *owner, struct peer *p);
    /* What was not answered may have arrived or not. */
    void (*on_down)(void *owner, struct peer *p);
    /* What comes, in order; a MESSAGE_ACK without a number (0).  `m` borrows until it
     * returns.  False: it is nonsense, and the peer is cut off. */
    bool (*on_message)(void *owner, struct peer *p, uint64_t number, const struct message *m);
    /* It answers, or has not for reach_us; a link that is lost and back sooner is no
     * change. */
    void (*on_reach)(void *owner, struct peer *p, bool in_reach);
    /* True: its queue is full, and nothing of what may be read again is taken: it falls back
     * to its cursor.  False: half of it is free. */
    void (*on_behind)(void *owner, struct peer *p, bool behind);
    /* A heartbeat is due: `out` has load, commits and so on to be filled in, but wall_us. */
    void (*on_heartbeat)(void *owner, struct peer *p, struct message_heartbeat *out);
};

/* Plain counters, since the peer was added; those of a link go on with the next one. */
struct peer_stats {
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t messages_in;
    uint64_t messages_out;
    uint64_t ups;        /* links that came up */
    uint64_t calls;      /* that this node began */
    uint64_t cut_offs;   /* for nonsense */
    uint64_t behinds;    /* how often its queue was full */
    uint64_t rtt_us;     /* average of the last answers, about 8; 0: none yet */
    uint64_t unsent;     /* bytes that wait for the socket */
    uint64_t unanswered; /* bytes that are sent or wait */
};

/* Borrows `env`.  Nothing happens before the first turn. */
struct peers *peers_new(struct env *env, const struct peers_options *options,
                        const struct peers_hooks *hooks, void *owner);

/* Ends all connections at once, without calling a hook.  Accepts NULL. */
void peers_free(struct peers *all);

/* What comes to this listener is the peers' from now on: a peer, or a stranger. */
void peers_listen(struct peers *all, struct net_listener *listener);

/* What handshakes from now on say of the ring. */
void peers_set_ring(struct peers *all, uint64_t epoch, uint64_t members);

/* A member to have a link to, which is not there yet and not this node itself.  `address`
 * is numeric and copied; empty: it is not called, only taken. */
struct peer *peers_add(struct peers *all, uint32_t id, const char *address, int port);

/* Ends its link without calling a hook; `p` must not be used any more, but for hooks that
 * are under way. */
void peers_remove(struct peer *p);

/* NULL if there is none. */
struct peer *peers_find(const struct peers *all, uint32_t id);

/* It has moved: the next call goes there. */
void peers_move(struct peer *p, const char *address, int port);

/* Reads what has come and calls hooks. */
void peers_read(struct peers *all, uint64_t now_us);

/* Times, heartbeats, calls, and one write to each peer of all that was sent to it.  Returns
 * when it wants to be called again, in mono µs. */
uint64_t peers_turn(struct peers *all, uint64_t now_us);

bool peers_check(const struct peers *all);

/* --- one peer */

uint32_t peer_id(const struct peer *p);

/* The owner's own, NULL at first. */
void peer_set_data(struct peer *p, void *data);
void *peer_data(const struct peer *p);

/* Puts a message into the queue, which leaves with the turn.  False: it is not sent,
 * because the link is down, or the peer is behind and the message is one that its owner
 * can send later (appends, fetched frames, requests and replies). */
bool peer_send(struct peer *p, const struct message *m);

/* Number of the last message sent and received on this link; 0: none. */
uint64_t peer_sent(const struct peer *p);
uint64_t peer_received(const struct peer *p);

/* Messages up to `written` are handled, up to `synced` durable (at most peer_received(),
 * never falling); the peer is told with the turn.  Nothing if the link is down. */
void peer_acknowledge(struct peer *p, uint64_t written, uint64_t synced);

/* The owner has found nonsense in what came: as on_message() returning false, for
 * later. */
void peer_cut_off(struct peer *p, const char *why);

bool peer_is_up(const struct peer *p);
bool peer_is_behind(const struct peer *p);

/* As on_reach() has said. */
bool peer_in_reach(const struct peer *p);

/* For how long it has owed an answer, the time the link has been down included; 0: it owes
 * none; UINT64_MAX: there has been no link yet. */
uint64_t peer_silence_us(const struct peer *p, uint64_t now_us);

/* Good while the link is up: what it said in the hello. */
const struct message_hello *peer_hello(const struct peer *p);

void peer_stats(const struct peer *p, struct peer_stats *out);

#endif
