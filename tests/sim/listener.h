/* listener.h: a client that subscribes to everything and asks for nothing: what it hears,
 * keys' events and transactions' messages, goes into the history. */
#ifndef HENGE_SIM_LISTENER_H
#define HENGE_SIM_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/history.h"
#include "sim/sim_log.h"
#include "sim/sim_net.h"

struct listener {
    struct sim_peer peer; /* first */
    struct sim_net *net;
    struct sim_log *log;
    struct history *history;
    struct buf in;
    uint64_t connected; /* in the history's order */
    uint64_t heard;     /* what went into the history, ever */
    unsigned proto;
};

/* Speaks RESP2 or RESP3. */
void listener_init(struct listener *l, struct sim_net *net, struct sim_log *log,
                   struct history *history, unsigned proto);
void listener_deinit(struct listener *l);

/* Connects if it is not and somebody accepts. */
void listener_attend(struct listener *l);

#endif
