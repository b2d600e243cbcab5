/* connection_after.c: what is left to do when a call has run, where somebody listens,
 * watches, tracks, or wants no replies: for most connections nothing. */
#include "server/server_state.h"
#include "session/monitor.h"

/* Confirmations of SUBSCRIBE and its kin are pushes, which CLIENT REPLY lets through. */
static bool is_push(const struct call *c)
{
    return c->row && (c->row->flags & CMD_PUBSUB) && (c->row->flags & CMD_NOSCRIPT);
}

bool connection_quiet(struct connection *conn, const struct call *c)
{
    return session_quiet(&conn->session) && !is_push(c);
}

/* Shows and remembers what EXEC has run, each call by itself. */
static void after_exec(struct connection *conn, const struct call *exec)
{
    struct session *s = &conn->session;
    bool tracks = tracking_exec(s);
    struct call c;
    uint8_t db;

    for (uint32_t i = 0; s->multi && i < s->multi->count; i++) {
        if (!multi_ran(s, exec, i, &c, &db))
            continue;
        if (s->instance->special & INSTANCE_MONITORED)
            monitor_feed(s->instance, s, &c, db);
        if (tracks && (c.row->flags & CMD_READONLY))
            tracking_read(s, &c);
    }
}

/* For a door beside the RESP one. */
void connection_after_aside(struct instance *in, const struct session *session,
                            const struct call *c, enum call_end end)
{
    struct server *s = (struct server *)(void *)in; /* it begins with it */
    bool ran = end == CALL_DONE && c->state != CALL_NEW && c->state != CALL_FAILED;

    if (ran && (in->special & INSTANCE_MONITORED))
        monitor_feed(in, session, c, c->db);
    outbox_take(s, session->id, end == CALL_DONE ? c->gate : lsm_end(node_lsm(in->node)));
}

void connection_after(struct connection *conn, const struct call *c, enum call_end end)
{
    struct server *s = conn->server;
    struct node *node = s->instance.node;
    bool ran = end == CALL_DONE && c->state != CALL_NEW && c->state != CALL_FAILED;

    if (ran && multi_is_exec(c->row))
        after_exec(conn, c);
    if (ran && (s->instance.special & INSTANCE_MONITORED))
        monitor_feed(&s->instance, &conn->session, c, conn->session.db);
    if ((ran || c->gather) && c->tracks && conn->session.tracker)
        tracking_read(&conn->session, c); /* what a slice has read may change before the next */
    outbox_take(s, conn->session.id, end == CALL_DONE ? c->gate : lsm_end(node_lsm(node)));
}
