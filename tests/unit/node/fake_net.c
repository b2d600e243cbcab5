/* fake_net.c: two ends a connection, and what is under way between them. */
#include "unit/node/fake_net.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static struct fake_end *end_of(struct net_conn *conn)
{
    return (struct fake_end *)conn;
}

static struct fake_end *end_new(struct fake_host *h)
{
    struct fake_end *e = mem_zalloc(1, sizeof *e);

    e->base.net = &h->net;
    e->host = h;
    list_push(&h->world->ends, &e->links);
    return e;
}

static void end_free(struct fake_end *e)
{
    list_remove(&e->links);
    buf_deinit(&e->way);
    buf_deinit(&e->inbox);
    mem_free(e);
}

static void take(struct buf *from, size_t n)
{
    memmove(from->data, from->data + n, from->len - n);
    from->len -= n;
}

/* --- struct net */

static struct err connect_to(struct net *net, const char *address, int port, struct net_conn **out)
{
    struct fake_host *h = (struct fake_host *)net;
    struct fake_end *e;
    unsigned number = 0;

    (void)port;
    *out = NULL;
    for (unsigned i = 1; i < FAKE_HOSTS; i++) {
        char text[NET_ADDRESS_MAX];
        snprintf(text, sizeof text, "10.0.0.%u", i);
        if (strcmp(address, text) == 0)
            number = i;
    }
    if (!number)
        return err_make(ERR_INVALID, 0, "read a numeric IPv4 or IPv6 address");
    e = end_new(h);
    e->other = end_new(&h->world->hosts[number]);
    e->other->other = e;
    e->from = number;
    e->other->from = h->number;
    *out = &e->base;
    return err_ok();
}

static int64_t recv_bytes(struct net_conn *conn, void *to, size_t len)
{
    struct fake_end *e = end_of(conn);
    size_t n = e->inbox.len < len ? e->inbox.len : len;

    if (e->refused)
        return NET_GONE;
    if (n == 0)
        return e->ended && e->way.len == 0 ? NET_GONE : NET_AGAIN;
    memcpy(to, e->inbox.data, n);
    take(&e->inbox, n);
    return (int64_t)n;
}

static int64_t send_parts(struct net_conn *conn, const struct slice *parts, unsigned count)
{
    struct fake_end *e = end_of(conn), *to = e->other;
    size_t window = e->host->world->window, n = 0;

    if (e->refused || e->ended)
        return NET_GONE;
    if (!e->made)
        return NET_AGAIN;
    for (unsigned i = 0; i < count; i++) {
        size_t room = window > to->way.len ? window - to->way.len : 0;
        size_t part = parts[i].len < room ? parts[i].len : room;

        buf_append(&to->way, slice_of(parts[i].data, part));
        n += part;
    }
    e->sends += n > 0;
    return n ? (int64_t)n : NET_AGAIN;
}

static void want(struct net_conn *conn, unsigned events)
{
    end_of(conn)->wanted = events;
}

static void close_end(struct net_conn *conn)
{
    struct fake_end *e = end_of(conn);

    assert(!e->closed);
    e->closed = true;
    e->wanted = 0;
    if (e->other) {
        e->other->ended = true; /* behind what is under way */
        e->other->other = NULL;
    }
}

static void name(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    const struct fake_end *e = end_of(conn);

    snprintf(out, NET_ADDRESS_MAX, "10.0.0.%u:1", e->from);
}

/* --- struct env */

static uint64_t mono_us(struct clock *clock)
{
    return list_item(clock, struct fake_host, clock)->world->now_us;
}

static uint64_t wall_us(struct clock *clock)
{
    return mono_us(clock) + 1000000;
}

static void random_bytes(struct env *env, void *to, size_t len)
{
    struct fake_host *h = list_item(env, struct fake_host, env);

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)to)[i] = (uint8_t)prng_next(&h->world->prng);
}

static void keep_line(struct trace *trace, enum trace_level level, const char *text)
{
    struct fake_host *h = list_item(trace, struct fake_host, trace);

    (void)level;
    snprintf(h->line[h->lines++ % FAKE_LOG], sizeof h->line[0], "%s", text);
}

unsigned fake_said(const struct fake_host *h, const char *text)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FAKE_LOG; i++)
        n += strstr(h->line[i], text) != NULL;
    return n;
}

/* --- the world */

void fake_world_init(struct fake_world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->now_us = (uint64_t)1 << 32;
    w->window = (size_t)1 << 30;
    prng_init(&w->prng, seed);
    list_init(&w->ends);
    for (unsigned i = 0; i < FAKE_HOSTS; i++) {
        struct fake_host *h = &w->hosts[i];

        h->world = w;
        h->number = i;
        h->net = (struct net){ .connect = connect_to,
                               .recv = recv_bytes,
                               .send = send_parts,
                               .want = want,
                               .close = close_end,
                               .peer = name,
                               .local = name };
        h->clock = (struct clock){ wall_us, mono_us };
        h->trace = (struct trace){ TRACE_VERBOSE, keep_line };
        h->env = (struct env){ .clock = &h->clock,
                               .net = &h->net,
                               .trace = &h->trace,
                               .seed = seed + i,
                               .random = random_bytes };
    }
}

void fake_world_deinit(struct fake_world *w)
{
    while (!list_empty(&w->ends))
        end_free(list_item(w->ends.next, struct fake_end, links));
}

struct fake_host *fake_host(struct fake_world *w, unsigned number)
{
    assert(number > 0 && number < FAKE_HOSTS);
    return &w->hosts[number];
}

struct net_listener *fake_listen(struct fake_host *h)
{
    h->listener = (struct net_listener){ .net = &h->net };
    h->listening = true;
    return &h->listener;
}

void fake_cut(struct fake_world *w, unsigned a, unsigned b, bool cut)
{
    w->cut[a][b] = w->cut[b][a] = cut;
}

/* --- time passes */

static void arrive(struct fake_end *e)
{
    struct fake_world *w = e->host->world;
    size_t n = e->way.len;

    if (w->piece && n > w->piece)
        n = 1 + (size_t)prng_below(&w->prng, w->piece);
    buf_append(&e->inbox, slice_of(e->way.data, n));
    if (n)
        take(&e->way, n);
}

/* The called end of a connection that nobody has taken yet. */
static void accept_call(struct fake_end *e)
{
    struct fake_host *h = e->host;

    e->accepted = e->made = true;
    if (!h->listening) {
        e->closed = true;
        e->other->refused = e->other->made = true;
        e->other->other = NULL;
        e->other = NULL;
        return;
    }
    e->other->made = true;
    h->listener.on_accept(&h->listener, &e->base);
}

static bool passes(const struct fake_world *w, const struct fake_end *e)
{
    return !w->cut[e->from][e->host->number];
}

static void poll_end(struct fake_end *e)
{
    struct fake_world *w = e->host->world;
    bool calls = e->other && e->other->wanted && !e->other->made; /* that end has called */
    unsigned events = 0;

    if (!passes(w, e))
        return;
    if (!e->accepted && calls) {
        accept_call(e);
        return;
    }
    arrive(e);
    if (e->inbox.len || e->refused || (e->ended && e->way.len == 0))
        events |= NET_READ;
    if (e->made && (!e->other || e->other->way.len < w->window))
        events |= NET_WRITE;
    if (!e->closed && (events & e->wanted))
        e->base.on_ready(&e->base, events & e->wanted);
}

void fake_poll(struct fake_host *h)
{
    list_for_each_safe (at, &h->world->ends) {
        struct fake_end *e = list_item(at, struct fake_end, links);

        if (!e->closed && (e->host == h || !e->host->listening)) /* its kernel refuses */
            poll_end(e);
    }
    list_for_each_safe (at, &h->world->ends) {
        struct fake_end *e = list_item(at, struct fake_end, links);

        if (e->closed && !e->other)
            end_free(e);
    }
}
