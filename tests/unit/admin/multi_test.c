/* multi_test.c: MULTI, EXEC, DISCARD, WATCH, UNWATCH as a client sees them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "unit/admin/desk.h"

/* Line after line, with the reply each must have. */
struct exchange {
    const char *line;
    const char *reply;
};

static void expect(struct desk *d, const struct exchange *e)
{
    for (; e->line; e++)
        desk_is(d, e->line, e->reply);
}

/* What another client does must leave no trace in what is asked next. */
static void other(struct desk *d, struct session *s, const char *line, const char *reply)
{
    cr_expect_str_eq(desk_ask_as(d, s, line), reply, "%s", line);
}

/* Both with all cells at hand and with none. */
static void expect_both(const struct exchange *e)
{
    for (int wanting = 0; wanting < 2; wanting++) {
        struct desk d;

        desk_init(&d);
        d.view.wanting = wanting;
        expect(&d, e);
        cr_expect_eq(d.instance.queued_bytes, 0u);
        desk_deinit(&d);
    }
}

Test(multi, commands_see_what_those_before_them_wrote)
{
    expect_both((const struct exchange[]){
        { "SET n 5", "+OK|" },
        { "MULTI", "+OK|" },
        { "INCR n", "+QUEUED|" },
        { "APPEND n 0", "+QUEUED|" },
        { "GET n", "+QUEUED|" },
        { "RENAME n m", "+QUEUED|" },
        { "EXISTS n m", "+QUEUED|" },
        { "MGET n m", "+QUEUED|" },
        { "DBSIZE", "+QUEUED|" },
        { "KEYS *", "+QUEUED|" },
        { "EXEC", "*8|:6|:2|$2|60|+OK|:1|*2|$-1|$2|60|:1|*1|$1|m|" },
        { "GET m", "$2|60|" },
        { NULL, NULL },
    });
}

Test(multi, an_empty_one_and_one_of_errors_are_answered_as_they_are)
{
    expect_both((const struct exchange[]){
        { "MULTI", "+OK|" },
        { "EXEC", "*0|" },
        { "SET s text", "+OK|" },
        { "MULTI", "+OK|" },
        { "INCR s", "+QUEUED|" },
        { "SET t 1", "+QUEUED|" },
        { "SET t 1 BAD", "+QUEUED|" },
        { "EXEC", "*3|-ERR value is not an integer or out of range|+OK|-ERR syntax error|" },
        { "GET t", "$1|1|" },
        { NULL, NULL },
    });
}

Test(multi, an_error_while_queueing_aborts_it)
{
    static const char *const bad[] = {
        "NOSUCH a", "GET", "CONFIG NOSUCH", "SAVE", "DISCARD x", NULL
    };
    struct desk d;

    desk_init(&d);
    for (int i = 0; bad[i]; i++) {
        desk_is(&d, "MULTI", "+OK|");
        desk_is(&d, "SET a 1", "+QUEUED|");
        cr_expect_eq(desk_ask(&d, bad[i])[0], '-', "%s", bad[i]);
        desk_is(&d, "SET a 2", "+QUEUED|");
        desk_is(&d, "EXEC", "-EXECABORT Transaction discarded because of previous errors.|");
        desk_is(&d, "EXISTS a", ":0|");
    }
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "EXEC x",
            "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
            "command|");
    desk_is(&d, "EXEC", "-ERR EXEC without MULTI|");
    desk_deinit(&d);
}

Test(multi, what_is_no_transaction_says_so)
{
    expect_both((const struct exchange[]){
        { "EXEC", "-ERR EXEC without MULTI|" },
        { "DISCARD", "-ERR DISCARD without MULTI|" },
        { "UNWATCH", "+OK|" },
        { "MULTI", "+OK|" },
        { "MULTI", "-ERR MULTI calls can not be nested|" },
        { "WATCH a", "-ERR WATCH inside MULTI is not allowed|" },
        { "SET a 1", "+QUEUED|" },
        { "SHUTDOWN", "-ERR Command not allowed inside a transaction|" },
        { "DISCARD", "+OK|" },
        { "EXISTS a", ":0|" },
        { "MULTI", "+OK|" },
        { "SET a 1", "+QUEUED|" },
        { "RESET", "+RESET|" },
        { "EXEC", "-ERR EXEC without MULTI|" },
        { NULL, NULL },
    });
}

Test(multi, commands_about_the_connection_take_effect_where_they_stand)
{
    expect_both((const struct exchange[]){
        { "SET k one", "+OK|" },
        { "MULTI", "+OK|" },
        { "SELECT 3", "+QUEUED|" },
        { "SET k three", "+QUEUED|" },
        { "GET none", "+QUEUED|" },
        { "SELECT 99", "+QUEUED|" },
        { "SELECT 0", "+QUEUED|" },
        { "GET k", "+QUEUED|" },
        { "PING hi", "+QUEUED|" },
        { "SELECT 3", "+QUEUED|" },
        { "EXEC", "*8|+OK|+OK|$-1|-ERR DB index is out of range|+OK|$3|one|$2|hi|+OK|" },
        { "GET k", "$5|three|" }, /* the connection stays there */
        { "MULTI", "+OK|" },
        { "CLIENT SETNAME me", "+QUEUED|" },
        { "CLIENT GETNAME", "+QUEUED|" },
        { "HELLO 9", "+QUEUED|" },
        { "UNWATCH", "+QUEUED|" },
        { "EXEC", "*4|+OK|$2|me|-NOPROTO unsupported protocol version|+OK|" },
        { NULL, NULL },
    });
}

Test(multi, the_protocol_changes_within_it)
{
    struct desk d;

    desk_init(&d);
    d.view.wanting = true;
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "GET none", "+QUEUED|");
    desk_is(&d, "HELLO 3", "+QUEUED|");
    desk_is(&d, "GET none", "+QUEUED|");
    desk_has(&d, "EXEC", "*3|$-1|%7|");
    cr_expect(strstr((const char *)d.shown.data, "|_|"));
    desk_deinit(&d);
}

/* What cannot be done twice is done once, however often EXEC runs. */
Test(multi, effects_happen_once)
{
    struct desk d;

    desk_init(&d);
    desk_is(&d, "SET cold 0123456789012345678901234567890123456789", "+OK|");
    d.view.wanting = true;
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "BGSAVE", "+QUEUED|");
    desk_is(&d, "GET cold", "+QUEUED|");
    desk_is(&d, "APPEND cold x", "+QUEUED|");
    desk_is(&d, "EXEC",
            "*3|+Background saving started|$40|0123456789012345678901234567890123456789|:41|");
    cr_expect_gt(d.restarts, 0u);
    cr_expect_eq(d.node.lsm.save.begun, 1u);
    cr_expect_eq(d.view.puts, 2u);
    desk_deinit(&d);
}

/* What is done in slices sees what those before it wrote, and is not begun while that is
 * not known. */
Test(multi, strings_are_compared_in_slices)
{
    static const struct exchange setup[] = {
        { "SETRANGE a 2999 x", ":3000|" },
        { "SETRANGE b 2998 x", ":2999|" },
        { "SETRANGE c 2997 x", ":2998|" },
        { NULL, NULL },
    };

    for (int wanting = 0; wanting < 2; wanting++) {
        struct desk d;

        desk_init(&d);
        expect(&d, setup);
        d.view.wanting = wanting;
        desk_is(&d, "MULTI", "+OK|");
        desk_is(&d, "COPY c a REPLACE", "+QUEUED|");
        desk_is(&d, "LCS a b LEN", "+QUEUED|");
        desk_is(&d, "APPEND none x", "+QUEUED|");
        desk_is(&d, "EXEC", "*3|:1|:2998|:1|");
        cr_expect_gt(d.restarts, 3u);
        desk_deinit(&d);
    }
}

/* PFCOUNT keeps what it counted, which is a write. */
Test(multi, a_count_is_kept_with_its_key)
{
    expect_both((const struct exchange[]){
        { "MULTI", "+OK|" },
        { "PFADD h a b c", "+QUEUED|" },
        { "PFCOUNT h", "+QUEUED|" },
        { "PFADD h d", "+QUEUED|" },
        { "PFCOUNT h", "+QUEUED|" },
        { "EXEC", "*4|:1|:3|:1|:4|" },
        { "PFCOUNT h", ":4|" },
        { NULL, NULL },
    });
}

/* Many cold keys are one fetch for the heads and one for the values, not one for each. */
Test(multi, what_all_commands_lack_is_fetched_together)
{
    struct desk d;
    char line[64];

    desk_init(&d);
    d.view.wanting = true;
    desk_is(&d, "MULTI", "+OK|");
    for (int i = 0; i < 200; i++) {
        snprintf(line, sizeof line, i % 2 ? "GET key:%d" : "APPEND key:%d x", i);
        desk_is(&d, line, "+QUEUED|");
    }
    desk_is(&d, "MGET a b c d", "+QUEUED|");
    desk_has(&d, "EXEC", "*201|:1|$-1|");
    cr_expect_leq(d.restarts, 2u);
    desk_deinit(&d);
}

Test(multi, a_watched_key_that_changes_lets_exec_do_nothing)
{
    static const char *const changes[] = { "SET k 2",    "DEL k",      "EXPIRE k 100",
                                           "APPEND k x", "RENAME j k", "RENAME k j",
                                           "FLUSHDB",    "FLUSHALL",   "SWAPDB 0 1",
                                           "MOVE k 1",   NULL };
    for (int i = 0; changes[i]; i++) {
        struct desk d;
        struct session s;

        desk_init(&d);
        session_init(&s, &d.instance);
        d.view.wanting = i % 2;
        desk_is(&d, "SET k 1", "+OK|");
        desk_is(&d, "SET j 1", "+OK|");
        desk_is(&d, "WATCH k", "+OK|");
        cr_expect_neq(desk_ask_as(&d, &s, changes[i])[0], '-', "%s", changes[i]);
        desk_is(&d, "MULTI", "+OK|");
        desk_is(&d, "SET mine 1", "+QUEUED|");
        cr_expect_str_eq(desk_ask(&d, "EXEC"), "*-1|", "%s", changes[i]);
        desk_is(&d, "EXISTS mine", ":0|");
        session_deinit(&s);
        desk_deinit(&d);
    }
}

Test(multi, watching_ends_with_exec_discard_unwatch_and_reset)
{
    static const char *const ends[] = { "MULTI;EXEC", "MULTI;DISCARD",  "UNWATCH",
                                        "RESET",      "MULTI;GET;EXEC", NULL };
    for (int i = 0; ends[i]; i++) {
        char lines[64];
        struct desk d;

        desk_init(&d);
        desk_ask(&d, "WATCH k");
        cr_expect_eq(d.node.watches.count, 1u);
        cr_expect_gt(d.instance.queued_bytes, 0u);
        snprintf(lines, sizeof lines, "%s", ends[i]);
        for (char *line = strtok(lines, ";"); line; line = strtok(NULL, ";"))
            desk_ask(&d, line);
        cr_expect_eq(d.node.watches.count, 0u, "%s", ends[i]);
        cr_expect_eq(d.instance.queued_bytes, 0u, "%s", ends[i]);
        desk_is(&d, "SET k 1", "+OK|");
        desk_is(&d, "MULTI", "+OK|");
        desk_is(&d, "EXEC", "*0|");
        desk_deinit(&d);
    }
}

Test(multi, what_does_not_change_a_watched_key_lets_exec_run)
{
    struct desk d;
    struct session s;

    desk_init(&d);
    session_init(&s, &d.instance);
    other(&d, &s, "SET k 1", "+OK|");
    desk_is(&d, "WATCH k absent", "+OK|");
    desk_is(&d, "WATCH k k", "+OK|"); /* again is not more */
    cr_expect_eq(d.node.watches.count, 2u);
    other(&d, &s, "GET k", "$1|1|");
    other(&d, &s, "DEL absent", ":0|");
    other(&d, &s, "SELECT 1", "+OK|");
    other(&d, &s, "SET k 2", "+OK|"); /* of another database */
    other(&d, &s, "FLUSHDB", "+OK|");
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "EXEC", "*0|");
    session_deinit(&s);
    desk_deinit(&d);
}

Test(multi, an_own_write_and_one_that_came_and_went_are_changes_too)
{
    struct desk d;

    desk_init(&d);
    desk_is(&d, "WATCH k", "+OK|");
    desk_is(&d, "SET k 1", "+OK|");
    desk_is(&d, "DEL k", ":1|");
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "EXEC", "*-1|");
    desk_deinit(&d);
}

Test(multi, a_watched_key_that_expires_is_a_change_unless_it_had_before)
{
    struct desk d;

    desk_init(&d);
    d.node.now_us = 1000000;
    desk_is(&d, "SET k 1 PX 10", "+OK|");
    desk_is(&d, "WATCH k", "+OK|");
    d.node.now_us += 20000;
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "EXEC", "*-1|");
    desk_is(&d, "WATCH k", "+OK|"); /* expired, and perhaps still stored */
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "EXEC", "*0|");
    desk_deinit(&d);
}

Test(multi, the_store_is_asked_again_when_it_runs)
{
    struct desk d;

    desk_init(&d);
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "SET k 1", "+QUEUED|");
    d.node.lsm.full = true;
    desk_is(&d, "EXEC",
            "-EXECABORT Transaction discarded because of: OOM command not allowed when used disk "
            "> 'maxdisk'.|");
    d.node.lsm.full = false;
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "GET k", "+QUEUED|");
    d.node.lsm.state = LSM_BROKEN;
    desk_is(&d, "EXEC", "*1|$-1|"); /* reads go on */
    desk_is(&d, "MULTI", "+OK|");
    desk_has(&d, "SET k 1", "-MISCONF ");
    desk_is(&d, "EXEC", "-EXECABORT Transaction discarded because of previous errors.|");
    d.node.lsm.state = LSM_LOADING;
    desk_is(&d, "WATCH k", "+OK|");
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "ECHO hi", "+QUEUED|");
    desk_is(&d, "EXEC", "*1|$2|hi|");
    desk_deinit(&d);
}

Test(multi, commands_bytes_and_watches_are_bounded)
{
    struct desk d;
    struct session s;
    char line[64];

    desk_init(&d);
    desk_is(&d, "MULTI", "+OK|");
    for (int i = 0; i < LIMIT_MULTI_CALLS; i++)
        cr_assert_str_eq(desk_ask(&d, "PING"), "+QUEUED|");
    desk_has(&d, "PING", "-ERR a transaction has at most 65536 commands");
    desk_is(&d, "EXEC", "-EXECABORT Transaction discarded because of previous errors.|");

    for (int i = 0; i < LIMIT_WATCHES; i++) {
        snprintf(line, sizeof line, "WATCH key:%d", i);
        cr_assert_str_eq(desk_ask(&d, line), "+OK|");
    }
    desk_is(&d, "WATCH more", "-ERR at most 16384 keys can be watched|");
    desk_is(&d, "WATCH key:7", "+OK|");
    desk_is(&d, "UNWATCH", "+OK|");

    instance_bound_memory(&d.instance, 8 * (sizeof(struct queued) + 200));
    session_init(&s, &d.instance);
    other(&d, &s, "MULTI", "+OK|");
    other(&d, &s, "SET a 01234567890123456789012345678901234567890123456789", "+QUEUED|");
    desk_is(&d, "MULTI", "+OK|"); /* all clients share the bound */
    desk_has(&d, "SET a 01234567890123456789012345678901234567890123456789", "-OOM ");
    session_deinit(&s);
    desk_is(&d, "DISCARD", "+OK|");
    instance_bound_memory(&d.instance, 8192);
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "SETRANGE a 3000 x", "+QUEUED|");
    desk_is(&d, "EXEC",
            "-EXECABORT Transaction discarded because of: OOM it writes more than can be held at "
            "once|");
    cr_expect_eq(d.view.puts, 0u);
    desk_deinit(&d);
}

Test(multi, a_transaction_has_so_many_bytes)
{
    struct desk d;
    size_t len = LIMIT_MULTI_BYTES - 4096;
    char *line = malloc(len + 16);

    desk_init(&d);
    memcpy(line, "ECHO ", 5);
    memset(line + 5, 'x', len);
    line[5 + len] = '\0';
    desk_is(&d, "MULTI", "+OK|");
    cr_expect_str_eq(desk_ask(&d, line), "+QUEUED|");
    line[5 + 8192] = '\0';
    cr_expect(strstr(desk_ask(&d, line), "-ERR a transaction has at most"));
    free(line);
    desk_deinit(&d);
}

Test(multi, what_it_writes_and_answers_is_bounded)
{
    struct desk d;
    char line[20100];

    desk_init(&d);
    instance_bound_memory(&d.instance, UINT64_MAX);
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "SETRANGE a 536870911 x", "+QUEUED|");
    desk_is(&d, "SETRANGE b 67108864 x", "+QUEUED|");
    desk_has(&d, "EXEC", "-EXECABORT Transaction discarded because of: OOM it writes more");
    cr_expect_eq(d.view.puts, 0u);

    instance_bound_memory(&d.instance, 1 << 20);
    snprintf(line, sizeof line, "SET k %020000d", 1);
    desk_is(&d, line, "+OK|");
    desk_is(&d, "MULTI", "+OK|");
    for (int i = 0; i < 20; i++)
        desk_is(&d, "GET k", "+QUEUED|");
    desk_is(&d, "DEL k", "+QUEUED|");
    desk_has(&d, "EXEC", "-EXECABORT Transaction discarded because of: OOM it answers more");
    desk_is(&d, "EXISTS k", ":1|");
    desk_deinit(&d);
}

Test(multi, client_list_shows_it)
{
    struct desk d;

    desk_init(&d);
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "CLIENT INFO", "+QUEUED|");
    desk_has(&d, "EXEC", "multi=1 ");
    desk_deinit(&d);
}

Test(wait, without_replicas_it_waits_for_those_asked_for)
{
    expect_both((const struct exchange[]){
        { "WAIT 0 0", ":0|" },
        { "WAIT -1 0", ":0|" },
        { "WAIT 1 0", "+blocked|" },
        { "WAIT x 0", "-ERR value is not an integer or out of range|" },
        { "WAIT 1 1.5", "-ERR timeout is not an integer or out of range|" },
        { "WAIT 1 -1", "-ERR timeout is negative|" },
        { "MULTI", "+OK|" },
        { "WAIT 1 0", "+QUEUED|" },
        { "WAITAOF 0 1 0", "+QUEUED|" },
        { "EXEC", "*2|:0|*2|:1|:0|" },
        { NULL, NULL },
    });
}

Test(wait, waitaof_waits_until_the_log_is_synced_past_the_last_write)
{
    struct desk d;

    desk_init(&d);
    d.node.lsm.end = 200;
    d.node.lsm.synced = 99;
    desk_is(&d, "WAITAOF 1 0 0", "*2|:1|:0|"); /* nothing was written */
    d.session.written_to = 100;
    desk_is(&d, "WAITAOF 1 0 0", "+blocked|");
    desk_is(&d, "WAITAOF 0 0 0", "*2|:0|:0|");
    desk_is(&d, "WAITAOF 0 1 0", "+blocked|");
    cr_expect_eq(d.node.lsm.wanted, 0u); /* a sync comes by itself */
    d.options.appendfsync = LSM_SYNC_NO;
    desk_is(&d, "WAITAOF 1 0 0", "+blocked|");
    cr_expect_eq(d.node.lsm.wanted, 100u);
    d.node.lsm.synced = 100;
    desk_is(&d, "WAITAOF 1 0 0", "*2|:1|:0|");
    desk_is(&d, "WAITAOF 2 0 0", "-ERR value is out of range, value must between 0 and 1|");
    desk_is(&d, "WAITAOF 1 -1 0", "-ERR value is out of range, must be positive|");
    desk_is(&d, "WAITAOF 1 0 -5", "-ERR timeout is negative|");
    desk_deinit(&d);
}
