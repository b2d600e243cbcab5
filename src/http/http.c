/* http.c: the door's part of a turn, its beginning and its end. */
#include "http/http.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "http/http_state.h"

static struct http *http_of(const struct side_door *door)
{
    return (struct http *)(void *)(uintptr_t)door; /* it begins with its door */
}

/* Requests of `list` go on; those that cannot yet are in a list again. */
static void go_on(struct list *from)
{
    struct list now;

    if (list_empty(from))
        return;
    now = *from;
    now.next->prev = &now;
    now.prev->next = &now;
    list_init(from);
    while (!list_empty(&now)) {
        struct http_request *r = list_item(now.next, struct http_request, queued_in);
        list_remove(&r->queued_in);
        http_call(r);
        if (r->stage == HTTP_DONE)
            http_wake(r);
    }
}

/* A piece of an answer may be read. */
static bool is_due(const struct http *http)
{
    return !list_empty(&http->scarce) && instance_may_promise(http->instance);
}

/* They ask when libmicrohttpd runs, or wait again. */
static void wake_scarce(struct http *http)
{
    const struct instance *in = http->instance;
    uint64_t used = in->blocks.used_bytes;

    while (is_due(http)) {
        struct http_request *r = list_item(http->scarce.next, struct http_request, queued_in);

        list_remove(&r->queued_in);
        http_wake(r);
        used += (uint64_t)in->options->value_chunk_size;
        if (used > instance_blocks_max(in))
            break;
    }
}

static void run_daemon(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG ms;

    http->ready = false;
    MHD_run(http->daemon);
    http->run_at = UINT64_MAX;
    if (MHD_get_timeout(http->daemon, &ms) == MHD_YES)
        http->run_at = http->instance->turn_mono_us + ms * 1000;
}

static void serve(struct side_door *door)
{
    struct http *http = http_of(door);
    uint64_t now_us = http->instance->turn_mono_us;

    if (!http->daemon)
        return;
    go_on(&http->resumed);
    go_on(&http->slices);
    go_on(&http->parked);
    wake_scarce(http);
    if (http->ready || now_us >= http->run_at)
        run_daemon(http);
    if (now_us >= http->sweep_at) {
        http->sweep_at = now_us + HTTP_SECOND_US;
        http_sweep(http);
    }
}

static void release(struct side_door *door, uint64_t acked)
{
    list_for_each_safe (at, &http_of(door)->holding) {
        struct http_request *r = list_item(at, struct http_request, queued_in);
        if (r->call.gate > acked)
            continue;
        list_remove(&r->queued_in);
        r->stage = HTTP_DONE;
        http_wake(r);
    }
}

static uint64_t fail(struct side_door *door, uint64_t acked, const char *text)
{
    uint64_t failed = 0;

    list_for_each (at, &http_of(door)->holding) {
        struct http_request *r = list_item(at, struct http_request, queued_in);
        if (r->call.gate <= acked)
            continue;
        reply_clear(&r->reply);
        reply_error(&r->reply, "UNCERTAIN", text);
        failed++;
    }
    release(door, UINT64_MAX);
    return failed;
}

static uint64_t deadline(const struct side_door *door)
{
    const struct http *http = http_of(door);
    uint64_t at = http->run_at;

    if (!http->daemon)
        return UINT64_MAX;
    if (http->ready || !list_empty(&http->slices) || is_due(http) ||
        at <= http->instance->turn_mono_us)
        return 0;
    if (!list_empty(&http->clients) && http->sweep_at < at)
        at = http->sweep_at;
    return at;
}

static void close_door(struct side_door *door)
{
    http_unlisten(http_of(door));
    http_of(door)->closed = true;
}

static bool idle(const struct side_door *door)
{
    return http_of(door)->request_count == 0;
}

static void end(struct side_door *door)
{
    struct http *http = http_of(door);

    if (!http->daemon)
        return;
    close_door(door);
    net_unwatch(http->watch);
    http->watch = NULL;
    list_for_each (at, &http->clients) {
        struct http_request *r = list_item(at, struct http_client, link)->request;
        if (r)
            http_wake(r); /* none may be suspended when it stops */
    }
    MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
    assert(http->request_count == 0 && list_empty(&http->clients));
}

/* --- its beginning */

static void on_log(void *cls, const char *format, va_list args)
{
    struct http *http = cls;
    char text[256];
    size_t n;

    vsnprintf(text, sizeof text, format, args);
    n = strlen(text);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    trace_log(http->instance->env->trace, TRACE_VERBOSE, "HTTP: %.*s", (int)n, text);
}

/* Keys may hold what must not be decoded before the path is taken apart. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static void on_socket(struct net_watch *watch)
{
    ((struct http *)watch->owner)->ready = true;
}

static struct err start_daemon(struct http *http)
{
    const struct options *o = http->instance->options;
    const union MHD_DaemonInfo *info;

    http->timeout_s = (unsigned)o->http_timeout;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, http_on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, http,
        MHD_OPTION_URI_LOG_CALLBACK, http_on_target, http, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, http_notify_client, http, MHD_OPTION_CONNECTION_TIMEOUT,
        http->timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, http_pool_size(http->instance),
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_END);
    if (!http->daemon)
        return err_make(ERR_IO, 0, "start libmicrohttpd");
    info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    http->watch = net_watch(http->instance->env->net, info->epoll_fd);
    http->watch->owner = http;
    http->watch->on_ready = on_socket;
    return err_ok();
}

struct err http_new(struct instance *instance, struct http **out, char detail[256])
{
    struct http *http = mem_zalloc(1, sizeof *http);
    struct err e;

    http->instance = instance;
    http->door = (struct side_door){ serve, release, fail, deadline, close_door, idle, end };
    http->run_at = UINT64_MAX;
    list_init(&http->clients);
    list_init(&http->resumed);
    list_init(&http->slices);
    list_init(&http->parked);
    list_init(&http->scarce);
    list_init(&http->holding);
    *out = NULL;
    snprintf(detail, 256, "cannot start libmicrohttpd");
    e = start_daemon(http);
    if (!err_is(e))
        e = http_listen(http, detail);
    if (err_is(e))
        http_free(http);
    else
        *out = http;
    return e;
}

struct side_door *http_door(struct http *http)
{
    return &http->door;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    http_unlisten(http);
    end(&http->door);
    mem_free(http);
}
