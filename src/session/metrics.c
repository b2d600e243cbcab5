/* metrics.c: the table of metrics, and the snapshot it points into. */
#include "session/metrics.h"
#include "session/acl_log.h"

#define AT(field)       offsetof(struct metrics, field)
#define INSTANCE(field) offsetof(struct metrics, instance.field)
#define NODE(field)     offsetof(struct metrics, node.field)
#define LSM(field)      offsetof(struct metrics, lsm.field)
#define TLS(field)      offsetof(struct metrics, tls.field)

enum { SECOND_US = 1000 * 1000, DAY_S = 24 * 60 * 60 };

static const struct metric table[] = {
    { "Server", "redis_version", "", METRIC_TEXT, AT(redis_version) },
    { "Server", "henge_version", "", METRIC_TEXT, AT(henge_version) },
    { "Server", "redis_mode", "", METRIC_TEXT, AT(mode) },
    { "Server", "os", "", METRIC_TEXT, AT(os) },
    { "Server", "arch_bits", "", METRIC_GAUGE, AT(arch_bits) },
    { "Server", "process_id", "", METRIC_GAUGE, AT(process_id) },
    { "Server", "run_id", "", METRIC_TEXT, AT(run_id) },
    { "Server", "tcp_port", "", METRIC_GAUGE, AT(port) },
    { "Server", "server_time_usec", "us", METRIC_GAUGE, AT(server_time_us) },
    { "Server", "uptime_in_seconds", "seconds", METRIC_GAUGE, AT(uptime_s) },
    { "Server", "uptime_in_days", "", METRIC_GAUGE, AT(uptime_days) },

    { "Clients", "connected_clients", "", METRIC_GAUGE, AT(clients) },
    { "Clients", "cluster_connections", "", METRIC_GAUGE, AT(zero) },
    { "Clients", "http_clients", "", METRIC_GAUGE, INSTANCE(http_clients) },
    { "Clients", "maxclients", "", METRIC_GAUGE, AT(maxclients) },
    { "Clients", "blocked_clients", "", METRIC_GAUGE, AT(blocked) },
    { "Clients", "watching_clients", "", METRIC_GAUGE, AT(watching) },
    { "Clients", "total_watched_keys", "", METRIC_GAUGE, AT(watched_keys) },
    { "Clients", "tracking_clients", "", METRIC_GAUGE, AT(tracking_clients) },
    { "Clients", "pubsub_clients", "", METRIC_GAUGE, AT(pubsub_clients) },
    { "Clients", "query_buffer_bytes", "bytes", METRIC_GAUGE, INSTANCE(query_buffer_bytes) },
    { "Clients", "output_buffer_bytes", "bytes", METRIC_GAUGE, INSTANCE(output_bytes) },

    { "Memory", "used_memory", "bytes", METRIC_GAUGE, AT(used_memory) },
    { "Memory", "used_memory_human", "", METRIC_HUMAN, AT(used_memory) },
    { "Memory", "used_memory_rss", "bytes", METRIC_GAUGE, AT(rss) },
    { "Memory", "used_memory_rss_human", "", METRIC_HUMAN, AT(rss) },
    { "Memory", "used_memory_peak", "bytes", METRIC_GAUGE, INSTANCE(used_memory_peak) },
    { "Memory", "used_memory_peak_human", "", METRIC_HUMAN, INSTANCE(used_memory_peak) },
    { "Memory", "used_memory_peak_perc", "percent", METRIC_RATIO, AT(peak_percent) },
    { "Memory", "used_memory_dataset", "bytes", METRIC_GAUGE, LSM(memtable_live) },
    { "Memory", "total_system_memory", "bytes", METRIC_GAUGE, AT(memory_total) },
    { "Memory", "total_system_memory_human", "", METRIC_HUMAN, AT(memory_total) },
    { "Memory", "used_memory_lua", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "maxmemory", "bytes", METRIC_GAUGE, AT(memory_max) },
    { "Memory", "maxmemory_human", "", METRIC_HUMAN, AT(memory_max) },
    { "Memory", "maxmemory_policy", "", METRIC_TEXT, AT(maxmemory_policy) },
    { "Memory", "mem_fragmentation_ratio", "", METRIC_RATIO, AT(fragmentation) },
    { "Memory", "mem_clients_normal", "bytes", METRIC_GAUGE, AT(client_memory) },
    { "Memory", "mem_aof_buffer", "bytes", METRIC_GAUGE, LSM(buffer_bytes) },

    { "Persistence", "loading", "", METRIC_GAUGE, AT(loading) },
    { "Persistence", "loading_loaded_perc", "percent", METRIC_RATIO, AT(loaded_percent) },
    { "Persistence", "async_loading", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "rdb_changes_since_last_save", "", METRIC_GAUGE, AT(changes_since_save) },
    { "Persistence", "rdb_bgsave_in_progress", "", METRIC_GAUGE, AT(saving) },
    { "Persistence", "rdb_last_save_time", "", METRIC_GAUGE, AT(last_save_s) },
    { "Persistence", "rdb_last_bgsave_status", "", METRIC_TEXT, AT(save_status) },
    { "Persistence", "rdb_last_bgsave_time_sec", "", METRIC_SIGNED, AT(save_took_s) },
    { "Persistence", "rdb_current_bgsave_time_sec", "", METRIC_SIGNED, AT(save_takes_s) },
    { "Persistence", "rdb_saves", "", METRIC_GAUGE, AT(saves) },
    { "Persistence", "aof_enabled", "", METRIC_GAUGE, AT(one) },
    { "Persistence", "aof_rewrite_in_progress", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_rewrite_scheduled", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_last_bgrewrite_status", "", METRIC_TEXT, AT(ok) },
    { "Persistence", "aof_last_write_status", "", METRIC_TEXT, AT(write_status) },
    { "Persistence", "aof_current_size", "bytes", METRIC_GAUGE, LSM(log_bytes) },
    { "Persistence", "log_state", "", METRIC_TEXT, AT(log_state) },
    { "Persistence", "log_error", "", METRIC_TEXT, AT(log_error) },
    { "Persistence", "log_segments", "", METRIC_GAUGE, LSM(segments) },
    { "Persistence", "log_acked_position", "bytes", METRIC_GAUGE, AT(log_acked) },
    { "Persistence", "log_commits", "", METRIC_COUNTER, LSM(commits) },
    { "Persistence", "log_direct_writes", "", METRIC_COUNTER, LSM(direct_writes) },
    { "Persistence", "log_written_bytes", "bytes", METRIC_COUNTER, LSM(written_bytes) },
    { "Persistence", "log_syncs", "", METRIC_COUNTER, LSM(syncs) },
    { "Persistence", "log_last_sync_usec", "us", METRIC_GAUGE, LSM(sync_us_last) },
    { "Persistence", "log_longest_sync_usec", "us", METRIC_GAUGE, LSM(sync_us_max) },
    { "Persistence", "log_failed_writes", "", METRIC_COUNTER, LSM(failed_writes) },
    { "Persistence", "log_failed_syncs", "", METRIC_COUNTER, LSM(failed_syncs) },
    { "Persistence", "load_usec", "us", METRIC_GAUGE, LSM(load_us) },
    { "Persistence", "load_replayed_frames", "", METRIC_GAUGE, LSM(replayed_frames) },
    { "Persistence", "load_replayed_bytes", "bytes", METRIC_GAUGE, LSM(replayed_bytes) },
    { "Persistence", "load_torn_bytes", "bytes", METRIC_GAUGE, LSM(torn_bytes) },

    { "Stats", "total_connections_received", "", METRIC_COUNTER, INSTANCE(connections) },
    { "Stats", "total_commands_processed", "", METRIC_COUNTER, INSTANCE(commands) },
    { "Stats", "instantaneous_ops_per_sec", "", METRIC_GAUGE, INSTANCE(ops_per_sec) },
    { "Stats", "total_net_input_bytes", "bytes", METRIC_COUNTER, INSTANCE(net_input_bytes) },
    { "Stats", "total_net_output_bytes", "bytes", METRIC_COUNTER, INSTANCE(net_output_bytes) },
    { "Stats", "rejected_connections", "", METRIC_COUNTER, INSTANCE(rejected_connections) },
    { "Stats", "http_requests", "", METRIC_COUNTER, INSTANCE(http_requests) },
    { "Stats", "http_rejected_connections", "", METRIC_COUNTER, INSTANCE(http_rejected) },
    { "Stats", "acl_access_denied_auth", "", METRIC_COUNTER, INSTANCE(acl_denied[ACL_BY_AUTH]) },
    { "Stats", "acl_access_denied_cmd", "", METRIC_COUNTER, INSTANCE(acl_denied[ACL_BY_COMMAND]) },
    { "Stats", "acl_access_denied_key", "", METRIC_COUNTER, INSTANCE(acl_denied[ACL_BY_KEY]) },
    { "Stats", "acl_access_denied_channel", "", METRIC_COUNTER,
      INSTANCE(acl_denied[ACL_BY_CHANNEL]) },
    { "Stats", "expired_keys", "", METRIC_COUNTER, NODE(expired) },
    { "Stats", "evicted_keys", "", METRIC_COUNTER, LSM(evicted_keys) },
    { "Stats", "keyspace_hits", "", METRIC_COUNTER, NODE(hits) },
    { "Stats", "keyspace_misses", "", METRIC_COUNTER, NODE(misses) },
    { "Stats", "calls_waiting", "", METRIC_GAUGE, AT(calls_waiting) },
    { "Stats", "calls_fetched", "", METRIC_COUNTER, NODE(fetched) },
    { "Stats", "fetches", "", METRIC_COUNTER, NODE(fetches) },
    { "Stats", "fetch_errors", "", METRIC_COUNTER, NODE(fetch_errors) },
    { "Stats", "pubsub_channels", "", METRIC_GAUGE, AT(pubsub_topics[PUBSUB_CHANNEL]) },
    { "Stats", "pubsub_patterns", "", METRIC_GAUGE, AT(pubsub_topics[PUBSUB_PATTERN]) },
    { "Stats", "pubsubshard_channels", "", METRIC_GAUGE, AT(pubsub_topics[PUBSUB_SHARD]) },
    { "Stats", "tracking_total_keys", "", METRIC_GAUGE, AT(tracking_keys) },
    { "Stats", "tracking_total_items", "", METRIC_GAUGE, AT(tracking_items) },
    { "Stats", "tracking_total_prefixes", "", METRIC_GAUGE, AT(tracking_prefixes) },
    { "Stats", "client_output_buffer_limit_disconnections", "", METRIC_COUNTER,
      INSTANCE(output_cuts) },
    { "Stats", "latest_fork_usec", "us", METRIC_GAUGE, AT(zero) },
    { "Stats", "total_error_replies", "", METRIC_COUNTER, INSTANCE(errors) },
    { "Stats", "tls_connections", "", METRIC_GAUGE, TLS(connections) },
    { "Stats", "tls_handshakes", "", METRIC_COUNTER, TLS(handshakes) },
    { "Stats", "tls_handshakes_resumed", "", METRIC_COUNTER, TLS(handshakes_resumed) },
    { "Stats", "tls_handshakes_failed", "", METRIC_COUNTER, TLS(handshakes_failed) },
    { "Stats", "tls_handshakes_underway", "", METRIC_GAUGE, TLS(handshakes_underway) },
    { "Stats", "loop_turns", "", METRIC_COUNTER, INSTANCE(turns) },
    { "Stats", "loop_slow_turns", "", METRIC_COUNTER, INSTANCE(slow_turns) },
    { "Stats", "loop_longest_turn_usec", "us", METRIC_GAUGE, INSTANCE(turn_us_max) },

    { "Replication", "role", "", METRIC_TEXT, AT(role) },
    { "Replication", "connected_slaves", "", METRIC_GAUGE, AT(zero) },
    { "Replication", "master_repl_offset", "bytes", METRIC_GAUGE, AT(log_end) },

    { "CPU", "used_cpu_sys", "seconds", METRIC_CPU, AT(system_us) },
    { "CPU", "used_cpu_user", "seconds", METRIC_CPU, AT(user_us) },

    { "Storage", "memtable_bytes", "bytes", METRIC_GAUGE, LSM(memtable_bytes) },
    { "Storage", "memtable_spare_bytes", "bytes", METRIC_GAUGE, LSM(memtable_spare) },
    { "Storage", "memtable_idle_bytes", "bytes", METRIC_GAUGE, AT(memtable_idle) },
    { "Storage", "memtable_cells", "", METRIC_GAUGE, LSM(memtable_cells) },
    { "Storage", "memtables_sealed", "", METRIC_GAUGE, LSM(sealed) },
    { "Storage", "cells_put", "", METRIC_COUNTER, LSM(puts) },
    { "Storage", "tables", "", METRIC_GAUGE, LSM(tables) },
    { "Storage", "tables_l0", "", METRIC_GAUGE, LSM(l0_tables) },
    { "Storage", "keys_exact", "", METRIC_GAUGE, LSM(keys_exact) },
    { "Storage", "table_bytes", "bytes", METRIC_GAUGE, LSM(table_bytes) },
    { "Storage", "blob_files", "", METRIC_GAUGE, LSM(blob_files) },
    { "Storage", "blob_bytes", "bytes", METRIC_GAUGE, LSM(blob_bytes) },
    { "Storage", "files_to_remove", "", METRIC_GAUGE, LSM(files_waiting) },
    { "Storage", "files_to_remove_bytes", "bytes", METRIC_GAUGE, LSM(leaving_bytes) },
    { "Storage", "index_bytes", "bytes", METRIC_GAUGE, LSM(index_bytes) },
    { "Storage", "cache_bytes", "bytes", METRIC_GAUGE, LSM(cache_bytes) },
    { "Storage", "cache_pinned_bytes", "bytes", METRIC_GAUGE, LSM(pinned_bytes) },
    { "Storage", "reading_bytes", "bytes", METRIC_GAUGE, LSM(reading_bytes) },
    { "Storage", "cache_hits", "", METRIC_COUNTER, LSM(cache_hits) },
    { "Storage", "cache_misses", "", METRIC_COUNTER, LSM(cache_misses) },
    { "Storage", "reads_from_page_cache", "", METRIC_COUNTER, LSM(reads_now) },
    { "Storage", "reads_by_jobs", "", METRIC_COUNTER, LSM(fetches) },
    { "Storage", "failed_reads", "", METRIC_COUNTER, LSM(failed_reads) },
    { "Storage", "filter_false_positives", "", METRIC_COUNTER, LSM(filter_wrong) },
    { "Storage", "pressure_permille", "", METRIC_GAUGE, LSM(pressure_permille) },
    { "Storage", "compaction_debt_bytes", "bytes", METRIC_GAUGE, LSM(debt_bytes) },
    { "Storage", "maxdisk", "bytes", METRIC_GAUGE, AT(maxdisk) },
    { "Storage", "used_disk", "bytes", METRIC_GAUGE, LSM(disk_bytes) },
    { "Storage", "dead_value_bytes", "bytes", METRIC_GAUGE, LSM(dead_bytes) },
    { "Storage", "disk_full", "", METRIC_GAUGE, AT(disk_full) },
    { "Storage", "evicted_bytes", "bytes", METRIC_COUNTER, LSM(evicted_bytes) },
    { "Storage", "key_use_bytes", "bytes", METRIC_GAUGE, LSM(heat_bytes) },
    { "Storage", "flush_in_progress", "", METRIC_GAUGE, LSM(flush_now) },
    { "Storage", "compaction_in_progress", "", METRIC_GAUGE, LSM(compaction_now) },
    { "Storage", "rewrite_in_progress", "", METRIC_GAUGE, LSM(rewrite_now) },
    { "Storage", "flushes", "", METRIC_COUNTER, LSM(flushes) },
    { "Storage", "flushed_bytes", "bytes", METRIC_COUNTER, LSM(flushed_bytes) },
    { "Storage", "failed_flushes", "", METRIC_COUNTER, LSM(failed_flushes) },
    { "Storage", "compactions", "", METRIC_COUNTER, LSM(compactions) },
    { "Storage", "compacted_read_bytes", "bytes", METRIC_COUNTER, LSM(compacted_read_bytes) },
    { "Storage", "compacted_bytes", "bytes", METRIC_COUNTER, LSM(compacted_bytes) },
    { "Storage", "compacted_expired", "", METRIC_COUNTER, LSM(compacted_expired) },
    { "Storage", "failed_compactions", "", METRIC_COUNTER, LSM(failed_compactions) },
    { "Storage", "moved_tables", "", METRIC_COUNTER, LSM(moved_tables) },
    { "Storage", "dropped_tables", "", METRIC_COUNTER, LSM(dropped_tables) },
    { "Storage", "rewrites", "", METRIC_COUNTER, LSM(rewrites) },
    { "Storage", "rewritten_bytes", "bytes", METRIC_COUNTER, LSM(rewritten_bytes) },

    { "Cluster", "cluster_enabled", "", METRIC_GAUGE, AT(zero) },
    { 0 },
};

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
    m->mode = "standalone";
    m->os = in->env->machine.os_name;
    m->run_id = in->run_id;
    m->maxmemory_policy = options_policy_name(in->options->maxmemory_policy);
    m->maxdisk = (uint64_t)in->options->maxdisk;
    m->disk_full = lsm_full(node_lsm(in->node));
    m->ok = "ok";
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
    in->env->usage(in->env, &m->rss, &m->user_us, &m->system_us);
    if (m->used_memory) {
        m->peak_percent = (double)m->used_memory * 100 / (double)m->instance.used_memory_peak;
        m->fragmentation = (double)m->rss / (double)m->used_memory;
    }
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

const struct metric *metrics_table(void)
{
    return table;
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

static void print_human(uint64_t bytes, struct buf *out)
{
    static const char units[] = "KMGTPE";
    double v = (double)bytes;
    size_t unit = 0;

    if (bytes < 1024) {
        buf_printf(out, "%lluB", (unsigned long long)bytes);
        return;
    }
    for (v /= 1024; v >= 1024 && unit + 2 < sizeof units; v /= 1024)
        unit++;
    buf_printf(out, "%.2f%c", v, units[unit]);
}

void metrics_print(const struct metrics *m, const struct metric *row, struct buf *out)
{
    const void *at = (const char *)m + row->offset;
    const uint64_t *number = at;

    switch (row->kind) {
    case METRIC_COUNTER:
    case METRIC_GAUGE:
        buf_printf(out, "%llu", (unsigned long long)*number);
        break;
    case METRIC_SIGNED:
        buf_printf(out, "%lld", (long long)*(const int64_t *)at);
        break;
    case METRIC_TEXT:
        for (const char *p = *(const char *const *)at; *p; p++)
            buf_append_byte(out, (unsigned char)*p < ' ' ? (uint8_t)' ' : (uint8_t)*p);
        break;
    case METRIC_RATIO:
        buf_printf(out, "%.2f%s", *(const double *)at, strcmp(row->unit, "percent") ? "" : "%");
        break;
    case METRIC_HUMAN:
        print_human(*number, out);
        break;
    case METRIC_CPU:
        buf_printf(out, "%llu.%06llu", (unsigned long long)(*number / SECOND_US),
                   (unsigned long long)(*number % SECOND_US));
        break;
    }
}

void metrics_reset(struct instance *in)
{
    in->stats_base = in->stats;
    in->node_base = *node_stats(in->node);
    in->stats.used_memory_peak = instance_used_memory(in);
    in->stats.turn_us_max = 0;
    account_reset(&in->account);
}
