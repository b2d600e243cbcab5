/* blocked.h: calls that wait for something which may never come (CALL_BLOCK), each with
 * a deadline or without one.
 *
 *     connection_wait() --CALL_BLOCK--> blocked --its time, the log, CLIENT UNBLOCK-->
 *     server->slices --> it runs again: an answer, or it is blocked again
 *
 * A deadline counts from the first time on.  A blocked client is still read, so that its
 * end is noticed: its call ends with it.  What it is sent meanwhile without having asked
 * leaves in front of its answer, which has not begun. */
#ifndef HENGE_SERVER_BLOCKED_H
#define HENGE_SERVER_BLOCKED_H

#include <stdbool.h>

struct connection;
struct server;
struct waiting;

/* The call that ran returned CALL_BLOCK, and is paused. */
void blocked_add(struct server *s, struct waiting *w);

/* Its wait is over, whatever becomes of it.  Harmless if it does not wait. */
void blocked_end(struct waiting *w);

/* Lets those go on whose time is over, or for whom the log is synced. */
void blocked_serve(struct server *s);

/* The connection's call waits so. */
bool blocked_is(const struct connection *conn);

/* It goes on as if its time were over, or with an error.  False: none waits so. */
bool blocked_release(struct connection *conn, bool error);

#endif
