/* metrics.c: the table of metrics, and its values as text. */
#include "session/metrics.h"
#include "session/acl_log.h"

#define AT(field)       offsetof(struct metrics, field)
#define INSTANCE(field) offsetof(struct metrics, instance.field)
#define NODE(field)     offsetof(struct metrics, node.field)
#define LSM(field)      offsetof(struct metrics, lsm.field)
#define TLS(field)      offsetof(struct metrics, tls.field)

enum { SECOND_US = 1000 * 1000 };

static const struct metric table[] = {
    { "Server", "redis_version", "", METRIC_TEXT, AT(redis_version) },
    { "Server", "redis_git_sha1", "", METRIC_TEXT, AT(no_git) },
    { "Server", "redis_git_dirty", "", METRIC_GAUGE, AT(zero) },
    { "Server", "redis_build_id", "", METRIC_TEXT, AT(build_id) },
    { "Server", "henge_version", "", METRIC_TEXT, AT(henge_version) },
    { "Server", "redis_mode", "", METRIC_TEXT, AT(mode) },
    { "Server", "os", "", METRIC_TEXT, AT(os) },
    { "Server", "arch_bits", "", METRIC_GAUGE, AT(arch_bits) },
    { "Server", "monotonic_clock", "", METRIC_TEXT, AT(clock_name) },
    { "Server", "multiplexing_api", "", METRIC_TEXT, AT(loop_name) },
    { "Server", "gcc_version", "", METRIC_TEXT, AT(compiler) },
    { "Server", "process_id", "", METRIC_GAUGE, AT(process_id) },
    { "Server", "process_supervised", "", METRIC_TEXT, AT(no) },
    { "Server", "run_id", "", METRIC_TEXT, AT(run_id) },
    { "Server", "tcp_port", "", METRIC_GAUGE, AT(port) },
    { "Server", "server_time_usec", "us", METRIC_GAUGE, AT(server_time_us) },
    { "Server", "uptime_in_seconds", "seconds", METRIC_GAUGE, AT(uptime_s) },
    { "Server", "uptime_in_days", "", METRIC_GAUGE, AT(uptime_days) },
    { "Server", "hz", "", METRIC_GAUGE, AT(hz) },
    { "Server", "configured_hz", "", METRIC_GAUGE, AT(hz) },
    { "Server", "lru_clock", "", METRIC_GAUGE, AT(lru_clock) },
    { "Server", "config_file", "", METRIC_TEXT, AT(config_file) },
    { "Server", "io_threads_active", "", METRIC_GAUGE, AT(zero) },

    { "Clients", "connected_clients", "", METRIC_GAUGE, AT(clients) },
    { "Clients", "cluster_connections", "", METRIC_GAUGE, AT(zero) },
    { "Clients", "http_clients", "", METRIC_GAUGE, INSTANCE(http_clients) },
    { "Clients", "maxclients", "", METRIC_GAUGE, AT(maxclients) },
    { "Clients", "client_recent_max_input_buffer", "bytes", METRIC_GAUGE,
      INSTANCE(query_buffer_max) },
    { "Clients", "client_recent_max_output_buffer", "bytes", METRIC_GAUGE, INSTANCE(output_max) },
    { "Clients", "blocked_clients", "", METRIC_GAUGE, AT(blocked) },
    { "Clients", "watching_clients", "", METRIC_GAUGE, AT(watching) },
    { "Clients", "total_watched_keys", "", METRIC_GAUGE, AT(watched_keys) },
    { "Clients", "tracking_clients", "", METRIC_GAUGE, AT(tracking_clients) },
    { "Clients", "pubsub_clients", "", METRIC_GAUGE, AT(pubsub_clients) },
    { "Clients", "clients_in_timeout_table", "", METRIC_GAUGE, INSTANCE(timed_clients) },
    { "Clients", "total_blocking_keys", "", METRIC_GAUGE, AT(zero) },
    { "Clients", "total_blocking_keys_on_nokey", "", METRIC_GAUGE, AT(zero) },
    { "Clients", "query_buffer_bytes", "bytes", METRIC_GAUGE, INSTANCE(query_buffer_bytes) },
    { "Clients", "output_buffer_bytes", "bytes", METRIC_GAUGE, INSTANCE(output_bytes) },

    { "Memory", "used_memory", "bytes", METRIC_GAUGE, AT(used_memory) },
    { "Memory", "used_memory_human", "", METRIC_HUMAN, AT(used_memory) },
    { "Memory", "used_memory_rss", "bytes", METRIC_GAUGE, AT(rss) },
    { "Memory", "used_memory_rss_human", "", METRIC_HUMAN, AT(rss) },
    { "Memory", "used_memory_peak", "bytes", METRIC_GAUGE, INSTANCE(used_memory_peak) },
    { "Memory", "used_memory_peak_human", "", METRIC_HUMAN, INSTANCE(used_memory_peak) },
    { "Memory", "used_memory_peak_perc", "percent", METRIC_RATIO, AT(peak_percent) },
    { "Memory", "used_memory_overhead", "bytes", METRIC_GAUGE, AT(overhead) },
    { "Memory", "used_memory_startup", "bytes", METRIC_GAUGE, AT(startup_memory) },
    { "Memory", "used_memory_dataset", "bytes", METRIC_GAUGE, LSM(memtable_live) },
    { "Memory", "used_memory_dataset_perc", "percent", METRIC_RATIO, AT(dataset_percent) },
    { "Memory", "allocator_allocated", "bytes", METRIC_GAUGE, AT(allocator.allocated) },
    { "Memory", "allocator_active", "bytes", METRIC_GAUGE, AT(allocator.active) },
    { "Memory", "allocator_resident", "bytes", METRIC_GAUGE, AT(allocator.resident) },
    { "Memory", "total_system_memory", "bytes", METRIC_GAUGE, AT(memory_total) },
    { "Memory", "total_system_memory_human", "", METRIC_HUMAN, AT(memory_total) },
    { "Memory", "used_memory_lua", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "used_memory_vm_eval", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "used_memory_lua_human", "", METRIC_HUMAN, AT(zero) },
    { "Memory", "used_memory_scripts_eval", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "number_of_cached_scripts", "", METRIC_GAUGE, AT(zero) },
    { "Memory", "number_of_functions", "", METRIC_GAUGE, AT(zero) },
    { "Memory", "number_of_libraries", "", METRIC_GAUGE, AT(zero) },
    { "Memory", "used_memory_vm_functions", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "used_memory_vm_total", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "used_memory_vm_total_human", "", METRIC_HUMAN, AT(zero) },
    { "Memory", "used_memory_functions", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "used_memory_scripts", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "used_memory_scripts_human", "", METRIC_HUMAN, AT(zero) },
    { "Memory", "maxmemory", "bytes", METRIC_GAUGE, AT(memory_max) },
    { "Memory", "maxmemory_human", "", METRIC_HUMAN, AT(memory_max) },
    { "Memory", "maxmemory_policy", "", METRIC_TEXT, AT(maxmemory_policy) },
    { "Memory", "allocator_frag_ratio", "", METRIC_RATIO, AT(allocator_frag) },
    { "Memory", "allocator_frag_bytes", "bytes", METRIC_GAUGE, AT(allocator_frag_bytes) },
    { "Memory", "allocator_rss_ratio", "", METRIC_RATIO, AT(allocator_rss) },
    { "Memory", "allocator_rss_bytes", "bytes", METRIC_SIGNED, AT(allocator_rss_bytes) },
    { "Memory", "rss_overhead_ratio", "", METRIC_RATIO, AT(rss_overhead) },
    { "Memory", "rss_overhead_bytes", "bytes", METRIC_SIGNED, AT(rss_overhead_bytes) },
    { "Memory", "mem_fragmentation_ratio", "", METRIC_RATIO, AT(fragmentation) },
    { "Memory", "mem_fragmentation_bytes", "bytes", METRIC_SIGNED, AT(fragmentation_bytes) },
    { "Memory", "mem_not_counted_for_evict", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "mem_replication_backlog", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "mem_total_replication_buffers", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "mem_clients_slaves", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "mem_cluster_links", "bytes", METRIC_GAUGE, AT(zero) },
    { "Memory", "mem_clients_normal", "bytes", METRIC_GAUGE, AT(client_memory) },
    { "Memory", "mem_aof_buffer", "bytes", METRIC_GAUGE, LSM(buffer_bytes) },
    { "Memory", "mem_allocator", "", METRIC_TEXT, AT(allocator_name) },
    { "Memory", "active_defrag_running", "", METRIC_GAUGE, AT(zero) },
    { "Memory", "lazyfree_pending_objects", "", METRIC_GAUGE, AT(zero) },
    { "Memory", "lazyfreed_objects", "", METRIC_GAUGE, AT(zero) },

    { "Persistence", "loading", "", METRIC_GAUGE, AT(loading) },
    { "Persistence", "loading_loaded_perc", "percent", METRIC_RATIO, AT(loaded_percent) },
    { "Persistence", "async_loading", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "current_cow_peak", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "current_cow_size", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "current_cow_size_age", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "current_fork_perc", "", METRIC_RATIO, AT(zero_ratio) },
    { "Persistence", "current_save_keys_processed", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "current_save_keys_total", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "rdb_changes_since_last_save", "", METRIC_GAUGE, AT(changes_since_save) },
    { "Persistence", "rdb_bgsave_in_progress", "", METRIC_GAUGE, AT(saving) },
    { "Persistence", "rdb_last_save_time", "", METRIC_GAUGE, AT(last_save_s) },
    { "Persistence", "rdb_last_bgsave_status", "", METRIC_TEXT, AT(save_status) },
    { "Persistence", "rdb_last_bgsave_time_sec", "", METRIC_SIGNED, AT(save_took_s) },
    { "Persistence", "rdb_current_bgsave_time_sec", "", METRIC_SIGNED, AT(save_takes_s) },
    { "Persistence", "rdb_saves", "", METRIC_GAUGE, AT(saves) },
    { "Persistence", "rdb_last_cow_size", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "rdb_last_load_keys_expired", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "rdb_last_load_keys_loaded", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_enabled", "", METRIC_GAUGE, AT(one) },
    { "Persistence", "aof_rewrite_in_progress", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_rewrite_scheduled", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_last_rewrite_time_sec", "", METRIC_SIGNED, AT(minus_one) },
    { "Persistence", "aof_current_rewrite_time_sec", "", METRIC_SIGNED, AT(minus_one) },
    { "Persistence", "aof_last_bgrewrite_status", "", METRIC_TEXT, AT(ok) },
    { "Persistence", "aof_rewrites", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_rewrites_consecutive_failures", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_last_write_status", "", METRIC_TEXT, AT(write_status) },
    { "Persistence", "aof_last_cow_size", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "module_fork_in_progress", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "module_fork_last_cow_size", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_current_size", "bytes", METRIC_GAUGE, LSM(log_bytes) },
    { "Persistence", "aof_base_size", "bytes", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_pending_rewrite", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_buffer_length", "bytes", METRIC_GAUGE, LSM(buffer_bytes) },
    { "Persistence", "aof_pending_bio_fsync", "", METRIC_GAUGE, AT(zero) },
    { "Persistence", "aof_delayed_fsync", "", METRIC_GAUGE, AT(zero) },
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
    { "Stats", "total_net_repl_input_bytes", "bytes", METRIC_GAUGE, AT(zero) },
    { "Stats", "total_net_repl_output_bytes", "bytes", METRIC_GAUGE, AT(zero) },
    { "Stats", "instantaneous_input_kbps", "", METRIC_RATIO, AT(instance.input_kbps) },
    { "Stats", "instantaneous_output_kbps", "", METRIC_RATIO, AT(instance.output_kbps) },
    { "Stats", "instantaneous_input_repl_kbps", "", METRIC_RATIO, AT(zero_ratio) },
    { "Stats", "instantaneous_output_repl_kbps", "", METRIC_RATIO, AT(zero_ratio) },
    { "Stats", "rejected_connections", "", METRIC_COUNTER, INSTANCE(rejected_connections) },
    { "Stats", "sync_full", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "sync_partial_ok", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "sync_partial_err", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "http_requests", "", METRIC_COUNTER, INSTANCE(http_requests) },
    { "Stats", "http_rejected_connections", "", METRIC_COUNTER, INSTANCE(http_rejected) },
    { "Stats", "acl_access_denied_auth", "", METRIC_COUNTER, INSTANCE(acl_denied[ACL_BY_AUTH]) },
    { "Stats", "acl_access_denied_cmd", "", METRIC_COUNTER, INSTANCE(acl_denied[ACL_BY_COMMAND]) },
    { "Stats", "acl_access_denied_key", "", METRIC_COUNTER, INSTANCE(acl_denied[ACL_BY_KEY]) },
    { "Stats", "acl_access_denied_channel", "", METRIC_COUNTER,
      INSTANCE(acl_denied[ACL_BY_CHANNEL]) },
    { "Stats", "expired_keys", "", METRIC_COUNTER, NODE(expired) },
    { "Stats", "expired_stale_perc", "", METRIC_RATIO, AT(zero_ratio) },
    { "Stats", "expired_time_cap_reached_count", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "expire_cycle_cpu_milliseconds", "", METRIC_COUNTER, AT(expire_ms) },
    { "Stats", "evicted_keys", "", METRIC_COUNTER, LSM(evicted_keys) },
    { "Stats", "evicted_clients", "", METRIC_COUNTER, INSTANCE(evicted_clients) },
    { "Stats", "total_eviction_exceeded_time", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "current_eviction_exceeded_time", "", METRIC_GAUGE, AT(zero) },
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
    { "Stats", "total_forks", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "migrate_cached_sockets", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "slave_expires_tracked_keys", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "active_defrag_hits", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "active_defrag_misses", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "active_defrag_key_hits", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "active_defrag_key_misses", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "total_active_defrag_time", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "current_active_defrag_time", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "unexpected_error_replies", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "total_error_replies", "", METRIC_COUNTER, INSTANCE(errors) },
    { "Stats", "dump_payload_sanitizations", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "total_reads_processed", "", METRIC_COUNTER, INSTANCE(reads) },
    { "Stats", "total_writes_processed", "", METRIC_COUNTER, INSTANCE(writes) },
    { "Stats", "io_threaded_reads_processed", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "io_threaded_writes_processed", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "client_query_buffer_limit_disconnections", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "reply_buffer_shrinks", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "reply_buffer_expands", "", METRIC_GAUGE, AT(zero) },
    { "Stats", "tls_connections", "", METRIC_GAUGE, TLS(connections) },
    { "Stats", "tls_handshakes", "", METRIC_COUNTER, TLS(handshakes) },
    { "Stats", "tls_handshakes_resumed", "", METRIC_COUNTER, TLS(handshakes_resumed) },
    { "Stats", "tls_handshakes_failed", "", METRIC_COUNTER, TLS(handshakes_failed) },
    { "Stats", "tls_handshakes_underway", "", METRIC_GAUGE, TLS(handshakes_underway) },
    { "Stats", "loop_slow_turns", "", METRIC_COUNTER, INSTANCE(slow_turns) },
    { "Stats", "loop_longest_turn_usec", "us", METRIC_GAUGE, INSTANCE(turn_us_max) },
    { "Stats", "eventloop_cycles", "", METRIC_COUNTER, INSTANCE(turns) },
    { "Stats", "eventloop_duration_sum", "us", METRIC_COUNTER, INSTANCE(turn_us) },
    { "Stats", "eventloop_duration_cmd_sum", "us", METRIC_COUNTER, AT(cmd_us) },
    { "Stats", "instantaneous_eventloop_cycles_per_sec", "", METRIC_GAUGE,
      INSTANCE(turns_per_sec) },
    { "Stats", "instantaneous_eventloop_duration_usec", "us", METRIC_GAUGE,
      INSTANCE(turn_us_recent) },
    { "Stats", "write_stalls", "", METRIC_COUNTER, INSTANCE(stalls) },
    { "Stats", "write_stalled_usec", "us", METRIC_COUNTER, INSTANCE(stall_us) },
    { "Stats", "slowlog_length", "", METRIC_GAUGE, AT(slowlog_length) },

    { "Replication", "role", "", METRIC_TEXT, AT(role) },
    { "Replication", "connected_slaves", "", METRIC_GAUGE, AT(zero) },
    { "Replication", "master_failover_state", "", METRIC_TEXT, AT(no_failover) },
    { "Replication", "master_replid", "", METRIC_TEXT, AT(run_id) },
    { "Replication", "master_replid2", "", METRIC_TEXT, AT(no_replid) },
    { "Replication", "master_repl_offset", "bytes", METRIC_GAUGE, AT(log_end) },
    { "Replication", "second_repl_offset", "", METRIC_SIGNED, AT(minus_one) },
    { "Replication", "repl_backlog_active", "", METRIC_GAUGE, AT(zero) },
    { "Replication", "repl_backlog_size", "bytes", METRIC_GAUGE, AT(zero) },
    { "Replication", "repl_backlog_first_byte_offset", "bytes", METRIC_GAUGE, AT(zero) },
    { "Replication", "repl_backlog_histlen", "bytes", METRIC_GAUGE, AT(zero) },

    { "CPU", "used_cpu_sys", "seconds", METRIC_CPU, AT(system_us) },
    { "CPU", "used_cpu_user", "seconds", METRIC_CPU, AT(user_us) },
    { "CPU", "used_cpu_sys_children", "seconds", METRIC_CPU, AT(zero) },
    { "CPU", "used_cpu_user_children", "seconds", METRIC_CPU, AT(zero) },
    { "CPU", "used_cpu_sys_main_thread", "seconds", METRIC_CPU, AT(loop_system_us) },
    { "CPU", "used_cpu_user_main_thread", "seconds", METRIC_CPU, AT(loop_user_us) },

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

    { "Cluster", "cluster_enabled", "", METRIC_GAUGE, AT(cluster_enabled) },
    { 0 },
};

const struct metric *metrics_table(void)
{
    return table;
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

bool metrics_absent(const struct metric *row)
{
    return row->offset == AT(zero) || row->offset == AT(zero_ratio) || row->offset == AT(minus_one);
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
