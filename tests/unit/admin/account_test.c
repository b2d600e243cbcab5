/* account_test.c: calls accounted for, and how INFO, SLOWLOG and LATENCY show that. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "admin/latency_graph.h"
#include "session/metrics.h"
#include "unit/admin/desk.h"

enum { MS = 1000 };

static struct desk d;

static void setup(void)
{
    desk_init(&d);
    d.node.now_us = UINT64_C(1700000000) * 1000 * MS;
}

static void teardown(void)
{
    desk_deinit(&d);
}

TestSuite(account, .init = setup, .fini = teardown);

static void has_not(const char *line, const char *text)
{
    cr_expect_null(strstr(desk_ask(&d, line), text), "%s: there is %s", line, text);
}

Test(account, calls_refusals_and_failures_are_told_apart)
{
    desk_is(&d, "SET a b", "+OK|");
    desk_is(&d, "INCR a", "-ERR value is not an integer or out of range|");
    desk_ask(&d, "GET");
    desk_ask(&d, "CLIENT");
    desk_ask(&d, "CLIENT NOSUCH");
    desk_ask(&d, "NOSUCH");
    desk_is(&d, "CLIENT GETNAME", "$-1|");
    desk_has(&d, "INFO commandstats",
             "|cmdstat_set:calls=1,usec=0,usec_per_call=0.00,"
             "rejected_calls=0,failed_calls=0|");
    desk_has(&d, "INFO commandstats",
             "|cmdstat_incr:calls=1,usec=0,usec_per_call=0.00,"
             "rejected_calls=0,failed_calls=1|");
    desk_has(&d, "INFO commandstats",
             "|cmdstat_get:calls=0,usec=0,usec_per_call=0.00,"
             "rejected_calls=1,failed_calls=0|");
    desk_has(&d, "INFO commandstats",
             "|cmdstat_client:calls=0,usec=0,usec_per_call=0.00,"
             "rejected_calls=1,failed_calls=0|");
    desk_has(&d, "INFO commandstats", "|cmdstat_client|getname:calls=1,");
    desk_has(&d, "INFO errorstats", "|errorstat_ERR:count=5|");
    desk_has(&d, "INFO stats", "|total_error_replies:5|");
}

Test(account, errors_are_counted_by_their_code)
{
    desk_is(&d, "CONFIG SET requirepass secret", "+OK|");
    d.session.authenticated = false;
    desk_ask(&d, "GET a");
    desk_ask(&d, "AUTH wrong");
    desk_is(&d, "AUTH secret", "+OK|");
    desk_is(&d, "INFO errorstats",
            "$69|# Errorstats|errorstat_NOAUTH:count=1|errorstat_WRONGPASS:count=1||");
}

Test(account, beyond_so_many_codes_none_is_added)
{
    for (int i = 0; i < ACCOUNT_CODES; i++) {
        char code[16];

        snprintf(code, sizeof code, "CODE%d", i);
        account_error(&d.instance.account, code, 1);
    }
    account_error(&d.instance.account, "ONEMORE", 1);
    account_error(&d.instance.account, "CODE7", 1);
    has_not("INFO errorstats", "ONEMORE");
    desk_has(&d, "INFO errorstats", "|errorstat_CODE7:count=2|");
    desk_has(&d, "INFO stats", "|total_error_replies:130|");
}

Test(account, calls_within_exec_count_for_themselves)
{
    desk_is(&d, "SET a b", "+OK|");
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "SET x 1", "+QUEUED|");
    desk_is(&d, "INCR a", "+QUEUED|");
    desk_is(&d, "INCR x", "+QUEUED|");
    desk_has(&d, "INFO NOSUCH", "+QUEUED|");
    desk_has(&d, "EXEC", "*4|+OK|-ERR value is not an integer or out of range|:2|");
    desk_has(&d, "INFO commandstats", "|cmdstat_set:calls=2,");
    desk_has(&d, "INFO commandstats",
             "|cmdstat_incr:calls=2,usec=0,usec_per_call=0.00,"
             "rejected_calls=0,failed_calls=1|");
    desk_has(&d, "INFO commandstats",
             "|cmdstat_exec:calls=1,usec=0,usec_per_call=0.00,"
             "rejected_calls=0,failed_calls=0|");
    desk_has(&d, "INFO errorstats", "|errorstat_ERR:count=1|");
}

Test(account, an_exec_that_is_aborted_has_failed)
{
    desk_is(&d, "MULTI", "+OK|");
    desk_ask(&d, "GET");
    desk_is(&d, "EXEC", "-EXECABORT Transaction discarded because of previous errors.|");
    desk_has(&d, "INFO commandstats",
             "|cmdstat_exec:calls=1,usec=0,usec_per_call=0.00,"
             "rejected_calls=0,failed_calls=1|");
    desk_has(&d, "INFO errorstats", "|errorstat_EXECABORT:count=1|");
}

Test(account, resetstat_forgets_calls_errors_and_durations)
{
    desk_is(&d, "SET a b", "+OK|");
    desk_ask(&d, "NOSUCH");
    desk_is(&d, "CONFIG RESETSTAT", "+OK|");
    desk_is(&d, "INFO errorstats", "$14|# Errorstats||");
    has_not("INFO commandstats latencystats", "_set");
    desk_has(&d, "INFO commandstats", "|cmdstat_config|resetstat:calls=1,");
    desk_has(&d, "INFO stats", "|total_error_replies:0|");
}

Test(account, quick_calls_share_the_time_of_their_batch)
{
    struct account *a = &d.instance.account;
    const struct command *get = command_find(d.instance.commands, slice_str("get"));
    const struct command *set = command_find(d.instance.commands, slice_str("set"));
    struct call c = { .argc = 3, .session = &d.session, .reply = &d.reply };

    d.clock_step_us = 40;
    account_batch(a);
    for (int i = 0; i < 8; i++) {
        c.row = i % 2 ? get : set;
        account_open(a, &c);
        account_close(a, &c, CALL_DONE, 0);
    }
    cr_expect_eq(account_of(a, get)->calls, 0u);
    account_settle(a);
    cr_expect_eq(account_of(a, get)->calls, 4u);
    cr_expect_eq(account_of(a, set)->calls, 4u);
    cr_expect_eq(account_of(a, get)->ns, 20u * 1000);
    cr_expect_eq(account_of(a, set)->ns, 20u * 1000);
    cr_expect_eq(a->slowlog.count, 0u);
    d.clock_step_us = 0;
    desk_has(&d, "INFO commandstats", "|cmdstat_get:calls=4,usec=20,usec_per_call=5.00,");
    desk_has(&d, "INFO latencystats",
             "|latency_percentiles_usec_get:p50=5.119,p99=5.119,"
             "p99.9=5.119|");
    desk_is(&d, "LATENCY HISTOGRAM get nosuch",
            "*2|$3|get|*4|$5|calls|:4|$14|histogram_usec|*2|:8|:4|");
}

Test(account, percentiles_and_tracking_can_be_chosen)
{
    desk_is(&d, "CONFIG SET latency-tracking-info-percentiles \"0 99.99 100\"", "+OK|");
    desk_is(&d, "SET a b", "+OK|");
    desk_has(&d, "INFO latencystats",
             "|latency_percentiles_usec_set:p0=0.067,p99.99=0.067,"
             "p100=0.067|");
    desk_is(&d, "CONFIG GET latency-tracking-info-percentiles",
            "*2|$33|latency-tracking-info-percentiles|$11|0 99.99 100|");
    desk_is(&d, "CONFIG SET latency-tracking-info-percentiles \"50 101\"",
            "-ERR CONFIG SET failed (possibly related to argument "
            "'latency-tracking-info-percentiles') - latency-tracking-info-percentiles parameters "
            "should sit between [0.0,100.0]|");
    desk_has(&d, "CONFIG SET latency-tracking-info-percentiles \"50 x\"",
             "Invalid latency-tracking-info-percentiles parameters|");
    desk_is(&d, "CONFIG SET latency-tracking no", "+OK|");
    desk_is(&d, "CONFIG RESETSTAT", "+OK|");
    desk_is(&d, "SET a b", "+OK|");
    desk_is(&d, "LATENCY HISTOGRAM", "*0|");
    desk_has(&d, "INFO commandstats", "|cmdstat_set:calls=1,");
}

Test(account, a_slow_call_is_kept_with_its_arguments_cut_and_secrets_hidden)
{
    desk_is(&d, "CLIENT SETNAME me", "+OK|");
    d.clock_step_us = 20 * MS;
    desk_is(&d, "KEYS nothing", "*0|");
    d.clock_step_us = 0;
    desk_is(&d, "SLOWLOG GET", "*1|*6|:0|:1700000000|:20000|*2|$4|KEYS|$7|nothing|$3|?:0|$2|me|");
    desk_is(&d, "CONFIG SET slowlog-log-slower-than 0", "+OK|");
    desk_is(&d, "CONFIG SET requirepass secret", "+OK|");
    desk_is(&d, "SLOWLOG LEN", ":3|");
    desk_has(&d, "SLOWLOG GET 2", "$11|requirepass|$10|(redacted)|");
    has_not("SLOWLOG GET -1", "secret");
    desk_is(&d, "CONFIG SET slowlog-max-len 2", "+OK|");
    desk_is(&d, "SLOWLOG LEN", ":2|");
    desk_is(&d, "SLOWLOG RESET", "+OK|");
    desk_is(&d, "CONFIG SET slowlog-log-slower-than -1 slowlog-max-len 128", "+OK|");
    desk_is(&d, "SLOWLOG RESET", "+OK|");
    desk_is(&d, "SLOWLOG LEN", ":0|");
    cr_expect_eq(d.instance.account.slowlog.bytes, 0u);
}

Test(account, many_and_long_arguments_are_cut)
{
    struct slice argv[SLOWLOG_ARGS + 8];
    struct call c = { .argv = argv, .argc = SLOWLOG_ARGS + 8, .session = &d.session };
    char longer[SLOWLOG_TEXT + 72];
    const struct slow_call *e;

    memset(longer, 'x', sizeof longer);
    for (uint32_t i = 0; i < c.argc; i++)
        argv[i] = slice_of(longer, i == 1 ? sizeof longer : SLOWLOG_TEXT);
    slowlog_add(&d.instance.account.slowlog, &c, d.node.now_us, 1, 128);
    e = list_item(d.instance.account.slowlog.calls.next, struct slow_call, link);
    cr_assert_eq(e->argc, (uint32_t)SLOWLOG_ARGS);
    cr_expect_eq(e->argv[0].len, (size_t)SLOWLOG_TEXT);
    cr_expect_eq(e->argv[1].len, SLOWLOG_TEXT + strlen("... (72 more bytes)"));
    cr_expect(slice_is(e->argv[SLOWLOG_ARGS - 1], "... (9 more arguments)"));
}

Test(account, slowlog_refuses_wrong_counts)
{
    desk_is(&d, "SLOWLOG GET -2", "-ERR count should be greater than or equal to -1|");
    desk_is(&d, "SLOWLOG GET x", "-ERR count should be greater than or equal to -1|");
    desk_is(&d, "SLOWLOG GET 1 2",
            "-ERR unknown subcommand or wrong number of arguments for "
            "'GET'. Try SLOWLOG HELP.|");
    desk_has(&d, "SLOWLOG HELP", "+SLOWLOG <subcommand>");
}

Test(account, latency_keeps_what_took_long_once_it_is_asked_to)
{
    d.clock_step_us = 50 * MS;
    desk_is(&d, "KEYS nothing", "*0|");
    d.clock_step_us = 0;
    desk_is(&d, "LATENCY LATEST", "*0|");
    desk_has(&d, "LATENCY DOCTOR", "Latency monitoring is disabled");
    desk_is(&d, "CONFIG SET latency-monitor-threshold 10", "+OK|");
    desk_has(&d, "LATENCY DOCTOR", "no latency spike was observed");
    d.clock_step_us = 50 * MS;
    desk_is(&d, "KEYS nothing", "*0|");
    d.node.now_us += 3000 * MS;
    d.clock_step_us = 20 * MS;
    desk_is(&d, "GET nothing", "$-1|");
    d.clock_step_us = 5 * MS;
    desk_is(&d, "GET nothing", "$-1|");
    d.clock_step_us = 0;
    desk_is(&d, "LATENCY LATEST",
            "*2|*4|$7|command|:1700000000|:50|:50|"
            "*4|$12|fast-command|:1700000003|:20|:20|");
    desk_is(&d, "LATENCY HISTORY command", "*1|*2|:1700000000|:50|");
    desk_is(&d, "LATENCY HISTORY nosuch", "*0|");
    desk_has(&d, "LATENCY DOCTOR", "command: 1 latency spikes (average 50ms, ");
    desk_is(&d, "LATENCY RESET command nosuch", ":1|");
    desk_is(&d, "LATENCY RESET", ":1|");
    desk_is(&d, "LATENCY LATEST", "*0|");
}

Test(account, the_graph_is_as_redis_draws_it)
{
    static const uint64_t ms[] = { 10, 40, 25, 100 };
    struct buf out = { 0 };

    desk_is(&d, "LATENCY GRAPH command", "-ERR No samples available for event 'command'|");
    for (size_t i = 0; i < 4; i++)
        latency_add(&d.instance.account.latency, LATENCY_COMMAND,
                    d.node.now_us - (12 - i * 4) * 1000 * MS, ms[i] * MS);
    latency_graph(d.instance.account.latency.of[LATENCY_COMMAND], "command",
                  d.node.now_us / (1000 * MS), &out);
    buf_append_byte(&out, 0);
    cr_expect_str_eq((char *)out.data, "command - high 100 ms, low 10 ms (all time high 100 ms)\n"
                                       "----------------------------------------"
                                       "----------------------------------------\n"
                                       "   #\n"
                                       "   |\n"
                                       " o |\n"
                                       "_|#|\n"
                                       "    \n"
                                       "1840\n"
                                       "2sss\n"
                                       "s   \n");
    buf_deinit(&out);
    d.session.proto = 3;
    desk_has(&d, "LATENCY GRAPH command", "txt:command - high");
}

Test(account, latency_help_tells_what_there_is)
{
    desk_has(&d, "LATENCY HELP", "+HISTORY <event>|");
    desk_is(&d, "LATENCY HISTORY", "-ERR wrong number of arguments for 'latency|history' command|");
    desk_is(&d, "LATENCY NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try LATENCY HELP.|");
}
