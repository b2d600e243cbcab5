/* http_clients.c: connections: accepted by the env, read by libmicrohttpd, and ended for
 * both when a client is too slow. */
#include <stdio.h>

#include "base/mem.h"
#include "http/http_state.h"
#include "session/addresses.h"
#include "session/protected.h"

static const char too_many[] =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    "Content-Type: application/json\r\nContent-Length: 28\r\n\r\n{\"error\":\"TOO_MANY_CLIENTS\"}";

static const char denied[] =
    "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: application/json\r\n"
    "Content-Length: 138\r\n\r\n{\"error\":\"DENIED\",\"message\":\"protected mode: there is no "
    "password, so only this machine is served; set requirepass, or protected-mode no\"}";

static void refuse(struct http *http, struct net_conn *net, const char *text)
{
    struct slice part = slice_str(text);

    net_send(net, &part, 1);
    net_close(net);
    http->instance->stats.http_rejected++;
}

static void on_accept(struct net_listener *listener, struct net_conn *net)
{
    struct http *http = listener->owner;
    struct instance *in = http->instance;
    /* It is kept for each connection, and not looked at: whose it is, the call says. */
    struct sockaddr nowhere = { 0 };

    if (http->closed)
        net_close(net);
    else if (in->stats.http_clients >= (uint64_t)in->options->http_maxclients)
        refuse(http, net, too_many);
    else if (protected_refuses(in, net))
        refuse(http, net, denied);
    else if (MHD_add_connection(http->daemon, net_give(net), &nowhere, sizeof nowhere) == MHD_NO)
        in->stats.http_rejected++;
    http->ready = true;
}

struct err http_listen(struct http *http, char detail[256])
{
    struct instance *in = http->instance;
    struct err e = addresses_listen(in->env, in->options->http_bind, (int)in->options->http_port,
                                    http->listeners, &http->listener_count, detail);

    for (unsigned i = 0; i < http->listener_count; i++) {
        http->listeners[i]->owner = http;
        http->listeners[i]->on_accept = on_accept;
    }
    if (err_is(e) || http->listener_count > 0)
        return e;
    snprintf(detail, 256, "nothing to listen at for HTTP: set http-bind, or http-port 0");
    return err_make(ERR_INVALID, 0, "nothing to listen at");
}

void http_unlisten(struct http *http)
{
    while (http->listener_count)
        net_unlisten(http->listeners[--http->listener_count]);
}

static uint64_t bytes_of(const struct http *http)
{
    return HTTP_CONNECTION_BYTES + http_pool_size(http->instance);
}

static struct http_client *client_new(struct http *http, struct MHD_Connection *mhd)
{
    struct http_client *client = mem_zalloc(1, sizeof *client);
    struct instance *in = http->instance;
    unsigned timeout_s = (unsigned)in->options->http_timeout;
    int socket = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

    client->http = http;
    client->since_us = in->turn_mono_us;
    session_init_aside(&client->session, in);
    client->session.socket = socket;
    list_push(&http->clients, &client->link);
    in->stats.http_clients++;
    in->stats.connections++;
    in->http_bytes += bytes_of(http);
    if (timeout_s != http->timeout_s) /* each of its own costs a look at each run */
        MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, timeout_s);
    return client;
}

static void client_free(struct http_client *client)
{
    struct instance *in = client->http->instance;

    list_remove(&client->link);
    session_deinit(&client->session);
    in->stats.http_clients--;
    in->http_bytes -= bytes_of(client->http);
    mem_free(client);
}

void http_notify_client(void *cls, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = client_new(cls, mhd);
        return;
    }
    client_free(*context);
    *context = NULL;
}

/* libmicrohttpd ends those who are silent.  Those who send a byte now and then are ended
 * here. */
static bool is_slow(const struct http_client *client, uint64_t now_us)
{
    const struct http_request *r = client->request;
    uint64_t patience = (uint64_t)client->http->instance->options->http_timeout * HTTP_SECOND_US;

    if (!r || r->stage == HTTP_HEADERS) /* they may have begun when it was about to be idle */
        return now_us > client->since_us + 2 * patience;
    return !r->suspended &&
           now_us > r->began_us + patience + r->moved * HTTP_SECOND_US / LIMIT_HTTP_SLOW;
}

void http_sweep(struct http *http)
{
    uint64_t now_us = http->instance->turn_mono_us;

    list_for_each (at, &http->clients) {
        const struct http_client *client = list_item(at, struct http_client, link);
        if (is_slow(client, now_us))
            net_sever(http->instance->env->net, client->session.socket);
    }
}
