/* connection.h: one client of the RESP door: bytes in, calls, bytes out.
 *
 * Calls start and reply in order of arrival; one that waits for the disk lets
 * others start that have nothing to do with it (queue.h).  A connection is not read
 * while its replies pile up (output), while it has LIMIT_PIPELINE calls unfinished
 * or unacknowledged, while its next call must wait for one of them (blocked), or
 * while the log cannot take its next write (parked): then its bytes stay where they
 * are and are parsed again. */
#ifndef HENGE_SERVER_CONNECTION_H
#define HENGE_SERVER_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/list.h"
#include "env/net.h"
#include "resp/reader.h"
#include "resp/reply.h"
#include "server/held.h"
#include "server/incoming.h"
#include "server/queue.h"
#include "session/session.h"

struct server;

struct connection {
    struct session session;
    struct server *server;
    struct net_conn *net;
    struct list ready;   /* in server->ready: something to read or to go on with */
    struct list dirty;   /* in server->dirty: output to send, or to be closed */
    struct list holding; /* in server->holding: replies wait for the log */
    struct list parked;  /* in server->parked */
    size_t parked_for;   /* ... bytes its next write may take in the log ... */
    struct list scarce;  /* in server->scarce: a piece of its output waits for memory */
    bool parked_aside;   /* ... or it waits for something else, which it looks for itself */
    struct reader reader;
    struct block *in; /* NULL unless bytes of an unfinished command are kept */
    size_t at;        /* where in it the next command begins */
    struct reply out;
    struct held held;
    struct incoming *incoming; /* an argument that comes in pieces; NULL for none */
    struct call_large *large;  /* those of the command at `at` that have come */
    struct queue *queue;       /* behind them: calls that wait; NULL for none */
    unsigned wanted;           /* enum net_events told to the network */
    bool stalled;              /* whole commands wait in `in` for the connection to be open */
    bool more;                 /* the last read filled the block */
    size_t got;                /* bytes of the last read */
    bool gone;                 /* the peer is: close it */
    uint64_t soft_since;       /* mono_us: its output is over the soft limit; 0: it is not */
};

/* Takes an accepted connection. */
struct connection *connection_new(struct server *server, struct net_conn *net);

/* Ends it at once and frees it. */
void connection_free(struct connection *conn);

/* Reads once, unless something stands against it. */
void connection_read(struct connection *conn);

/* Runs what was read, and reads on if the socket had more than its block. */
void connection_serve(struct connection *conn);

/* connection_input.c: the first key of the first command that was read, if it has one
 * that is whole: to be prefetched. */
bool connection_peek(struct connection *conn, struct lsm_coming *key);

/* Sends what waits for nothing, until the kernel takes no more. */
void connection_send(struct connection *conn);

/* Sends what may leave, and says what is wanted from the network.  False: it is
 * to be freed. */
bool connection_flush(struct connection *conn);

/* Answers an error the connection does not survive, behind what waits. */
void connection_refuse(struct connection *conn, const char *code, const char *text);

/* More is to be done for it at the end of this turn. */
void connection_touch(struct connection *conn);

/* Goes on with it in the next turn. */
void connection_wake(struct connection *conn);

/* It may be read: nothing of what is above stands against it. */
bool connection_open(const struct connection *conn);

/* An idle client keeps no block: gives it back if nothing unread is in it. */
void connection_release_input(struct connection *conn);

/* connection_input.c: it is not parked any more, if it was. */
void connection_unpark(struct connection *conn);

/* connection_input.c: the log takes a write of so many bytes now, or never will. */
bool connection_unparks(const struct connection *conn, size_t bytes);

/* With so many bytes of replies they have to leave before it may ask for more.  A client
 * that sends all before it reads has room for that, but not many of them at once. */
bool connection_must_drain(const struct connection *conn, size_t bytes);

/* connection_input.c: runs the whole commands that `conn->in` holds. */
void connection_process(struct connection *conn);

/* connection_wait.c */

/* A call that ran and is not done, by `end`, waits for cells or its next slice, on the
 * heap. */
void connection_wait(struct connection *conn, struct call *c, enum call_end end);

/* Runs a call of a connection of which others wait, and that the queue admits. */
void connection_run_beside(struct connection *conn, struct call *c);

/* Ends its waiting calls unanswered. */
void connection_forget_waiting(struct connection *conn);

/* What a waiting call lacked is there, or cannot be read, or its turn to read has come. */
void connection_resume(struct waiting *w);

/* A call in server->wanting: its turn has come.  *fits: as far as memory is concerned. */
bool connection_may_read(const struct waiting *w, bool *fits);

/* Its held replies, if there are some, are to be released, or failed, with the log. */
void connection_hold(struct connection *conn);

/* connection_after.c */

/* The call's reply is not to be sent.  Once a call, after it has run. */
bool connection_quiet(struct connection *conn, const struct call *c);

/* Tells whom it concerns that the call has run, or a slice of it. */
void connection_after(struct connection *conn, const struct call *c, enum call_end end);

/* ... of a door beside the RESP one. */
void connection_after_aside(struct instance *in, const struct session *session,
                            const struct call *c, enum call_end end);

/* connection_push.c */

/* Puts a message behind all it has been sent so far. */
void connection_push(struct connection *conn, const struct reply *message);

/* Cuts it off if its output is over the limits of its class. */
void connection_limit(struct connection *conn);

/* connection_door.c: what CLIENT may do with connections. */
extern const struct instance_door connection_door;

bool connection_check(const struct connection *conn);

#endif
