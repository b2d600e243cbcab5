/* info_test.c: INFO and the table of metrics behind it, and SHUTDOWN. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "session/metrics.h"
#include "base/mem.h"
#include "unit/admin/desk.h"

static struct desk d;

static void setup(void)
{
    desk_init(&d);
}

static void teardown(void)
{
    desk_deinit(&d);
}

TestSuite(info, .init = setup, .fini = teardown);

Test(info, sections_stand_in_redis_order_apart_by_blank_lines)
{
    desk_is(&d, "INFO cluster modules CLUSTER", "$43|# Modules||# Cluster|cluster_enabled:0||");
    desk_is(&d, "INFO nosuch", "$0||");
    d.session.proto = 3;
    desk_is(&d, "INFO cluster", "=34|txt:# Cluster|cluster_enabled:0||");
}

Test(info, listeners_are_written_as_redis_does)
{
    desk_has(&d, "INFO server", "|listener0:name=tcp,bind=127.0.0.1,bind=-::1,port=6379||");
    d.options.port = 0;
    d.options.tls_port = 6380;
    mem_free(d.options.unixsocket);
    d.options.unixsocket = mem_strdup("/run/henge.sock");
    desk_has(&d, "INFO server",
             "|listener0:name=unix,bind=/run/henge.sock|"
             "listener1:name=tls,bind=127.0.0.1,bind=-::1,port=6380||");
    mem_free(d.options.bind);
    d.options.bind = mem_strdup(" ");
    desk_has(&d, "INFO server", "|listener0:name=unix,bind=/run/henge.sock||");
}

Test(info, default_all_and_everything_are_all_of_it)
{
    static const char *const lines[] = { "INFO", "INFO default", "INFO ALL",
                                         "INFO nosuch everything" };
    static const char *const heads[] = { "# Server|",       "|# Clients|", "|# Memory|",
                                         "|# Persistence|", "|# Stats|",   "|# Replication|",
                                         "|# CPU|",         "|# Modules|", "|# Storage|",
                                         "|# Cluster|",     "|# Keyspace|" };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *at = desk_ask(&d, lines[i]);

        for (size_t j = 0; j < sizeof heads / sizeof heads[0]; j++) {
            at = strstr(at, heads[j]);
            cr_assert_not_null(at, "%s: no %s behind what comes before it", lines[i], heads[j]);
        }
    }
}

Test(info, has_the_fields_that_clients_and_exporters_read)
{
    static const char *const fields[] = {
        "redis_version:7.2.4|",
        "redis_mode:standalone|",
        "os:Linux 6.1 x86_64|",
        "arch_bits:64|",
        "process_id:4711|",
        "tcp_port:6379|",
        "uptime_in_seconds:90061|",
        "uptime_in_days:1|",
        "connected_clients:1|",
        "maxclients:10000|",
        "blocked_clients:0|",
        "used_memory_rss:3145728|",
        "used_memory_rss_human:3.00M|",
        "maxmemory:4294967296|",
        "maxmemory_human:4.00G|",
        "maxmemory_policy:noeviction|",
        "loading:0|",
        "aof_enabled:1|",
        "aof_last_write_status:ok|",
        "rdb_last_bgsave_status:ok|",
        "role:master|",
        "connected_slaves:0|",
        "master_repl_offset:77|",
        "used_cpu_sys:0.000025|",
        "used_cpu_user:1.500000|",
        "cluster_enabled:0|",
        "log_state:ready|",
    };

    d.instance.turn_mono_us = 90061ULL * 1000000;
    d.node.lsm.end = 77;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char line[80];

        snprintf(line, sizeof line, "|%s", fields[i]);
        desk_has(&d, "INFO", line);
    }
}

Test(info, keyspace_lists_the_databases_that_hold_something)
{
    d.node.lsm.keys[0] = 5;
    d.node.lsm.expiring[0] = 2;
    d.node.lsm.ttl_ms[0] = 1234;
    d.node.lsm.keys[15] = 1;
    desk_is(&d, "INFO keyspace",
            "$80|# Keyspace|db0:keys=5,expires=2,avg_ttl=1234|db15:keys=1,expires=0,avg_ttl=0||");
}

Test(info, a_store_that_loads_says_how_far_it_is_and_shows_no_keys)
{
    d.node.lsm.state = LSM_LOADING;
    d.node.lsm.keys[0] = 5;
    desk_has(&d, "INFO persistence", "|loading:1|loading_loaded_perc:12.30%|");
    desk_is(&d, "INFO keyspace", "$12|# Keyspace||");
}

Test(info, a_log_that_fails_shows_with_its_reason_on_one_line)
{
    d.node.lsm.state = LSM_BROKEN;
    d.node.lsm.detail = "sync of log.1\r\nfailed";
    desk_has(&d, "INFO persistence", "|aof_last_write_status:err|");
    desk_has(&d, "INFO persistence", "|log_state:broken|log_error:sync of log.1  failed|");
}

Test(info, memory_is_counted_by_what_the_store_and_the_clients_hold)
{
    d.node.lsm.stats.memtable_bytes = 2 * 1024 * 1024;
    desk_has(&d, "INFO memory", "|used_memory_human:2.0");
    desk_has(&d, "INFO memory", "|used_memory_peak_human:2.0");
    desk_has(&d, "INFO memory", "|used_memory_peak_perc:100.00%|");
    desk_has(&d, "INFO memory", "|mem_fragmentation_ratio:1.50|");
}

Test(info, a_field_exists_once_and_its_section_stands_together)
{
    const struct metric *table = metrics_table();

    for (const struct metric *a = table; a->name; a++) {
        for (const struct metric *b = a + 1; b->name; b++) {
            cr_expect_str_neq(a->name, b->name);
            if (strcmp(a->section, b->section) == 0)
                cr_expect_str_eq((b - 1)->section, b->section, "%s is apart", b->name);
        }
    }
    for (const struct metric *row = table; row->name; row++) {
        char line[80];

        snprintf(line, sizeof line, "|%s:", row->name);
        desk_has(&d, "INFO", line);
    }
}

Test(info, human_sizes_are_as_redis_writes_them)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0B" },          { 1023, "1023B" },       { 1024, "1.00K" },       { 1536, "1.50K" },
        { 1048576, "1.00M" }, { 5368709120, "5.00G" }, { 1ULL << 40, "1.00T" },
    };
    const struct metric *row = metrics_table();

    while (strcmp(row->name, "used_memory_human") != 0)
        row++;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct metrics m = { .used_memory = cases[i].bytes };
        struct buf text = { 0 };

        metrics_print(&m, row, &text);
        buf_append_byte(&text, 0);
        cr_expect_str_eq((char *)text.data, cases[i].text);
        buf_deinit(&text);
    }
}

Test(info, shutdown_asks_for_the_end_and_says_nothing)
{
    desk_is(&d, "SHUTDOWN ABORT", "-ERR No shutdown in progress.|");
    desk_is(&d, "SHUTDOWN LATER", "-ERR syntax error|");
    desk_is(&d, "SHUTDOWN SAVE NOSAVE", "-ERR syntax error|");
    desk_is(&d, "SHUTDOWN ABORT NOW", "-ERR syntax error|");
    cr_expect_eq(d.instance.stop, STOP_NO);
    desk_is(&d, "SHUTDOWN nosave NOW Force", "");
    cr_expect_eq(d.instance.stop, STOP_ASKED);
    desk_is(&d, "SHUTDOWN ABORT", "-ERR The shutdown has begun and is not taken back.|");
}
