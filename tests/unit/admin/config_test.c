/* config_test.c: CONFIG. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/limits.h"
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

TestSuite(config, .init = setup, .fini = teardown);

#define FAILED(name) "-ERR CONFIG SET failed (possibly related to argument '" name "') - "

Test(config, get_takes_names_and_patterns_and_says_each_option_once)
{
    desk_is(&d, "CONFIG GET port", "*2|$4|port|$4|6379|");
    desk_is(&d, "CONFIG GET Port p[o]rt", "*2|$4|Port|$4|6379|");
    desk_is(&d, "CONFIG GET p?rt maxclients PORT", "*4|$4|port|$4|6379|$10|maxclients|$5|10000|");
    desk_is(&d, "CONFIG GET nosuch", "*0|");
    desk_is(&d, "CONFIG GET appendfsync", "*2|$11|appendfsync|$8|everysec|");
    desk_is(&d, "CONFIG GET", "-ERR wrong number of arguments for 'config|get' command|");
    d.session.proto = 3;
    desk_is(&d, "CONFIG GET timeout", "%1|$7|timeout|$1|0|");
    desk_is(&d, "CONFIG GET nosuch", "%0|");
}

Test(config, get_answers_what_tools_ask_although_it_means_nothing_here)
{
    desk_is(&d, "CONFIG GET save", "*2|$4|save|$0||");
    desk_is(&d, "CONFIG GET appendonly", "*2|$10|appendonly|$3|yes|");
    desk_is(&d, "CONFIG GET maxmemory-policy", "*2|$16|maxmemory-policy|$10|noeviction|");
    desk_is(&d, "CONFIG GET databases", "*2|$9|databases|$2|16|");
}

Test(config, get_star_has_every_option_of_both_tables)
{
    size_t n = 0;

    for (const struct option *row = options_table(); row->name; row++)
        n += 2;
    for (const struct option_ignored *i = options_ignored_table(); i->name; i++)
        n += 2;
    cr_expect_eq((size_t)strtol(desk_ask(&d, "CONFIG GET *") + 1, NULL, 10), n);
}

Test(config, set_takes_effect_at_once)
{
    desk_is(&d, "CONFIG SET appendfsync always MAXMEMORY 1gb loglevel warning tcp-keepalive 9",
            "+OK|");
    cr_expect_eq(d.net.keepalive_s, 9);
    cr_expect_eq(d.node.lsm.sync, LSM_SYNC_ALWAYS);
    cr_expect_eq(d.instance.memory_max, 1u << 30);
    cr_expect_eq(d.trace.level, TRACE_WARNING);
    desk_is(&d, "CONFIG GET maxmemory", "*2|$9|maxmemory|$10|1073741824|");
    desk_is(&d, "CONFIG SET maxmemory 0", "+OK|");
    cr_expect_eq(d.instance.memory_max, 4ULL << 30, "0 is half of the machine's");
}

Test(config, set_is_all_or_nothing)
{
    desk_is(&d, "CONFIG SET timeout 5 maxclients 20 appendfsync often",
            FAILED("appendfsync") "argument(s) must be one of the following: no, everysec, "
                                  "always|");
    desk_is(&d, "CONFIG SET timeout 5 port 1", FAILED("port") "can't set immutable config|");
    desk_is(&d, "CONFIG SET timeout 5 nosuch 1",
            "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'|");
    desk_is(&d, "CONFIG SET timeout 5 TimeOut 6", FAILED("TimeOut") "duplicate parameter|");
    desk_is(&d, "CONFIG SET timeout 5 maxclients", "-ERR syntax error|");
    cr_expect_eq(d.options.timeout, 0);
    cr_expect_eq(d.options.maxclients, 10000);
}

Test(config, set_says_what_is_wrong_with_a_value)
{
    desk_is(&d, "CONFIG SET timeout -1",
            FAILED("timeout") "argument must be between 0 and 2147483647 inclusive|");
    desk_is(&d, "CONFIG SET timeout x",
            FAILED("timeout") "argument couldn't be parsed into an integer|");
    desk_is(&d, "CONFIG SET maxmemory x", FAILED("maxmemory") "argument must be a memory value|");
    desk_is(&d, "CONFIG SET maxclients 19873",
            FAILED("maxclients") "The operating system is not able to handle the specified number "
                                 "of clients, try with 19872|");
    desk_is(&d, "CONFIG SET maxclients 19872", "+OK|");
    desk_is(&d, "CONFIG SET", "-ERR wrong number of arguments for 'config|set' command|");
}

Test(config, set_of_what_means_nothing_here_takes_only_what_holds)
{
    desk_is(&d, "CONFIG SET appendonly YES save \"\" timeout 5", "+OK|");
    cr_expect_eq(d.options.timeout, 5);
    desk_is(&d, "CONFIG SET timeout 6 appendonly no",
            FAILED("appendonly") "it stays 'yes': every write is in the log before it is "
                                 "answered; SAVE and BGSAVE save it all|");
    cr_expect_eq(d.options.timeout, 5);
}

Test(config, resetstat_lets_counters_begin_again_and_leaves_gauges)
{
    d.instance.stats.commands = 10;
    d.instance.stats.ops_per_sec = 3;
    d.node.stats.hits = 5;
    desk_has(&d, "INFO stats", "|total_commands_processed:10|");
    desk_is(&d, "CONFIG RESETSTAT", "+OK|");
    d.instance.stats.commands += 2; /* beside RESETSTAT itself */
    d.node.stats.hits = 6;
    desk_has(&d, "INFO stats", "|total_commands_processed:3|");
    desk_has(&d, "INFO stats", "|keyspace_hits:1|");
    desk_has(&d, "INFO stats", "|instantaneous_ops_per_sec:3|");
}

Test(config, help_lists_what_there_is)
{
    desk_has(&d, "CONFIG HELP", "+SET <option> <value>");
    desk_is(&d, "CONFIG REWRITE", "-ERR The server is running without a config file|");
}

Test(config, get_takes_so_many_patterns)
{
    struct buf line = { 0 };

    buf_printf(&line, "CONFIG GET");
    for (int i = 0; i <= LIMIT_NAMES; i++)
        buf_printf(&line, " x");
    buf_append_byte(&line, 0);
    desk_is(&d, (char *)line.data, "-ERR too many arguments: one call may name 1024|");
    line.data[line.len - 3] = 0;
    desk_is(&d, (char *)line.data, "*0|");
    buf_deinit(&line);
}
