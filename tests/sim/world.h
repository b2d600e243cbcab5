/* world.h: one server and its clients in simulated time, made of one seed.
 *
 * A step is a round of the loop: what is due by then happens, then the server has
 * its turn.  Between boot and end the server is a process on a disk that outlives
 * it. */
#ifndef HENGE_SIM_WORLD_H
#define HENGE_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "env/env.h"
#include "server/server.h"
#include "sim/client.h"
#include "sim/history.h"
#include "sim/listener.h"
#include "sim/sim_arenas.h"
#include "sim/sim_clock.h"
#include "sim/sim_counts.h"
#include "sim/sim_disk.h"
#include "sim/sim_log.h"
#include "sim/sim_net.h"
#include "sim/sim_pool.h"

enum {
    WORLD_CLIENTS = 5,
    WORLD_MEMTABLE_MOST = 1 << 20, /* bytes: no seed fills it */
};

/* How a process ends. */
enum world_end {
    END_KILL,  /* what was written stays */
    END_POWER, /* what was synced stays, and part of the rest */
};

struct world {
    uint64_t seed;
    struct prng prng;
    struct sim_queue queue;
    struct sim_log log;
    struct sim_counts counts;
    struct sim_place place;
    struct sim_clock clock;
    struct sim_pool pool;
    struct sim_net net;
    struct sim_arenas arenas;
    struct sim_disk *disk;
    struct trace trace;
    struct env env;
    struct options options;
    struct server *server; /* NULL: down */
    enum server_state state;
    bool ended;       /* the process has ended, or is to be taken for it */
    uint64_t turn_at; /* when the server wants its next turn */
    uint64_t turns;
    uint64_t quantum_us;   /* what happens within it meets the server in one turn */
    uint64_t refused_seen; /* by the disk, already in the history */
    uint64_t sync_errors_seen;
    bool torn; /* this boot's load ended at a torn tail */
    struct history history;
    struct workload workload;
    struct client clients[WORLD_CLIENTS];
    unsigned client_count; /* clients[0] is the probe */
    struct listener listener;
    bool listens; /* somebody hears of events in this seed */
};

/* The world's beginning: nothing is on the disk, the server is down. */
struct world *world_new(uint64_t seed, bool echo, bool keep);
void world_free(struct world *w);

/* Starts the server on what the disk has. */
void world_boot(struct world *w);

/* Ends the process.  `jobs`: those that wait may have been half-way. */
void world_end(struct world *w, enum world_end end, bool jobs);

/* One round.  False if the process has ended within it: call world_end(). */
bool world_step(struct world *w);

/* Steps for so long; false as above. */
bool world_run(struct world *w, uint64_t us);

/* Steps until the server is in that state, the process ends, or `us` have passed:
 * true if it is. */
bool world_await(struct world *w, enum server_state state, uint64_t us);

#endif
