/* full_log_test.c: what happens to clients while the log takes nothing: jobs stand still,
 * so that memtables fill up. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/server_state.h"
#include "unit/turn/server_world.h"

enum { MS = 1000 };

static char text[4096];

static uint64_t pressure(struct server_world *w)
{
    return lsm_stats(node_lsm(w->server->instance.node))->pressure_permille;
}

/* A client writes until it is parked for good, not to be paced only.  No job runs any
 * more. */
static void fill(struct server_world *w)
{
    struct client *c = server_world_client(w);
    char key[32];

    for (int i = 0; pressure(w) < 1000 || list_empty(&w->server->parked); i++) {
        cr_assert(i < 10000);
        snprintf(key, sizeof key, "fill:%d", i);
        client_send_set(c, key, 3000);
        server_world_turn(w);
        w->world.now_us += 10 * MS;
    }
}

static void begin(struct server_world *w)
{
    server_world_init(w);
    server_world_start(w);
}

static const char *ask(struct server_world *w, struct client *c, const char *line)
{
    client_send(c, line);
    server_world_turn(w);
    return client_got(c, text, sizeof text);
}

Test(full_log, parked_writers_are_not_looked_at_before_there_is_room)
{
    struct server_world w;

    begin(&w);
    fill(&w);
    for (int i = 0; i < 100; i++) {
        client_send(server_world_client(&w), "SET key value");
        server_world_turn(&w);
    }
    w.server->calls[0].argc = 4711; /* whatever is parsed is written there first */
    for (int i = 0; i < 10; i++)
        server_world_turn(&w);
    cr_expect_eq(w.server->calls[0].argc, 4711);
    cr_expect_str_eq(ask(&w, server_world_client(&w), "PING"), "+PONG|");
    cr_expect_eq(w.server->calls[0].argc, 1);
    server_world_deinit(&w);
}

Test(full_log, parked_writers_go_on_in_order_of_arrival_and_newcomers_behind_them)
{
    struct server_world w;
    struct client *writers[8];
    char line[64];

    begin(&w);
    fill(&w);
    for (int i = 0; i < 8; i++) {
        writers[i] = server_world_client(&w);
        snprintf(line, sizeof line, "APPEND key %d", i);
        client_send(writers[i], line);
        if (i < 6)
            server_world_turn(&w);
    }
    /* The last two have not been read when there is room. */
    while (lsm_world_step(&w.world))
        ;
    server_world_turn(&w);
    server_world_settle(&w);
    for (int i = 0; i < 8; i++) {
        snprintf(line, sizeof line, ":%d|", i + 1);
        cr_expect_str_eq(client_got(writers[i], text, sizeof text), line);
    }
    cr_expect_str_eq(ask(&w, writers[0], "GET key"), "$8|01234567|");
    server_world_deinit(&w);
}

Test(full_log, an_expired_key_is_answered_when_its_tombstone_can_be_written)
{
    struct server_world w;
    struct client *c;

    begin(&w);
    c = server_world_client(&w);
    cr_assert_str_eq(ask(&w, c, "SET dies soon PX 1000000"), "+OK|");
    server_world_settle(&w);
    fill(&w);
    w.wall_ahead_us = 1000000 * (uint64_t)MS;
    cr_expect_str_eq(ask(&w, c, "GET dies"), "", "the answer rests on the clock alone");
    for (int i = 0; i < 5; i++) {
        server_world_turn(&w);
        cr_expect_gt(w.deadline, w.world.now_us, "the loop does not spin");
    }
    cr_expect_eq(node_stats(w.server->instance.node)->expired, 0);
    server_world_settle(&w);
    cr_expect_str_eq(client_got(c, text, sizeof text), "$-1|");
    cr_expect_eq(node_stats(w.server->instance.node)->expired, 1);
    server_world_deinit(&w);
}

Test(full_log, a_log_that_stays_full_is_waited_for_a_second)
{
    struct server_world w;
    struct client *c, *other;

    begin(&w);
    c = server_world_client(&w);
    other = server_world_client(&w);
    cr_assert_str_eq(ask(&w, c, "SET dies soon PX 1000000"), "+OK|");
    client_send(c, "SET dies2 soon PX 1000000");
    server_world_settle(&w);
    cr_assert_str_eq(client_got(c, text, sizeof text), "+OK|");
    fill(&w);
    w.wall_ahead_us = 1000000 * (uint64_t)MS;
    cr_expect_str_eq(ask(&w, c, "GET dies"), "");
    w.world.now_us += 900 * MS;
    cr_expect_str_eq(ask(&w, other, "GET dies2"), "");
    w.world.now_us += 100 * MS;
    server_world_turn(&w);
    cr_expect_str_eq(client_got(c, text, sizeof text), "$-1|");
    cr_expect_str_eq(client_got(other, text, sizeof text), "$-1|");
    cr_expect_str_eq(ask(&w, other, "GET dies"), "$-1|", "known to be stuck, it is not waited for");
    w.wall_ahead_us = 0;
    cr_expect_str_eq(ask(&w, other, "GET dies"), "$-1|", "a clock that goes back revives nothing");
    server_world_deinit(&w);
}

static void slow_disk(void *arg, const char *call, const char *name)
{
    struct server_world *w = arg;

    (void)name;
    if (strcmp(call, "sync") == 0)
        w->world.now_us += 30 * MS;
    else if (strncmp(call, "write", 5) == 0)
        w->world.now_us += 20 * MS;
}

static void has_event(struct server_world *w, struct client *c, const char *name, long ms)
{
    char what[64];
    const char *at;

    client_send(c, "LATENCY LATEST");
    server_world_settle(w);
    client_got(c, text, sizeof text);
    snprintf(what, sizeof what, "|%s|:", name);
    at = strstr(text, what);
    cr_assert_not_null(at, "no %s in %s", name, text);
    at = strchr(at + strlen(what), ':') + 1; /* behind the time */
    cr_expect_eq(strtol(at, NULL, 10), ms, "%s took %ld ms", name, strtol(at, NULL, 10));
}

Test(full_log, latency_has_what_the_disk_and_full_memtables_took)
{
    struct server_world w;
    struct client *c;
    uint64_t began;

    server_world_init(&w);
    w.options.latency_threshold = 15;
    w.options.appendfsync = LSM_SYNC_ALWAYS;
    server_world_start(&w);
    c = server_world_client(&w);
    client_send(c, "SET k v");
    server_world_settle(&w);
    client_got(c, text, sizeof text);
    cr_assert_str_eq(ask(&w, c, "LATENCY LATEST"), "*0|", "a disk that takes no time");
    w.world.fs.on_call = slow_disk;
    w.world.fs.on_call_arg = &w;
    client_send(c, "SET k w");
    server_world_settle(&w);
    client_got(c, text, sizeof text);
    has_event(&w, c, "log-sync", 30);
    w.options.appendfsync = LSM_SYNC_NO;
    w.world.fs.on_call = NULL;
    fill(&w);
    began = w.server->stalled_since;
    cr_assert_neq(began, 0);
    w.world.now_us = began + 500 * MS;
    server_world_settle(&w);
    cr_assert_eq(w.server->stalled_since, 0);
    has_event(&w, c, "write-stall", 500);
    cr_expect_eq(w.server->instance.stats.stalls, 1);
    server_world_deinit(&w);
}

Test(full_log, a_parked_client_that_leaves_stalls_no_more)
{
    struct server_world w;

    begin(&w);
    fill(&w);
    cr_expect_eq(w.server->stalling, 1);
    cr_assert_str_eq(ask(&w, server_world_client(&w), "CLIENT KILL SKIPME yes"), ":1|");
    server_world_turn(&w);
    cr_expect_eq(w.server->stalling, 0);
    cr_expect_eq(w.server->stalled_since, 0);
    server_world_deinit(&w);
}
