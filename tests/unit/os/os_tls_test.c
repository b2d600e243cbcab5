/* os_tls_test.c: connections over TLS, as their owner sees them: env/net.h's contract. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "unit/os/os_tls_fixture.h"

static void echo(struct tls_wire *t, struct tls_client *c, const char *text)
{
    char back[64] = { 0 };

    tls_client_send(c, text, strlen(text));
    tls_client_read(t, c, back, strlen(text));
    cr_assert_str_eq(back, text);
}

static void begin(struct tls_wire *t, struct tls_client *c, bool manual, int version)
{
    tls_wire_init(t);
    t->w.manual = manual;
    tls_wire_listen(t);
    tls_client_connect(t, c, version);
}

static void end(struct tls_wire *t, struct tls_client *c)
{
    tls_client_deinit(c);
    tls_wire_deinit(t);
}

static void echo_in(int version, const char *name)
{
    struct tls_wire t;
    struct tls_client c;
    char text[NET_ADDRESS_MAX], expected[NET_ADDRESS_MAX];

    begin(&t, &c, false, version);
    cr_assert_str_eq(SSL_get_version(c.ssl), name);
    echo(&t, &c, "hello");
    echo(&t, &c, "again");
    net_local(t.w.conns[0], text);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", t.w.port);
    cr_assert_str_eq(text, expected);
    net_peer(t.w.conns[0], text);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", wire_port_of(c.fd));
    cr_assert_str_eq(text, expected);
    cr_assert_eq(t.w.net->tls_stats.connections, 1);
    cr_assert_gt(t.w.net->tls_stats.bytes, 0);
    net_close(t.w.conns[0]);
    t.w.conns[0] = NULL;
    cr_assert_eq(t.w.net->tls_stats.connections, 0);
    cr_assert_eq(t.w.net->tls_stats.bytes, 0);
    end(&t, &c);
}

Test(os_tls, clients_of_tls_1_3_are_echoed)
{
    echo_in(TLS1_3_VERSION, "TLSv1.3");
}

Test(os_tls, clients_of_tls_1_2_are_echoed)
{
    echo_in(TLS1_2_VERSION, "TLSv1.2");
}

/* One record, read byte by byte: the socket is empty after the first. */
Test(os_tls, what_is_left_inside_is_told_again_and_what_is_not_wanted_is_not)
{
    struct tls_wire t;
    struct tls_client c;
    char byte;

    begin(&t, &c, true, 0);
    cr_assert_eq(net_recv(t.w.conns[0], &byte, 1), NET_AGAIN);
    tls_client_send(&c, "abcd", 4);
    wire_pass(&t.w); /* nothing is wanted */
    cr_assert_eq(t.w.told, 0);
    net_want(t.w.conns[0], NET_READ);
    for (unsigned i = 0; i < 2; i++) {
        wire_wait_told(&t.w, NET_READ);
        cr_assert_eq(net_recv(t.w.conns[0], &byte, 1), 1);
        cr_assert_eq(byte, "abcd"[i]);
    }
    net_want(t.w.conns[0], 0);
    wire_pass(&t.w);
    cr_assert_eq(t.w.told, 0);
    net_want(t.w.conns[0], NET_WRITE);
    wire_wait_told(&t.w, NET_WRITE);
    net_want(t.w.conns[0], NET_READ);
    wire_wait_told(&t.w, NET_READ); /* and again, though nobody read */
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], &byte, 1), 1);
    cr_assert_eq(byte, 'c');
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], &byte, 1), 1);
    wire_pass(&t.w);
    cr_assert_eq(t.w.told, 0);
    cr_assert_eq(net_recv(t.w.conns[0], &byte, 1), NET_AGAIN);
    end(&t, &c);
}

/* Several records that came with one read of the socket. */
Test(os_tls, records_behind_the_first_are_told)
{
    struct tls_wire t;
    struct tls_client c;
    char bytes[8];

    begin(&t, &c, true, 0);
    for (int i = 0; i < 3; i++)
        tls_client_send(&c, "abcd", 4);
    net_want(t.w.conns[0], NET_READ);
    for (int i = 0; i < 3; i++) {
        wire_wait_told(&t.w, NET_READ);
        cr_assert_eq(net_recv(t.w.conns[0], bytes, 4), 4);
        cr_assert_arr_eq(bytes, "abcd", 4);
    }
    cr_assert_eq(net_recv(t.w.conns[0], bytes, 4), NET_AGAIN);
    for (int i = 0; i < 3; i++)
        tls_client_send(&c, "abcd", 4);
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], bytes, 8), 8, "records are put together");
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], bytes, 8), 4);
    end(&t, &c);
}

static bool has_command(void *arg)
{
    struct tls_wire *t = arg;

    return t->w.accepted == 1;
}

/* The last flight of a handshake, and a command at once, in one packet. */
static void command_with_the_handshake(int version)
{
    struct tls_wire t;
    struct tls_client c;
    char bytes[8];

    tls_wire_init(&t);
    t.w.manual = true;
    tls_wire_listen(&t);
    tls_client_init(&t, &c, version);
    while (SSL_do_handshake(c.ssl) != 1)
        wire_pass(&t.w);
    tls_client_send(&c, "PING", 4);
    wire_poll(&t.w, has_command, &t);
    net_want(t.w.conns[0], NET_READ);
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], bytes, 8), 4);
    end(&t, &c);
}

Test(os_tls, a_command_that_comes_with_the_handshake_is_told)
{
    command_with_the_handshake(TLS1_3_VERSION);
    command_with_the_handshake(TLS1_2_VERSION);
}

/* --- more than a socket takes */

enum { PART = 50000, PARTS = 100, TOTAL = PART * PARTS, SMALL = 7 };

struct flood {
    struct tls_wire t;
    struct tls_client c;
    size_t sent, got;
    bool waited;
    uint8_t *bytes;
    size_t part;
};

/* 64 parts from `sent` on. */
static unsigned cut(const struct flood *f, struct slice parts[64])
{
    unsigned count = 0;

    for (size_t at = f->sent; at < TOTAL && count < 64; count++) {
        size_t len = f->part - at % f->part;
        if (len > TOTAL - at)
            len = TOTAL - at;
        parts[count] = slice_of(f->bytes + at, len);
        at += len;
    }
    return count;
}

static bool pump(void *arg)
{
    struct flood *f = arg;
    struct slice parts[64];
    uint8_t piece[30011];
    int n;

    while (f->sent < TOTAL) {
        int64_t put = net_send(f->t.w.conns[0], parts, cut(f, parts));

        if (put == NET_AGAIN) {
            f->waited = true;
            break;
        }
        cr_assert_gt(put, 0);
        f->sent += (size_t)put;
    }
    net_want(f->t.w.conns[0], f->sent < TOTAL ? NET_WRITE : 0);
    n = SSL_read(f->c.ssl, piece, sizeof piece);
    if (n > 0) {
        cr_assert_eq(memcmp(piece, f->bytes + f->got, (size_t)n), 0);
        f->got += (size_t)n;
    }
    return f->got == TOTAL && f->sent == TOTAL;
}

static void flood(size_t part, int version)
{
    struct flood f = { .part = part };

    f.bytes = malloc(TOTAL);
    for (size_t i = 0; i < TOTAL; i++)
        f.bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    begin(&f.t, &f.c, true, version);
    wire_poll(&f.t.w, pump, &f);
    cr_assert(f.waited);
    end(&f.t, &f.c);
    free(f.bytes);
}

Test(os_tls, more_than_the_kernel_takes_arrives_whole_and_in_order)
{
    flood(PART, TLS1_3_VERSION);
    flood(PART, TLS1_2_VERSION);
    flood(16384, TLS1_3_VERSION);
    flood(4001, TLS1_3_VERSION);
}

static bool is_full(void *arg)
{
    struct flood *f = arg;
    struct slice part = slice_of(f->bytes, TOTAL);
    int64_t put = net_send(f->t.w.conns[0], &part, 1);

    if (put > 0)
        f->sent += (size_t)put;
    return put == NET_AGAIN;
}

/* Until nothing moves between the two sockets. */
static void fill(struct flood *f)
{
    f->bytes = calloc(1, TOTAL);
    begin(&f->t, &f->c, true, 0);
    do {
        wire_poll(&f->t.w, is_full, f);
        wire_pass(&f->t.w);
    } while (((struct os_tls_conn *)f->t.w.conns[0])->rest_len == 0);
}

/* A peer that reads nothing is told nothing; what it sends is read all the same. */
Test(os_tls, reading_goes_on_while_sending_waits)
{
    struct flood f = { 0 };
    char bytes[8];

    fill(&f);
    net_want(f.t.w.conns[0], NET_READ | NET_WRITE);
    wire_pass(&f.t.w);
    cr_assert_eq(f.t.w.told, 0);
    tls_client_send(&f.c, "abc", 3);
    wire_wait_told(&f.t.w, NET_READ);
    cr_assert_eq(net_recv(f.t.w.conns[0], bytes, 8), 3);
    cr_assert_eq(net_recv(f.t.w.conns[0], bytes, 8), NET_AGAIN);
    free(f.bytes);
    end(&f.t, &f.c);
}

Test(os_tls, what_is_enciphered_leaves_whatever_its_owner_waits_for)
{
    struct flood f = { 0 };
    size_t enciphered;

    fill(&f);
    enciphered = f.sent + ((struct os_tls_conn *)f.t.w.conns[0])->ahead;
    cr_assert(enciphered > f.sent && enciphered < TOTAL);
    tls_client_read(&f.t, &f.c, f.bytes, enciphered);
    free(f.bytes);
    end(&f.t, &f.c);
}

/* --- ends */

static void half_close(bool politely)
{
    struct tls_wire t;
    struct tls_client c;
    char bytes[8];
    struct slice answer = slice_str("bye");

    begin(&t, &c, true, 0);
    tls_client_send(&c, "last", 4);
    if (politely)
        SSL_shutdown(c.ssl);
    else
        shutdown(c.fd, SHUT_WR);
    net_want(t.w.conns[0], NET_READ);
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], bytes, 8), 4);
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], bytes, 8), NET_GONE);
    cr_assert_eq(net_send(t.w.conns[0], &answer, 1), 3, "and it still gets its answer");
    net_close(t.w.conns[0]);
    t.w.conns[0] = NULL;
    if (!politely) {
        tls_client_read(&t, &c, bytes, 3);
        cr_assert_arr_eq(bytes, "bye", 3);
    }
    cr_assert(tls_client_ended(&t, &c), "we say goodbye too");
    end(&t, &c);
}

Test(os_tls, who_ends_half_of_it_still_gets_the_answer)
{
    half_close(true);
    half_close(false);
}

Test(os_tls, a_client_that_vanishes_is_gone)
{
    struct tls_wire t;
    struct tls_client c;
    struct linger now = { 1, 0 };
    char byte;

    begin(&t, &c, true, 0);
    net_want(t.w.conns[0], NET_READ);
    setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c.fd); /* with a reset */
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], &byte, 1), NET_GONE);
    c.fd = -1;
    end(&t, &c);
}

Test(os_tls, bytes_changed_on_the_way_end_it)
{
    struct tls_wire t;
    struct tls_client c;
    char byte;
    struct slice part = slice_str("x");

    begin(&t, &c, true, 0);
    net_want(t.w.conns[0], NET_READ);
    cr_assert_eq(send(c.fd, "\x17\x03\x03\x00\x20 0123456789abcdef0123456789abcdef", 38, 0), 38);
    wire_wait_told(&t.w, NET_READ);
    cr_assert_eq(net_recv(t.w.conns[0], &byte, 1), NET_GONE);
    cr_assert_eq(net_send(t.w.conns[0], &part, 1), NET_GONE);
    wire_wait_told(&t.w, NET_READ); /* until its owner closes it */
    end(&t, &c);
}

/* --- resumption and new certificates */

static void reconnect(struct tls_wire *t, int version, bool expected)
{
    uint64_t before = t->w.net->tls_stats.handshakes_resumed;
    struct tls_client a, b;
    SSL_SESSION *session;

    tls_client_connect(t, &a, version);
    echo(t, &a, "hello");
    session = SSL_get1_session(a.ssl);
    tls_client_init(t, &b, version);
    cr_assert_eq(SSL_set_session(b.ssl, session), 1);
    cr_assert(tls_client_shake(t, &b));
    echo(t, &b, "again");
    cr_assert_eq(SSL_session_reused(b.ssl), expected);
    cr_assert_eq(t->w.net->tls_stats.handshakes_resumed, before + expected);
    SSL_SESSION_free(session);
    tls_client_deinit(&a);
    tls_client_deinit(&b);
}

Test(os_tls, sessions_are_resumed_unless_caching_is_off)
{
    struct tls_wire t;

    tls_wire_init(&t);
    tls_wire_listen(&t);
    reconnect(&t, TLS1_3_VERSION, true);
    reconnect(&t, TLS1_2_VERSION, true);
    t.options.session_caching = false;
    cr_assert(tls_wire_load(&t));
    reconnect(&t, TLS1_3_VERSION, false);
    reconnect(&t, TLS1_2_VERSION, false);
    tls_wire_deinit(&t);
}

static void expect_name(const struct tls_client *c, const char *name)
{
    X509 *cert = SSL_get1_peer_certificate(c->ssl);
    char text[64];

    X509_NAME_oneline(X509_get_subject_name(cert), text, sizeof text);
    cr_assert_str_eq(text + strlen("/CN="), name);
    X509_free(cert);
}

Test(os_tls, a_new_certificate_holds_for_new_connections_and_a_bad_one_for_none)
{
    struct tls_wire t;
    struct tls_client old, new, newer;
    struct tls_identity other;

    begin(&t, &old, false, 0);
    expect_name(&old, "server");
    tls_identity_init(&other, "other", &t.ca);
    tls_write_cert(&other, t.cert);
    cr_assert_not(tls_wire_load(&t), "the key is of another");
    tls_client_connect(&t, &new, 0);
    expect_name(&new, "server");
    tls_write_key(&other, t.key, NULL);
    cr_assert(tls_wire_load(&t), "%s", t.why);
    tls_client_connect(&t, &newer, 0);
    expect_name(&newer, "other");
    echo(&t, &old, "still here");
    tls_identity_deinit(&other);
    tls_client_deinit(&new);
    tls_client_deinit(&newer);
    end(&t, &old);
}

/* --- limits */

static bool is_cut_off(void *arg)
{
    struct flood *f = arg;
    char byte;

    for (int i = 0; i < 50; i++) {
        SSL_key_update(f->c.ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(f->c.ssl);
    }
    f->sent++;
    return net_recv(f->t.w.conns[0], &byte, 1) == NET_GONE;
}

/* Each asks for an answer, and none is read. */
Test(os_tls, who_makes_it_answer_without_reading_is_cut_off)
{
    struct flood f = { 0 };
    int small = 4096;
    uint64_t before;

    begin(&f.t, &f.c, true, TLS1_3_VERSION);
    setsockopt(wire_other_end(f.c.fd), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    before = f.t.w.net->tls_stats.bytes;
    wire_poll(&f.t.w, is_cut_off, &f);
    cr_assert_gt(f.sent, 10);
    cr_assert_lt(f.t.w.net->tls_stats.bytes - before, LIMIT_TLS_REST + 64 * 1024);
    end(&f.t, &f.c);
}
