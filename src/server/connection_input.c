/* connection_input.c: from bytes to calls that have run.
 *
 * Calls are parsed up to LIMIT_BATCH ahead, so that their keys' cells can be
 * brought into the cache together, then run one by one.  A call that may not run
 * yet leaves its bytes where they are: they are parsed again. */
#include <string.h>

#include "base/mem.h"
#include "cell/position.h"
#include "node/intake.h"
#include "server/server_state.h"
#include "session/consistency.h"

enum {
    PEEK_MAX = 512, /* more than this is a pipeline, whose batches look ahead themselves */
    SEND_EARLY = 128 * 1024,
    ROOM_AHEAD = 8 * 1024, /* bytes the log is asked for at a time */
};

enum parse_end {
    PARSE_MORE,   /* the rest is not whole */
    PARSE_FULL,   /* there may be more calls behind the batch */
    PARSE_BULK,   /* the next call has an argument that may come in pieces */
    PARSE_BROKEN, /* the reader has an error behind the batch */
};

struct batch {
    size_t count;
    size_t args;
    size_t at;      /* behind the last call, and empty lines after it */
    size_t room;    /* bytes that its writes may take in the log: it has said so */
    bool is_inline; /* the reader owns the last call's arguments */
    enum parse_end end;
};

static void args_room(struct server *s, size_t more)
{
    if (more <= s->args_cap)
        return;
    s->args_cap = more + more / 2;
    s->args = mem_realloc(s->args, s->args_cap * sizeof *s->args);
}

static void take_call(struct connection *conn, struct slice bytes, struct batch *b)
{
    struct server *s = conn->server;
    struct call *c = &s->calls[b->count];

    args_room(s, b->args + conn->reader.count);
    reader_args(&conn->reader, bytes, s->args + b->args);
    *c = (struct call){ .argc = conn->reader.count, .reply = &conn->out };
    b->args += c->argc;
    s->ends[b->count++] = b->at;
    b->is_inline = conn->reader.phase == READER_AT_INLINE;
}

static void parse_batch(struct connection *conn, struct batch *b)
{
    struct server *s = conn->server;
    size_t most = conn->session.authenticated ? LIMIT_BATCH : 1; /* AUTH widens the limits */

    *b = (struct batch){ .at = conn->at };
    conn->reader.authenticated = conn->session.authenticated;
    conn->reader.bulk_max = (size_t)s->instance.options->proto_max_bulk_len;
    conn->reader.bulk_min = (size_t)s->instance.options->value_chunk_size + 1;
    while (b->count < most && !b->is_inline) {
        struct slice bytes = slice_of(conn->in->data + b->at, conn->in->len - b->at);
        enum reader_end end = bytes.len ? reader_step(&conn->reader, bytes) : READER_MORE;

        if (end == READER_MORE || end == READER_ERROR || end == READER_BULK) {
            b->end = end == READER_MORE   ? PARSE_MORE
                     : end == READER_BULK ? PARSE_BULK
                                          : PARSE_BROKEN;
            break;
        }
        b->at += conn->reader.used;
        if (end == READER_COMMAND)
            take_call(conn, bytes, b);
        else if (b->count)
            s->ends[b->count - 1] = b->at;
        else
            conn->at = b->at;
        if (!b->is_inline)
            reader_next(&conn->reader);
        b->end = PARSE_FULL;
    }
    for (size_t i = 0, at = 0; i < b->count; i++) {
        struct call *c = &s->calls[i];
        c->argv = s->args + at;
        at += c->argc;
        c->row = command_find(s->instance.commands, c->argv[0]);
        if (c->row && (c->row->flags & CMD_PREFIX))
            consistency_unwrap(&conn->session, c);
    }
}

/* The first key among the arguments the reader holds. */
static bool first_key(struct connection *conn, struct slice bytes, struct lsm_coming *key)
{
    struct server *s = conn->server;
    const struct command *row;

    args_room(s, conn->reader.count);
    reader_args(&conn->reader, bytes, s->args);
    row = command_find(s->instance.commands, s->args[0]);
    if (!row || row->keys.first <= 0 || (uint32_t)row->keys.first >= conn->reader.count)
        return false;
    *key = node_coming(row, position_of(s->args[row->keys.first]));
    return true;
}

bool connection_peek(struct connection *conn, struct lsm_coming *key)
{
    struct slice bytes;
    enum reader_end end;
    bool found;

    if (!conn->in || conn->reader.phase != READER_AT_START || !connection_open(conn))
        return false;
    bytes = slice_of(conn->in->data + conn->at, conn->in->len - conn->at);
    if (bytes.len == 0 || bytes.len > PEEK_MAX)
        return false;
    conn->reader.authenticated = conn->session.authenticated;
    conn->reader.bulk_max = (size_t)conn->server->instance.options->proto_max_bulk_len;
    end = reader_step(&conn->reader, bytes);
    if (end == READER_MORE || end == READER_BULK)
        return false; /* the batch goes on where this stopped */
    found = end == READER_COMMAND && first_key(conn, bytes, key);
    reader_next(&conn->reader);
    return found;
}

void connection_unpark(struct connection *conn)
{
    if (!list_empty(&conn->parked) && !conn->parked_aside)
        conn->server->stalling--;
    list_remove(&conn->parked);
}

bool connection_unparks(const struct connection *conn, size_t bytes)
{
    const struct lsm *lsm = node_lsm(conn->server->instance.node);

    return lsm_state(lsm) != LSM_READY || lsm_can_put(lsm, bytes);
}

/* The log is well but cannot take this write yet, or others wait for it already. */
static bool must_park(struct connection *conn, const struct call *c, size_t bytes, size_t *room)
{
    struct server *s = conn->server;
    bool behind;

    bytes = session_writes(&conn->session, c, bytes + c->argc * 16);
    if (bytes <= *room) {
        *room -= bytes;
        return false;
    }
    behind = !s->unparking && !list_empty(&s->parked);
    if (!behind && connection_unparks(conn, bytes + ROOM_AHEAD)) {
        *room = ROOM_AHEAD;
        return false;
    }
    if (!behind && connection_unparks(conn, bytes))
        return false;
    conn->parked_for = bytes;
    conn->parked_aside = false;
    return true;
}

/* Redis's guard against web pages that speak to a local port: what begins as an
 * HTTP request is cut off unanswered. */
static bool is_http(const struct call *c)
{
    return !c->row && (call_arg_is(c, 0, "post") || call_arg_is(c, 0, "host:"));
}

/* CLIENT PAUSE keeps the call, or too much waits to be told already for one that publishes. */
static bool held_up(struct connection *conn, const struct call *c)
{
    struct server *s = conn->server;
    const struct command *row = c->row;

    if (row && row->subs && c->argc > 1)
        row = command_find_sub(row, c->argv[1]);
    if (!row || !command_arity_ok(row, c->argc) || !conn->session.authenticated)
        return false; /* it is an error now as well as then */
    conn->parked_aside = true;
    if (session_paused(&conn->session, row))
        list_push(&s->held_up, &conn->parked);
    else if ((s->instance.special & INSTANCE_CROWDED) &&
             ((row->flags & CMD_PUBSUB) || session_exec_publishes(&conn->session, row)))
        list_push(&s->parked, &conn->parked);
    return !list_empty(&conn->parked);
}

/* What came in pieces was written.  False: replied. */
static bool large_is_there(struct session *s, struct call *c)
{
    if (intake_is_whole(c))
        return true;
    session_refuse(s, c);
    return false;
}

static void run_call(struct connection *conn, struct call *c)
{
    struct server *s = conn->server;
    size_t before = conn->out.bytes;
    uint64_t errors = conn->out.errors;
    enum call_end end = CALL_DONE;
    bool attends;

    if (session_admit(&conn->session, c) && (!c->large || large_is_there(&conn->session, c)) &&
        !session_queues(&conn->session, c))
        end = account_run(&s->instance.account, s->instance.node, c, &conn->out, errors);
    else
        account_rejected(&s->instance.account, c, conn->out.errors - errors);
    conn->session.commands++;
    if (end != CALL_DONE) {
        reply_cut_to(&conn->out, before, errors);
        connection_wait(conn, c, end);
        return;
    }
    if (c->large)
        call_drop_large(c);
    attends = connection_attends(conn);
    if (attends && connection_quiet(conn, c)) {
        reply_cut_to(&conn->out, before, conn->out.errors);
    } else if (c->gate > node_acked(s->instance.node) || conn->held.count) {
        held_add(&conn->held, c->gate, s->turn, conn->out.bytes - before);
        connection_hold(conn);
    }
    if (attends)
        connection_after(conn, c, CALL_DONE);
    session_done(&conn->session, c);
}

/* Runs the calls in order as far as they may run.  Returns how many did. */
static size_t run_batch(struct connection *conn, struct batch *b)
{
    struct server *s = conn->server;

    node_prepare(s->instance.node, s->calls, b->count);
    for (size_t i = 0; i < b->count; i++) {
        struct call *c = &s->calls[i];

        if (!connection_open(conn) || (conn->queue && !queue_admits(conn->queue, c)))
            return i;
        if (s->instance.special && held_up(conn, c))
            return i;
        if (must_park(conn, c, s->ends[i] - conn->at, &b->room)) {
            list_push(&s->parked, &conn->parked);
            s->stalling++;
            return i;
        }
        if (is_http(c)) {
            trace_log(s->instance.env->trace, TRACE_WARNING,
                      "client %llu speaks HTTP on the RESP port: cut off",
                      (unsigned long long)conn->session.id);
            conn->gone = true;
            return i;
        }
        c->large = conn->large; /* of the first, if there is one */
        conn->large = NULL;
        if (conn->queue)
            connection_run_beside(conn, c);
        else
            run_call(conn, c);
        conn->at = s->ends[i];
    }
    return b->count;
}

static void protocol_error(struct connection *conn)
{
    struct instance *in = &conn->server->instance;
    char peer[NET_ADDRESS_MAX];

    net_peer(conn->net, peer);
    trace_log(in->env->trace, TRACE_VERBOSE, "client %llu at %s: %s",
              (unsigned long long)conn->session.id, peer, conn->reader.error);
    connection_refuse(conn, "ERR", conn->reader.error);
}

/* The call behind the batch, which is the first now, has a large argument.  False: it
 * has to wait. */
static bool take_bulk(struct connection *conn)
{
    switch (incoming_begin(conn)) {
    case INCOMING_WHOLE:
        reader_whole(&conn->reader);
        return true;
    case INCOMING_BEGUN:
        return incoming_go_on(conn);
    case INCOMING_LATER:
        conn->stalled = true;
        return false;
    case INCOMING_REFUSED:
        break;
    }
    return false;
}

/* Blocks that are used again at once stay in the cache. */
static void send_early(struct connection *conn)
{
    connection_send(conn);
    account_stale(&conn->server->instance.account);
}

/* What follows a batch all of whose calls ran.  False: nothing, until more comes. */
static bool go_on_behind(struct connection *conn, const struct batch *b)
{
    if (conn->out.bytes - conn->held.bytes > SEND_EARLY)
        send_early(conn);
    switch (b->end) {
    case PARSE_FULL:
        return true;
    case PARSE_BULK:
        return b->count > 0 || take_bulk(conn);
    case PARSE_BROKEN:
        protocol_error(conn);
        return false;
    case PARSE_MORE:
        break;
    }
    return false;
}

/* Runs batch after batch; sets `stalled` if whole commands may be left. */
static void run_all(struct connection *conn)
{
    struct batch b;
    size_t ran;

    do {
        conn->stalled = !connection_open(conn);
        if (conn->stalled)
            return;
        parse_batch(conn, &b);
        account_batch(&conn->server->instance.account);
        ran = run_batch(conn, &b);
        account_settle(&conn->server->instance.account);
        if (b.is_inline)
            reader_next(&conn->reader);
        if (ran < b.count || (b.end == PARSE_BROKEN && !connection_open(conn))) {
            reader_next(&conn->reader); /* the rest is parsed again, from conn->at */
            conn->stalled = true;
            return;
        }
    } while (go_on_behind(conn, &b));
}

void connection_process(struct connection *conn)
{
    conn->stalled = false;
    if (!conn->incoming || incoming_go_on(conn))
        run_all(conn);
    connection_release_input(conn);
}
