/* outgoing.c: two pieces ahead, one if memory is short, none if there is none: who comes
 * then waits in turn. */
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
        if (i == 0 && !instance_may_promise(&s->instance)) {
            if (list_empty(&conn->scarce))
                list_push(&s->scarce, &conn->scarce);
            break;
        }
        if (!promise_ask(next[i], on_kept, conn))
            cut_off(conn, "the store is closed");
    }
}

bool outgoing_due(const struct server *s)
{
    return !list_empty(&s->scarce) && instance_may_promise(&s->instance);
}

void outgoing_serve(struct server *s)
{
    uint64_t most = server_blocks_max(s), used = s->instance.blocks.used_bytes;

    while (outgoing_due(s)) {
        struct connection *conn = list_item(s->scarce.next, struct connection, scarce);

        list_remove(&conn->scarce);
        connection_touch(conn);
        used += (uint64_t)s->instance.options->value_chunk_size;
        if (used > most)
            break;
    }
}
