/* incoming.c: from READER_BULK to an upload that is ready. */
#include "server/incoming.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/command.h"
#include "server/server_state.h"

/* An argument that has come. */
struct large {
    struct call_large base; /* first: the call has a pointer to it */
    struct upload *upload;
    struct err err;
};

struct incoming {
    struct upload *upload;
    uint32_t arg;
    size_t head; /* where its header begins, and its bytes, in the command */
    size_t begin;
    size_t left; /* bytes that have not come */
    uint8_t *piece;
    size_t piece_len;
    size_t piece_max;
    bool waits;
    bool ended;
};

static bool takes_pieces(const struct command *row, uint32_t arg)
{
    int first = row->values.first, last = row->values.last, i = (int)arg;

    return first > 0 && i >= first && (last < 0 || i <= last) &&
           (i - first) % row->values.step == 0;
}

static void on_news(void *owner)
{
    struct connection *conn = owner;

    conn->incoming->waits = false;
    conn->stalled = true;
    connection_touch(conn); /* which wakes it, if it may go on */
}

/* The row, if nothing is known to stand against the command; and its key. */
static const struct command *look(struct connection *conn, struct slice *key)
{
    struct server *s = conn->server;
    struct slice bytes = slice_of(conn->in->data + conn->at, conn->in->len - conn->at);
    const struct reader *r = &conn->reader;
    struct slice *args = mem_alloc((r->count + 1) * sizeof *args);
    const struct command *row = NULL;
    uint32_t before = r->count - 1;

    /* What MULTI queues may be changed by what is queued behind it: it is read whole. */
    if (r->count > 1 && conn->session.authenticated && !conn->session.multi &&
        lsm_state(node_lsm(s->instance.node)) == LSM_READY) {
        reader_args(r, bytes, args);
        row = command_find(s->instance.commands, args[0]);
        if (row && !takes_pieces(row, r->count))
            row = NULL;
        /* SET key value, SETEX key time value, MSET key value key value */
        *key = args[row && row->values.last > 0 ? 1 : before];
    }
    mem_free(args);
    return row && key->len <= LIMIT_KEY ? row : NULL;
}

enum incoming_begin incoming_begin(struct connection *conn)
{
    struct server *s = conn->server;
    struct incoming *in;
    struct slice key;

    assert(!conn->incoming);
    if (!look(conn, &key))
        return INCOMING_WHOLE;
    if (conn->queue) {
        queue_block(conn->queue);
        return INCOMING_LATER;
    }
    if (instance_held_memory(&s->instance) + (uint64_t)s->instance.options->value_chunk_size >
        s->instance.memory_max) {
        connection_refuse(conn, "OOM", "command not allowed when used memory > 'maxmemory'.");
        return INCOMING_REFUSED;
    }
    assert(conn->in->refs == 1); /* no waiting call has arguments there */
    in = mem_alloc(sizeof *in);
    *in = (struct incoming){ .arg = conn->reader.count,
                             .head = conn->reader.bulk_at,
                             .begin = conn->reader.used,
                             .left = (size_t)conn->reader.bulk_len,
                             .piece_max = (size_t)s->instance.options->value_chunk_size };
    in->upload = upload_begin(node_lsm(s->instance.node), conn->session.db, key, on_news, conn);
    s->instance.incoming_bytes += in->piece_max;
    conn->incoming = in;
    return INCOMING_BEGUN;
}

/* --- bytes */

/* A piece with room, or NULL: it waits. */
static uint8_t *room(struct incoming *in, size_t *n)
{
    if (!in->piece) {
        if (!upload_room(in->upload) && !err_is(upload_error(in->upload))) {
            in->waits = true;
            return NULL;
        }
        in->piece = mem_alloc(in->piece_max);
        in->piece_len = 0;
    }
    *n = in->piece_max - in->piece_len;
    if (*n > in->left)
        *n = in->left;
    return in->piece + in->piece_len;
}

/* A piece that is full, or the last, goes; if the upload has failed, nowhere. */
static void took(struct incoming *in, size_t n)
{
    in->piece_len += n;
    in->left -= n;
    if (in->piece_len < in->piece_max && in->left > 0)
        return;
    if (err_is(upload_error(in->upload)))
        mem_free(in->piece);
    else
        upload_add(in->upload, mem_realloc(in->piece, in->piece_len), in->piece_len);
    in->piece = NULL;
}

/* What the block has of it. */
static void take_from_block(struct connection *conn, struct incoming *in)
{
    struct block *b = conn->in;
    size_t at = conn->at + in->begin, end = at, n;
    uint8_t *to;

    while (end < b->len && in->left > 0 && (to = room(in, &n)) != NULL) {
        n = n < b->len - end ? n : b->len - end;
        memcpy(to, b->data + end, n);
        end += n;
        took(in, n);
    }
    memmove(b->data + at, b->data + end, b->len - end);
    b->len -= end - at;
}

bool incoming_reads(const struct connection *conn)
{
    const struct incoming *in = conn->incoming;

    return in && in->left > 0 && conn->in->len == conn->at + in->begin;
}

bool incoming_waits(const struct connection *conn)
{
    return conn->incoming && conn->incoming->waits;
}

int64_t incoming_recv(struct connection *conn, size_t *max)
{
    struct incoming *in = conn->incoming;
    uint8_t *to = room(in, max);
    int64_t n;

    if (!to)
        return 0;
    n = net_recv(conn->net, to, *max);
    if (n > 0)
        took(in, (size_t)n);
    return n;
}

/* --- the end */

static void drop_large(struct call_large *l)
{
    struct large *large = (struct large *)l;

    upload_free(large->upload);
    mem_free(large);
}

/* "$536870912\r\n" and nothing becomes "$0\r\n" and nothing. */
static void cut_out(struct connection *conn, const struct incoming *in)
{
    uint8_t *command = conn->in->data + conn->at;
    size_t less = in->begin - in->head - 4;

    memmove(command + less, command, in->head);
    memcpy(command + less + in->head, "$0\r\n", 4);
    conn->at += less;
    reader_next(&conn->reader);
}

static void finish(struct connection *conn)
{
    struct incoming *in = conn->incoming;
    struct large *l = mem_zalloc(1, sizeof *l);

    l->err = upload_error(in->upload);
    l->upload = in->upload;
    l->base = (struct call_large){ .next = conn->large, .arg = in->arg, .drop = drop_large };
    if (!err_is(l->err))
        l->base.parts = upload_parts(in->upload);
    conn->large = &l->base;
    cut_out(conn, in);
    conn->incoming = NULL;
    conn->server->instance.incoming_bytes -= in->piece_max;
    mem_free(in);
}

bool incoming_go_on(struct connection *conn)
{
    struct incoming *in = conn->incoming;

    if (in->left > 0)
        take_from_block(conn, in);
    if (in->left > 0)
        return false;
    if (!in->ended) {
        in->ended = true;
        upload_end(in->upload);
    }
    in->waits = !upload_ready(in->upload) && !err_is(upload_error(in->upload));
    if (in->waits)
        return false;
    finish(conn);
    return true;
}

void incoming_free(struct connection *conn)
{
    struct incoming *in = conn->incoming;
    struct call rest = { .large = conn->large };

    call_drop_large(&rest);
    conn->large = NULL;
    if (!in)
        return;
    conn->server->instance.incoming_bytes -= in->piece_max;
    upload_free(in->upload);
    mem_free(in->piece);
    mem_free(in);
    conn->incoming = NULL;
}

bool incoming_failed(const struct call *c, struct err *e)
{
    for (const struct call_large *l = c->large; l; l = l->next) {
        *e = ((const struct large *)l)->err;
        if (err_is(*e))
            return true;
    }
    return false;
}
