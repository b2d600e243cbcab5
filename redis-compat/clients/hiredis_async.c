/* hiredis_async.c: hiredis's asynchronous half on libev: callbacks, pipelines, a subscriber, ends.
 *
 * Two connections on one loop, called with a port.  Everything is over when the second one has
 * ended; a timer ends what hangs. */
#include <ev.h>
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tally.h"

enum {
    COMMANDS = 20000,
    MESSAGES = 1000,
    TOO_LONG_S = 60,
};

struct world {
    struct tally t;
    struct ev_loop *loop;
    redisAsyncContext *asker;
    redisAsyncContext *listener;
    int sets;
    int gets;
    int messages;  /* of the channel */
    int patterned; /* of the pattern */
    bool in_order;
    int connected;
    int disconnected;
    bool timed_out;
};

static struct world *world_of(const redisAsyncContext *c)
{
    return c->data;
}

static void on_connect(const redisAsyncContext *c, int status)
{
    struct world *w = world_of(c);
    check(&w->t, status == REDIS_OK, "connected");
    w->connected++;
    if (status != REDIS_OK)
        ev_break(w->loop, EVBREAK_ALL);
}

static void on_disconnect(const redisAsyncContext *c, int status)
{
    struct world *w = world_of(c);
    check(&w->t, status == REDIS_OK, "the end was asked for");
    if (++w->disconnected == 2)
        ev_break(w->loop, EVBREAK_ALL);
}

static void on_too_long(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    struct world *w = timer->data;
    w->timed_out = true;
    ev_break(loop, EVBREAK_ALL);
}

/* The last messages have come: both ends. */
static void finish(struct world *w)
{
    redisAsyncDisconnect(w->listener);
    redisAsyncDisconnect(w->asker);
}

static void on_message(redisAsyncContext *c, void *reply, void *what)
{
    struct world *w = world_of(c);
    redisReply *r = reply;
    (void)what;
    if (r == NULL) /* the connection ends */
        return;
    if (r->type != REDIS_REPLY_ARRAY || r->elements < 3) {
        check(&w->t, false, "a message is an array");
        return;
    }
    char text[16];
    if (is_text(r->element[0], REDIS_REPLY_STRING, "message", 7)) {
        int length = snprintf(text, sizeof text, "%d", w->messages++);
        w->in_order = w->in_order &&
                      is_text(r->element[2], REDIS_REPLY_STRING, text, (size_t)length);
    } else if (is_text(r->element[0], REDIS_REPLY_STRING, "pmessage", 8)) {
        int length = snprintf(text, sizeof text, "%d", w->patterned++);
        w->in_order = w->in_order && r->elements == 4 &&
                      is_text(r->element[3], REDIS_REPLY_STRING, text, (size_t)length);
    }
    if (w->messages == MESSAGES && w->patterned == MESSAGES)
        finish(w);
}

static void on_published(redisAsyncContext *c, void *reply, void *what)
{
    (void)what;
    redisReply *r = reply;
    if (r == NULL || r->type != REDIS_REPLY_INTEGER || r->integer != 2)
        check(&world_of(c)->t, false, "PUBLISH reaches the channel and the pattern");
}

/* The channel and the pattern are confirmed in order, so the second comes last. */
static void on_pattern(redisAsyncContext *c, void *reply, void *what)
{
    struct world *w = world_of(c);
    redisReply *r = reply;
    if (r != NULL && r->type == REDIS_REPLY_ARRAY &&
        is_text(r->element[0], REDIS_REPLY_STRING, "psubscribe", 10)) {
        check(&w->t, r->elements == 3 && r->element[2]->integer == 2, "PSUBSCRIBE: the second");
        for (int i = 0; i < MESSAGES; i++)
            redisAsyncCommand(w->asker, on_published, NULL, "PUBLISH news:1 %d", i);
        return;
    }
    on_message(c, reply, what);
}

static void on_set(redisAsyncContext *c, void *reply, void *what)
{
    (void)what;
    if (is_text(reply, REDIS_REPLY_STATUS, "OK", 2))
        world_of(c)->sets++;
}

/* `what` is the number the key has. */
static void on_get(redisAsyncContext *c, void *reply, void *what)
{
    struct world *w = world_of(c);
    char text[16];
    int length = snprintf(text, sizeof text, "%d", (int)(intptr_t)what);
    if (is_text(reply, REDIS_REPLY_STRING, text, (size_t)length))
        w->gets++;
}

static void on_error(redisAsyncContext *c, void *reply, void *what)
{
    (void)what;
    expect_text(&world_of(c)->t, reply, REDIS_REPLY_ERROR,
                "ERR value is not an integer or out of range", "an error comes to its callback");
}

static void on_exec(redisAsyncContext *c, void *reply, void *what)
{
    struct world *w = world_of(c);
    redisReply *r = reply;
    (void)what;
    check(&w->t,
          r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
              r->element[1]->type == REDIS_REPLY_INTEGER && r->element[1]->integer == 2,
          "EXEC");
    check(&w->t, w->sets == COMMANDS, "20,000 SETs");
    check(&w->t, w->gets == COMMANDS, "20,000 GETs");
    redisAsyncCommand(w->listener, on_message, NULL, "SUBSCRIBE news:1");
    redisAsyncCommand(w->listener, on_pattern, NULL, "PSUBSCRIBE news:*");
}

static void on_auth(redisAsyncContext *c, void *reply, void *what)
{
    expect_text(&world_of(c)->t, reply, REDIS_REPLY_STATUS, "OK", what);
}

static redisAsyncContext *open_connection(struct world *w, int port)
{
    redisAsyncContext *c = redisAsyncConnect("127.0.0.1", port);
    if (c == NULL || c->err != 0) {
        printf("FAILED: %s\n", c == NULL ? "no context" : c->errstr);
        exit(1);
    }
    c->data = w;
    redisLibevAttach(w->loop, c);
    redisAsyncSetConnectCallback(c, on_connect);
    redisAsyncSetDisconnectCallback(c, on_disconnect);
    redisAsyncCommand(c, on_auth, "AUTH", "AUTH compat secret");
    return c;
}

int main(int argc, char **argv)
{
    struct world w = { .in_order = true, .loop = ev_default_loop(0) };
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 6379;
    signal(SIGPIPE, SIG_IGN);
    w.asker = open_connection(&w, port);
    w.listener = open_connection(&w, port);
    ev_timer timer;
    ev_timer_init(&timer, on_too_long, TOO_LONG_S, 0);
    timer.data = &w;
    ev_timer_start(w.loop, &timer);
    for (int i = 0; i < COMMANDS; i++) {
        redisAsyncCommand(w.asker, on_set, NULL, "SET async:%d %d", i, i);
        redisAsyncCommand(w.asker, on_get, (void *)(intptr_t)i, "GET async:%d", i);
    }
    redisAsyncCommand(w.asker, NULL, NULL, "SET text abc");
    redisAsyncCommand(w.asker, on_error, NULL, "INCR text");
    redisAsyncCommand(w.asker, NULL, NULL, "MULTI");
    redisAsyncCommand(w.asker, NULL, NULL, "SET count 1");
    redisAsyncCommand(w.asker, NULL, NULL, "INCR count");
    redisAsyncCommand(w.asker, on_exec, NULL, "EXEC");
    ev_run(w.loop, 0);
    check(&w.t, !w.timed_out, "everything came within a minute");
    check(&w.t, w.connected == 2 && w.disconnected == 2, "both connected and ended");
    check(&w.t, w.messages == MESSAGES && w.patterned == MESSAGES, "1,000 messages, twice each");
    check(&w.t, w.in_order, "in order");
    return end(&w.t);
}
