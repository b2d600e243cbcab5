/* outgoing.c: two pieces ahead, or one if memory is short. */
#include "server/outgoing.h"

#include <string.h>

#include "server/server_state.h"

enum { AHEAD = 2 }; /* of what the socket has not taken, those that have come included */

/* A bulk string whose length was sent and whose bytes cannot follow: there is no way
 * to say so but to end. */
static void cut_off(struct connection *conn, const char *why)
{
    trace_log(conn->server->instance.env->trace, TRACE_WARNING,
              "client %llu is cut off in a large reply: %s", (unsigned long long)conn->session.id,
              why);
    conn->gone = true;
}

static void on_kept(void *owner, struct promise *p, struct err e)
{
    struct connection *conn = owner;

    (void)p;
    if (err_is(e))
        cut_off(conn, e.os ? strerror(e.os) : e.what);
    connection_touch(conn);
}

void outgoing_ask(struct connection *conn)
{
    struct server *s = conn->server;
    struct promise *next[AHEAD];
    unsigned n = reply_promises(&conn->out, conn->out.bytes - conn->held.bytes, next, AHEAD);

    for (unsigned i = 0; i < n && !conn->gone; i++) {
        if (next[i]->asked)
            continue;
        if (i > 0 && s->instance.blocks.used_bytes > server_blocks_easy(s))
            break;
        next[i]->asked = true;
        if (!next[i]->ask(next[i], on_kept, conn))
            cut_off(conn, "the store is closed");
    }
}
