/* null_server: a RESP server that answers from nothing.
 *
 * It parses arrays of bulk strings, answers GET with a bulk of fixed size and
 * everything else with +OK, one write per connection and turn.  It keeps no
 * keys: what it costs is what any single-threaded RESP server costs here. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

enum {
    INPUT_SIZE = 256 * 1024,
    OUTPUT_SIZE = 4 * 1024 * 1024,
    TAIL_SIZE = 64, /* a header line or a command's name that is not whole yet */
    NAME_MAX_LEN = 32,
    CONNS_MAX = 16384,
    BACKLOG = 1024,
};

struct null_server {
    struct ev_loop *loop;
    char *reply; /* what GET is answered */
    size_t reply_len;
    char *in;
    char *out;
    size_t out_len;
};

struct conn {
    ev_io readable; /* data: the server */
    ev_io writable; /* data: the connection */
    long args_left; /* of the command under way */
    size_t skip;    /* bytes of an argument still to come, CRLF included */
    bool named;     /* the command's name has been seen */
    bool is_get;
    size_t tail_len;
    char tail[TAIL_SIZE];
    char *unsent; /* owned; what the socket did not take */
    size_t unsent_len;
};

static void conn_close(struct null_server *n, struct conn *c)
{
    ev_io_stop(n->loop, &c->readable);
    ev_io_stop(n->loop, &c->writable);
    close(c->readable.fd);
    free(c->unsent);
    free(c);
}

/* A header line "*12\r\n" at p: its number, and *used; -1 if it is not whole. */
static long header(const char *p, size_t len, size_t *used)
{
    long v = 0;
    size_t i = 1;
    while (i < len && p[i] >= '0' && p[i] <= '9') {
        v = v * 10 + (p[i++] - '0');
    }
    if (i + 2 > len) {
        return -1;
    }
    *used = i + 2;
    return v;
}

static void answer(struct null_server *n, const struct conn *c)
{
    const char *p = c->is_get ? n->reply : "+OK\r\n";
    size_t len = c->is_get ? n->reply_len : 5;
    assert(n->out_len + len <= OUTPUT_SIZE);
    memcpy(n->out + n->out_len, p, len);
    n->out_len += len;
}

/* Takes in what it can; returns how much, the rest is the tail. */
static size_t parse(struct null_server *n, struct conn *c, const char *p, size_t len)
{
    size_t at = 0;
    while (at < len) {
        if (c->skip != 0) {
            size_t take = c->skip < len - at ? c->skip : len - at;
            c->skip -= take;
            at += take;
        } else {
            size_t used = 0;
            long v = header(p + at, len - at, &used);
            if (v < 0) {
                break;
            }
            if (c->args_left == 0) {
                c->args_left = v;
                c->named = false;
                at += used;
                continue;
            }
            if (!c->named) {
                if (at + used >= len) {
                    break;
                }
                c->named = true;
                c->is_get = v == 3 && (p[at + used] | 32) == 'g';
            }
            c->skip = (size_t)v + 2;
            at += used;
            continue;
        }
        if (c->skip == 0 && --c->args_left == 0) {
            answer(n, c);
            if (n->out_len + n->reply_len > OUTPUT_SIZE) {
                break;
            }
        }
    }
    return at;
}

static void keep_unsent(struct null_server *n, struct conn *c, const char *p, size_t len)
{
    c->unsent = realloc(c->unsent, c->unsent_len + len);
    assert(c->unsent != NULL);
    memcpy(c->unsent + c->unsent_len, p, len);
    c->unsent_len += len;
    ev_io_stop(n->loop, &c->readable);
    ev_io_start(n->loop, &c->writable);
}

static void flush(struct null_server *n, struct conn *c)
{
    if (n->out_len == 0) {
        return;
    }
    ssize_t wrote = c->unsent_len != 0 ? 0 : write(c->readable.fd, n->out, n->out_len);
    size_t done = wrote > 0 ? (size_t)wrote : 0;
    if (done < n->out_len) {
        keep_unsent(n, c, n->out + done, n->out_len - done);
    }
    n->out_len = 0;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop;
    (void)events;
    struct null_server *n = w->data;
    struct conn *c = (struct conn *)((char *)w - offsetof(struct conn, readable));
    memcpy(n->in, c->tail, c->tail_len);
    ssize_t got = read(w->fd, n->in + c->tail_len, INPUT_SIZE - c->tail_len);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            conn_close(n, c);
        }
        return;
    }
    size_t len = c->tail_len + (size_t)got;
    size_t at = 0;
    for (;;) {
        size_t took = parse(n, c, n->in + at, len - at);
        bool full = n->out_len + n->reply_len > OUTPUT_SIZE;
        at += took;
        flush(n, c);
        if (!full) {
            break;
        }
    }
    c->tail_len = len - at;
    if (c->tail_len > TAIL_SIZE) { /* not RESP */
        conn_close(n, c);
        return;
    }
    memcpy(c->tail, n->in + at, c->tail_len);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int events)
{
    (void)events;
    struct conn *c = w->data;
    ssize_t wrote = write(w->fd, c->unsent, c->unsent_len);
    if (wrote < 0) {
        if (errno != EAGAIN) {
            conn_close(c->readable.data, c);
        }
        return;
    }
    c->unsent_len -= (size_t)wrote;
    memmove(c->unsent, c->unsent + wrote, c->unsent_len);
    if (c->unsent_len == 0) {
        ev_io_stop(loop, w);
        ev_io_start(loop, &c->readable);
    }
}

static void on_accept(struct ev_loop *loop, ev_io *w, int events)
{
    (void)events;
    int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct conn *c = calloc(1, sizeof(*c));
    assert(c != NULL);
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    c->readable.data = w->data;
    ev_io_init(&c->writable, on_writable, fd, EV_WRITE);
    c->writable.data = c;
    ev_io_start(loop, &c->readable);
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, BACKLOG) != 0) {
        perror("null_server: listen");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: null_server PORT VALUE_SIZE\n");
        return 1;
    }
    size_t size = strtoul(argv[2], NULL, 10);
    if (size > 1024 * 1024) {
        fprintf(stderr, "null_server: VALUE_SIZE is at most 1048576\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    struct null_server n = { .loop = ev_default_loop(0) };
    n.in = malloc(INPUT_SIZE);
    n.out = malloc(OUTPUT_SIZE);
    n.reply = malloc(size + 32);
    assert(n.loop != NULL && n.in != NULL && n.out != NULL && n.reply != NULL);
    n.reply_len = (size_t)snprintf(n.reply, 32, "$%zu\r\n", size);
    memset(n.reply + n.reply_len, 'x', size);
    n.reply_len += size;
    memcpy(n.reply + n.reply_len, "\r\n", 2);
    n.reply_len += 2;
    ev_io listener;
    ev_io_init(&listener, on_accept, listen_on((int)strtol(argv[1], NULL, 10)), EV_READ);
    listener.data = &n;
    ev_io_start(n.loop, &listener);
    ev_run(n.loop, 0);
    return 0;
}
