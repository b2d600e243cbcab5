/* load: drives a RESP server with SET or GET and says how fast it answered.
 *
 * Requests are built once per connection and only their key's digits change, and
 * replies are compared with the one expected, not parsed into anything, so that
 * one core of load is enough for a server that batches well. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_SIZE = 256 * 1024,
    HEAD_SIZE = 64,
    KEY_DIGITS = 12,
    EVENTS_MAX = 512,
    LATENCY_US_MAX = 4 * 1000 * 1000, /* slower ones count as this */
};

struct load {
    int port;
    bool get;
    bool in_order; /* every key once, to fill the server */
    long clients;
    size_t pipeline;
    size_t size; /* of a value */
    uint64_t keys;
    uint64_t requests; /* 0: as many as fit into the time */
    uint64_t until_ns;
    char request[HEAD_SIZE + KEY_DIGITS]; /* up to behind the key */
    size_t request_head;
    size_t request_len;    /* the value included */
    char reply[HEAD_SIZE]; /* how each reply begins */
    size_t reply_head;
    size_t reply_len;
    uint64_t random;
    uint64_t next_key;
    uint64_t asked; /* commands sent or about to be */
    uint64_t answered;
    uint64_t batches;
    uint32_t *latency; /* batches, by microsecond */
    long busy;         /* connections with a batch under way */
    int epoll;
    char *in;
};

struct conn {
    int fd;
    char *out; /* `pipeline` requests, built once */
    size_t out_len;
    size_t out_at;
    size_t got; /* bytes of the batch's replies */
    uint64_t begun_ns;
    bool wants_write;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what, const char *bytes, size_t len)
{
    fprintf(stderr, "load: %s: %.*s\n", what, (int)(len < 100 ? len : 100), bytes);
    exit(1);
}

/* splitmix64: Steele, Lea, Flood 2014. */
static uint64_t random_next(struct load *l)
{
    uint64_t z = (l->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void put_key(struct load *l, char *digits)
{
    uint64_t key = l->in_order ? l->next_key++ % l->keys : random_next(l) % l->keys;
    for (int i = KEY_DIGITS - 1; i >= 0; i--) {
        digits[i] = (char)('0' + key % 10);
        key /= 10;
    }
}

static void plan(struct load *l)
{
    const char *format = l->get ? "*2\r\n$3\r\nGET\r\n$16\r\nkey:%012d\r\n"
                                : "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n";
    l->request_head = (size_t)snprintf(l->request, sizeof(l->request), format, 0);
    l->request_len = l->request_head;
    char head[HEAD_SIZE];
    size_t head_len = (size_t)snprintf(head, sizeof(head), "$%zu\r\n", l->size);
    if (l->get) {
        memcpy(l->reply, head, head_len);
        l->reply_head = head_len;
        l->reply_len = head_len + l->size + 2;
    } else {
        l->request_len += head_len + l->size + 2;
        memcpy(l->reply, "+OK\r\n", 5);
        l->reply_head = l->reply_len = 5;
    }
}

static void build(struct load *l, struct conn *c)
{
    c->out = malloc(l->pipeline * l->request_len + HEAD_SIZE);
    assert(c->out != NULL);
    for (size_t i = 0; i < l->pipeline; i++) {
        char *p = c->out + i * l->request_len;
        memcpy(p, l->request, l->request_head);
        p += l->request_head;
        if (!l->get) {
            int n = snprintf(p, HEAD_SIZE, "$%zu\r\n", l->size);
            memset(p + n, 'x', l->size);
            memcpy(p + n + l->size, "\r\n", 2);
        }
    }
}

static void dial(struct load *l, struct conn *c)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)l->port),
                              .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
        perror("load: connect");
        exit(1);
    }
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event e = { .events = EPOLLIN, .data = { .ptr = c } };
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e);
}

static void send_more(struct load *l, struct conn *c)
{
    while (c->out_at < c->out_len) {
        ssize_t n =
            send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            fail("send", strerror(errno), 100);
        }
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        c->out_at += n > 0 ? (size_t)n : 0;
    }
    bool wants = c->out_at < c->out_len;
    if (wants != c->wants_write) {
        c->wants_write = wants;
        struct epoll_event e = { .events = EPOLLIN | (wants ? EPOLLOUT : 0u),
                                 .data = { .ptr = c } };
        epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &e);
    }
}

static void begin_batch(struct load *l, struct conn *c, uint64_t now)
{
    size_t n = l->pipeline;
    if (l->requests != 0 && l->requests - l->asked < n) {
        n = (size_t)(l->requests - l->asked);
    }
    if (n == 0 || (l->requests == 0 && now >= l->until_ns)) {
        c->out_len = 0;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        put_key(l, c->out + i * l->request_len + l->request_head - 2 - KEY_DIGITS);
    }
    l->asked += n;
    l->busy++;
    c->out_len = n * l->request_len;
    c->out_at = 0;
    c->got = 0;
    c->begun_ns = now;
    send_more(l, c);
}

/* Every reply has to begin as planned; `at` is where in the batch p begins. */
static void check(const struct load *l, size_t at, const char *p, size_t len)
{
    size_t within = at % l->reply_len;
    size_t i = 0;
    while (i < len) {
        if (within < l->reply_head) {
            size_t n = l->reply_head - within < len - i ? l->reply_head - within : len - i;
            if (memcmp(p + i, l->reply + within, n) != 0) {
                fail("not the reply expected", p + i, len - i);
            }
        }
        i += l->reply_len - within;
        within = 0;
    }
}

static void end_batch(struct load *l, struct conn *c)
{
    uint64_t now = now_ns();
    uint64_t us = (now - c->begun_ns) / 1000;
    l->latency[us < LATENCY_US_MAX ? us : LATENCY_US_MAX - 1]++;
    l->batches++;
    l->answered += c->out_len / l->request_len;
    l->busy--;
    begin_batch(l, c, now);
}

static void read_more(struct load *l, struct conn *c)
{
    ssize_t n = recv(c->fd, l->in, READ_SIZE, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        fail("the server closed a connection", "", 0);
    }
    check(l, c->got, l->in, (size_t)n);
    c->got += (size_t)n;
    size_t whole = c->out_len / l->request_len * l->reply_len;
    if (c->got > whole) {
        fail("more replies than requests", "", 0);
    }
    if (c->got == whole) {
        end_batch(l, c);
    }
}

static void run(struct load *l, struct conn *conns)
{
    uint64_t now = now_ns();
    for (long i = 0; i < l->clients; i++) {
        begin_batch(l, &conns[i], now);
    }
    struct epoll_event events[EVENTS_MAX];
    while (l->busy > 0) {
        int n = epoll_wait(l->epoll, events, EVENTS_MAX, 30000);
        if (n == 0) {
            fail("no reply for 30 seconds", "", 0);
        }
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                send_more(l, c);
            }
            if (events[i].events & ~(uint32_t)EPOLLOUT) {
                read_more(l, c);
            }
        }
    }
}

static double percentile_us(const struct load *l, double part)
{
    uint64_t want = (uint64_t)((double)l->batches * part);
    uint64_t seen = 0;
    for (int us = 0; us < LATENCY_US_MAX; us++) {
        seen += l->latency[us];
        if (seen > want) {
            return us;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 9) {
        fprintf(stderr,
                "usage: load PORT fill|set|get CLIENTS PIPELINE SIZE KEYS SECONDS REQUESTS\n"
                "fill sets every key once; REQUESTS 0 runs for SECONDS\n");
        return 1;
    }
    struct load l = { .port = (int)strtol(argv[1], NULL, 10), .random = now_ns() };
    l.in_order = strcmp(argv[2], "fill") == 0;
    l.get = strcmp(argv[2], "get") == 0;
    l.clients = strtol(argv[3], NULL, 10);
    l.pipeline = strtoul(argv[4], NULL, 10);
    l.size = strtoul(argv[5], NULL, 10);
    l.keys = strtoul(argv[6], NULL, 10);
    l.requests = l.in_order ? l.keys : strtoul(argv[8], NULL, 10);
    plan(&l);
    l.latency = calloc(LATENCY_US_MAX, sizeof(*l.latency));
    l.in = malloc(READ_SIZE);
    struct conn *conns = calloc((size_t)l.clients, sizeof(*conns));
    assert(l.latency != NULL && l.in != NULL && conns != NULL);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (long i = 0; i < l.clients; i++) {
        dial(&l, &conns[i]);
        build(&l, &conns[i]);
    }
    uint64_t begun = now_ns();
    l.until_ns = begun + (uint64_t)(strtod(argv[7], NULL) * 1e9);
    run(&l, conns);
    double seconds = (double)(now_ns() - begun) / 1e9;
    printf("{\"commands\": %" PRIu64 ", \"seconds\": %.6f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
           "\"p999_us\": %.0f}\n",
           l.answered, seconds, percentile_us(&l, 0.5), percentile_us(&l, 0.99),
           percentile_us(&l, 0.999));
    return 0;
}
