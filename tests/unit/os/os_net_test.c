/* Tests of os_net.c: connections over real sockets. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/os/os_net_fixture.h"

/* An echo whose server answers what it read; `text` goes there and back. */
static void echo_once(struct wire *w, int client, const char *text)
{
    char back[64] = { 0 };
    size_t len = strlen(text);

    cr_assert_eq(send(client, text, len, 0), (ssize_t)len);
    wire_wait_bytes(w, w->received + len);
    cr_assert_eq(recv(client, back, sizeof back, MSG_WAITALL | MSG_DONTWAIT), (ssize_t)len);
    cr_assert_str_eq(back, text);
}

Test(os_net, ipv4_clients_are_echoed_and_both_addresses_known)
{
    struct wire w;
    char text[NET_ADDRESS_MAX];
    char expected[NET_ADDRESS_MAX];
    int client;

    wire_init(&w);
    wire_listen(&w, "127.0.0.1");
    client = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 1);
    echo_once(&w, client, "hello");
    echo_once(&w, client, "again");
    net_local(w.conns[0], text);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", w.port);
    cr_assert_str_eq(text, expected);
    net_peer(w.conns[0], text);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", wire_port_of(client));
    cr_assert_str_eq(text, expected);
    close(client);
    wire_deinit(&w);
}

Test(os_net, ipv6_clients_are_echoed_and_both_addresses_known)
{
    struct wire w;
    char text[NET_ADDRESS_MAX];
    char expected[NET_ADDRESS_MAX];
    int client;

    wire_init(&w);
    if (!wire_has_ipv6())
        cr_skip_test("no IPv6 on this machine");
    wire_listen(&w, "::1");
    client = wire_connect(&w, AF_INET6);
    wire_wait_accepted(&w, 1);
    echo_once(&w, client, "hello");
    net_local(w.conns[0], text);
    snprintf(expected, sizeof expected, "[::1]:%d", w.port);
    cr_assert_str_eq(text, expected);
    net_peer(w.conns[0], text);
    snprintf(expected, sizeof expected, "[::1]:%d", wire_port_of(client));
    cr_assert_str_eq(text, expected);
    close(client);
    wire_deinit(&w);
}

Test(os_net, unix_clients_are_echoed_and_named_by_the_path)
{
    struct wire w;
    char text[NET_ADDRESS_MAX];
    char expected[NET_ADDRESS_MAX];
    int client;

    wire_init(&w);
    wire_listen(&w, fixture_path(&w.f, "sock"));
    client = wire_connect_unix(&w, "sock");
    wire_wait_accepted(&w, 1);
    echo_once(&w, client, "hello");
    snprintf(expected, sizeof expected, "%s:0", fixture_path(&w.f, "sock"));
    net_local(w.conns[0], text);
    cr_assert_str_eq(text, expected);
    net_peer(w.conns[0], text);
    cr_assert_str_eq(text, expected);
    close(client);
    wire_deinit(&w);
}

Test(os_net, what_is_not_wanted_is_not_told_and_what_is_left_is_told_again)
{
    struct wire w;
    int client;
    char byte;

    wire_init(&w);
    w.manual = true;
    wire_listen(&w, "127.0.0.1");
    client = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 1);
    cr_assert_eq(net_recv(w.conns[0], &byte, 1), NET_AGAIN);
    cr_assert_eq(send(client, "abc", 3, 0), 3);
    wire_pass(&w); /* nothing is wanted */
    cr_assert_eq(w.told, 0);
    net_want(w.conns[0], NET_READ);
    for (unsigned i = 0; i < 3; i++) {
        wire_wait_told(&w, NET_READ);
        cr_assert_eq(net_recv(w.conns[0], &byte, 1), 1);
        cr_assert_eq(byte, "abc"[i]);
    }
    cr_assert_eq(net_recv(w.conns[0], &byte, 1), NET_AGAIN);
    wire_pass(&w);
    cr_assert_eq(w.told, 0);
    net_want(w.conns[0], NET_READ | NET_WRITE);
    wire_wait_told(&w, NET_WRITE);
    net_want(w.conns[0], 0);
    cr_assert_eq(send(client, "d", 1, 0), 1);
    wire_pass(&w);
    cr_assert_eq(w.told, 0);
    close(client);
    net_want(w.conns[0], NET_READ);
    wire_wait_told(&w, NET_READ);
    cr_assert_eq(net_recv(w.conns[0], &byte, 1), 1);
    cr_assert_eq(net_recv(w.conns[0], &byte, 1), NET_GONE);
    wire_deinit(&w);
}

enum { PART = 50000, PARTS = 100, TOTAL = PART * PARTS };

struct flood {
    struct wire w;
    int client;
    size_t sent;
    size_t got;
    bool waited; /* the kernel had no room once */
    uint8_t *bytes;
};

/* Both sides in turns: we send until there is no room, the client reads a little. */
static bool pump(void *arg)
{
    struct flood *f = arg;
    uint8_t piece[30011];
    ssize_t n;

    while (f->sent < TOTAL) {
        struct slice parts[3];
        unsigned count = 0;
        int64_t put;

        for (size_t at = f->sent; at < TOTAL && count < 3; count++) {
            size_t len = PART - at % PART;
            parts[count] = slice_of(f->bytes + at, len);
            at += len;
        }
        put = net_send(f->w.conns[0], parts, count);
        if (put == NET_AGAIN) {
            f->waited = true;
            break;
        }
        cr_assert_gt(put, 0);
        f->sent += (size_t)put;
    }
    net_want(f->w.conns[0], f->sent < TOTAL ? NET_WRITE : 0);
    n = recv(f->client, piece, sizeof piece, MSG_DONTWAIT);
    if (n > 0) {
        cr_assert_eq(memcmp(piece, f->bytes + f->got, (size_t)n), 0);
        f->got += (size_t)n;
    }
    return f->got == TOTAL;
}

Test(os_net, more_than_the_kernel_takes_arrives_whole_and_in_order)
{
    struct flood f = { 0 };

    f.bytes = malloc(TOTAL);
    for (size_t i = 0; i < TOTAL; i++)
        f.bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    wire_init(&f.w);
    f.w.manual = true;
    wire_listen(&f.w, "127.0.0.1");
    f.client = wire_connect(&f.w, AF_INET);
    wire_wait_accepted(&f.w, 1);
    wire_poll(&f.w, pump, &f);
    cr_assert(f.waited);
    cr_assert_eq(f.sent, TOTAL);
    close(f.client);
    wire_deinit(&f.w);
    free(f.bytes);
}

Test(os_net, sixty_four_parts_leave_in_one_send)
{
    struct wire w;
    struct slice parts[100];
    char back[200];
    int client;

    wire_init(&w);
    w.manual = true;
    wire_listen(&w, "127.0.0.1");
    client = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 1);
    for (unsigned i = 0; i < 100; i++)
        parts[i] = slice_of(&"abcdefghij"[i % 10], 1);
    cr_assert_eq(net_send(w.conns[0], parts, 100), 64);
    cr_assert_eq(recv(client, back, 64, MSG_WAITALL), 64);
    cr_assert_arr_eq(back, "abcdefghijabcdefghij", 20);
    close(client);
    wire_deinit(&w);
}

static bool send_until_gone(void *arg)
{
    struct wire *w = arg;
    struct slice part = slice_str("x");

    return net_send(w->conns[0], &part, 1) == NET_GONE;
}

Test(os_net, sending_to_a_peer_that_is_gone_says_so_without_a_signal)
{
    struct wire w;
    int client;

    wire_init(&w);
    w.manual = true;
    wire_listen(&w, "127.0.0.1");
    client = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 1);
    close(client);
    wire_poll(&w, send_until_gone, &w);
    wire_deinit(&w);
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;

    cr_assert_eq(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

Test(os_net, tcp_connections_do_not_delay_and_are_kept_alive)
{
    struct wire w;
    int client;
    int fd;

    wire_init(&w);
    w.net->keepalive_s = 60;
    wire_listen(&w, "127.0.0.1");
    client = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 1);
    fd = wire_other_end(client);
    cr_assert_geq(fd, 0);
    cr_assert_eq(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    cr_assert_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    cr_assert_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    cr_assert_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 20);
    cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(client);
    w.net->keepalive_s = 0;
    client = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 2);
    fd = wire_other_end(client);
    cr_assert_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    close(client);
    wire_deinit(&w);
}

static bool hears_the_end(void *arg)
{
    char byte;

    return recv(*(int *)arg, &byte, 1, MSG_DONTWAIT) == 0;
}

Test(os_net, a_connection_that_is_given_away_is_its_new_owners_and_can_be_severed)
{
    struct wire w;
    char back[8] = { 0 };
    char peer[NET_ADDRESS_MAX], local[NET_ADDRESS_MAX], expected[NET_ADDRESS_MAX];
    int client, fd;

    wire_init(&w);
    w.manual = true;
    wire_listen(&w, "127.0.0.1");
    client = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 1);
    fd = net_give(w.conns[0]);
    w.conns[0] = NULL; /* it is the test's now */
    net_given(w.net, fd, peer, local);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", wire_port_of(client));
    cr_expect_str_eq(peer, expected);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", w.port);
    cr_expect_str_eq(local, expected);
    cr_assert_eq(send(client, "x", 1, 0), 1);
    wire_pass(&w);
    cr_expect_eq(w.told, 0, "nobody is told of it");
    cr_assert_eq(send(fd, "hello", 5, 0), 5);
    cr_assert_eq(recv(client, back, 5, MSG_WAITALL), 5);
    cr_assert_str_eq(back, "hello");
    net_sever(w.net, fd);
    wire_poll(&w, hears_the_end, &client);
    cr_expect_eq(recv(fd, back, 1, MSG_DONTWAIT), 1, "what had come stays");
    cr_expect_eq(recv(fd, back, 1, MSG_DONTWAIT), 0);
    close(fd);
    close(client);
    wire_deinit(&w);
}

static void on_watched(struct net_watch *watch)
{
    ++*(unsigned *)watch->owner;
}

static bool was_told(void *arg)
{
    return *(unsigned *)arg > 0;
}

Test(os_net, a_descriptor_is_watched_until_it_is_not)
{
    struct wire w;
    struct net_watch *watch;
    unsigned told = 0;
    int ends[2];

    wire_init(&w);
    cr_assert_eq(pipe(ends), 0);
    watch = net_watch(w.net, ends[0]);
    watch->owner = &told;
    watch->on_ready = on_watched;
    wire_pass(&w);
    cr_expect_eq(told, 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    wire_poll(&w, was_told, &told);
    told = 0;
    wire_poll(&w, was_told, &told); /* again, for it was not read */
    net_unwatch(watch);
    net_unwatch(NULL);
    told = 0;
    wire_pass(&w);
    cr_expect_eq(told, 0);
    close(ends[0]);
    close(ends[1]);
    wire_deinit(&w);
}

struct caller {
    struct net_conn *conn;
    int64_t sent; /* what the last net_send() said */
    char got[16];
    size_t len;
    bool done;
};

static void on_called(struct net_conn *conn, unsigned events)
{
    struct caller *c = conn->owner;
    struct slice hello = slice_str("hello");
    int64_t n;

    if (events & NET_WRITE) {
        c->sent = net_send(conn, &hello, 1);
        c->done = c->sent == NET_GONE;
        net_want(conn, c->done ? 0 : NET_READ);
        return;
    }
    n = net_recv(conn, c->got + c->len, sizeof c->got - c->len);
    c->len += n > 0 ? (size_t)n : 0;
    c->done = n == NET_GONE || c->len == hello.len;
}

static bool is_done(void *arg)
{
    return ((struct caller *)arg)->done;
}

static void call(struct wire *w, struct caller *c)
{
    struct err e = net_connect(w->net, "127.0.0.1", w->port, &c->conn);

    cr_assert_eq(e.code, ERR_NONE, "cannot %s: %s", e.what, strerror(e.os));
    c->conn->owner = c;
    c->conn->on_ready = on_called;
    net_want(c->conn, NET_READ | NET_WRITE);
    wire_poll(w, is_done, c);
}

Test(os_net, a_connection_that_is_made_from_here_sends_and_receives)
{
    struct wire w;
    struct caller c = { 0 };
    char text[NET_ADDRESS_MAX], expected[NET_ADDRESS_MAX];

    wire_init(&w);
    wire_listen(&w, "127.0.0.1");
    call(&w, &c);
    cr_expect_eq(c.sent, 5);
    cr_expect_eq(memcmp(c.got, "hello", 5), 0);
    net_peer(c.conn, text);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", w.port);
    cr_expect_str_eq(text, expected);
    net_close(c.conn);
    wire_deinit(&w);
}

Test(os_net, a_connection_that_nobody_takes_is_gone)
{
    struct wire w;
    struct caller c = { 0 };

    wire_init(&w);
    wire_listen(&w, "127.0.0.1");
    net_unlisten(w.listener);
    w.listener = NULL;
    call(&w, &c);
    cr_expect_eq(c.sent, NET_GONE);
    net_close(c.conn);
    wire_deinit(&w);
}

Test(os_net, who_is_called_has_a_numeric_address)
{
    struct wire w;
    struct net_conn *conn;

    wire_init(&w);
    cr_expect_eq(net_connect(w.net, "localhost", 80, &conn).code, ERR_INVALID);
    cr_expect_null(conn);
    cr_expect_eq(net_connect(w.net, "127.0.0.1", 70000, &conn).code, ERR_INVALID);
    cr_expect_eq(net_connect(w.net, fixture_path(&w.f, "nobody"), 0, &conn).code, ERR_IO);
    wire_deinit(&w);
}
