/* cron.c: what is done ten times a second: rates, peaks, idle clients, clients
 * that hold more memory than there is, and what the cache may have. */
#include "server/server_state.h"
#include "session/memory.h"

enum { SECOND_US = 1000 * 1000, CRON_EVERY_US = 100 * 1000 };

static void close_connection(struct server *s, struct connection *conn, const char *why)
{
    char peer[NET_ADDRESS_MAX];

    net_peer(conn->net, peer);
    trace_log(s->instance.env->trace, TRACE_NOTICE, "client %llu at %s closed: %s",
              (unsigned long long)conn->session.id, peer, why);
    connection_free(conn);
}

static void close_idle(struct server *s)
{
    uint64_t limit = (uint64_t)s->instance.options->timeout * SECOND_US;
    uint64_t now = s->instance.turn_mono_us;

    if (limit == 0)
        return;
    list_for_each_safe (at, &s->instance.sessions) {
        struct connection *conn = connection_of(at);
        bool waits = conn->held.calls > 0 || conn->queue ||
                     !list_empty(&conn->parked) || /* for us */
                     (conn->session.special & (SESSION_SUBSCRIBED | SESSION_MONITOR));
        if (!waits && now - conn->session.active_us > limit)
            close_connection(s, conn, "idle for longer than `timeout`");
    }
}

static size_t held_by(const struct connection *conn)
{
    return reply_memory(&conn->out) + (conn->in ? conn->in->cap : 0) +
           (conn->queue ? conn->queue->bytes : 0);
}

/* Everybody waits for blocks to come free: the client that holds most of them and
 * has been quiet for a second gives way. */
static void close_largest(struct server *s)
{
    struct connection *largest = NULL;

    if (s->instance.blocks.used_bytes <= server_blocks_max(s))
        return;
    list_for_each (at, &s->instance.sessions) {
        struct connection *conn = connection_of(at);
        if (s->instance.turn_mono_us - conn->session.active_us > SECOND_US &&
            !conn->session.no_evict && (!largest || held_by(conn) > held_by(largest)))
            largest = conn;
    }
    if (largest && held_by(largest)) {
        s->instance.stats.evicted_clients++;
        close_connection(s, largest, "clients' buffers reached half of maxmemory, this one most");
    }
}

static void sum_buffers(struct server *s)
{
    uint64_t in = 0, out = 0, in_max = 0, out_max = 0;

    list_for_each (at, &s->instance.sessions) {
        struct connection *conn = connection_of(at);
        uint64_t in_one = conn->in ? conn->in->cap : 0;
        uint64_t out_one = conn->out.bytes + (conn->queue ? conn->queue->bytes : 0);

        in += in_one;
        out += out_one;
        in_max = in_one > in_max ? in_one : in_max;
        out_max = out_one > out_max ? out_one : out_max;
        connection_limit(conn);
    }
    s->instance.stats.query_buffer_bytes = in;
    s->instance.stats.output_bytes = out;
    s->instance.stats.query_buffer_max = in_max;
    s->instance.stats.output_max = out_max;
    s->instance.stats.timed_clients = s->deadlines.count;
}

/* What has come since, which was `us` ago. */
static void take_rates(struct server *s, uint64_t us)
{
    struct instance_stats *stats = &s->instance.stats;
    const struct instance_stats *then = &s->cron_stats;
    uint64_t turns = stats->turns - then->turns;
    double kib_second = 1024.0 * (double)us / SECOND_US;

    stats->ops_per_sec = (stats->commands - then->commands) * SECOND_US / us;
    stats->turns_per_sec = turns * SECOND_US / us;
    stats->turn_us_recent = turns ? (stats->turn_us - then->turn_us) / turns : 0;
    stats->input_kbps = (double)(stats->net_input_bytes - then->net_input_bytes) / kib_second;
    stats->output_kbps = (double)(stats->net_output_bytes - then->net_output_bytes) / kib_second;
    s->cron_stats = *stats;
}

void cron_run(struct server *s)
{
    struct instance_stats *stats = &s->instance.stats;
    uint64_t used = instance_used_memory(&s->instance);
    uint64_t now = s->instance.turn_mono_us;

    s->cron_at = now + CRON_EVERY_US;
    tracking_tidy(&s->instance);
    if (used > stats->used_memory_peak)
        stats->used_memory_peak = used;
    if (now < s->cron_second_at)
        return;
    take_rates(s, now - s->cron_second_at + SECOND_US);
    s->cron_second_at = now + SECOND_US;
    lsm_set_cache(node_lsm(s->instance.node), memory_cache_now(&s->instance));
    close_idle(s);
    close_largest(s);
    sum_buffers(s);
}
