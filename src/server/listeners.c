/* listeners.c: the addresses the server answers at. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/protected.h"
#include "server/server_state.h"

static void refuse_client(struct server *s, struct net_conn *net, const char *text)
{
    struct slice part = slice_str(text);

    net_send(net, &part, 1);
    net_close(net);
    s->instance.stats.rejected_connections++;
}

static void on_accept(struct net_listener *listener, struct net_conn *net)
{
    struct server *s = listener->owner;
    const char *refusal = protected_refusal(&s->instance, net);

    if (s->state == SERVER_STOPPING || s->state == SERVER_STOPPED)
        net_close(net);
    else if (s->instance.session_count >= (uint64_t)s->instance.options->maxclients)
        refuse_client(s, net, "-ERR max number of clients reached\r\n");
    else if (refusal)
        refuse_client(s, net, refusal);
    else
        connection_new(s, net);
}

/* An address with '-' before it may be missing on this machine. */
static struct err open_one(struct server *s, const char *address, int port, bool tls,
                           char detail[256])
{
    struct net *net = s->instance.env->net;
    bool optional = address[0] == '-';
    struct net_listener *listener;
    struct err e;

    if (s->listener_count == LISTENERS_MAX) {
        snprintf(detail, 256, "more than %d addresses to listen at", LISTENERS_MAX);
        return err_make(ERR_LIMIT, 0, "too many addresses");
    }
    e = net_listen(net, address + optional, port, &listener);
    if (err_is(e)) {
        snprintf(detail, 256, "cannot listen at %s port %d: %s", address + optional, port, e.what);
        if (!optional || e.os == EADDRINUSE)
            return e;
        trace_log(s->instance.env->trace, TRACE_VERBOSE, "%s; going on without it", detail);
        return err_ok();
    }
    listener->owner = s;
    listener->on_accept = on_accept;
    listener->tls = tls;
    s->listeners[s->listener_count++] = listener;
    return err_ok();
}

/* At every address of `bind`, if there is a port; *listening if at one at least. */
static struct err open_port(struct server *s, int64_t port, bool tls, bool *listening,
                            char detail[256])
{
    unsigned before = s->listener_count;
    const char *p = s->instance.options->bind;
    struct err e;

    while (port > 0 && *p) {
        char address[NET_ADDRESS_MAX];
        size_t n;

        p += strspn(p, " ");
        n = strcspn(p, " ");
        if (n == 0)
            break;
        if (n >= sizeof address) {
            snprintf(detail, 256, "bind: an address is longer than %zu bytes", sizeof address - 1);
            return err_make(ERR_INVALID, 0, "address too long");
        }
        memcpy(address, p, n);
        address[n] = '\0';
        p += n;
        e = open_one(s, address, (int)port, tls, detail);
        if (err_is(e))
            return e;
    }
    *listening = s->listener_count > before;
    return err_ok();
}

/* Nobody is served yet, so the files may be read here. */
static struct err load_tls(struct server *s, char detail[256])
{
    struct net *net = s->instance.env->net;
    struct net_tls_options options;
    struct net_tls *tls;
    char why[NET_TLS_WHY_MAX];

    tls_change_options(s->instance.options, &options);
    if (!net_tls_load(net, &options, &tls, why)) {
        snprintf(detail, 256, "TLS: %.240s", why);
        return err_make(ERR_INVALID, 0, "TLS cannot be set up");
    }
    net_tls_use(net, tls);
    return err_ok();
}

struct err listeners_open(struct server *s, char detail[256])
{
    const struct options *o = s->instance.options;
    bool plain = false, tls = false;
    struct err e = err_ok();

    if (o->tls_port)
        e = load_tls(s, detail);
    if (!err_is(e))
        e = open_port(s, o->port, false, &plain, detail);
    if (!err_is(e))
        e = open_port(s, o->tls_port, true, &tls, detail);
    if (!err_is(e) && o->unixsocket[0])
        e = open_one(s, o->unixsocket, 0, false, detail);
    if (err_is(e))
        return e;
    s->instance.port = (int)(plain ? o->port : tls ? o->tls_port : 0);
    if (s->listener_count == 0) {
        snprintf(detail, 256, "nothing to listen at: set port or tls-port and bind, or unixsocket");
        return err_make(ERR_INVALID, 0, "nothing to listen at");
    }
    return err_ok();
}

void listeners_close(struct server *s)
{
    while (s->listener_count)
        net_unlisten(s->listeners[--s->listener_count]);
}
