/* listeners.c: the addresses the server answers at. */
#include <stdio.h>

#include "server/server_state.h"
#include "session/addresses.h"
#include "session/protected.h"

/* Redis's own words, which people look up. */
#define DENIED                                                                                     \
    "-DENIED Redis is running in protected mode because protected mode is enabled and no "         \
    "password is set for the default user. In this mode connections are only accepted from the "   \
    "loopback interface. If you want to connect from external computers to Redis you may adopt "   \
    "one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG "  \
    "SET protected-mode no' from the loopback interface by connecting to Redis from the same "     \
    "host the server is running, however MAKE SURE Redis is not publicly accessible from "         \
    "internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively "   \
    "you can just disable the protected mode by editing the Redis configuration file, and "        \
    "setting the protected mode option to 'no', and then restarting the server. 3) If you "        \
    "started the server manually just for testing, restart it with the '--protected-mode no' "     \
    "option. 4) Set up an authentication password for the default user. NOTE: You only need to "   \
    "do one of the above things in order for the server to start accepting connections from the "  \
    "outside.\r\n"

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

    if (s->state == SERVER_STOPPING || s->state == SERVER_STOPPED)
        net_close(net);
    else if (s->instance.session_count >= (uint64_t)s->instance.options->maxclients)
        refuse_client(s, net, "-ERR max number of clients reached\r\n");
    else if (protected_refuses(&s->instance, net))
        refuse_client(s, net, DENIED);
    else
        connection_new(s, net);
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

/* At every address of `bind`.  The first port that anybody can connect to is the one
 * INFO has. */
static struct err open_port(struct server *s, int64_t port, bool tls, char detail[256])
{
    unsigned i = s->listener_count;
    struct err e = addresses_listen(s->instance.env, s->instance.options->bind, (int)port,
                                    s->listeners, &s->listener_count, detail);

    for (; i < s->listener_count; i++) {
        s->listeners[i]->tls = tls;
        if (s->instance.port == 0)
            s->instance.port = (int)port;
    }
    return e;
}

struct err listeners_open(struct server *s, char detail[256])
{
    const struct options *o = s->instance.options;
    struct err e = err_ok();

    if (o->tls_port > 0)
        e = load_tls(s, detail);
    if (!err_is(e) && o->port > 0)
        e = open_port(s, o->port, false, detail);
    if (!err_is(e) && o->tls_port > 0)
        e = open_port(s, o->tls_port, true, detail);
    s->instance.env->net->socket_mode = (unsigned)o->unixsocketperm;
    if (!err_is(e) && o->unixsocket[0])
        e = addresses_listen_one(s->instance.env, o->unixsocket, 0, s->listeners,
                                 &s->listener_count, detail);
    if (err_is(e))
        return e;
    for (unsigned i = 0; i < s->listener_count; i++) {
        s->listeners[i]->owner = s;
        s->listeners[i]->on_accept = on_accept;
    }
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
