/* connection_push.c: what a client gets without having asked: messages, invalidations,
 * what it monitors; and how much of it may wait for a client that does not read.
 *
 * A push stands behind every reply that was written before it, and waits with them; not
 * behind a call that is blocked. */
#include "server/blocked.h"
#include "server/server_state.h"

enum {
    SECOND_US = 1000 * 1000,
    SCARCE = 64 * 1024, /* when clients' blocks take all they may, nobody gets more than this */
};

#define STREAMS ((unsigned)(SESSION_SUBSCRIBED | SESSION_MONITOR | SESSION_TRACKING))

static size_t output_of(const struct connection *conn)
{
    return conn->out.bytes + (conn->queue ? conn->queue->bytes : 0);
}

/* Who asked for a stream of messages is judged as a subscriber, by whatever command. */
static const struct output_limit *limit_of(const struct connection *conn)
{
    const struct options *o = conn->server->instance.options;
    bool streams = conn->session.special & STREAMS;

    return &o->output_limits[streams ? OUTPUT_PUBSUB : OUTPUT_NORMAL];
}

/* Replies are waited for; streams do not stop. */
static bool is_scarce(const struct connection *conn)
{
    const struct server *s = conn->server;

    return (conn->session.special & STREAMS) &&
           s->instance.blocks.used_bytes > server_blocks_max(s);
}

static void cut_off(struct connection *conn)
{
    struct instance *in = &conn->server->instance;
    char peer[NET_ADDRESS_MAX];

    net_peer(conn->net, peer);
    trace_log(in->env->trace, TRACE_WARNING,
              "client %llu at %s closed: %zu bytes wait for it, more than its class of "
              "client-output-buffer-limit allows",
              (unsigned long long)conn->session.id, peer, output_of(conn));
    in->stats.output_cuts++;
    conn->gone = true;
    connection_touch(conn);
}

void connection_limit(struct connection *conn)
{
    const struct output_limit *limit = limit_of(conn);
    uint64_t now = conn->server->instance.turn_mono_us;
    size_t bytes = output_of(conn);

    if (conn->gone)
        return;
    if ((limit->hard && bytes > limit->hard) || (is_scarce(conn) && bytes > SCARCE)) {
        cut_off(conn);
    } else if (limit->soft == 0 || bytes <= limit->soft) {
        conn->soft_since = 0;
    } else if (conn->soft_since == 0) {
        conn->soft_since = now ? now : 1;
    } else if (now - conn->soft_since > limit->seconds * SECOND_US) {
        cut_off(conn);
    }
}

void connection_push(struct connection *conn, const struct reply *message)
{
    bool behind = conn->queue && !blocked_is(conn);
    struct reply *to = behind ? queue_tail(conn->queue) : &conn->out;

    if (conn->gone || conn->session.closing)
        return;
    reply_copy(to, message);
    if (behind)
        queue_push(conn->queue, conn->server->turn, message->bytes);
    else
        held_push(&conn->held, conn->server->turn, message->bytes);
    connection_touch(conn);
    connection_limit(conn);
}
