/* waiting_test.c: what becomes of calls that wait when something else happens meanwhile:
 * messages come, what they read changes, all are paused, their user ends. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/gather.h"
#include "server/server_state.h"
#include "session/acl.h"
#include "unit/turn/server_world.h"

static struct server_world w;
static struct client *c;
static struct client *other;
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
    server_world_settle(&w);
    cr_expect(server_check(w.server, true));
    server_world_deinit(&w);
}

TestSuite(waiting, .init = setup, .fini = teardown);

static const char *got(struct client *from)
{
    return client_got(from, text, sizeof text);
}

/* Sends a line; what has come back when all is done that can be. */
static const char *ask(struct client *from, const char *line)
{
    client_send(from, line);
    server_world_settle(&w);
    return got(from);
}

/* --- blocked */

Test(waiting, an_unblocked_call_goes_on_at_once)
{
    char line[64];

    client_send(c, "CLIENT ID");
    server_world_settle(&w);
    snprintf(line, sizeof line, "CLIENT UNBLOCK %s", got(c) + 1);
    line[strcspn(line, "|")] = '\0';
    cr_assert_str_eq(ask(c, "WAIT 1 0"), "");
    client_send(other, line);
    server_world_turn(&w);
    cr_expect_str_eq(got(other), ":1|");
    cr_expect_leq(w.deadline, w.world.now_us, "nobody may come to wake the loop");
    server_world_turn(&w);
    cr_expect_str_eq(got(c), ":0|");
}

/* Thousands may: each turn that writes would pass them all. */
Test(waiting, who_waits_for_no_log_is_not_looked_at_when_it_has_written)
{
    cr_assert_str_eq(ask(c, "WAIT 1 0"), "");
    cr_expect(list_empty(&w.server->holding));
    client_send(c, "SET k v");
    cr_assert_str_eq(ask(other, "SET k v"), "+OK|");
    cr_expect(list_empty(&w.server->holding));
}

Test(waiting, a_blocked_client_gets_messages)
{
    ask(c, "HELLO 3");
    ask(c, "SUBSCRIBE news");
    cr_assert_str_eq(ask(c, "WAIT 1 60000"), "");
    cr_expect_str_eq(ask(other, "PUBLISH news now"), ":1|");
    cr_expect_str_eq(got(c), ">3|$7|message|$4|news|$3|now|");
    client_send(c, "PING");
    server_world_turn(&w);
    cr_expect_str_eq(ask(other, "PUBLISH news again"), ":1|");
    cr_expect_str_eq(got(c), ">3|$7|message|$4|news|$5|again|");
    w.world.now_us += 60000000;
    server_world_settle(&w);
    cr_expect_str_eq(got(c), ":0|+PONG|");
}

Test(waiting, a_message_does_not_overtake_replies_in_front_of_a_blocked_call)
{
    ask(c, "HELLO 3");
    ask(c, "SUBSCRIBE news");
    client_send(c, "SET a 1");
    client_send(c, "WAIT 1 60000");
    client_send(other, "PUBLISH news now");
    server_world_turn(&w);
    server_world_settle(&w);
    cr_expect_str_eq(got(c), "+OK|>3|$7|message|$4|news|$3|now|");
}

Test(waiting, a_blocked_client_is_told_of_changes)
{
    ask(c, "HELLO 3");
    ask(c, "CLIENT TRACKING ON");
    ask(c, "GET a");
    cr_assert_str_eq(ask(c, "WAIT 1 60000"), "");
    ask(other, "SET a 1");
    cr_expect_str_eq(got(c), ">2|$10|invalidate|*1|$1|a|");
}

/* --- too much to be told */

static void publish(struct client *from, size_t size)
{
    char *line = mem_alloc(size + 16);

    memset(line, 'x', size + 15);
    memcpy(line, "PUBLISH c ", 10);
    line[size + 10] = '\0';
    client_send(from, line);
    mem_free(line);
}

Test(waiting, who_publishes_goes_on_as_soon_as_messages_have_left)
{
    struct instance *in = &w.server->instance;

    instance_bound_memory(in, (uint64_t)1 << 30);
    ask(c, "CONFIG SET notify-keyspace-events KA");
    ask(other, "PSUBSCRIBE *");
    cr_assert_str_eq(ask(c, "CONFIG SET appendfsync always"), "+OK|");
    client_send(c, "SET a 1");
    for (int i = 0; i < 20; i++)
        publish(c, 1 << 20);
    for (int i = 0; list_empty(&w.server->parked); i++) {
        cr_assert(i < 1000);
        server_world_turn(&w);
    }
    cr_assert(in->special & INSTANCE_CROWDED);
    for (int i = 0; in->special & INSTANCE_CROWDED; i++) {
        cr_assert(i < 100);
        lsm_world_step(&w.world);
        server_world_turn(&w);
    }
    cr_expect(list_empty(&w.server->parked) || w.deadline <= w.world.now_us);
    server_world_settle(&w);
    cr_expect(list_empty(&w.server->parked));
}

/* --- slices */

enum { KEYS = 600, VALUE = 3000 };

/* KEYS values on disk and in no cache. */
static void fill_disk(void)
{
    char key[32];

    for (int i = 0; i < KEYS + 400; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        client_send_set(other, key, VALUE);
        server_world_settle(&w);
        w.world.now_us += 100000;
    }
    other->got.len = 0;
    w.world.fs.cold = true;
}

/* The one call that waits has read some of its keys. */
static bool is_in_slices(void)
{
    list_for_each (at, &w.server->instance.sessions) {
        const struct queue *q = connection_of(at)->queue;
        const struct gather *g = q ? list_item(q->calls.next, struct waiting, link)->call.gather
                                   : NULL;

        if (g && g->next > 1)
            return true;
    }
    return false;
}

/* A value of an MGET that takes slices changes between its slice and the answer. */
Test(waiting, a_client_is_told_of_changes_of_what_a_slice_has_read)
{
    char line[KEYS * 12];
    size_t n = (size_t)snprintf(line, sizeof line, "MGET");
    bool told = false;

    fill_disk();
    ask(c, "HELLO 3");
    ask(c, "CLIENT TRACKING ON");
    for (int i = 0; i < KEYS; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, " key:%d", i);
    client_send(c, line);
    for (int i = 0; !is_in_slices(); i++) {
        cr_assert(i < 1000 && c->got.len == 0, "%d turns, %zu bytes", i, c->got.len);
        lsm_world_step(&w.world);
        server_world_turn(&w);
    }
    client_send(other, "SET key:0 new");
    server_world_settle(&w);
    cr_expect_str_eq(got(other), "+OK|");
    cr_assert_gt(c->got.len, (size_t)KEYS * VALUE / 2);
    for (size_t i = 0; i + 10 < c->got.len && !told; i++)
        told = memcmp(c->got.data + i, "invalidate", 10) == 0;
    cr_expect(told);
}

/* --- another door's */

struct aside {
    struct session session;
    uint8_t behind[sizeof(struct connection)]; /* where a connection would have more */
};

Test(waiting, a_session_of_another_door_is_no_connection)
{
    struct instance *in = &w.server->instance;
    struct aside *s = mem_alloc(sizeof *s);
    struct slice who = slice_str("nobody");
    char line[64];

    memset(s, 0x5a, sizeof *s);
    session_init_aside(&s->session, in);
    cr_assert_not(acl_let_in(&s->session, slice_str("HTTP"), who, who));
    cr_expect(strstr(ask(c, "ACL LOG"), "flags=N"));
    snprintf(line, sizeof line, "CLIENT UNBLOCK %d", (int)s->session.id);
    cr_expect_str_eq(ask(c, line), ":0|");
    snprintf(line, sizeof line, "CLIENT LIST ID %d", (int)s->session.id);
    cr_expect_str_eq(ask(c, line), "$0||");
    snprintf(line, sizeof line, "CLIENT TRACKING ON REDIRECT %d", (int)s->session.id);
    cr_expect_str_eq(ask(c, line), "-ERR The client ID you want redirect to does not exist|");
    session_deinit(&s->session);
    mem_free(s);
}

/* --- a value in pieces */

Test(waiting, a_value_in_pieces_stays_in_its_database)
{
    client_send_set(c, "large", 3 << 20);
    server_world_settle(&w);
    cr_assert_str_eq(got(c), "+OK|");
    cr_expect_str_eq(ask(c, "SWAPDB 0 1"),
                     "-ERR SWAPDB works only while both databases are small|");
    cr_expect_str_eq(ask(c, "STRLEN large"), ":3145728|");
}

/* --- the loop */

/* An EXEC of so many SETs, and of FLUSHDBs of another database that look at all of them. */
static const char *exec_of(unsigned sets, unsigned flushes)
{
    client_send(c, "MULTI");
    for (unsigned i = 0; i < sets; i++) {
        char line[32];
        snprintf(line, sizeof line, "SET key:%u v", i);
        client_send(c, line);
    }
    client_send(c, "SELECT 1");
    for (unsigned i = 0; i < flushes; i++)
        client_send(c, "FLUSHDB");
    server_world_settle(&w);
    c->got.len = 0;
    client_send(c, "EXEC");
    server_world_settle(&w);
    c->got.len = c->got.len < 80 ? c->got.len : 80;
    return got(c);
}

Test(waiting, a_transaction_that_looks_at_its_writes_too_often_is_ended)
{
    instance_bound_memory(&w.server->instance, (uint64_t)1 << 30);
    cr_expect_eq(strncmp(exec_of(8192, 1025),
                         "-EXECABORT Transaction discarded because of: ERR it looks", 57),
                 0);
    cr_expect_str_eq(ask(c, "SELECT 0"), "+OK|");
    cr_expect_str_eq(ask(c, "DBSIZE"), ":0|");
    cr_expect_eq(strncmp(exec_of(1000, 1000), "*2001|+OK|", 10), 0);
    cr_expect_str_eq(ask(c, "SELECT 0"), "+OK|");
    cr_expect_str_eq(ask(c, "DBSIZE"), ":1000|");
}

/* --- certificates */

struct net_tls {
    int unused;
};

static unsigned tls_used, tls_freed;

static bool tls_load(struct net *net, const struct net_tls_options *options, struct net_tls **out,
                     char why[NET_TLS_WHY_MAX])
{
    (void)net;
    (void)options;
    (void)why;
    *out = mem_zalloc(1, sizeof **out);
    return true;
}

static void tls_use(struct net *net, struct net_tls *tls)
{
    (void)net;
    tls_used++;
    mem_free(tls);
}

static void tls_free(struct net *net, struct net_tls *tls)
{
    (void)net;
    tls_freed++;
    mem_free(tls);
}

static void begin_tls(void)
{
    w.net.tls_load = tls_load;
    w.net.tls_use = tls_use;
    w.net.tls_free = tls_free;
    w.options.tls_port = 1;
    tls_used = tls_freed = 0;
}

Test(waiting, certificates_that_were_read_during_a_pause_are_read_again)
{
    begin_tls();
    client_send(c, "CONFIG SET tls-cert-file /other");
    server_world_turn(&w);
    client_send(other, "CLIENT PAUSE 100 ALL");
    server_world_settle(&w);
    cr_assert_str_eq(got(other), "+OK|");
    cr_assert_str_eq(got(c), "");
    cr_expect_eq(tls_freed, 1u, "nobody has taken them");
    w.world.now_us += 200000;
    server_world_settle(&w);
    cr_expect_str_eq(got(c), "+OK|");
    cr_expect_eq(tls_used, 1u);
    cr_expect_str_eq(w.options.tls_cert_file, "/other");
}

Test(waiting, a_transaction_waits_for_its_certificates)
{
    begin_tls();
    ask(c, "MULTI");
    ask(c, "CONFIG SET tls-cert-file /other");
    ask(c, "SET a 1");
    cr_expect_str_eq(ask(c, "EXEC"), "*2|+OK|+OK|");
    cr_expect_eq(tls_used, 1u);
    cr_expect_str_eq(w.options.tls_cert_file, "/other");
}

/* --- ended */

/* In one turn an EXEC, whose cells have come, deletes the user of another whose cells have
 * come too. */
Test(waiting, what_an_ended_client_waits_for_is_not_run)
{
    fill_disk();
    ask(other, "ACL SETUSER guest on nopass ~* +set +get +getset");
    ask(c, "AUTH guest x");
    ask(other, "MULTI");
    ask(other, "GET key:1");
    ask(other, "ACL DELUSER guest");
    client_send(other, "EXEC");
    server_world_turn(&w);
    client_send(c, "GETSET key:2 mine");
    server_world_turn(&w);
    cr_assert_eq(w.server->instance.waiting, 2u);
    for (int i = 0; w.server->resumed.next == w.server->resumed.prev; i++) {
        cr_assert(i < 100);
        cr_assert(lsm_world_step(&w.world));
    }
    server_world_settle(&w);
    cr_assert_not(c->open);
    cr_expect_eq(w.server->instance.waiting, 0u);
    other->got.len = 0;
    client_send(other, "GETRANGE key:2 0 3");
    server_world_settle(&w);
    cr_expect_str_eq(got(other), "$4|vvvv|");
}

/* --- CONSISTENCY in front of a command */

Test(waiting, a_command_behind_its_consistency_is_run_as_it_would_be_alone)
{
    char big[8192];

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    snprintf(text, sizeof text, "CONSISTENCY one SET k %.3000s", big);
    client_send(c, text);
    client_send(c, "CONSISTENCY READ one WRITE all STRLEN k");
    client_send(c, "CONSISTENCY 9 DEL k");
    client_send(c, "CONSISTENCY 9");
    client_send(c, "CONSISTENCY READ one DEL k"); /* it writes at 9, which was said just before */
    client_send(c, "CONSISTENCY one");
    client_send(c, "CONSISTENCY quorum DEL k k k");
    server_world_settle(&w);
    cr_expect_str_eq(got(c), "+OK|:3000|-NOQUORUM need 9 of 1, 1 reachable|+OK|"
                             "-NOQUORUM need 9 of 1, 1 reachable|+OK|:1|");
    cr_expect_str_eq(ask(other, "CONSISTENCY"), "*6|$4|read|$6|quorum|$5|write|$6|quorum|$1|n|:1|");
    cr_expect_str_eq(ask(c, "CONSISTENCY"), "*6|$4|read|$3|one|$5|write|$3|one|$1|n|:1|");
}
