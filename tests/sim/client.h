/* client.h: one client of the world: connects, sends pipelines, reads slowly,
 * breaks off, and writes everything it asked and was told into the history. */
#ifndef HENGE_SIM_CLIENT_H
#define HENGE_SIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/prng.h"
#include "sim/history.h"
#include "sim/sim_log.h"
#include "sim/sim_net.h"
#include "sim/workload.h"

enum { CLIENT_PENDING = 256 };

struct client {
    struct sim_peer peer; /* first */
    unsigned id;
    struct sim_queue *queue;
    struct sim_net *net;
    struct sim_log *log;
    struct history *history;
    const struct workload *workload;
    struct prng prng;
    struct prng own; /* for transactions, so that other draws stay as they are */
    struct buf in;
    struct op *pending[CLIENT_PENDING];
    size_t pending_count;
    uint64_t connection;
    unsigned db;
    const struct op *watched; /* the GET behind a WATCH whose EXEC is to come; NULL: none */
    bool transacts;
    bool active;      /* goes on asking */
    bool config_open; /* a CONFIG SET was asked whose answer is not known */
    bool rude;        /* breaks off, reads slowly */
    uint64_t refused; /* errors answered, ever */
    /* Called with each answer, before the next; NULL for nobody. */
    void (*on_answer)(struct client *c, struct op *op, struct slice bytes,
                      const struct sim_reply *r);
    void *owner;
};

void client_init(struct client *c, unsigned id, struct sim_queue *queue, struct sim_net *net,
                 struct sim_log *log, struct history *history, uint64_t seed);
void client_deinit(struct client *c);

/* Begins to ask, until client_rest(). */
void client_work(struct client *c, const struct workload *workload);
void client_rest(struct client *c);

/* Connects if it is not; false if nobody listens. */
bool client_connect(struct client *c);

/* Ends its connection, if it has one. */
void client_leave(struct client *c);

/* Sends HELLO and SELECT so that the connection is in `db`. */
void client_select(struct client *c, unsigned db, unsigned proto);

/* Sends one operation of the history. */
void client_ask(struct client *c, struct op *op);

#endif
