/* sim_net.c: two pipes a connection, and who still holds an end of it. */
#include "sim/sim_net.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct pipe {
    struct buf bytes;
    size_t arrived; /* of which the receiver may take so many */
    bool moving;    /* an event is under way */
    bool end;       /* nothing follows the bytes */
};

struct sim_conn {
    struct net_conn base;
    struct sim_conn *next;
    struct sim_peer *peer; /* NULL: the client has left */
    struct pipe up;        /* to the server */
    struct pipe down;
    unsigned wanted;
    unsigned port;
    bool accepted;
    bool closed; /* the server has left */
    bool broken;
    bool paused;
};

static struct sim_net *net_of(const struct sim_conn *c)
{
    return (struct sim_net *)c->base.net;
}

static void pipe_take(struct pipe *p, size_t n)
{
    assert(n <= p->arrived);
    memmove(p->bytes.data, p->bytes.data + n, p->bytes.len - n);
    p->bytes.len -= n;
    p->arrived -= n;
}

static void conn_free(struct sim_conn *c)
{
    struct sim_net *n = net_of(c);
    struct sim_conn **at = &n->conns;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    sim_queue_cancel(n->queue, c);
    buf_deinit(&c->up.bytes);
    buf_deinit(&c->down.bytes);
    mem_free(c);
}

static void free_if_left(struct sim_conn *c)
{
    if (!c->peer && c->closed)
        conn_free(c);
}

static uint64_t delay(struct sim_net *n)
{
    return 5 + prng_below(&n->prng, n->delay_us + 1);
}

/* How much of `len` bytes arrives together. */
static size_t piece(struct sim_net *n, size_t len)
{
    size_t most = len < n->piece_max ? len : n->piece_max;

    if (prng_one_in(&n->prng, 3))
        return len;
    return most ? 1 + (size_t)prng_below(&n->prng, most) : 0;
}

static void move_up(void *arg)
{
    struct sim_conn *c = arg;
    struct sim_net *n = net_of(c);

    c->up.moving = false;
    c->up.arrived += piece(n, c->up.bytes.len - c->up.arrived);
    if (c->up.arrived < c->up.bytes.len) {
        c->up.moving = true;
        sim_queue_add(n->queue, delay(n), move_up, c, c);
    }
}

static void move_down(void *arg);

static void start_down(struct sim_conn *c)
{
    struct sim_net *n = net_of(c);

    if (c->down.moving || c->paused || !c->peer || (!c->down.bytes.len && !c->down.end))
        return;
    c->down.moving = true;
    sim_queue_add(n->queue, delay(n), move_down, c, c);
}

/* The client's callbacks may hang up, which may free the connection. */
static void move_down(void *arg)
{
    struct sim_conn *c = arg;
    struct sim_net *n = net_of(c);
    struct sim_peer *peer = c->peer;
    struct buf bytes = { 0 };

    c->down.moving = false;
    if (!peer || c->paused)
        return;
    c->down.arrived = piece(n, c->down.bytes.len);
    buf_append(&bytes, slice_of(c->down.bytes.data, c->down.arrived));
    if (bytes.len)
        pipe_take(&c->down, c->down.arrived);
    if (c->down.end && c->down.bytes.len == 0) {
        peer->conn = NULL;
        c->peer = NULL;
        c->broken = true;
        if (bytes.len)
            peer->on_bytes(peer, buf_slice(&bytes));
        peer->on_gone(peer);
        free_if_left(c);
    } else {
        start_down(c);
        if (bytes.len)
            peer->on_bytes(peer, buf_slice(&bytes));
    }
    buf_deinit(&bytes);
}

static struct err net_listen_(struct net *net, const char *address, int port,
                              struct net_listener **out)
{
    struct sim_net *n = (struct sim_net *)net;

    (void)address;
    (void)port;
    *out = NULL;
    if (n->listener)
        return err_make(ERR_BUSY, EADDRNOTAVAIL, "listen twice");
    n->listener = mem_zalloc(1, sizeof *n->listener);
    n->listener->net = net;
    *out = n->listener;
    return err_ok();
}

static void net_unlisten_(struct net_listener *listener)
{
    struct sim_net *n = (struct sim_net *)listener->net;

    assert(n->listener == listener);
    n->listener = NULL;
    mem_free(listener);
}

static int64_t net_recv_(struct net_conn *conn, void *to, size_t len)
{
    struct sim_conn *c = (struct sim_conn *)conn;
    size_t take = c->up.arrived < len ? c->up.arrived : len;

    if (c->broken)
        return NET_GONE;
    if (!take)
        return c->up.end && c->up.bytes.len == 0 ? NET_GONE : NET_AGAIN;
    memcpy(to, c->up.bytes.data, take);
    pipe_take(&c->up, take);
    return (int64_t)take;
}

static int64_t net_send_(struct net_conn *conn, const struct slice *parts, unsigned count)
{
    struct sim_conn *c = (struct sim_conn *)conn;
    struct sim_net *n = net_of(c);
    size_t sent = 0;

    if (c->broken)
        return NET_GONE;
    if (*n->muted)
        return NET_AGAIN;
    for (unsigned i = 0; i < count && c->down.bytes.len < n->window; i++) {
        size_t room = n->window - c->down.bytes.len;
        size_t part = parts[i].len < room ? parts[i].len : room;

        buf_append(&c->down.bytes, slice_of(parts[i].data, part));
        sent += part;
    }
    start_down(c);
    return sent ? (int64_t)sent : NET_AGAIN;
}

static void net_want_(struct net_conn *conn, unsigned events)
{
    ((struct sim_conn *)conn)->wanted = events;
}

static void net_close_(struct net_conn *conn)
{
    struct sim_conn *c = (struct sim_conn *)conn;

    assert(!c->closed);
    c->closed = true;
    c->down.end = true;
    start_down(c);
    free_if_left(c);
}

static void net_peer_(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    snprintf(out, NET_ADDRESS_MAX, "10.0.0.1:%u", ((struct sim_conn *)conn)->port);
}

static void net_local_(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    (void)conn;
    snprintf(out, NET_ADDRESS_MAX, "10.0.0.2:6379");
}

void sim_net_init(struct sim_net *n, struct sim_queue *queue, struct sim_counts *counts,
                  const bool *muted, uint64_t seed)
{
    *n = (struct sim_net){ .queue = queue, .counts = counts, .muted = muted };
    n->net = (struct net){ .listen = net_listen_,
                           .unlisten = net_unlisten_,
                           .recv = net_recv_,
                           .send = net_send_,
                           .want = net_want_,
                           .close = net_close_,
                           .peer = net_peer_,
                           .local = net_local_ };
    prng_init(&n->prng, seed);
    n->delay_us = 100;
    n->piece_max = 64;
    n->window = 16 * 1024;
    n->port = 40000;
}

void sim_net_process_end(struct sim_net *n)
{
    for (struct sim_conn *c = n->conns; c; c = c->next) {
        if (!c->closed && c->down.bytes.len && prng_one_in(&n->prng, 4))
            c->down.bytes.len = (size_t)prng_below(&n->prng, c->down.bytes.len + 1);
    }
}

/* Those the server never accepted are told too. */
void sim_net_process_gone(struct sim_net *n)
{
    for (struct sim_conn *c = n->conns, *next; c; c = next) {
        next = c->next;
        if (!c->closed)
            net_close_(&c->base);
    }
}

void sim_net_deinit(struct sim_net *n)
{
    while (n->conns) {
        if (n->conns->peer)
            n->conns->peer->conn = NULL;
        conn_free(n->conns);
    }
    mem_free(n->listener);
    sim_queue_cancel(n->queue, n);
}

static unsigned ready_events(const struct sim_conn *c)
{
    unsigned events = 0;

    if (c->closed)
        return 0;
    if (c->broken || c->up.arrived || (c->up.end && c->up.bytes.len == 0))
        events |= NET_READ;
    if (c->broken || c->down.bytes.len < net_of(c)->window)
        events |= NET_WRITE;
    return events & c->wanted;
}

static void accept_one(struct sim_net *n, struct sim_conn *c)
{
    c->accepted = true;
    n->listener->on_accept(n->listener, &c->base);
}

enum { POLL_MAX = 256 };

void sim_net_poll(struct sim_net *n)
{
    struct sim_conn *all[POLL_MAX];
    size_t count = 0;

    for (struct sim_conn *c = n->conns; c && count < POLL_MAX; c = c->next) {
        if ((n->listener && !c->accepted && !c->closed) || ready_events(c))
            all[count++] = c;
    }
    while (count) {
        size_t i = (size_t)prng_below(&n->prng, count);
        struct sim_conn *c = all[i];
        unsigned events = ready_events(c);

        all[i] = all[--count];
        if (!c->accepted && n->listener)
            accept_one(n, c);
        else if (events)
            c->base.on_ready(&c->base, events);
    }
}

bool sim_net_ready(const struct sim_net *n)
{
    for (const struct sim_conn *c = n->conns; c; c = c->next) {
        if ((n->listener && !c->accepted && !c->closed) || ready_events(c))
            return true;
    }
    return false;
}

bool sim_net_connect(struct sim_net *n, struct sim_peer *peer)
{
    struct sim_conn *c;

    assert(!peer->conn);
    if (!n->listener || *n->muted)
        return false;
    c = mem_zalloc(1, sizeof *c);
    c->base.net = &n->net;
    c->peer = peer;
    c->port = n->port++;
    c->next = n->conns;
    n->conns = c;
    peer->conn = c;
    return true;
}

void sim_net_push(struct sim_peer *peer, struct slice bytes)
{
    struct sim_conn *c = peer->conn;
    struct sim_net *n = net_of(c);

    buf_append(&c->up.bytes, bytes);
    if (!c->up.moving) {
        c->up.moving = true;
        sim_queue_add(n->queue, delay(n), move_up, c, c);
    }
}

void sim_net_pause(struct sim_peer *peer, bool paused)
{
    if (!peer->conn)
        return;
    if (paused)
        net_of(peer->conn)->counts->n[COUNT_SLOW_READER]++;
    peer->conn->paused = paused;
    start_down(peer->conn);
}

/* Never accepted, the server has no end to leave. */
static void leave(struct sim_conn *c)
{
    c->peer->conn = NULL;
    c->peer = NULL;
    if (!c->accepted)
        c->closed = true;
    free_if_left(c);
}

void sim_net_hang_up(struct sim_peer *peer, bool reset)
{
    struct sim_conn *c = peer->conn;

    if (!c)
        return;
    c->up.end = true;
    if (c->up.bytes.len > c->up.arrived)
        net_of(c)->counts->n[COUNT_HALF_SENT]++;
    if (reset) {
        net_of(c)->counts->n[COUNT_RESET]++;
        c->broken = true;
    }
    leave(c);
}

void sim_net_break(struct sim_peer *peer)
{
    sim_net_hang_up(peer, true);
    peer->on_gone(peer);
}
