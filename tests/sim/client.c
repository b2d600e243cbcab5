/* client.c: what is pending is answered in order, or never. */
#include "sim/client.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void act(void *arg);
static void client_ask_as(struct client *c, struct op *op, const struct op *what);

static struct client *client_of(struct sim_peer *peer)
{
    return (struct client *)peer;
}

static bool code_is(struct slice error, const char *code)
{
    return error.len >= strlen(code) && memcmp(error.data, code, strlen(code)) == 0;
}

static void mark_policy(struct client *c, const struct op *op, bool asked)
{
    struct history *h = c->history;
    enum lsm_sync old = history_weakest(h, h->order, h->order);
    enum lsm_sync new = (enum lsm_sync)op->number;

    if (history_next_end(h, op->asked) < h->mark_count)
        return; /* that server is no more */
    history_mark(h, MARK_POLICY, asked && old < new ? old : new);
}

static void told(struct client *c, struct op *op, struct slice bytes, const struct sim_reply *r)
{
    char text[160];

    if (r->kind == SIM_REPLY_ERROR) {
        bool unknown = code_is(r->text, "UNCERTAIN");
        bool aborted = op->kind == OP_EXEC && code_is(r->text, "EXECABORT");

        if (op->kind == OP_SETUP || (!code_is(r->text, "LOADING") && !code_is(r->text, "MISCONF") &&
                                     !code_is(r->text, "OOM") && !unknown && !aborted &&
                                     !(c->history->damaged && code_is(r->text, "IOERR"))))
            sim_log_fail(c->log, "protocol", "%s answered -%.*s", op_describe(c->history, op, text),
                         (int)r->text.len, (const char *)r->text.data);
        c->refused++;
        history_told(c->history, op, unknown ? OP_UNKNOWN : OP_REFUSED);
        sim_log_line(c->log, "client %u: %s -%.*s", c->id, op_describe(c->history, op, text), 20,
                     (const char *)r->text.data);
        return;
    }
    if (!op_answer(c->history, op, bytes, r))
        sim_log_fail(c->log, "protocol", "%s answered \"%.*s\"", op_describe(c->history, op, text),
                     r->size > 40 ? 40 : (int)r->size, (const char *)bytes.data);
    history_told(c->history, op, OP_OK);
    if (op->kind == OP_CONFIG) {
        mark_policy(c, op, false);
        c->config_open = false;
    }
    sim_log_line(c->log, "client %u: %s", c->id, op_describe(c->history, op, text));
}

static void on_bytes(struct sim_peer *peer, struct slice bytes)
{
    struct client *c = client_of(peer);
    size_t at = 0;

    buf_append(&c->in, bytes);
    for (;;) {
        struct slice rest = slice_of(c->in.data + at, c->in.len - at);
        struct sim_reply r;
        int end = sim_reply_read(rest, &r);
        struct op *op;

        if (end == 0)
            break;
        if (end < 0 || c->pending_count == 0) {
            sim_log_fail(c->log, "protocol", "client %u got \"%.*s\"", c->id,
                         rest.len > 40 ? 40 : (int)rest.len, (const char *)rest.data);
            c->in.len = 0;
            return;
        }
        op = c->pending[0];
        memmove(c->pending, c->pending + 1, --c->pending_count * sizeof *c->pending);
        told(c, op, rest, &r);
        if (c->on_answer)
            c->on_answer(c, op, rest, &r);
        at += r.size;
    }
    memmove(c->in.data, c->in.data + at, c->in.len - at);
    c->in.len -= at;
}

static void on_gone(struct sim_peer *peer)
{
    struct client *c = client_of(peer);

    sim_log_line(c->log, "client %u: disconnected, %zu unanswered", c->id, c->pending_count);
    for (size_t i = 0; i < c->pending_count; i++)
        history_told(c->history, c->pending[i], OP_UNKNOWN);
    c->pending_count = 0;
    c->in.len = 0;
}

static void unpause(void *arg)
{
    sim_net_pause(arg, false);
}

static uint64_t think(struct client *c)
{
    if (prng_one_in(&c->prng, 40))
        return prng_below(&c->prng, 400000);
    return 1 + prng_below(&c->prng, c->workload->think_us);
}

static void be_rude(struct client *c)
{
    switch (prng_below(&c->prng, 3)) {
    case 0:
        sim_net_pause(&c->peer, true);
        sim_queue_add(c->queue, prng_below(&c->prng, 300000), unpause, &c->peer, c);
        break;
    case 1:
        sim_net_hang_up(&c->peer, prng_one_in(&c->prng, 2));
        on_gone(&c->peer);
        break;
    default:
        sim_net_break(&c->peer);
    }
}

/* Sends WATCH and GET, or a whole transaction. */
static void transact(struct client *c)
{
    struct history *h = c->history;
    struct op *op = history_op(h), *exec;

    op->db = (uint8_t)c->db;
    if (!c->watched && prng_one_in(&c->own, 2)) {
        struct op *get = history_op(h);

        op->kind = OP_WATCH;
        op->number = (int64_t)prng_below(&c->own, c->workload->keys);
        client_ask(c, op);
        get->kind = OP_GET;
        get->db = op->db;
        get->key_count = 1;
        get->keys[0] = (uint8_t)op->number;
        client_ask(c, get);
        c->watched = get;
        return;
    }
    op->kind = OP_QUEUE;
    client_ask(c, op);
    exec = workload_exec(c->workload, h, &c->own, c->db, c->watched);
    c->watched = NULL;
    for (unsigned i = 0; i < exec->sub_count; i++) {
        op = history_op(h);
        op->kind = OP_QUEUE;
        client_ask_as(c, op, exec->subs[i]);
    }
    client_ask(c, exec);
}

static void act(void *arg)
{
    struct client *c = arg;

    if (!c->active)
        return;
    sim_queue_add(c->queue, think(c), act, c, c);
    if (!c->peer.conn) {
        if (client_connect(c))
            client_select(c, (unsigned)prng_below(&c->prng, c->workload->dbs),
                          prng_one_in(&c->prng, 2) ? 3 : 2);
        return;
    }
    if (c->rude && prng_one_in(&c->prng, 30)) {
        be_rude(c);
        return;
    }
    if (c->pending_count > c->workload->depth && !prng_one_in(&c->prng, 8))
        return;
    if (c->transacts && c->pending_count + OP_SUBS + 2 < CLIENT_PENDING &&
        prng_one_in(&c->own, c->watched ? 3 : 8))
        transact(c);
    for (uint64_t n = 1 + prng_below(&c->prng, c->workload->depth); n-- > 0;) {
        if (c->pending_count < CLIENT_PENDING)
            client_ask(c, workload_op(c->workload, c->history, &c->prng, c->db,
                                      c->id == 1 && !c->config_open));
    }
    if (c->rude && prng_one_in(&c->prng, 60)) {
        sim_net_hang_up(&c->peer, true); /* in the middle of a command, likely */
        on_gone(&c->peer);
    }
}

void client_init(struct client *c, unsigned id, struct sim_queue *queue, struct sim_net *net,
                 struct sim_log *log, struct history *history, uint64_t seed)
{
    *c = (struct client){ .id = id, .queue = queue, .net = net, .log = log };
    c->history = history;
    c->peer.on_bytes = on_bytes;
    c->peer.on_gone = on_gone;
    prng_init(&c->prng, seed);
    prng_init(&c->own, seed ^ 0x6d756c7469);
    c->transacts = prng_one_in(&c->own, 2);
}

void client_deinit(struct client *c)
{
    sim_net_hang_up(&c->peer, true);
    sim_queue_cancel(c->queue, c);
    buf_deinit(&c->in);
}

void client_work(struct client *c, const struct workload *workload)
{
    c->workload = workload;
    if (c->active)
        return;
    c->active = true;
    c->config_open = false; /* the server is a new one */
    sim_queue_add(c->queue, think(c), act, c, c);
}

void client_rest(struct client *c)
{
    c->active = false;
    sim_queue_cancel(c->queue, c);
    sim_net_pause(&c->peer, false);
}

bool client_connect(struct client *c)
{
    if (c->peer.conn)
        return true;
    if (!sim_net_connect(c->net, &c->peer))
        return false;
    c->connection = ++c->history->order;
    c->watched = NULL;
    c->in.len = 0;
    c->pending_count = 0;
    return true;
}

void client_leave(struct client *c)
{
    if (!c->peer.conn)
        return;
    sim_net_hang_up(&c->peer, false);
    on_gone(&c->peer);
}

static void send_setup(struct client *c, struct slice bytes)
{
    struct op *op = history_op(c->history);

    op->kind = OP_SETUP;
    op->client = c->id;
    op->connection = c->connection;
    c->pending[c->pending_count++] = op;
    history_asked(c->history, op);
    sim_net_push(&c->peer, bytes);
}

void client_select(struct client *c, unsigned db, unsigned proto)
{
    struct buf bytes = { 0 };

    if (proto == 3) {
        sim_command_begin(&bytes, 2);
        sim_command_text(&bytes, "HELLO");
        sim_command_text(&bytes, "3");
        send_setup(c, buf_slice(&bytes));
        bytes.len = 0;
    }
    sim_command_begin(&bytes, 2);
    sim_command_text(&bytes, "SELECT");
    sim_command_int(&bytes, db);
    send_setup(c, buf_slice(&bytes));
    buf_deinit(&bytes);
    c->db = db;
}

/* The bytes of `what`, to which the answer is `op`'s. */
static void client_ask_as(struct client *c, struct op *op, const struct op *what)
{
    struct buf bytes = { 0 };

    op->client = c->id;
    op->connection = c->connection;
    c->pending[c->pending_count++] = op;
    history_asked(c->history, op);
    if (op->kind == OP_CONFIG) {
        mark_policy(c, op, true);
        c->config_open = true;
    }
    op_encode(c->history, what, &bytes);
    sim_net_push(&c->peer, buf_slice(&bytes));
    buf_deinit(&bytes);
}

void client_ask(struct client *c, struct op *op)
{
    client_ask_as(c, op, op);
}
