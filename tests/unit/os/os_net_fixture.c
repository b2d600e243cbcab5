/* os_net_fixture.c: a listener with real sockets, and clients for it. */
#include "unit/os/os_net_fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PASSES = 20, POLL_S = 20, DESCRIPTORS = 1024 };

struct goal {
    struct wire *wire;
    size_t count;
};

struct poll {
    struct wire *wire;
    bool (*until)(void *arg);
    void *arg;
    time_t limit;
    unsigned turns;
    bool reached;
};

static void on_ready(struct net_conn *conn, unsigned events)
{
    struct wire *w = conn->owner;
    uint8_t bytes[4096];
    int64_t n;

    w->told |= events;
    if (w->manual)
        return;
    n = net_recv(conn, bytes, sizeof bytes);
    if (n > 0) {
        struct slice parts[2] = { slice_of(bytes, 1), slice_of(bytes + 1, (size_t)n - 1) };

        cr_assert_eq(net_send(conn, parts, n > 1 ? 2 : 1), n);
        w->received += (size_t)n;
    } else if (n == NET_GONE) {
        net_want(conn, 0);
    }
}

static void on_accept(struct net_listener *listener, struct net_conn *conn)
{
    struct wire *w = listener->owner;

    cr_assert_lt(w->accepted, WIRE_CONNS);
    conn->owner = w;
    conn->on_ready = on_ready;
    w->conns[w->accepted++] = conn;
    if (!w->manual)
        net_want(conn, NET_READ);
}

void wire_init(struct wire *w)
{
    memset(w, 0, sizeof *w);
    fixture_init(&w->f);
    w->net = os_net_new(w->f.loop, &w->f.trace);
}

void wire_deinit(struct wire *w)
{
    for (unsigned i = 0; i < WIRE_CONNS; i++) {
        if (w->conns[i])
            net_close(w->conns[i]);
    }
    net_unlisten(w->listener);
    os_net_free(w->net);
    fixture_deinit(&w->f);
}

/* The kernel chooses one; nobody else on the machine is likely to get it next. */
static int free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int port;

    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    port = wire_port_of(fd);
    close(fd);
    return port;
}

void wire_listen(struct wire *w, const char *address)
{
    struct err e;

    w->port = free_port();
    e = net_listen(w->net, address, w->port, &w->listener);
    cr_assert_eq(e.code, ERR_NONE, "cannot %s: %s", e.what, strerror(e.os));
    w->listener->owner = w;
    w->listener->on_accept = on_accept;
}

int wire_connect(struct wire *w, int family)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)w->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)w->port) };
    int fd = socket(family, SOCK_STREAM, 0);
    int failed;

    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    if (family == AF_INET)
        failed = connect(fd, (struct sockaddr *)&v4, sizeof v4);
    else
        failed = connect(fd, (struct sockaddr *)&v6, sizeof v6);
    cr_assert_eq(failed, 0);
    return fd;
}

int wire_connect_unix(struct wire *w, const char *name)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s", fixture_path(&w->f, name));
    cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

int wire_port_of(int fd)
{
    struct sockaddr_in6 a = { 0 }; /* IPv4's port stands at the same place */
    socklen_t len = sizeof a;

    cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    return ntohs(a.sin6_port);
}

bool wire_has_ipv6(void)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has;

    a.sin6_addr = in6addr_loopback;
    has = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

int wire_other_end(int client)
{
    int port = wire_port_of(client);

    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        struct sockaddr_in a = { 0 };
        socklen_t len = sizeof a;

        if (getpeername(fd, (struct sockaddr *)&a, &len) == 0 && a.sin_family == AF_INET &&
            ntohs(a.sin_port) == port)
            return fd;
    }
    return -1;
}

static bool has_accepted(void *arg)
{
    const struct goal *g = arg;

    return g->wire->accepted >= g->count;
}

static bool has_received(void *arg)
{
    const struct goal *g = arg;

    return g->wire->received >= g->count;
}

static bool was_told(void *arg)
{
    const struct goal *g = arg;

    return (g->wire->told & g->count) == g->count;
}

void wire_wait_accepted(struct wire *w, unsigned count)
{
    fixture_run(&w->f, has_accepted, &(struct goal){ w, count });
}

void wire_wait_bytes(struct wire *w, size_t received)
{
    fixture_run(&w->f, has_received, &(struct goal){ w, received });
}

void wire_wait_told(struct wire *w, unsigned events)
{
    w->told = 0;
    fixture_run(&w->f, was_told, &(struct goal){ w, events });
}

static uint64_t poll_turn(void *arg)
{
    struct poll *p = arg;

    p->turns++;
    p->reached = p->until(p->arg);
    if (p->reached || time(NULL) > p->limit)
        os_loop_end(p->wire->f.loop);
    return 0;
}

void wire_poll(struct wire *w, bool (*until)(void *arg), void *arg)
{
    struct poll p = { w, until, arg, time(NULL) + POLL_S, 0, false };

    os_loop_run(w->f.loop, poll_turn, &p);
    cr_assert(p.reached, "what was waited for did not come within %d s", POLL_S);
}

static bool count_down(void *arg)
{
    unsigned *left = arg;

    return (*left)-- == 0;
}

/* Over loopback what was sent is there when send() returns, so a few rounds of
 * the loop that do not wait find everything. */
void wire_pass(struct wire *w)
{
    unsigned left = PASSES;

    w->told = 0;
    wire_poll(w, count_down, &left);
}
