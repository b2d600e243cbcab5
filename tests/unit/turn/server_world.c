/* server_world.c: the seams a server needs, in their simplest form. */
#include "unit/turn/server_world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"

static struct err listen_at(struct net *net, const char *address, int port,
                            struct net_listener **out)
{
    struct server_world *w = list_item(net, struct server_world, net);

    (void)address;
    (void)port;
    w->listener.net = net;
    *out = &w->listener;
    return err_ok();
}

static void unlisten(struct net_listener *listener)
{
    (void)listener;
}

static int64_t recv_bytes(struct net_conn *conn, void *to, size_t len)
{
    struct client *c = (struct client *)conn;
    size_t n = c->sent.len < len ? c->sent.len : len;

    if (n == 0)
        return NET_AGAIN;
    memcpy(to, c->sent.data, n);
    memmove(c->sent.data, c->sent.data + n, c->sent.len - n);
    c->sent.len -= n;
    return (int64_t)n;
}

static unsigned next_moment(struct net_conn *conn)
{
    return ++list_item(conn->net, struct server_world, net)->moment;
}

static int64_t send_parts(struct net_conn *conn, const struct slice *parts, unsigned count)
{
    struct client *c = (struct client *)conn;
    size_t n = 0;

    for (unsigned i = 0; i < count && n < c->takes; i++) {
        size_t room = c->takes - n, len = parts[i].len < room ? parts[i].len : room;
        buf_append(&c->got, slice_of(parts[i].data, len));
        n += len;
    }
    if (n == 0)
        return NET_AGAIN;
    if (c->takes != SIZE_MAX)
        c->takes -= n;
    c->sent_at = next_moment(conn);
    return (int64_t)n;
}

static void want(struct net_conn *conn, unsigned events)
{
    ((struct client *)conn)->wanted = events;
}

static void close_conn(struct net_conn *conn)
{
    struct client *c = (struct client *)conn;

    c->open = false;
    c->closed_at = next_moment(conn);
}

static void name(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    snprintf(out, NET_ADDRESS_MAX, "client:%d", conn->number);
}

static void usage(struct env *env, struct env_usage *out)
{
    (void)env;
    *out = (struct env_usage){ 0 };
}

static uint64_t mono_us(struct clock *clock)
{
    return list_item(clock, struct server_world, clock)->world.now_us;
}

static uint64_t wall_us(struct clock *clock)
{
    const struct server_world *w = list_item(clock, struct server_world, clock);

    return w->world.now_us + w->wall_ahead_us;
}

void server_world_init(struct server_world *w)
{
    memset(w, 0, sizeof *w);
    lsm_world_init(&w->world);
    w->net = (struct net){ .listen = listen_at,
                           .unlisten = unlisten,
                           .recv = recv_bytes,
                           .send = send_parts,
                           .want = want,
                           .close = close_conn,
                           .peer = name,
                           .local = name };
    w->clock = (struct clock){ wall_us, mono_us };
    w->world.env.clock = &w->clock;
    w->world.env.net = &w->net;
    w->world.now_us = (uint64_t)1 << 40;
    w->world.env.seed = 1;
    w->world.env.machine =
        (struct env_machine){ .memory_bytes = (uint64_t)1 << 30, .descriptors_max = 1000 };
    w->world.env.usage = usage;
    options_init(&w->options);
    mem_free(w->options.dir);
    w->options.dir = mem_strdup("/data");
    w->options.protected_mode = 0; /* its clients have names, not addresses */
    w->options.maxmemory = 16 << 20;
    w->options.segment_size = 256 * 1024;
    w->options.memtable_size = 256 * 1024;
    w->options.memtable_chunk_size = 16 * 1024;
}

void server_world_deinit(struct server_world *w)
{
    w->world.jobs = w->world.ran = NULL; /* a crash: what is under way ends with it */
    server_free(w->server);
    for (unsigned i = 0; i < w->client_count; i++) {
        buf_deinit(&w->clients[i].sent);
        buf_deinit(&w->clients[i].got);
    }
    options_deinit(&w->options);
    lsm_world_deinit(&w->world);
}

void server_world_start(struct server_world *w)
{
    char detail[256];
    struct err e = server_new(&w->world.env, &w->options, &w->server, detail);

    assert(!err_is(e));
    server_world_settle(w);
    assert(server_state(w->server) == SERVER_SERVING);
}

struct client *server_world_client(struct server_world *w)
{
    struct client *c = &w->clients[w->client_count++];

    assert(w->client_count <= CLIENTS_MAX);
    c->base.net = &w->net;
    c->base.number = (int)w->client_count;
    c->open = true;
    c->takes = SIZE_MAX;
    w->listener.on_accept(&w->listener, &c->base);
    return c;
}

static void add_argument(struct client *c, struct slice arg)
{
    buf_printf(&c->sent, "$%zu\r\n", arg.len);
    buf_append(&c->sent, arg);
    buf_append(&c->sent, slice_str("\r\n"));
}

void client_send(struct client *c, const char *line)
{
    size_t words = 1;

    for (const char *p = line; *p; p++)
        words += *p == ' ';
    buf_printf(&c->sent, "*%zu\r\n", words);
    for (const char *p = line;; p++) {
        size_t n = strcspn(p, " ");
        add_argument(c, slice_of(p, n));
        p += n;
        if (!*p)
            break;
    }
}

void client_send_set(struct client *c, const char *key, size_t size)
{
    char *value = mem_alloc(size);

    memset(value, 'v', size);
    buf_append(&c->sent, slice_str("*3\r\n$3\r\nSET\r\n"));
    add_argument(c, slice_str(key));
    add_argument(c, slice_of(value, size));
    mem_free(value);
}

const char *client_got(struct client *c, char *to, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < c->got.len && n + 1 < size; i++) {
        if (c->got.data[i] != '\n')
            to[n++] = c->got.data[i] == '\r' ? '|' : (char)c->got.data[i];
    }
    to[n] = '\0';
    c->got.len = 0;
    return to;
}

void server_world_turn(struct server_world *w)
{
    for (unsigned i = 0; i < w->client_count; i++) {
        struct client *c = &w->clients[i];
        unsigned events = c->wanted & (NET_WRITE | (c->sent.len ? NET_READ : 0u));
        if (c->open && events)
            c->base.on_ready(&c->base, events);
    }
    w->deadline = server_turn(w->server);
    assert(server_check(w->server, false));
}

static bool something_to_do(const struct server_world *w)
{
    bool to_do = w->deadline <= w->world.now_us;

    for (unsigned i = 0; i < w->client_count; i++) {
        const struct client *c = &w->clients[i];
        to_do |= c->open && c->sent.len && (c->wanted & NET_READ);
    }
    return to_do;
}

void server_world_settle(struct server_world *w)
{
    do {
        server_world_turn(w);
        while (lsm_world_step(&w->world))
            server_world_turn(w);
    } while (something_to_do(w));
}
