/* os_tls_handshake.c: from an accepted socket to a connection somebody is told of.
 *
 * A handshake is the dearest thing a stranger can ask for (about a millisecond with an RSA
 * key of 2048 bits), so they share a little of each turn of the loop, in order of arrival,
 * are bounded in number and time, and cost their owner nothing before they are done. */
#include "os/os_tls.h"

#include <assert.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

/* Seconds. */
#define STEPS_S    0.002 /* of a turn for all handshakes; the one begun last may pass it */
#define PATIENCE_S 1.0   /* whoever has had so long makes room when there is none */

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The timer is for the oldest; all have the same time. */
static void arm(struct os_tls *tls)
{
    struct ev_loop *ev = tls->net->ev;
    const struct os_tls_conn *oldest;
    double left;

    ev_timer_stop(ev, &tls->late);
    if (list_empty(&tls->shaking))
        return;
    oldest = list_item(tls->shaking.next, struct os_tls_conn, shaking);
    left = oldest->began + tls->allowed_s - ev_now(ev);
    ev_timer_set(&tls->late, left > 0.001 ? left : 0.001, 0.0);
    ev_timer_start(ev, &tls->late);
}

static void leave(struct os_tls_conn *c)
{
    c->tls->is->handshakes_underway--;
    list_remove(&c->shaking);
    list_remove(&c->due);
    arm(c->tls);
}

static void fail(struct os_tls_conn *c, const char *why)
{
    struct os_tls *tls = c->tls;
    char peer[NET_ADDRESS_MAX];

    net_peer(&c->conn.base, peer);
    trace_log(tls->net->trace, TRACE_VERBOSE, "TLS handshake with %s failed: %s", peer, why);
    tls->is->handshakes_failed++;
    leave(c);
    os_tls_conn_end(c);
}

static void fail_for_reason(struct os_tls_conn *c)
{
    long verified = SSL_get_verify_result(c->ssl);
    char reason[256];

    os_tls_reason(reason, sizeof reason, "the client left");
    if (verified != X509_V_OK) {
        size_t n = strlen(reason);
        snprintf(reason + n, sizeof reason - n, ": %s", X509_verify_cert_error_string(verified));
    }
    fail(c, reason);
}

static void finish(struct os_tls_conn *c)
{
    struct net_listener *listener = c->listener;

    c->tls->is->handshakes++;
    c->tls->is->handshakes_resumed += SSL_session_reused(c->ssl) != 0;
    c->tls->is->connections++;
    leave(c);
    c->listener = NULL;
    c->more = SSL_has_pending(c->ssl) != 0;
    os_tls_conn_watch(c);
    listener->on_accept(listener, &c->conn.base);
}

static void step(struct os_tls_conn *c)
{
    int r, end;

    os_tls_begin(c);
    ERR_clear_error();
    r = SSL_do_handshake(c->ssl);
    end = r == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, r);
    if (end != SSL_ERROR_NONE && end != SSL_ERROR_WANT_READ) {
        os_tls_push(c); /* an alert that says why */
        fail_for_reason(c);
    } else if (!os_tls_push(c)) {
        fail(c, "the client left");
    } else if (end == SSL_ERROR_NONE) {
        finish(c);
    } else {
        os_tls_conn_watch(c);
    }
}

void os_tls_handshake_ready(struct os_tls_conn *c, int events)
{
    if ((events & EV_WRITE) && !os_tls_push(c)) {
        fail(c, "the client left");
        return;
    }
    if ((events & (EV_READ | EV_ERROR)) && list_empty(&c->due)) {
        list_push(&c->tls->due, &c->due);
        ev_idle_start(c->tls->net->ev, &c->tls->busy);
    }
    os_tls_conn_watch(c);
}

static void on_io(struct ev_loop *ev, ev_io *io, int events)
{
    struct os_tls_conn *c = io->data;

    (void)ev;
    if (c->listener)
        os_tls_handshake_ready(c, events);
    else
        os_tls_conn_ready(c, events);
}

static void on_busy(struct ev_loop *ev, ev_idle *busy, int events)
{
    struct os_tls *tls = busy->data;
    double until = now_s() + STEPS_S;

    (void)events;
    os_tls_conn_tell(tls);
    while (!list_empty(&tls->due)) {
        struct os_tls_conn *c = list_item(tls->due.next, struct os_tls_conn, due);

        list_remove(&c->due);
        step(c);
        if (now_s() >= until)
            break;
    }
    if (list_empty(&tls->due) && list_empty(&tls->more))
        ev_idle_stop(ev, &tls->busy);
}

static void on_late(struct ev_loop *ev, ev_timer *late, int events)
{
    struct os_tls *tls = late->data;

    (void)events;
    while (!list_empty(&tls->shaking)) {
        struct os_tls_conn *c = list_item(tls->shaking.next, struct os_tls_conn, shaking);

        if (c->began + tls->allowed_s > ev_now(ev))
            break;
        fail(c, "it took too long");
    }
    arm(tls);
}

static struct os_tls_conn *oldest_of(struct os_tls *tls)
{
    return list_item(tls->shaking.next, struct os_tls_conn, shaking);
}

bool os_tls_has_room(struct os_tls *tls)
{
    return tls->is->handshakes_underway < LIMIT_TLS_HANDSHAKES ||
           ev_now(tls->net->ev) - oldest_of(tls)->began >= tls->patience_s;
}

void os_tls_accept(struct os_tls *tls, struct net_listener *listener, int fd)
{
    struct os_tls_conn *c = mem_zalloc(1, sizeof *c);
    BIO *wire;

    assert(tls->used);
    if (tls->is->handshakes_underway >= LIMIT_TLS_HANDSHAKES)
        fail(oldest_of(tls), "others wait, and it is slow");
    os_net_tune(tls->net, fd);
    c->conn.base = (struct net_conn){ .net = &tls->conns, .number = fd };
    ev_io_init(&c->conn.io, on_io, fd, 0);
    c->conn.io.data = c;
    c->tls = tls;
    c->listener = listener;
    c->began = ev_now(tls->net->ev);
    list_init(&c->due);
    list_init(&c->shaking);
    c->ssl = SSL_new(tls->used->context);
    assert(c->ssl); /* as all memory */
    wire = os_tls_wire_open(c);
    SSL_set_bio(c->ssl, wire, wire);
    SSL_set_accept_state(c->ssl);
    tls->net->conns++;
    tls->is->bytes += OS_TLS_CONN_BYTES;
    tls->is->handshakes_underway++;
    list_push(&tls->shaking, &c->shaking);
    if (!ev_is_active(&tls->late))
        arm(tls);
    os_tls_conn_watch(c);
}

void os_tls_forget(struct os_tls *tls, struct net_listener *listener)
{
    list_for_each_safe (at, &tls->shaking) {
        struct os_tls_conn *c = list_item(at, struct os_tls_conn, shaking);
        if (c->listener == listener) {
            leave(c);
            os_tls_conn_end(c);
        }
    }
}

struct os_tls *os_tls_new(struct os_net *net)
{
    struct os_tls *tls = mem_zalloc(1, sizeof *tls);

    tls->net = net;
    tls->is = &net->base.tls_stats;
    tls->allowed_s = LIMIT_TLS_HANDSHAKE_S;
    tls->patience_s = PATIENCE_S;
    tls->wire = os_tls_wire_new();
    tls->stage = mem_alloc(OS_TLS_RECORD);
    buf_init(&tls->out);
    list_init(&tls->shaking);
    list_init(&tls->due);
    list_init(&tls->more);
    ev_idle_init(&tls->busy, on_busy);
    ev_set_priority(&tls->busy, EV_MAXPRI); /* else it would wait until nobody else is ready */
    ev_timer_init(&tls->late, on_late, 0.0, 0.0);
    tls->busy.data = tls->late.data = tls;
    os_tls_conn_init(tls);
    return tls;
}

void os_tls_free(struct os_tls *tls)
{
    assert(list_empty(&tls->shaking) && list_empty(&tls->due) && list_empty(&tls->more));
    ev_idle_stop(tls->net->ev, &tls->busy);
    ev_timer_stop(tls->net->ev, &tls->late);
    net_tls_free(&tls->net->base, tls->used);
    BIO_meth_free(tls->wire);
    buf_deinit(&tls->out);
    mem_free(tls->stage);
    mem_free(tls);
}
