/* session.h: who is talking: what a connection has said about itself. */
#ifndef HENGE_SESSION_SESSION_H
#define HENGE_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cmd/call.h"
#include "session/instance.h"
#include "session/multi.h"

enum session_close {
    SESSION_OPEN,
    SESSION_CLOSE_AFTER_REPLY, /* QUIT, protocol errors: what is answered leaves first */
};

/* What sets a session apart from most; 0 for those, which costs them nothing. */
enum session_special {
    SESSION_SUBSCRIBED = 1 << 0,
    SESSION_MUTE = 1 << 1,      /* CLIENT REPLY OFF */
    SESSION_SKIP_NEXT = 1 << 2, /* CLIENT REPLY SKIP has just come */
    SESSION_SKIP = 1 << 3,      /* ... and the next reply is not sent */
    SESSION_NO_TOUCH = 1 << 4,
    SESSION_TRACKING = 1 << 5,
    SESSION_MONITOR = 1 << 6,
};

struct session {
    struct list link; /* in instance->sessions, or ->aside */
    struct instance *instance;
    uint64_t id;
    uint64_t created_us; /* mono */
    uint64_t active_us;  /* mono: bytes came or went */
    char *name;          /* owned; NULL for none */
    char *lib_name;
    char *lib_version;
    uint8_t db;
    uint8_t proto; /* 2 or 3; whoever changes it changes c->reply->proto with it */
    bool authenticated;
    bool aside;            /* in instance->aside; no connection of the server is behind it */
    struct acl_user *user; /* "default" before anybody logs in; never NULL */
    bool cut;              /* CLIENT KILL has: it ends within this turn */
    bool no_evict;         /* it is not the one that gives way when there is no memory */
    unsigned special;      /* enum session_special */
    uint32_t subscribed[PUBSUB_KINDS]; /* how often */
    struct list subscriptions;         /* of struct subscription */
    struct tracker *tracker;           /* CLIENT TRACKING; NULL: off */
    struct list monitor;               /* in instance->monitors */
    struct index_link by_id;           /* in instance->by_id */
    enum session_close closing;
    int socket; /* aside: the descriptor that a library reads; -1: none */
    uint64_t commands;
    const struct command *last; /* row of the last call; NULL before the first */
    struct multi *multi;        /* queued since MULTI; NULL: there was none */
    struct watched *watched;    /* multi.c's; NULL for none */
    uint64_t written_to;        /* log position of its last write */
    struct levels levels;       /* CONSISTENCY's, if ... */
    bool levels_said;
    struct net_conn *net; /* whose addresses CLIENT LIST shows; NULL: none */
};

void session_init(struct session *s, struct instance *instance);

/* The same for who is no client of the RESP door: CLIENT does not see it. */
void session_init_aside(struct session *s, struct instance *instance);
void session_deinit(struct session *s);

/* The session of that number among those of the RESP door, NULL if it has ended. */
struct session *session_find(const struct instance *in, uint64_t id);

/* Whether a call of that row has to wait for the end of CLIENT PAUSE. */
bool session_paused(const struct session *s, const struct command *row);

/* As after connecting: RESET. */
void session_reset(struct session *s);

/* A call of its has run: whether its reply is not to be sent (CLIENT REPLY).  Once a call. */
bool session_quiet(struct session *s);

/* Finds the row of c->argv, fills the call in, and holds it against everything
 * that can refuse it: unknown names, arity, AUTH, loading, a log that cannot
 * write, memory.  False: refused, the error is replied. */
bool session_admit(struct session *s, struct call *c);

/* It was refused otherwise, an error is replied: EXEC will say so. */
void session_refuse(struct session *s, const struct call *c);

/* What an admitted call with these flags needs of the store is given.  False: replied. */
bool session_takes(struct session *s, unsigned flags, struct reply *reply);

/* An admitted call is answered without being run: MULTI has queued it. */
static inline bool session_queues(struct session *s, struct call *c)
{
    return s->multi && multi_queue(s, c);
}

/* A call is done. */
static inline void session_done(struct session *s, const struct call *c)
{
    if (c->cells_written)
        s->written_to = c->gate;
    if (s->multi && s->multi->running)
        multi_end(s);
}

/* It is EXEC, and publishes. */
static inline bool session_exec_publishes(const struct session *s, const struct command *row)
{
    return s->multi && s->multi->publishes && multi_is_exec(row);
}

/* What EXEC, if this is it, may put. */
size_t session_exec_writes(const struct session *s, const struct call *c);

/* Bytes that the call, not admitted yet, may put; 0: it writes nothing.  Its own
 * arguments are `bytes`. */
static inline size_t session_writes(const struct session *s, const struct call *c, size_t bytes)
{
    if (s->multi)
        return session_exec_writes(s, c);
    return c->row && (c->row->flags & CMD_WRITE) ? bytes + c->argc * CELL_FIXED_SIZE : 0;
}

/* The same for a call that has waited for cells: whether the store still takes it.
 * Who is talking may have been deleted meanwhile; what he may has been asked. */
bool session_admit_again(struct session *s, struct call *c);

#endif
