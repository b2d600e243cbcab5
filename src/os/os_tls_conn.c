/* os_tls_conn.c: a connection whose handshake is done: env/net.h over TLS.
 *
 * Three things can be ready without the socket saying so, and would be waited for in
 * vain: bytes that OpenSSL has read and nobody took (`more`), bytes that it enciphered
 * and the socket did not take (`rest`), and an answer it gives by itself. */
#include "os/os_tls.h"

#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { SEND_PARTS = 64 };

static struct os_tls_conn *conn_of(struct net_conn *conn)
{
    return (struct os_tls_conn *)conn;
}

/* --- reading */

static void note_more(struct os_tls_conn *c, bool more)
{
    c->more = more;
    if (more && (c->conn.wanted & NET_READ) && list_empty(&c->due)) {
        list_push(&c->tls->more, &c->due);
        ev_idle_start(c->tls->net->ev, &c->tls->busy);
    }
    if (!more)
        list_remove(&c->due);
}

/* As much as there is room for: a record at a time would be a turn of the loop each.
 * Returns bytes, and in *end SSL_ERROR_NONE if there may be more. */
static size_t read_some(struct os_tls_conn *c, uint8_t *to, size_t len, int *end)
{
    size_t total = 0;

    *end = SSL_ERROR_NONE;
    os_tls_begin(c);
    while (total < len && (total == 0 || !c->drained || SSL_has_pending(c->ssl))) {
        size_t room = len - total < INT_MAX ? len - total : INT_MAX;
        int n;

        ERR_clear_error();
        n = SSL_read(c->ssl, to + total, (int)room);
        if (n <= 0) {
            *end = SSL_get_error(c->ssl, n);
            break;
        }
        total += (size_t)n;
    }
    return total;
}

static int64_t tls_recv(struct net_conn *conn, void *to, size_t len)
{
    struct os_tls_conn *c = conn_of(conn);
    size_t total;
    int end;

    assert(len > 0);
    if (c->broken)
        return NET_GONE;
    total = read_some(c, to, len, &end);
    if (!os_tls_push(c) || end == SSL_ERROR_SSL || end == SSL_ERROR_SYSCALL)
        c->broken = true;
    ERR_clear_error();
    /* After a WANT_READ nothing whole is left inside, and what the socket has it tells
     * itself; an end behind the last bytes it may not. */
    note_more(c, total > 0 && (end == SSL_ERROR_NONE ? SSL_has_pending(c->ssl) != 0
                                                     : end != SSL_ERROR_WANT_READ));
    os_tls_conn_watch(c);
    if (total > 0)
        return (int64_t)total;
    return end == SSL_ERROR_WANT_READ && !c->broken ? NET_AGAIN : NET_GONE;
}

/* --- sending */

static bool encipher(struct os_tls_conn *c, const uint8_t *bytes, size_t len)
{
    return len == 0 || SSL_write(c->ssl, bytes, (int)len) == (int)len;
}

/* Whole records, as far as there is enough; small parts share one.  Returns how many of
 * the parts' bytes went in, or 0: the connection is broken. */
static size_t encipher_parts(struct os_tls_conn *c, const struct slice *parts, unsigned count)
{
    uint8_t *stage = c->tls->stage;
    size_t staged = 0, total = 0;
    bool ok = true;

    for (unsigned i = 0; ok && i < count && total < OS_TLS_SEND; i++) {
        const uint8_t *at = parts[i].data;
        size_t left = parts[i].len;

        if (left > OS_TLS_SEND - total)
            left = OS_TLS_SEND - total;
        total += left;
        while (ok && left > 0) {
            size_t n = OS_TLS_RECORD - staged < left ? OS_TLS_RECORD - staged : left;

            if (n == OS_TLS_RECORD) {
                ok = encipher(c, at, n);
            } else {
                memcpy(stage + staged, at, n);
                staged += n;
            }
            if (ok && staged == OS_TLS_RECORD) {
                ok = encipher(c, stage, staged);
                staged = 0;
            }
            at += n;
            left -= n;
        }
    }
    return ok && encipher(c, stage, staged) ? total : 0;
}

/* What was enciphered before, and has left now. */
static size_t admit(struct os_tls_conn *c, const struct slice *parts, unsigned count)
{
    size_t total = 0;

    for (unsigned i = 0; i < count && total < c->ahead; i++)
        total += parts[i].len;
    if (total > c->ahead)
        total = c->ahead;
    c->ahead -= total;
    return total;
}

static int64_t tls_send(struct net_conn *conn, const struct slice *parts, unsigned count)
{
    struct os_tls_conn *c = conn_of(conn);
    size_t total;

    assert(count > 0);
    if (count > SEND_PARTS)
        count = SEND_PARTS;
    if (c->broken || (c->rest_len && !os_tls_push(c)))
        return NET_GONE;
    if (c->rest_len)
        return NET_AGAIN;
    if (c->ahead)
        return (int64_t)admit(c, parts, count);
    ERR_clear_error();
    total = encipher_parts(c, parts, count);
    if (total == 0)
        c->broken = true;
    if (!os_tls_push(c))
        return NET_GONE;
    if (c->rest_len == 0)
        return (int64_t)total;
    c->ahead = total;
    os_tls_conn_watch(c);
    return NET_AGAIN;
}

/* --- events */

void os_tls_conn_watch(struct os_tls_conn *c)
{
    int interest = 0;

    if (c->listener ? list_empty(&c->due) : (c->conn.wanted & NET_READ) != 0)
        interest |= EV_READ;
    if (!c->broken && (c->rest_len || (c->conn.wanted & NET_WRITE)))
        interest |= EV_WRITE;
    if (c->broken && c->conn.wanted) /* it is told until it is closed */
        interest |= EV_READ | EV_WRITE;
    if (interest == c->interest)
        return;
    c->interest = interest;
    os_conn_watch(c->tls->net, &c->conn, interest);
}

void os_tls_conn_ready(struct os_tls_conn *c, int events)
{
    unsigned ready = 0;

    if ((events & EV_WRITE) && c->rest_len && !c->broken)
        os_tls_push(c);
    if ((events & EV_WRITE) && (c->rest_len == 0 || c->broken))
        ready |= NET_WRITE;
    if ((events & (EV_READ | EV_ERROR)) || c->broken)
        ready |= NET_READ;
    os_tls_conn_watch(c);
    ready &= c->conn.wanted;
    if (ready)
        c->conn.base.on_ready(&c->conn.base, ready);
}

/* Those that come back, told or not, wait for the next round. */
void os_tls_conn_tell(struct os_tls *tls)
{
    struct list now;

    list_init(&now);
    while (!list_empty(&tls->more)) {
        struct list *at = tls->more.next;
        list_remove(at);
        list_push(&now, at);
    }
    while (!list_empty(&now)) {
        struct os_tls_conn *c = list_item(now.next, struct os_tls_conn, due);

        list_remove(&c->due);
        note_more(c, true); /* again, until it is read */
        c->conn.base.on_ready(&c->conn.base, NET_READ);
    }
}

static void tls_want(struct net_conn *conn, unsigned events)
{
    struct os_tls_conn *c = conn_of(conn);

    if (events == c->conn.wanted)
        return;
    c->conn.wanted = events;
    if (events & NET_READ)
        note_more(c, c->more);
    else
        list_remove(&c->due);
    os_tls_conn_watch(c);
}

/* --- the end */

void os_tls_conn_end(struct os_tls_conn *c)
{
    struct os_net *net = c->tls->net;

    assert(net->conns > 0);
    net->conns--;
    c->tls->is->bytes -= OS_TLS_CONN_BYTES + c->rest_len;
    list_remove(&c->shaking);
    list_remove(&c->due);
    ev_io_stop(net->ev, &c->conn.io);
    SSL_free(c->ssl);
    close(c->conn.io.fd);
    mem_free(c->rest);
    mem_free(c);
}

/* The peer learns that this is the end and no accident, if there is room to say so. */
static void tls_close(struct net_conn *conn)
{
    struct os_tls_conn *c = conn_of(conn);

    c->tls->is->connections--;
    if (!c->broken) {
        ERR_clear_error();
        SSL_shutdown(c->ssl);
        os_tls_push(c);
        ERR_clear_error();
    }
    os_tls_conn_end(c);
}

void os_tls_conn_init(struct os_tls *tls)
{
    tls->conns = tls->net->base;
    tls->conns.recv = tls_recv;
    tls->conns.send = tls_send;
    tls->conns.want = tls_want;
    tls->conns.close = tls_close;
    tls->conns.give = NULL;
}
