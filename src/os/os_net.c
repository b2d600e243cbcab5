/* os_net.c: connections over sockets, on libev, level-triggered.
 *
 * Sockets never block.  libev collects changes of interest and tells the kernel
 * once a round, so net_want() costs nothing when it is called twice. */
#include "os/os_net.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/os.h"
#include "os/os_address.h"
#include "os/os_tls.h"

enum {
    SEND_PARTS = 64,      /* looked at in one send; os_tls_conn.c does the same */
    KEEPALIVE_PROBES = 3, /* unanswered before a connection counts as broken */
};

static void on_io(struct ev_loop *ev, ev_io *io, int events)
{
    struct os_conn *c = io->data;
    unsigned ready = 0;

    (void)ev;
    if (events & EV_READ)
        ready |= NET_READ;
    if (events & EV_WRITE)
        ready |= NET_WRITE;
    if (events & EV_ERROR) /* reading will say what is wrong */
        ready |= NET_READ;
    c->base.on_ready(&c->base, ready);
}

static int64_t conn_recv(struct net_conn *conn, void *to, size_t len)
{
    const struct os_conn *c = (struct os_conn *)conn;
    ssize_t n;

    assert(len > 0);
    do
        n = recv(c->io.fd, to, len, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? NET_AGAIN : NET_GONE;
}

static ssize_t send_parts(int fd, const struct slice *parts, unsigned count)
{
    struct iovec vector[SEND_PARTS];
    struct msghdr message = { .msg_iov = vector };

    if (count == 1)
        return send(fd, parts[0].data, parts[0].len, MSG_NOSIGNAL);
    if (count > SEND_PARTS)
        count = SEND_PARTS;
    for (unsigned i = 0; i < count; i++) {
        vector[i].iov_base = (void *)(uintptr_t)parts[i].data; /* sendmsg only reads */
        vector[i].iov_len = parts[i].len;
    }
    message.msg_iovlen = count;
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int64_t conn_send(struct net_conn *conn, const struct slice *parts, unsigned count)
{
    const struct os_conn *c = (struct os_conn *)conn;
    ssize_t n;

    assert(count > 0);
    do
        n = send_parts(c->io.fd, parts, count);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EWOULDBLOCK ? NET_AGAIN : NET_GONE;
}

void os_conn_watch(struct os_net *net, struct os_conn *c, int interest)
{
    ev_io_stop(net->ev, &c->io);
    if (!interest)
        return;
    ev_io_modify(&c->io, interest);
    ev_io_start(net->ev, &c->io);
}

static void conn_want(struct net_conn *conn, unsigned events)
{
    struct os_conn *c = (struct os_conn *)conn;
    int interest = 0;

    if (events == c->wanted)
        return;
    if (events & NET_READ)
        interest |= EV_READ;
    if (events & NET_WRITE)
        interest |= EV_WRITE;
    c->wanted = events;
    os_conn_watch((struct os_net *)conn->net, c, interest);
}

static void conn_close(struct net_conn *conn)
{
    struct os_conn *c = (struct os_conn *)conn;
    struct os_net *net = (struct os_net *)conn->net;

    assert(net->conns > 0);
    net->conns--;
    ev_io_stop(net->ev, &c->io);
    close(c->io.fd);
    mem_free(c);
}

static int conn_give(struct net_conn *conn)
{
    struct os_conn *c = (struct os_conn *)conn;
    struct os_net *net = (struct os_net *)conn->net;
    int fd = c->io.fd;

    assert(net->conns > 0);
    net->conns--;
    ev_io_stop(net->ev, &c->io);
    mem_free(c);
    return fd;
}

static void net_sever_(struct net *net, int fd)
{
    (void)net;
    (void)shutdown(fd, SHUT_RDWR); /* it fails if the peer is gone already */
}

/* --- descriptors of libraries */

struct os_watch {
    struct net_watch base;
    ev_io io;
};

static void on_watched(struct ev_loop *ev, ev_io *io, int events)
{
    struct os_watch *w = io->data;

    (void)ev;
    (void)events;
    w->base.on_ready(&w->base);
}

static struct net_watch *net_watch_(struct net *net, int fd)
{
    struct os_watch *w = mem_zalloc(1, sizeof *w);

    w->base.net = net;
    ev_io_init(&w->io, on_watched, fd, EV_READ);
    w->io.data = w;
    ev_io_start(((struct os_net *)net)->ev, &w->io);
    ((struct os_net *)net)->watches++;
    return &w->base;
}

static void net_unwatch_(struct net_watch *watch)
{
    struct os_watch *w = (struct os_watch *)watch;
    struct os_net *net = (struct os_net *)watch->net;

    assert(net->watches > 0);
    net->watches--;
    ev_io_stop(net->ev, &w->io);
    mem_free(w);
}

static void print_local(int fd, char out[NET_ADDRESS_MAX])
{
    struct os_address a = { .len = sizeof a.storage };

    if (getsockname(fd, (struct sockaddr *)&a.storage, &a.len))
        a.len = 0;
    os_address_print(&a, out);
}

static void print_peer(int fd, char out[NET_ADDRESS_MAX])
{
    struct os_address a = { .len = sizeof a.storage };

    if (getpeername(fd, (struct sockaddr *)&a.storage, &a.len))
        a.len = 0;
    if (a.len && a.storage.ss_family == AF_UNIX) /* that end has no name: ours is shown */
        print_local(fd, out);
    else
        os_address_print(&a, out);
}

static void conn_local(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    print_local(((struct os_conn *)conn)->io.fd, out);
}

static void conn_peer(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    print_peer(((struct os_conn *)conn)->io.fd, out);
}

static void net_given_(struct net *net, int fd, char peer[NET_ADDRESS_MAX],
                       char local[NET_ADDRESS_MAX])
{
    (void)net;
    print_peer(fd, peer);
    print_local(fd, local);
}

static void set_option(int fd, int level, int name, int value)
{
    /* What a socket cannot have is no reason to refuse its client. */
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

/* A third of the interval between the probes of a peer that does not answer, so
 * that it counts as gone after twice the interval. */
void os_net_tune(struct os_net *net, int fd)
{
    int keepalive_s = net->base.keepalive_s;

    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (!keepalive_s)
        return;
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_s / 3 ? keepalive_s / 3 : 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

struct net_conn *os_net_adopt(struct os_net *net, int fd, bool tcp)
{
    struct os_conn *c = mem_alloc(sizeof *c);

    if (tcp)
        os_net_tune(net, fd);
    c->base = (struct net_conn){ .net = &net->base, .number = fd };
    c->wanted = 0;
    ev_io_init(&c->io, on_io, fd, 0);
    c->io.data = c;
    net->conns++;
    return &c->base;
}

static struct err net_connect_(struct net *net, const char *address, int port,
                               struct net_conn **out)
{
    struct os_address a;
    struct err e = os_address_parse(address, port, &a);
    int fd;

    *out = NULL;
    if (err_is(e))
        return e;
    fd = socket(a.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_make(ERR_IO, errno, "make a socket");
    if (connect(fd, (const struct sockaddr *)&a.storage, a.len) && errno != EINPROGRESS &&
        errno != EINTR) {
        e = err_make(ERR_IO, errno, "connect a socket");
        close(fd);
        return e;
    }
    *out = os_net_adopt((struct os_net *)net, fd, a.storage.ss_family != AF_UNIX);
    return err_ok();
}

struct net *os_net_new(struct os_loop *loop, struct trace *trace)
{
    struct os_net *net = mem_zalloc(1, sizeof *net);

    net->loop = loop;
    net->ev = os_loop_ev(loop);
    net->trace = trace;
    net->reserve = os_net_reserve();
    net->base = (struct net){
        .listen = os_listener_open,
        .unlisten = os_listener_close,
        .connect = net_connect_,
        .recv = conn_recv,
        .send = conn_send,
        .want = conn_want,
        .close = conn_close,
        .peer = conn_peer,
        .local = conn_local,
        .tls_load = os_tls_load,
        .tls_use = os_tls_use,
        .tls_free = os_tls_drop,
        .give = conn_give,
        .sever = net_sever_,
        .given = net_given_,
        .watch = net_watch_,
        .unwatch = net_unwatch_,
    };
    net->tls = os_tls_new(net);
    return &net->base;
}

void os_net_free(struct net *net)
{
    struct os_net *n = (struct os_net *)net;

    if (!n)
        return;
    assert(n->conns == 0 && n->listeners == 0 && n->watches == 0);
    os_tls_free(n->tls);
    if (n->reserve >= 0)
        close(n->reserve);
    mem_free(n);
}
