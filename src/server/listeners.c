/* listeners.c: the addresses the server answers at. */
#include <stdio.h>

#include "server/server_state.h"
#include "session/addresses.h"

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
    else
        connection_new(s, net);
}

struct err listeners_open(struct server *s, char detail[256])
{
    const struct options *o = s->instance.options;
    struct env *env = s->instance.env;
    struct err e = err_ok();

    if (o->port > 0)
        e = addresses_listen(env, o->bind, (int)o->port, s->listeners, &s->listener_count, detail);
    if (s->listener_count)
        s->instance.port = (int)o->port;
    if (!err_is(e) && o->unixsocket[0])
        e = addresses_listen_one(env, o->unixsocket, 0, s->listeners, &s->listener_count, detail);
    if (err_is(e))
        return e;
    for (unsigned i = 0; i < s->listener_count; i++) {
        s->listeners[i]->owner = s;
        s->listeners[i]->on_accept = on_accept;
    }
    if (s->listener_count == 0) {
        snprintf(detail, 256, "nothing to listen at: set port and bind, or unixsocket");
        return err_make(ERR_INVALID, 0, "nothing to listen at");
    }
    return err_ok();
}

void listeners_close(struct server *s)
{
    while (s->listener_count)
        net_unlisten(s->listeners[--s->listener_count]);
}
