/* metrics_take.c: the snapshot that the table of metrics points into. */
#include "session/acl_log.h"
#include "session/metrics.h"

enum {
    MS_US = 1000,
    SECOND_US = 1000 * 1000,
    DAY_S = 24 * 60 * 60,
    LRU_CLOCK_MAX = (1 << 24) - 1,
    CRON_HZ = 10, /* server/cron.c */
};

#define TEXT(x)          #x
#define VERSION(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)
#define COMPILER         VERSION(__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__)

static const char *state_name(enum lsm_state state)
{
    switch (state) {
    case LSM_LOADING:
        return "loading";
    case LSM_READY:
        return "ready";
    case LSM_NO_SPACE:
        return "no_space";
    case LSM_BROKEN:
        return "broken";
    case LSM_FAILED:
        return "failed";
    case LSM_CLOSED:
        break;
    }
    return "closed";
}

/* What counts: shown from the last RESETSTAT on.  Gauges stay as they are. */
static void subtract_base(struct metrics *m, const struct instance *in)
{
    const struct instance_stats *base = &in->stats_base;

    m->instance.connections -= base->connections;
    m->instance.rejected_connections -= base->rejected_connections;
    m->instance.commands -= base->commands;
    m->instance.errors -= base->errors;
    for (size_t i = 0; i < sizeof base->acl_denied / sizeof *base->acl_denied; i++)
        m->instance.acl_denied[i] -= base->acl_denied[i];
    m->instance.output_cuts -= base->output_cuts;
    m->instance.net_input_bytes -= base->net_input_bytes;
    m->instance.net_output_bytes -= base->net_output_bytes;
    m->instance.turns -= base->turns;
    m->instance.http_requests -= base->http_requests;
    m->instance.http_rejected -= base->http_rejected;
    m->instance.slow_turns -= base->slow_turns;
    m->instance.turn_us -= base->turn_us;
    m->instance.expire_us -= base->expire_us;
    m->instance.stalls -= base->stalls;
    m->instance.stall_us -= base->stall_us;
    m->instance.evicted_clients -= base->evicted_clients;
    m->instance.reads -= base->reads;
    m->instance.writes -= base->writes;
    m->node.expired -= in->node_base.expired;
    m->node.hits -= in->node_base.hits;
    m->node.misses -= in->node_base.misses;
    m->node.fetched -= in->node_base.fetched;
    m->node.fetches -= in->node_base.fetches;
    m->node.fetch_errors -= in->node_base.fetch_errors;
}

static void take_listeners(const struct instance *in, struct metrics *m)
{
    for (int kind = 0; kind < PUBSUB_KINDS; kind++)
        m->pubsub_topics[kind] = in->pubsub.topics[kind].count;
    m->pubsub_clients = in->pubsub.clients;
    m->tracking_clients = in->tracking.client_count;
    m->tracking_keys = in->tracking.keys.count;
    m->tracking_items = in->tracking.items;
    m->tracking_prefixes = in->tracking.prefix_count;
}

static void take_facts(struct instance *in, struct metrics *m)
{
    uint64_t now = in->turn_mono_us;

    m->redis_version = HENGE_REDIS_VERSION;
    m->henge_version = HENGE_VERSION;
    m->mode = instance_mode(in);
    m->os = in->env->machine.os_name;
    m->run_id = in->run_id;
    m->cluster_enabled = (uint64_t)in->options->cluster_enabled;
    m->maxmemory_policy = options_policy_name(in->options->maxmemory_policy);
    m->maxdisk = (uint64_t)in->options->maxdisk;
    m->disk_full = lsm_full(node_lsm(in->node));
    m->ok = "ok";
    m->no = "no";
    m->no_git = "00000000";
    m->build_id = "henge-" HENGE_VERSION;
    m->no_failover = "no-failover";
    m->no_replid = "0000000000000000000000000000000000000000";
    m->clock_name = "POSIX clock_gettime";
    m->loop_name = "libev";
    m->compiler = COMPILER;
    m->config_file = in->options->config_file;
    m->minus_one = -1;
    m->hz = CRON_HZ;
    m->lru_clock = node_now_us(in->node) / SECOND_US & LRU_CLOCK_MAX;
    m->cmd_us = in->account.cmd_us - in->cmd_us_base;
    m->expire_ms = m->instance.expire_us / MS_US;
    m->slowlog_length = in->account.slowlog.count;
    m->role = "master";
    m->one = 1;
    m->arch_bits = sizeof(void *) * 8;
    m->process_id = in->env->machine.process_id;
    m->port = (uint64_t)in->port;
    m->server_time_us = node_now_us(in->node);
    m->uptime_s = (now - in->started_mono_us) / SECOND_US;
    m->uptime_days = m->uptime_s / DAY_S;
    m->clients = in->session_count;
    m->tls = in->env->net->tls_stats;
    m->calls_waiting = in->waiting - in->blocked;
    m->blocked = in->blocked;
    m->watching = in->watching;
    m->watched_keys = node_watches(in->node)->count;
    m->maxclients = (uint64_t)in->options->maxclients;
    take_listeners(in, m);
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

/* What the process has, and the allocator of it. */
static void take_usage(struct instance *in, struct metrics *m)
{
    struct env_usage usage = { 0 };

    in->env->usage(in->env, &usage);
    m->rss = usage.rss_bytes;
    m->user_us = usage.user_us;
    m->system_us = usage.system_us;
    m->loop_user_us = usage.thread_user_us;
    m->loop_system_us = usage.thread_system_us;
    m->allocator_name = mem_allocator();
    mem_usage(&m->allocator);
    if (m->allocator.allocated == 0)
        m->allocator = (struct mem_usage){ m->used_memory, m->used_memory, m->rss };
    m->allocator_frag = ratio(m->allocator.active, m->allocator.allocated);
    m->allocator_frag_bytes = m->allocator.active - m->allocator.allocated;
    m->allocator_rss = ratio(m->allocator.resident, m->allocator.active);
    m->allocator_rss_bytes = (int64_t)(m->allocator.resident - m->allocator.active);
    m->rss_overhead = ratio(m->rss, m->allocator.resident);
    m->rss_overhead_bytes = (int64_t)(m->rss - m->allocator.resident);
    m->fragmentation_bytes = (int64_t)(m->rss - m->used_memory);
}

static void take_memory(struct instance *in, struct metrics *m)
{
    m->used_memory = instance_used_memory(in);
    if (m->instance.used_memory_peak < m->used_memory)
        m->instance.used_memory_peak = m->used_memory;
    m->memory_total = in->env->machine.memory_bytes;
    m->memory_max = in->memory_max;
    m->memtable_idle = arenas_idle(in->env->arenas);
    m->client_memory = in->blocks.used_bytes + in->session_count * INSTANCE_SESSION_BYTES +
                       in->env->net->tls_stats.bytes;
    take_usage(in, m);
    if (m->used_memory) {
        m->peak_percent = (double)m->used_memory * 100 / (double)m->instance.used_memory_peak;
        m->fragmentation = (double)m->rss / (double)m->used_memory;
    }
    m->startup_memory = in->startup_memory;
    m->overhead = m->used_memory > m->lsm.memtable_live ? m->used_memory - m->lsm.memtable_live : 0;
    if (m->used_memory > m->startup_memory)
        m->dataset_percent = (double)m->lsm.memtable_live * 100 /
                             (double)(m->used_memory - m->startup_memory);
}

static void take_log(struct instance *in, struct metrics *m)
{
    struct lsm *lsm = node_lsm(in->node);
    enum lsm_state state = lsm_state(lsm);

    m->log_error = "";
    lsm_error(lsm, &m->log_error);
    m->log_state = state_name(state);
    m->write_status = state == LSM_NO_SPACE || state == LSM_BROKEN ? "err" : "ok";
    m->loading = state == LSM_LOADING;
    m->loaded_percent = m->loading ? (double)lsm_loaded_permille(lsm) / 10 : 100;
    if (!m->loading) {
        m->log_end = lsm_end(lsm);
        m->log_acked = lsm_acked(lsm);
    }
}

static void take_save(struct instance *in, struct metrics *m)
{
    const struct lsm_save *save = lsm_save(node_lsm(in->node));

    m->saving = save->busy;
    m->saves = save->good;
    m->last_save_s = instance_last_save_s(in);
    m->changes_since_save = m->lsm.puts - save->good_puts;
    m->save_status = err_is(save->err) ? "err" : "ok";
    m->save_took_s = save->begun > save->busy ? (int64_t)(save->took_us / SECOND_US) : -1;
    m->save_takes_s = save->busy ? (int64_t)((in->turn_mono_us - save->begun_us) / SECOND_US) : -1;
}

void metrics_take(struct instance *in, struct metrics *out)
{
    *out = (struct metrics){ 0 };
    out->instance = in->stats;
    out->node = *node_stats(in->node);
    out->lsm = *lsm_stats(node_lsm(in->node));
    subtract_base(out, in);
    take_facts(in, out);
    take_memory(in, out);
    take_log(in, out);
    take_save(in, out);
}

void metrics_reset(struct instance *in)
{
    in->stats_base = in->stats;
    in->node_base = *node_stats(in->node);
    in->stats.used_memory_peak = instance_used_memory(in);
    in->stats.turn_us_max = 0;
    in->cmd_us_base = in->account.cmd_us;
    account_reset(&in->account);
}
