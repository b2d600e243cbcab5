/* Tests of http_call.c: what may happen while a request's call waits for a cold cell. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/http_state.h"
#include "server/server_state.h"
#include "session/acl.h"
#include "unit/turn/server_world.h"

static struct server_world w;
static struct client *admin;
static struct http http;
static struct http_client client;
static struct http_request request;
static char text[4096];

static const char *ask(const char *line)
{
    client_send(admin, line);
    server_world_turn(&w);
    return client_got(admin, text, sizeof text);
}

/* "key:0" is on disk and in no cache. */
static void setup(void)
{
    char key[32];

    server_world_init(&w);
    w.options.cache_size = 64 * 1024;
    server_world_start(&w);
    admin = server_world_client(&w);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        client_send_set(admin, key, 3000);
        server_world_settle(&w);
        w.world.now_us += 100000;
    }
    w.world.fs.cold = true;
    admin->got.len = 0;
    http.instance = server_instance(w.server);
    list_init(&http.resumed);
    list_init(&http.slices);
    list_init(&http.parked);
    list_init(&http.holding);
}

static void teardown(void)
{
    http_call_free(&request);
    reply_clear(&request.reply);
    buf_deinit(&request.target.key);
    buf_deinit(&request.body);
    session_deinit(&client.session);
    server_world_deinit(&w);
}

TestSuite(http_call, .init = setup, .fini = teardown);

/* PUT with If-Match: *, which has to look. */
static void put(const char *user)
{
    struct http_request *r = &request;

    session_init_aside(&client.session, http.instance);
    cr_assert(acl_let_in(&client.session, slice_str("test"), slice_str(user), slice_str("")));
    client.http = &http;
    r->http = &http;
    r->client = &client;
    r->method = HTTP_PUT;
    r->stage = HTTP_CALL;
    list_init(&r->queued_in);
    reply_init(&r->reply, &http.instance->blocks, 2);
    buf_append(&r->target.key, slice_str("key:0"));
    buf_append(&r->body, slice_str("new"));
    r->condition.match.given = r->condition.match.any = true;
    r->outcome.condition = &r->condition;
}

/* What the door does with those whose cells have come, or who may try again. */
static void go_on(void)
{
    server_world_turn(&w);
    list_remove(&request.queued_in);
    http_call(&request);
}

static void wait_for_cell(const char *user)
{
    put(user);
    http_call(&request);
    cr_assert_eq(request.stage, HTTP_WAITING);
    while (list_empty(&request.queued_in))
        cr_assert(lsm_world_step(&w.world));
}

Test(http_call, a_write_that_waited_for_a_cell_waits_for_the_end_of_a_pause)
{
    wait_for_cell("default");
    cr_assert_str_eq(ask("CLIENT PAUSE 1000 WRITE"), "+OK|");
    go_on();
    cr_expect_eq(request.stage, HTTP_WAITING);
    cr_expect_eq(http.parked.next, &request.queued_in);
    cr_expect_not(request.outcome.wrote);
    cr_assert_str_eq(ask("CLIENT UNPAUSE"), "+OK|");
    go_on();
    cr_expect(request.outcome.wrote);
    cr_expect_str_eq(ask("GET key:0"), "$3|new|");
}

Test(http_call, a_user_who_is_deleted_while_his_call_waits_does_nothing_any_more)
{
    cr_assert_str_eq(ask("ACL SETUSER app on nopass ~* +@all"), "+OK|");
    cr_assert_str_eq(ask("CONFIG SET requirepass x"), "+OK|");
    wait_for_cell("app");
    cr_assert_str_eq(ask("ACL DELUSER app"), ":1|");
    go_on();
    cr_expect_eq(request.stage, HTTP_DONE);
    cr_expect_not(request.outcome.wrote);
    cr_expect_eq(request.reply.errors, 1);
}
