/* os_listener.c: accepting connections.
 *
 * When descriptors run out, accept() fails and the socket stays readable: a loop
 * that only tries again would spin.  So one descriptor is kept in reserve, given
 * up to accept the client, and taken back by closing it: the client learns. */
#include "os/os_net.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/os_address.h"
#include "os/os_tls.h"

enum {
    ACCEPTS_A_ROUND = 64, /* so that a storm of clients leaves time for the others */
    BACKLOG = 4096,       /* the kernel cuts it to net.core.somaxconn */
    SOCKETS = 2,          /* "*" is IPv4 and IPv6 */
};

/* Rests, in seconds. */
#define PAUSE_S 0.1 /* after an error nothing can be done about */
#define WARN_S  10.0

struct os_listener;

struct os_socket {
    ev_io io;
    ev_timer pause;
    struct os_listener *listener;
};

struct os_listener {
    struct net_listener base;
    struct os_socket sockets[SOCKETS];
    unsigned count;
    bool tcp;
    bool accepting; /* in a callback: os_listener_close() leaves the end to it */
    bool closed;
    char *path;   /* of a Unix socket, or NULL */
    dev_t device; /* of its file, as we made it */
    ino_t inode;
};

static struct os_net *net_of(const struct os_listener *l)
{
    return (struct os_net *)l->base.net;
}

static void on_pause_over(struct ev_loop *ev, ev_timer *pause, int events)
{
    struct os_socket *s = pause->data;

    (void)events;
    ev_io_start(ev, &s->io);
}

static void warn(struct os_net *net, int os)
{
    double now = ev_now(net->ev);

    if (net->warned_at > 0 && now - net->warned_at < WARN_S)
        return;
    net->warned_at = now;
    trace_log(net->trace, TRACE_WARNING, "Cannot accept clients: %s", strerror(os));
}

/* Gives the reserve up for a client, and takes it back by ending the client.
 * Returns 0, or why the client is still waiting; EAGAIN if there is none. */
static int refuse(struct os_net *net, int fd)
{
    int client;
    int os;

    if (net->reserve < 0)
        return EMFILE;
    close(net->reserve);
    client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    os = client < 0 ? errno : 0;
    if (client >= 0)
        close(client);
    net->reserve = os_net_reserve();
    return os;
}

static void rest(struct os_socket *s)
{
    struct os_net *net = net_of(s->listener);

    ev_io_stop(net->ev, &s->io);
    ev_timer_set(&s->pause, PAUSE_S, 0.0);
    ev_timer_start(net->ev, &s->pause);
}

/* What to do about an accept() that failed; false: no more in this round. */
static bool recover(struct os_socket *s, int os)
{
    struct os_net *net = net_of(s->listener);

    if (os == EMFILE || os == ENFILE) { /* said before it is known that a client waits */
        if (net->reserve < 0)
            net->reserve = os_net_reserve();
        os = refuse(net, s->io.fd);
        if (os == 0)
            warn(net, EMFILE);
    }
    if (os == 0 || os == EINTR || os == ECONNABORTED)
        return true;
    if (os == EAGAIN || os == EWOULDBLOCK)
        return false;
    warn(net, os);
    rest(s);
    return false;
}

static void end(struct os_listener *l)
{
    mem_free(l->path);
    mem_free(l);
}

static void take(struct os_listener *l, int fd)
{
    struct os_net *net = net_of(l);

    if (l->base.tls)
        os_tls_accept(net->tls, &l->base, fd);
    else
        l->base.on_accept(&l->base, os_net_adopt(net, fd, l->tcp));
}

static void on_accept_ready(struct ev_loop *ev, ev_io *io, int events)
{
    struct os_socket *s = io->data;
    struct os_listener *l = s->listener;

    (void)ev;
    (void)events;
    l->accepting = true;
    for (unsigned i = 0; i < ACCEPTS_A_ROUND && !l->closed; i++) {
        int fd;

        if (l->base.tls && !os_tls_has_room(net_of(l)->tls)) {
            rest(s); /* who waits in the kernel's queue costs nothing */
            break;
        }
        fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            take(l, fd);
        else if (!recover(s, errno))
            break;
    }
    l->accepting = false;
    if (l->closed)
        end(l);
}

/* Before anybody can connect: nobody listens yet. */
static bool set_mode(const struct os_address *a, unsigned mode)
{
    return mode == 0 || a->storage.ss_family != AF_UNIX ||
           chmod(((const struct sockaddr_un *)&a->storage)->sun_path, mode) == 0;
}

/* Binds and listens; *out is the socket. */
static struct err listen_at(const struct os_address *a, unsigned mode, int *out)
{
    const struct sockaddr *address = (const struct sockaddr *)&a->storage;
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct err e = err_ok();

    *out = -1;
    if (fd < 0)
        return err_make(ERR_IO, errno, "make a socket");
    if (address->sa_family != AF_UNIX)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on))
        e = err_make(ERR_IO, errno, "keep a socket to IPv6");
    else if (bind(fd, address, a->len))
        e = err_make(errno == EADDRINUSE ? ERR_BUSY : ERR_IO, errno, "bind a socket");
    else if (!set_mode(a, mode))
        e = err_make(ERR_IO, errno, "set the permissions of a socket's file");
    else if (listen(fd, BACKLOG))
        e = err_make(errno == EADDRINUSE ? ERR_BUSY : ERR_IO, errno, "listen at a socket");
    if (err_is(e))
        close(fd);
    else
        *out = fd;
    return e;
}

/* Removes a socket's file that nobody listens at any more.  Whatever else stands
 * there is not ours to remove. */
static struct err remove_stale(const char *path, const struct os_address *a)
{
    struct stat st;
    int fd;
    int failed;
    int os;

    if (lstat(path, &st))
        return errno == ENOENT ? err_ok() : err_make(ERR_IO, errno, "look at a socket's file");
    if (!S_ISSOCK(st.st_mode))
        return err_make(ERR_EXISTS, EEXIST, "replace a file that is no socket");
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_make(ERR_IO, errno, "make a socket");
    failed = connect(fd, (const struct sockaddr *)&a->storage, a->len);
    os = errno;
    close(fd);
    if (!failed || os != ECONNREFUSED)
        return err_make(ERR_BUSY, EADDRINUSE, "replace a socket somebody listens at");
    if (unlink(path))
        return err_make(ERR_IO, errno, "remove a stale socket's file");
    return err_ok();
}

static void add_socket(struct os_listener *l, int fd)
{
    struct os_socket *s = &l->sockets[l->count++];

    s->listener = l;
    ev_io_init(&s->io, on_accept_ready, fd, EV_READ);
    ev_timer_init(&s->pause, on_pause_over, 0.0, 0.0);
    s->io.data = s->pause.data = s;
    ev_io_start(net_of(l)->ev, &s->io);
}

static struct err open_unix(struct os_listener *l, const char *path)
{
    struct os_address a;
    struct stat st;
    struct err e = os_address_parse(path, 0, &a);
    int fd = -1;

    if (!err_is(e))
        e = remove_stale(path, &a);
    if (!err_is(e))
        e = listen_at(&a, l->base.net->socket_mode, &fd);
    if (err_is(e))
        return e;
    if (lstat(path, &st)) {
        e = err_make(ERR_IO, errno, "look at a socket's file");
        close(fd);
        return e;
    }
    l->device = st.st_dev;
    l->inode = st.st_ino;
    l->path = mem_strdup(path);
    add_socket(l, fd);
    return err_ok();
}

static struct err open_tcp(struct os_listener *l, const char *address, int port)
{
    struct os_address a;
    struct err e = os_address_parse(address, port, &a);
    int fd;

    if (!err_is(e))
        e = listen_at(&a, 0, &fd);
    if (err_is(e))
        return e;
    add_socket(l, fd);
    return err_ok();
}

static struct err open_all(struct os_listener *l, const char *address, int port)
{
    struct err e;

    l->tcp = address[0] != '/';
    if (!l->tcp)
        return open_unix(l, address);
    if (strcmp(address, "*") != 0)
        return open_tcp(l, address, port);
    e = open_tcp(l, "0.0.0.0", port);
    if (err_is(e))
        return e;
    e = open_tcp(l, "::", port);
    if (e.os == EAFNOSUPPORT || e.os == EADDRNOTAVAIL) /* a machine without IPv6 */
        return err_ok();
    return e;
}

struct err os_listener_open(struct net *net, const char *address, int port,
                            struct net_listener **out)
{
    struct os_listener *l = mem_zalloc(1, sizeof *l);
    struct err e;

    *out = NULL;
    l->base.net = net;
    ((struct os_net *)net)->listeners++;
    e = open_all(l, address, port);
    if (err_is(e))
        os_listener_close(&l->base);
    else
        *out = &l->base;
    return e;
}

void os_listener_close(struct net_listener *listener)
{
    struct os_listener *l = (struct os_listener *)listener;
    struct os_net *net = net_of(l);
    struct stat st;

    assert(!l->closed && net->listeners > 0);
    net->listeners--;
    os_tls_forget(net->tls, listener);
    for (unsigned i = 0; i < l->count; i++) {
        ev_io_stop(net->ev, &l->sockets[i].io);
        ev_timer_stop(net->ev, &l->sockets[i].pause);
        close(l->sockets[i].io.fd);
    }
    if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode)
        unlink(l->path);
    l->closed = true;
    if (!l->accepting)
        end(l);
}

int os_net_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}
