/* incoming.c: from READER_BULK to an argument of the call. */
#include "server/incoming.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/command.h"
#include "node/intake.h"
#include "server/server_state.h"

struct incoming {
    struct intake *intake;
    uint32_t arg;
    size_t head; /* where its header begins, and its bytes, in the command */
    size_t begin;
    size_t left; /* bytes that have not come */
    size_t piece_max;
    bool waits;
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
    in->intake =
        intake_new(node_lsm(s->instance.node), conn->session.db, key, in->piece_max, on_news, conn);
    s->instance.incoming_bytes += in->piece_max;
    conn->incoming = in;
    return INCOMING_BEGUN;
}

/* --- bytes */

/* Room for bytes of it, or NULL: it waits. */
static uint8_t *room(struct incoming *in, size_t *n)
{
    uint8_t *to = intake_room(in->intake, n);

    in->waits = !to;
    if (to && *n > in->left)
        *n = in->left;
    return to;
}

static void took(struct incoming *in, size_t n)
{
    in->left -= n;
    intake_took(in->intake, n);
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
    struct call_large *l = intake_finish(in->intake, in->arg);

    l->next = conn->large;
    conn->large = l;
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
    intake_end(in->intake);
    in->waits = !intake_settled(in->intake);
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
    intake_free(in->intake);
    mem_free(in);
    conn->incoming = NULL;
}
