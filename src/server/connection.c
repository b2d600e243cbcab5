/* connection.c: the life of a connection: accepted, read, flushed, freed. */
#include "server/connection.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "server/blocked.h"
#include "server/input_room.h"
#include "server/outgoing.h"
#include "server/server_state.h"

enum { SEND_PARTS = 64 };

static void on_ready(struct net_conn *net, unsigned events)
{
    struct connection *conn = net->owner;

    if (events & NET_WRITE)
        connection_touch(conn);
    if (events & NET_READ)
        connection_wake(conn);
}

struct connection *connection_new(struct server *server, struct net_conn *net)
{
    struct connection *conn = mem_zalloc(1, sizeof *conn);
    struct instance *in = &server->instance;

    session_init(&conn->session, in);
    conn->server = server;
    conn->net = net;
    conn->session.net = net;
    net->owner = conn;
    net->on_ready = on_ready;
    list_init(&conn->ready);
    list_init(&conn->dirty);
    list_init(&conn->holding);
    list_init(&conn->parked);
    list_init(&conn->scarce);
    reader_init(&conn->reader, (size_t)in->options->proto_max_bulk_len);
    reply_init(&conn->out, &in->blocks, conn->session.proto);
    conn->wanted = NET_READ;
    net_want(net, NET_READ);
    in->stats.connections++;
    return conn;
}

void connection_free(struct connection *conn)
{
    struct block_pool *blocks = &conn->server->instance.blocks;

    net_close(conn->net);
    list_remove(&conn->ready);
    list_remove(&conn->dirty);
    list_remove(&conn->holding);
    connection_unpark(conn);
    list_remove(&conn->scarce);
    reply_clear(&conn->out);
    held_deinit(&conn->held);
    connection_forget_waiting(conn);
    incoming_free(conn);
    block_drop(blocks, conn->in);
    reader_deinit(&conn->reader);
    session_deinit(&conn->session);
    mem_free(conn);
}

void connection_touch(struct connection *conn)
{
    if (list_empty(&conn->dirty))
        list_push(&conn->server->dirty, &conn->dirty);
}

void connection_wake(struct connection *conn)
{
    if (list_empty(&conn->ready))
        list_push(&conn->server->ready, &conn->ready);
}

bool connection_must_drain(const struct connection *conn, size_t bytes)
{
    uint64_t all = conn->server->instance.blocks.used_bytes;

    if (all > server_blocks_max(conn->server))
        return bytes > 0;
    if (all > server_blocks_easy(conn->server))
        return bytes > LIMIT_OUTPUT_TIGHT;
    return bytes > LIMIT_OUTPUT_SOFT;
}

/* The same while calls wait: none of them lets no other start, and more may wait. */
static bool queue_is_open(const struct connection *conn)
{
    const struct queue *q = conn->queue;

    return !q->blocked && q->wanting == 0 && q->unsent + conn->held.calls <= LIMIT_PIPELINE &&
           conn->server->instance.waiting - conn->server->instance.blocked < LIMIT_WAITING &&
           !connection_must_drain(conn, conn->out.bytes + q->bytes);
}

bool connection_open(const struct connection *conn)
{
    return !conn->gone && conn->session.closing == SESSION_OPEN &&
           conn->server->instance.stop == STOP_NO && conn->held.calls <= LIMIT_PIPELINE &&
           list_empty(&conn->parked) && !(conn->incoming && incoming_waits(conn)) &&
           (conn->queue ? queue_is_open(conn) : !connection_must_drain(conn, conn->out.bytes));
}

void connection_refuse(struct connection *conn, const char *code, const char *text)
{
    struct reply *out = conn->queue ? queue_tail(conn->queue) : &conn->out;
    size_t before = out->bytes;

    reply_error(out, code, text);
    if (conn->queue)
        queue_ran(conn->queue, 0, conn->server->turn, out->bytes - before);
    else if (conn->held.count) /* behind replies that wait, it waits */
        held_add(&conn->held, 0, conn->server->turn, out->bytes - before);
    account_error(&conn->server->instance.account, code, 1);
    conn->session.closing = SESSION_CLOSE_AFTER_REPLY;
    connection_touch(conn);
}

void connection_release_input(struct connection *conn)
{
    if (conn->in && conn->in->len == conn->at) {
        block_drop(&conn->server->instance.blocks, conn->in);
        conn->in = NULL;
        conn->stalled = false;
    }
}

/* A block of at least `cap` bytes that begins with the unfinished command. */
static void move_to_block(struct connection *conn, size_t cap)
{
    struct block_pool *pool = &conn->server->instance.blocks;
    struct block *b = block_new(pool, cap);

    b->len = conn->in->len - conn->at;
    memcpy(b->data, conn->in->data + conn->at, b->len);
    block_drop(pool, conn->in);
    conn->in = b;
    conn->at = 0;
}

/* Makes room behind what was read.  A command that fills its block gets another only
 * when it is full, so that it is copied no more often than input_room() says. */
static bool make_room(struct connection *conn)
{
    struct instance *in = &conn->server->instance;
    size_t kept, need, cap;

    if (!conn->in) {
        conn->in = block_new(&in->blocks, BLOCK_SIZE);
        conn->at = 0;
        return true;
    }
    kept = conn->in->len - conn->at;
    need = conn->reader.need > kept ? conn->reader.need : kept + 1;
    if (conn->at + need <= conn->in->cap || (conn->at == 0 && kept < conn->in->cap))
        return true;
    cap = input_room(kept, need);
    if (conn->in->refs == 1 && /* no waiting call has its arguments there */
        (need <= conn->in->cap || cap <= conn->in->cap)) {
        memmove(conn->in->data, conn->in->data + conn->at, kept);
        conn->in->len = kept;
        conn->at = 0;
        return true;
    }
    if (cap > BLOCK_SIZE && instance_held_memory(in) + cap > in->memory_max) {
        connection_refuse(conn, "OOM", "command not allowed when used memory > 'maxmemory'.");
        return false;
    }
    move_to_block(conn, cap);
    return true;
}

/* What the socket said; there was room for `room` bytes. */
static void take_received(struct connection *conn, int64_t n, size_t room)
{
    struct instance *in = &conn->server->instance;

    if (n <= 0) {
        /* A client may end its half and still wait for replies. */
        if (n == NET_GONE && blocked_is(conn)) /* for replies that may never come, none waits */
            conn->gone = true;
        else if (n == NET_GONE)
            conn->session.closing = SESSION_CLOSE_AFTER_REPLY;
        connection_release_input(conn);
        return;
    }
    conn->got = (size_t)n;
    conn->more = (size_t)n == room;
    in->stats.net_input_bytes += (uint64_t)n;
    in->stats.reads++;
    conn->session.active_us = in->turn_mono_us;
}

/* A blocked client is read, though not served, as far as its block has room: else nobody
 * would notice that it has gone. */
static bool is_listened_to(const struct connection *conn)
{
    return conn->session.closing == SESSION_OPEN && !conn->gone && !conn->incoming &&
           blocked_is(conn) && (!conn->in || conn->in->len < conn->in->cap);
}

void connection_read(struct connection *conn)
{
    bool listens = is_listened_to(conn);
    size_t room;
    int64_t n;

    conn->more = false;
    conn->got = 0;
    if ((conn->stalled || !connection_open(conn)) && !listens)
        return;
    if (incoming_reads(conn)) {
        n = incoming_recv(conn, &room);
        if (n == 0)
            return;
        take_received(conn, n, room);
        return;
    }
    if ((!listens || !conn->in) && !make_room(conn))
        return;
    room = conn->in->cap - conn->in->len;
    account_stale(&conn->server->instance.account);
    n = net_recv(conn->net, conn->in->data + conn->in->len, room);
    if (n > 0)
        conn->in->len += (size_t)n;
    take_received(conn, n, room);
}

void connection_serve(struct connection *conn)
{
    size_t total = 0;

    connection_touch(conn);
    if (!conn->in)
        return;
    if (!connection_open(conn)) {
        conn->stalled = true; /* somebody served before it took the room */
        return;
    }
    connection_process(conn);
    /* Go on while the socket filled the block and a command is unfinished; else it
     * is others' turn. */
    while (conn->more && conn->in && total < LIMIT_READ) {
        connection_read(conn);
        if (!conn->in)
            return;
        if (!connection_open(conn)) {
            conn->stalled = true;
            return;
        }
        total += conn->got;
        connection_process(conn);
    }
}

static void want(struct connection *conn, unsigned events)
{
    if (conn->wanted != events) {
        conn->wanted = events;
        net_want(conn->net, events);
    }
}

void connection_send(struct connection *conn)
{
    struct slice parts[SEND_PARTS];

    while (conn->out.bytes > conn->held.bytes && !conn->gone) {
        size_t bytes = conn->out.bytes - conn->held.bytes;
        unsigned count = reply_parts(&conn->out, bytes, parts, SEND_PARTS);
        int64_t n = count ? net_send(conn->net, parts, count) : NET_AGAIN;

        if (n == NET_AGAIN)
            return;
        if (n <= 0) {
            conn->gone = true;
            return;
        }
        reply_take(&conn->out, (size_t)n);
        conn->session.active_us = conn->server->instance.turn_mono_us;
        conn->server->instance.stats.net_output_bytes += (uint64_t)n;
        conn->server->instance.stats.writes++;
    }
}

bool connection_flush(struct connection *conn)
{
    unsigned events = 0;
    struct slice part;

    connection_send(conn);
    outgoing_ask(conn);
    if (conn->gone)
        return false;
    if (conn->session.closing && conn->out.bytes == 0 && !conn->queue)
        return false;
    if (conn->held.count == 0)
        list_remove(&conn->holding);
    if (reply_parts(&conn->out, conn->out.bytes - conn->held.bytes, &part, 1) > 0)
        events |= NET_WRITE;
    if (connection_open(conn)) {
        events |= NET_READ;
        if (conn->stalled)
            connection_wake(conn);
    } else if (is_listened_to(conn)) {
        events |= NET_READ;
    }
    want(conn, events);
    return true;
}

bool connection_check(const struct connection *conn)
{
    return held_check(&conn->held, &conn->out) && reply_check(&conn->out) &&
           (!conn->queue || (conn->queue->count && queue_check(conn->queue))) &&
           (!conn->queue || !list_empty(&conn->queue->link)) &&
           (conn->held.count == 0 || !list_empty(&conn->holding)) &&
           (!conn->in || conn->at <= conn->in->len);
}
