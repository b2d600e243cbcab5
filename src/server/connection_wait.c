/* connection_wait.c: calls of a connection that wait for the disk: how they leave
 * the stack, go on, and give their replies up. */
#include <assert.h>

#include "node/request.h"
#include "server/blocked.h"
#include "server/server_state.h"
#include "session/memory.h"

enum { FETCH_SHARE = 4 }; /* of maxmemory, for one call */

/* The log position a reply has to wait for; 0: none. */
static uint64_t gate_of(const struct server *s, const struct call *c)
{
    return c->gate > node_acked(s->instance.node) ? c->gate : 0;
}

void connection_hold(struct connection *conn)
{
    if (conn->held.count && list_empty(&conn->holding))
        list_push(&conn->server->holding, &conn->holding);
}

static void on_fetched(struct fetch *f)
{
    struct waiting *w = list_item(f, struct waiting, fetch);
    struct connection *conn = w->owner;

    list_push(&conn->server->resumed, &w->resumed);
}

/* Whoever is alone may read whatever it needs. */
static bool reads_fit(const struct server *s, uint64_t bytes)
{
    const struct lsm_stats *lsm = lsm_stats(node_lsm(s->instance.node));

    return lsm->reading_bytes == 0 ||
           lsm->reading_bytes + lsm->pinned_bytes + bytes <= memory_reads(s->instance.memory_max);
}

bool connection_may_read(const struct waiting *w, bool *fits)
{
    const struct connection *conn = w->owner;
    bool first = w->link.prev == &conn->queue->calls;

    *fits = reads_fit(conn->server, w->wants);
    return *fits &&
           !connection_must_drain(conn, conn->out.bytes + (first ? 0 : conn->queue->bytes));
}

/* What calls read stays in memory until they are done with it: those beyond a share of it
 * take turns, with what they have read so far.  `turn`: this one's has come. */
static void read_or_wait(struct server *s, struct waiting *w, bool turn)
{
    struct connection *conn = w->owner;
    uint64_t wants = node_wants(s->instance.node);

    if ((turn || !s->reads_short) && reads_fit(s, wants)) {
        node_fetch(s->instance.node, &w->call, &w->fetch);
        return;
    }
    node_wait(s->instance.node, &w->call);
    w->wants = wants;
    conn->queue->wanting++;
    s->reads_short = true;
    list_push(&s->wanting, &w->resumed);
}

static void go_on_waiting(struct server *s, struct waiting *w, enum call_end end, bool turn)
{
    if (end == CALL_WANT) {
        read_or_wait(s, w, turn);
        return;
    }
    node_pause(s->instance.node, &w->call, &w->fetch);
    if (end == CALL_BLOCK) {
        struct connection *conn = w->owner;
        blocked_add(s, w);
        queue_overtake(conn->queue, &conn->out, &conn->held);
        connection_hold(conn);
        connection_touch(conn);
        return;
    }
    list_push(end == CALL_SAVE   ? &s->saving
              : end == CALL_ROOM ? &s->burying
              : end == CALL_TLS  ? &s->changing
                                 : &s->slices,
              &w->resumed);
}

void connection_wait(struct connection *conn, struct call *c, enum call_end end)
{
    struct server *s = conn->server;
    struct waiting *w;

    if (connection_attends(conn)) {
        c->quiet = connection_quiet(conn, c);
        connection_after(conn, c, end);
    }
    if (!conn->queue) {
        conn->queue = queue_new(conn);
        list_push(&s->queues, &conn->queue->link);
    }
    w = queue_add(conn->queue, c, conn->in, &s->instance.blocks);
    w->owner = conn;
    s->instance.waiting++;
    fetch_init(&w->fetch, on_fetched);
    go_on_waiting(s, w, end, false);
}

void connection_run_beside(struct connection *conn, struct call *c)
{
    struct server *s = conn->server;
    struct reply *out = queue_tail(conn->queue);
    size_t before = out->bytes;
    uint64_t errors = out->errors;
    enum call_end end = CALL_DONE;
    bool attends;

    assert(!c->large); /* nothing waits when such a call comes */
    c->reply = out;
    conn->session.commands++;
    if (session_admit(&conn->session, c) && !session_queues(&conn->session, c))
        end = account_run(&s->instance.account, s->instance.node, c, out, errors);
    else
        account_rejected(&s->instance.account, c, out->errors - errors);
    if (end != CALL_DONE) {
        reply_cut_to(out, before, errors);
        connection_wait(conn, c, end);
        return;
    }
    attends = connection_attends(conn);
    if (attends && connection_quiet(conn, c))
        reply_cut_to(out, before, out->errors);
    else
        queue_ran(conn->queue, gate_of(s, c), s->turn, out->bytes - before);
    if (attends)
        connection_after(conn, c, CALL_DONE);
    session_done(&conn->session, c);
}

void connection_forget_waiting(struct connection *conn)
{
    struct instance *in = &conn->server->instance;

    if (conn->queue)
        in->waiting -= conn->queue->count;
    queue_free(conn->queue, &in->blocks);
    conn->queue = NULL;
}

/* The reply of `w` is whole. */
static void finish(struct connection *conn, struct waiting *w)
{
    struct server *s = conn->server;
    uint64_t gate = gate_of(s, &w->call);
    bool again;

    call_drop_large(&w->call);
    s->instance.waiting--;
    if (connection_attends(conn))
        connection_after(conn, &w->call, CALL_DONE);
    session_done(&conn->session, &w->call);
    if (w->call.quiet) {
        reply_clear(&w->reply);
        gate = 0;
    }
    again = queue_finish(conn->queue, w, gate, s->turn, &conn->out, &conn->held);
    held_release(&conn->held, node_acked(s->instance.node));
    connection_hold(conn);
    if (conn->queue->count == 0) {
        queue_free(conn->queue, &s->instance.blocks);
        conn->queue = NULL;
    }
    if (again)
        connection_wake(conn);
    connection_touch(conn);
}

static void log_unreadable(struct server *s, const struct waiting *w)
{
    struct instance *in = &s->instance;

    if (in->turn_mono_us < s->unreadable_said_at)
        return;
    s->unreadable_said_at = in->turn_mono_us + UNREADABLE_EVERY_US;
    trace_log(in->env->trace, TRACE_WARNING,
              "'%s' answered -IOERR: %s (%llu calls so far; said once a second at most)",
              command_full_name(w->call.row), w->fetch.err.what,
              (unsigned long long)node_stats(in->node)->fetch_errors);
}

/* The log was full when it came, or has filled up meanwhile. */
static bool log_is_full(const struct server *s, const struct waiting *w)
{
    struct lsm *lsm = node_lsm(s->instance.node);
    size_t bytes = 0;

    for (uint32_t i = 0; i < w->call.argc; i++)
        bytes += w->call.argv[i].len + 16;
    bytes = session_writes(w->call.session, &w->call, bytes);
    return bytes && lsm_state(lsm) == LSM_READY && !lsm_can_put(lsm, bytes);
}

/* What slices have found is held like replies; what must be read for one call before it
 * can run, its keys' cells above all, is a part of memory at most.  False: replied. */
static bool memory_left(const struct server *s, struct waiting *w)
{
    if ((!w->call.gather || s->instance.blocks.used_bytes <= server_blocks_max(s)) &&
        fetch_bytes(&w->fetch) <= s->instance.memory_max / FETCH_SHARE)
        return true;
    reply_error(&w->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
    return false;
}

void connection_resume(struct waiting *w)
{
    struct connection *conn = w->owner;
    struct server *s = conn->server;
    struct account *account = &s->instance.account;
    enum call_end end = CALL_DONE;
    bool turn = w->wants > 0;

    if (turn) {
        w->wants = 0;
        conn->queue->wanting--;
    }
    if (conn->gone) /* it ends within this turn, and its user perhaps has */
        return;
    if (s->instance.special && session_paused(&conn->session, w->call.row)) {
        list_push(&s->paused, &w->resumed);
        return;
    }
    if (log_is_full(s, w)) {
        list_push(&s->resumed, &w->resumed); /* in the turn that follows */
        return;
    }
    if (w->unblocked) {
        request_move(&w->call, CALL_FAILED);
        reply_error(&w->reply, "UNBLOCKED", "client unblocked via CLIENT UNBLOCK");
        account_gave_up(account, &w->call, 1);
    } else if (!session_admit_again(&conn->session, &w->call) || !memory_left(s, w)) {
        request_move(&w->call, CALL_FAILED);
        account_rejected(account, &w->call, w->reply.errors);
    } else {
        end = account_run_again(account, s->instance.node, &w->call, &w->fetch);
    }
    if (end != CALL_DONE) {
        reply_cut_to(&w->reply, 0, 0);
        if (connection_attends(conn))
            connection_after(conn, &w->call, end);
        go_on_waiting(s, w, end, turn);
        return;
    }
    if (err_is(w->fetch.err))
        log_unreadable(s, w);
    finish(conn, w);
}
