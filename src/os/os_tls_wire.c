/* os_tls_wire.c: between OpenSSL and a socket: a BIO that reads from the socket as far as
 * it may, and never refuses a write. */
#include "os/os_tls.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/mem.h"

/* No more than the budget, and no second time when the socket had less than there was
 * room for: it would say so again. */
static int wire_read(BIO *bio, char *to, int len)
{
    struct os_tls_conn *c = BIO_get_data(bio);
    size_t room = (size_t)len < c->budget ? (size_t)len : c->budget;
    ssize_t n;

    BIO_clear_retry_flags(bio);
    if (len <= 0 || c->ended)
        return 0;
    if (room == 0 || c->drained) {
        BIO_set_retry_read(bio);
        return -1;
    }
    do
        n = recv(c->conn.io.fd, to, room, 0);
    while (n < 0 && errno == EINTR);
    c->drained = n < (ssize_t)room;
    if (n > 0) {
        c->budget -= (size_t)n;
        return (int)n;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        BIO_set_retry_read(bio);
        return -1;
    }
    c->ended = true; /* a broken connection can be read no more than one that ended */
    return 0;
}

static int wire_write(BIO *bio, const char *from, int len)
{
    struct os_tls_conn *c = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len > 0)
        buf_append(&c->tls->out, slice_of(from, (size_t)len));
    return len;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
    const struct os_tls_conn *c = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return c->ended;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *os_tls_wire_new(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");

    assert(m);
    BIO_meth_set_read(m, wire_read);
    BIO_meth_set_write(m, wire_write);
    BIO_meth_set_ctrl(m, wire_control);
    return m;
}

BIO *os_tls_wire_open(struct os_tls_conn *c)
{
    BIO *bio = BIO_new(c->tls->wire);

    assert(bio);
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    return bio;
}

void os_tls_begin(struct os_tls_conn *c)
{
    c->budget = OS_TLS_READ;
    c->drained = false;
}

/* How many of the bytes the socket took, or -1: it is broken. */
static ssize_t put(const struct os_tls_conn *c, const uint8_t *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = send(c->conn.io.fd, bytes + done, len - done, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static void keep(struct os_tls_conn *c, const uint8_t *bytes, size_t len)
{
    uint8_t *rest = mem_alloc(c->rest_len + len);

    if (c->rest_len)
        memcpy(rest, c->rest + c->rest_at, c->rest_len);
    memcpy(rest + c->rest_len, bytes, len);
    mem_free(c->rest);
    c->rest = rest;
    c->rest_at = 0;
    c->rest_len += len;
    c->tls->is->bytes += len;
}

static bool put_rest(struct os_tls_conn *c)
{
    ssize_t n = put(c, c->rest + c->rest_at, c->rest_len);

    if (n < 0)
        return false;
    c->tls->is->bytes -= (size_t)n;
    c->rest_at += (size_t)n;
    c->rest_len -= (size_t)n;
    if (c->rest_len == 0) {
        mem_free(c->rest);
        c->rest = NULL;
    }
    return true;
}

bool os_tls_push(struct os_tls_conn *c)
{
    struct buf *out = &c->tls->out;
    bool ok = !c->rest_len || put_rest(c);

    if (ok && out->len) {
        ssize_t n = c->rest_len ? 0 : put(c, out->data, out->len);

        ok = n >= 0;
        if (ok && (size_t)n < out->len)
            keep(c, out->data + n, out->len - (size_t)n);
    }
    out->len = 0;
    if (!ok || c->rest_len > LIMIT_TLS_REST)
        c->broken = true;
    return !c->broken;
}
