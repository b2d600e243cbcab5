/* connection_door.c: what CLIENT may do with connections: look at their buffers, cut
 * them off. */
#include "server/blocked.h"
#include "server/connection.h"
#include "server/server_state.h"

static const struct connection *connection_at(const struct session *s)
{
    return (const struct connection *)(const void *)s; /* it begins with its session */
}

static void look(const struct session *s, struct session_buffers *out)
{
    const struct connection *conn = connection_at(s);
    const struct queue *q = conn->queue;

    *out = (struct session_buffers){ .output = conn->out.bytes + (q ? q->bytes : 0),
                                     .events = conn->wanted,
                                     .blocked = blocked_is(conn),
                                     .paused = !list_empty(&conn->parked) &&
                                               (s->instance->special & INSTANCE_PAUSED) };
    if (conn->in) {
        out->query = conn->in->len - conn->at;
        out->query_free = conn->in->cap - conn->in->len;
        out->memory = conn->in->cap;
    }
    for (const struct block *b = conn->out.first; b; b = b->next) {
        out->blocks++;
        out->memory += b->cap + BLOCK_HEADER;
    }
    out->memory += INSTANCE_SESSION_BYTES + (q ? q->bytes + q->count * INSTANCE_WAITING_BYTES : 0);
}

/* Before anything of this turn leaves: who is told of the end may rely on it.  A client
 * that looks whether its connection is alive before it writes must see it. */
static void cut(struct session *s)
{
    struct connection *conn = connection_of(&s->link);

    conn->gone = true;
    list_remove(&conn->dirty);
    list_push(conn->server->dirty.next, &conn->dirty);
}

static bool unblock(struct session *s, bool error)
{
    return blocked_release(connection_of(&s->link), error);
}

static void saved(struct instance *in)
{
    server_saved(list_item(in, struct server, instance));
}

static void push(struct session *s, const struct reply *message)
{
    connection_push(connection_of(&s->link), message);
}

const struct instance_door connection_door = {
    .ran = connection_after_aside,
    .look = look,
    .cut = cut,
    .unblock = unblock,
    .saved = saved,
    .push = push,
};
