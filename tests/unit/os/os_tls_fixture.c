/* os_tls_fixture.c: a TLS listener, and clients for it on the same thread. */
#include "unit/os/os_tls_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/os_net.h"

struct errand {
    struct tls_client *client;
    struct tls_wire *wire;
    uint8_t *to;
    size_t len, got;
    const uint64_t *statistic;
    uint64_t value;
};

void tls_wire_init(struct tls_wire *t)
{
    memset(t, 0, sizeof *t);
    wire_init(&t->w);
    tls_identity_init(&t->ca, "ca", NULL);
    tls_identity_init(&t->server, "server", &t->ca);
    tls_identity_init(&t->client, "client", &t->ca);
    snprintf(t->cert, sizeof t->cert, "%s", fixture_path(&t->w.f, "cert"));
    snprintf(t->key, sizeof t->key, "%s", fixture_path(&t->w.f, "key"));
    snprintf(t->ca_cert, sizeof t->ca_cert, "%s", fixture_path(&t->w.f, "ca"));
    tls_write_cert(&t->server, t->cert);
    tls_write_key(&t->server, t->key, NULL);
    tls_write_cert(&t->ca, t->ca_cert);
    t->options = (struct net_tls_options){ .cert_file = t->cert,
                                           .key_file = t->key,
                                           .key_file_pass = "",
                                           .ca_cert_file = t->ca_cert,
                                           .ca_cert_dir = "",
                                           .protocols = "",
                                           .ciphers = "",
                                           .ciphersuites = "",
                                           .dh_params_file = "",
                                           .auth_clients = NET_TLS_AUTH_NO,
                                           .session_caching = true,
                                           .session_cache_size = 100,
                                           .session_cache_timeout_s = 300 };
}

void tls_wire_deinit(struct tls_wire *t)
{
    wire_deinit(&t->w);
    tls_identity_deinit(&t->ca);
    tls_identity_deinit(&t->server);
    tls_identity_deinit(&t->client);
}

bool tls_wire_load(struct tls_wire *t)
{
    struct net_tls *made;

    if (!net_tls_load(t->w.net, &t->options, &made, t->why))
        return false;
    net_tls_use(t->w.net, made);
    return true;
}

void tls_wire_listen(struct tls_wire *t)
{
    cr_assert(tls_wire_load(t), "%s", t->why);
    wire_listen(&t->w, "127.0.0.1");
    t->w.listener->tls = true;
}

void tls_client_init(struct tls_wire *t, struct tls_client *c, int version)
{
    int on = 1;

    *c = (struct tls_client){ .context = SSL_CTX_new(TLS_client_method()) };
    X509_STORE_add_cert(SSL_CTX_get_cert_store(c->context), t->ca.cert);
    SSL_CTX_set_verify(c->context, SSL_VERIFY_PEER, NULL);
    if (version) {
        SSL_CTX_set_min_proto_version(c->context, version);
        SSL_CTX_set_max_proto_version(c->context, version);
    }
    c->ssl = SSL_new(c->context);
    c->fd = wire_connect(&t->w, AF_INET);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_connect_state(c->ssl);
}

void tls_client_deinit(struct tls_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->context);
    close(c->fd);
}

void tls_client_show(struct tls_client *c, const struct tls_identity *i)
{
    cr_assert_eq(SSL_use_certificate(c->ssl, i->cert), 1);
    cr_assert_eq(SSL_use_PrivateKey(c->ssl, i->key), 1);
}

/* A client of TLS 1.3 is done before the server has looked at its certificate. */
static bool is_shaken(void *arg)
{
    struct errand *e = arg;
    struct tls_client *c = e->client;
    int r = SSL_do_handshake(c->ssl);
    int end = SSL_get_error(c->ssl, r);
    uint8_t byte;

    c->failed = r != 1 && end != SSL_ERROR_WANT_READ && end != SSL_ERROR_WANT_WRITE;
    if (r != 1 || c->failed)
        return c->failed;
    if (e->wire->w.accepted > e->value)
        return true;
    r = SSL_peek(c->ssl, &byte, 1);
    c->failed = r <= 0 && SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ;
    return c->failed;
}

bool tls_client_shake(struct tls_wire *t, struct tls_client *c)
{
    struct errand e = { .client = c, .wire = t, .value = t->w.accepted };

    wire_poll(&t->w, is_shaken, &e);
    return !c->failed;
}

void tls_client_connect(struct tls_wire *t, struct tls_client *c, int version)
{
    unsigned before = t->w.accepted;

    tls_client_init(t, c, version);
    cr_assert(tls_client_shake(t, c));
    cr_assert_eq(t->w.accepted, before + 1);
}

void tls_client_send(struct tls_client *c, const void *bytes, size_t len)
{
    cr_assert_eq(SSL_write(c->ssl, bytes, (int)len), (int)len);
}

static bool has_read(void *arg)
{
    struct errand *e = arg;
    int n = SSL_read(e->client->ssl, e->to + e->got, (int)(e->len - e->got));

    if (n > 0)
        e->got += (size_t)n;
    else
        cr_assert_eq(SSL_get_error(e->client->ssl, n), SSL_ERROR_WANT_READ);
    return e->got == e->len;
}

void tls_client_read(struct tls_wire *t, struct tls_client *c, void *to, size_t len)
{
    wire_poll(&t->w, has_read, &(struct errand){ .client = c, .to = to, .len = len });
}

static bool has_ended(void *arg)
{
    struct errand *e = arg;
    uint8_t bytes[4096];
    int n = SSL_read(e->client->ssl, bytes, sizeof bytes);
    int end = n > 0 ? SSL_ERROR_NONE : SSL_get_error(e->client->ssl, n);

    e->got = end == SSL_ERROR_ZERO_RETURN;
    return end != SSL_ERROR_NONE && end != SSL_ERROR_WANT_READ;
}

bool tls_client_ended(struct tls_wire *t, struct tls_client *c)
{
    struct errand e = { .client = c };

    wire_poll(&t->w, has_ended, &e);
    return e.got;
}

static bool is_so(void *arg)
{
    const struct errand *e = arg;

    return *e->statistic == e->value;
}

void tls_wire_wait(struct tls_wire *t, const uint64_t *statistic, uint64_t value)
{
    fixture_run(&t->w.f, is_so, &(struct errand){ .statistic = statistic, .value = value });
}
