/* server_world.h: a server in a world of its own: files in memory, clients that are
 * bytes, a clock that stands still, jobs that run when they are told to. */
#ifndef HENGE_UNIT_SERVER_WORLD_H
#define HENGE_UNIT_SERVER_WORLD_H

#include "base/buf.h"
#include "server/server.h"
#include "unit/lsm/lsm_world.h"

enum { CLIENTS_MAX = 256 };

struct client {
    struct net_conn base; /* first: the server has a pointer to it */
    struct buf sent;      /* by it, not read yet */
    struct buf got;
    unsigned wanted;
    size_t takes; /* bytes it still takes, of a window of so many; SIZE_MAX: all */
    bool open;
    unsigned sent_at;   /* the moment something was sent to it last; 0: never */
    unsigned closed_at; /* ... and when it was closed */
};

struct server_world {
    struct lsm_world world; /* its own store stays closed */
    struct clock clock;
    uint64_t wall_ahead_us; /* the wall clock is, of the other */
    struct net net;
    struct net_listener listener;
    struct options options;
    struct server *server;
    struct client clients[CLIENTS_MAX];
    unsigned client_count;
    uint64_t deadline; /* of the last turn */
    unsigned moment;   /* counts what clients are sent, and ends */
};

/* With small options, which may be changed before it is started. */
void server_world_init(struct server_world *w);
void server_world_deinit(struct server_world *w);

/* Starts it and runs jobs until it serves. */
void server_world_start(struct server_world *w);

struct client *server_world_client(struct server_world *w);

/* The client sends a command, its words by spaces. */
void client_send(struct client *c, const char *line);
/* SET of `key` to `size` bytes. */
void client_send_set(struct client *c, const char *key, size_t size);

/* What has come since the last look, '|' for CR LF, into `to`. */
const char *client_got(struct client *c, char *to, size_t size);

/* One turn; jobs stay where they are. */
void server_world_turn(struct server_world *w);
/* Turns and jobs until neither has anything to do at once. */
void server_world_settle(struct server_world *w);

#endif
