/* exec_told_test.c: what others are told of a transaction: key events, messages,
 * invalidations, MONITOR; and CLIENT PAUSE, which it waits for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/server_state.h"
#include "unit/turn/server_world.h"

enum { MS = 1000 };

static struct server_world w;
static struct client *c;     /* runs transactions */
static struct client *other; /* listens */
static char text[4096];

static void setup(void)
{
    server_world_init(&w);
    w.options.cache_size = 64 * 1024;
    server_world_start(&w);
    c = server_world_client(&w);
    other = server_world_client(&w);
}

static void teardown(void)
{
    cr_expect(server_check(w.server, true));
    server_world_deinit(&w);
}

TestSuite(exec_told, .init = setup, .fini = teardown);

static const char *got(struct client *from)
{
    server_world_settle(&w);
    return client_got(from, text, sizeof text);
}

/* Sends `lines` up to NULL and drops what comes back. */
static void say(struct client *from, const char *const *lines)
{
    for (; *lines; lines++) {
        client_send(from, *lines);
        server_world_turn(&w);
    }
    got(from);
}

#define EVENT(len, key, name) "*4|$8|pmessage|$1|*|$" len "|__keyspace@0__:" key "|$" name "|"

#define SAY(from, ...) say((from), (const char *const[]){ __VA_ARGS__, NULL })

/* How often `what` is in what `from` has got. */
static unsigned times(struct client *from, const char *what)
{
    const char *at = got(from);
    unsigned n = 0;

    for (; (at = strstr(at, what)); at++)
        n++;
    return n;
}

Test(exec_told, key_events_and_messages_leave_in_the_order_of_its_calls)
{
    SAY(c, "CONFIG SET notify-keyspace-events KA");
    SAY(other, "PSUBSCRIBE *");
    SAY(c, "MULTI", "SET a 1", "PUBLISH c hello", "DEL a", "EXEC");
    cr_expect_str_eq(got(other), "*4|$8|pmessage|$1|*|$16|__keyspace@0__:a|$3|set|"
                                 "*4|$8|pmessage|$1|*|$1|c|$5|hello|"
                                 "*4|$8|pmessage|$1|*|$16|__keyspace@0__:a|$3|del|");
}

/* A rehearsal, and a run that lacks cells, tell nothing. */
Test(exec_told, what_is_run_again_is_told_once)
{
    char line[64];

    SAY(c, "CONFIG SET notify-keyspace-events KAn");
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "key:%d", i);
        client_send_set(c, line, 3000);
        server_world_settle(&w);
        w.world.now_us += 100 * MS;
    }
    c->got.len = 0;
    w.world.fs.cold = true;
    SAY(other, "PSUBSCRIBE *");
    SAY(c, "MULTI", "SET a 1", "PUBLISH c hello", "RENAME key:1 moved", "RENAME moved again",
        "SET key:2 x", "EXEC");
    got(other);
    cr_expect_gt(node_stats(w.server->instance.node)->fetches, 0u);
    cr_expect_str_eq(text, EVENT("16", "a", "3|new")
                               EVENT("16", "a", "3|set") "*4|$8|pmessage|$1|*|$1|c|$5|hello|" EVENT(
                                   "20", "moved", "3|new") EVENT("20", "key:1", "11|rename_from")
                                   EVENT("20", "moved", "9|rename_to") EVENT("20", "again", "3|new")
                                       EVENT("20", "moved", "11|rename_from")
                                           EVENT("20", "again", "9|rename_to")
                                               EVENT("20", "key:2", "3|set"));
}

/* The message is in the transaction's first run, whose answer cannot be given. */
Test(exec_told, a_message_of_a_run_that_is_run_again_is_not_lost)
{
    struct client *writer;
    char key[32];

    SAY(c, "SET dies soon PX 1000000");
    SAY(other, "SUBSCRIBE c");
    writer = server_world_client(&w);
    for (int i = 0; list_empty(&w.server->parked) ||
                    lsm_stats(node_lsm(w.server->instance.node))->pressure_permille < 1000;
         i++) {
        cr_assert(i < 10000);
        snprintf(key, sizeof key, "fill:%d", i);
        client_send_set(writer, key, 3000);
        server_world_turn(&w);
        w.world.now_us += 10 * MS;
    }
    w.wall_ahead_us = 1000000 * (uint64_t)MS;
    client_send(c, "MULTI");
    client_send(c, "GET dies");
    client_send(c, "PUBLISH c hello");
    client_send(c, "EXEC");
    server_world_turn(&w);
    cr_expect_str_eq(client_got(c, text, sizeof text), "+OK|+QUEUED|+QUEUED|");
    cr_expect_eq(times(other, "hello"), 1u);
    cr_expect_str_eq(got(c), "*2|$-1|:1|");
}

Test(exec_told, clients_that_keep_what_they_read_in_it_are_told_of_changes)
{
    SAY(c, "HELLO 3", "CLIENT TRACKING ON OPTIN", "CLIENT CACHING YES", "MULTI", "GET a", "GET b",
        "EXEC", "GET d");
    SAY(other, "MULTI", "SET a 1", "SET d 1", "EXEC");
    cr_expect_str_eq(got(c), ">2|$10|invalidate|*1|$1|a|");
    SAY(c, "MULTI", "CLIENT CACHING YES", "GET a", "EXEC");
    SAY(other, "SET a 2");
    cr_expect_str_eq(got(c), ">2|$10|invalidate|*1|$1|a|");
}

Test(exec_told, monitor_shows_its_calls_in_front_of_it)
{
    const char *at;

    SAY(other, "MONITOR");
    SAY(c, "MULTI", "SET a 1", "SELECT 3", "GET a", "AUTH secret", "EXEC");
    at = strstr(got(other), "\"MULTI\"");
    cr_assert(at);
    at = strstr(at, "[0 ");
    cr_assert(at && strstr(at, "\"SET\" \"a\" \"1\"|"));
    at = strstr(at, "[3 ");
    cr_assert(at && strstr(at, "\"SELECT\" \"3\"|"));
    cr_assert(strstr(at, "\"GET\" \"a\"|"));
    cr_expect(strstr(at, "\"EXEC\"|") > strstr(at, "\"GET\" \"a\"|"));
    cr_expect_not(strstr(text, "secret"));
    SAY(c, "WATCH a", "MULTI", "GET b");
    got(other);
    SAY(server_world_client(&w), "SELECT 3", "SET a 2");
    SAY(c, "EXEC");
    cr_expect_eq(times(other, "\"GET\""), 0u, "one that does not run shows nothing");
}

Test(exec_told, it_waits_for_the_end_of_a_pause_if_its_calls_would)
{
    SAY(c, "MULTI", "SET a 1");
    SAY(other, "CLIENT PAUSE 100000 WRITE");
    client_send(c, "EXEC");
    cr_expect_str_eq(got(c), "");
    SAY(other, "CLIENT UNPAUSE");
    cr_expect_str_eq(got(c), "*1|+OK|");
    SAY(c, "MULTI", "PUBLISH c hello");
    SAY(other, "CLIENT PAUSE 100000 WRITE");
    client_send(c, "EXEC");
    cr_expect_str_eq(got(c), "");
    SAY(other, "CLIENT UNPAUSE");
    cr_expect_str_eq(got(c), "*1|:0|");
    SAY(c, "MULTI", "GET a");
    SAY(other, "CLIENT PAUSE 100000 WRITE");
    client_send(c, "EXEC");
    cr_expect_str_eq(got(c), "*1|$1|1|");
}
