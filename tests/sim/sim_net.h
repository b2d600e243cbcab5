/* sim_net.h: connections of clients within the world.
 *
 * Each direction is a pipe whose bytes arrive late and in random pieces.  The
 * server's end is env/net.h; the client's end is a struct sim_peer with two
 * callbacks.  What the server sent before its end may still arrive. */
#ifndef HENGE_SIM_NET_H
#define HENGE_SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/prng.h"
#include "env/net.h"
#include "sim/sim_counts.h"
#include "sim/sim_queue.h"

struct sim_conn;

/* The client's end; conn is NULL while there is none. */
struct sim_peer {
    struct sim_conn *conn;
    void (*on_bytes)(struct sim_peer *peer, struct slice bytes);
    void (*on_gone)(struct sim_peer *peer); /* conn is NULL already */
};

struct sim_net {
    struct net net;
    struct sim_queue *queue;
    struct sim_counts *counts;
    struct prng prng;
    const bool *muted; /* true: the process has ended, nothing leaves it */
    uint64_t delay_us; /* of a piece, at most */
    size_t piece_max;
    size_t window; /* bytes under way to a client */
    struct net_listener *listener;
    struct sim_conn *conns;
    unsigned port; /* of the next client */
};

void sim_net_init(struct sim_net *n, struct sim_queue *queue, struct sim_counts *counts,
                  const bool *muted, uint64_t seed);

/* The process ends, and will close its connections: some of what is under way from
 * it is lost. */
void sim_net_process_end(struct sim_net *n);

/* It has closed them: those it had not accepted end too. */
void sim_net_process_gone(struct sim_net *n);

/* Ends everything at once. */
void sim_net_deinit(struct sim_net *n);

/* One round of the loop: on_ready() of everyone who can go on. */
void sim_net_poll(struct sim_net *n);

/* Somebody can go on, and would be told in the next round. */
bool sim_net_ready(const struct sim_net *n);

/* False if nobody listens. */
bool sim_net_connect(struct sim_net *n, struct sim_peer *peer);

void sim_net_push(struct sim_peer *peer, struct slice bytes);

/* A slow reader takes nothing while it is paused. */
void sim_net_pause(struct sim_peer *peer, bool paused);

/* The client ends the connection; `reset`: what is under way is lost, else the
 * server sees the end behind the last byte.  on_gone() is not called. */
void sim_net_hang_up(struct sim_peer *peer, bool reset);

/* The network breaks the connection: both ends are told. */
void sim_net_break(struct sim_peer *peer);

#endif
