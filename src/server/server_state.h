/* server_state.h: the server's struct, for the files of server/ alone. */
#ifndef HENGE_SERVER_SERVER_STATE_H
#define HENGE_SERVER_SERVER_STATE_H

#include "base/limits.h"
#include "server/connection.h"
#include "server/deadlines.h"
#include "server/outbox.h"
#include "server/server.h"
#include "session/instance.h"
#include "session/side_door.h"

enum {
    LISTENERS_MAX = 32,
    UNREADABLE_EVERY_US = 1000 * 1000, /* how often the log says that reads fail */
};

struct server {
    struct instance instance;
    enum server_state state;
    uint64_t turn;     /* numbers turns */
    uint64_t acked;    /* what held replies were last released by */
    struct list ready; /* of connections, by connection.h's links */
    struct list dirty;
    struct list holding;
    struct list queues; /* of connections with calls that wait, by queue.h's link */
    struct list parked;
    uint64_t stalling;   /* how many of those wait for the log */
    bool unparking;      /* those are being tried, in their order */
    struct list scarce;  /* of connections, by `scarce` */
    struct list resumed; /* calls that may go on, by queue.h's links */
    struct list slices;  /* the same, in the turn that follows */
    struct list wanting; /* the same, when memory for what they want is free */
    bool reads_short;    /* ... which some wait for: who comes waits behind them */
    struct list burying; /* the same, when node_buries() */
    struct list saving;  /* the same, when the checkpoint under way has ended */
    struct list blocked; /* calls that wait for something else, by the same links */
    struct list syncing; /* ... for the log to be synced */
    uint64_t synced;     /* position up to which it was when they were last looked at */
    struct deadlines deadlines;
    struct list paused;  /* the same, when CLIENT PAUSE has ended */
    struct list held_up; /* connections whose next call waits for that, by `parked` */
    struct outbox outbox;
    bool thinned;           /* it was too full: those who waited for that may go on */
    struct list changing;   /* the same, when the change of certificates under way has */
    struct side_door *side; /* NULL for none */
    struct net_listener *listeners[LISTENERS_MAX];
    unsigned listener_count;
    struct call calls[LIMIT_BATCH]; /* of the batch being run */
    size_t ends[LIMIT_BATCH];       /* where in the block each of them ends */
    struct slice *args;             /* of all of them */
    size_t args_cap;
    uint64_t stalled_since; /* mono_us: since then some write waits; 0: none does */
    uint64_t syncs_seen;
    uint64_t cron_at;                 /* mono_us */
    struct instance_stats cron_stats; /* those of a second ago */
    uint64_t cron_second_at;
    uint64_t unreadable_said_at; /* mono_us: not to be said again before */
    uint64_t stop_by;            /* mono_us: connections are cut then */
    bool stopping_log;           /* lsm_stop() was called */
};

/* Calls that ended with CALL_SAVE go on in the turn that follows. */
void server_saved(struct server *s);

/* instance_parts.c: what needs nothing. */
void instance_begin(struct instance *in, struct env *env, struct options *options);

/* ... and what has to be there before a connection can be: commands and users.  False:
 * `detail` says why they are not. */
bool instance_prepare(struct instance *in, char detail[256]);
void instance_end(struct instance *in);

/* listeners.c */
struct err listeners_open(struct server *s, char detail[256]);
void listeners_close(struct server *s);

/* cron.c: what is done ten times a second. */
void cron_run(struct server *s);

/* The most that sockets' blocks may hold of the memory bound. */
static inline uint64_t server_blocks_max(const struct server *s)
{
    return instance_blocks_max(&s->instance);
}

/* Beyond this they are short: clients are read only while few replies wait. */
static inline uint64_t server_blocks_easy(const struct server *s)
{
    return instance_blocks_easy(&s->instance);
}

/* Whether something is to be done after a call has run: the one branch that costs who
 * neither listens nor is listened to. */
static inline bool connection_attends(const struct connection *conn)
{
    const struct instance *in = &conn->server->instance;

    return conn->session.special || in->special || in->events->noted.len;
}

/* The connection a session is in. */
static inline struct connection *connection_of(struct list *session_link)
{
    return (struct connection *)(void *)list_item(session_link, struct session, link);
}

#endif
