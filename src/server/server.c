/* server.c: the turn: read and run, commit, release, send. */
#include "server/server.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "server/blocked.h"
#include "server/measure.h"
#include "server/outgoing.h"
#include "server/server_state.h"
#include "session/acl.h"
#include "session/memory.h"

enum {
    STOP_WITHIN_US = 1000 * 1000, /* clients get their replies within this */
    COMMIT_EARLY = 1024 * 1024,   /* bytes of a turn's log */
    READ_GROUP = 16,
};

#define UNCERTAIN_TEXT "the log could not be written; this may or may not be there after a restart"

static void on_state(void *owner)
{
    struct server *s = owner;
    struct trace *trace = s->instance.env->trace;
    struct lsm *lsm = node_lsm(s->instance.node);
    const char *detail = "";
    struct err e = lsm_error(lsm, &detail);

    switch (lsm_state(lsm)) {
    case LSM_LOADING:
        break;
    case LSM_READY:
        if (s->state == SERVER_LOADING)
            trace_log(trace, TRACE_NOTICE, "Ready to accept connections");
        else if (s->state == SERVER_SERVING)
            trace_log(trace, TRACE_NOTICE, "The log can be written again");
        if (s->state == SERVER_LOADING)
            s->state = SERVER_SERVING;
        break;
    case LSM_NO_SPACE:
    case LSM_BROKEN:
        trace_log(trace, TRACE_WARNING, "Read-only: %s", detail);
        break;
    case LSM_FAILED:
        trace_log(trace, TRACE_WARNING, "Cannot load the data: %s (%s)", detail, e.what);
        s->state = SERVER_FAILED;
        break;
    case LSM_CLOSED:
        if (s->state != SERVER_FAILED)
            s->state = SERVER_STOPPED;
        break;
    }
}

/* What was acknowledged is released at the end of the turn that follows. */
static void on_acked(void *owner)
{
    (void)owner;
}

static void on_failed(void *owner, struct err e)
{
    struct server *s = owner;
    uint64_t acked = node_acked(s->instance.node);
    uint64_t calls = 0;

    list_for_each (at, &s->holding) {
        struct connection *conn = list_item(at, struct connection, holding);
        calls += held_fail(&conn->held, acked, &conn->out, UNCERTAIN_TEXT);
        multi_forget(&conn->session);
        connection_touch(conn);
    }
    list_for_each (at, &s->queues) {
        struct queue *q = list_item(at, struct queue, link);
        struct connection *conn = q->owner;
        calls += queue_fail(q, acked, UNCERTAIN_TEXT);
        multi_forget(&conn->session);
        connection_touch(conn);
    }
    watches_touch_all(node_watches(s->instance.node)); /* what was undone was seen perhaps */
    outbox_fail(s, acked);
    if (s->side)
        calls += s->side->fail(s->side, acked, UNCERTAIN_TEXT);
    account_error(&s->instance.account, "UNCERTAIN", calls);
    trace_log(s->instance.env->trace, TRACE_WARNING,
              "The log failed (%s): %llu calls answered -UNCERTAIN, their writes undone", e.what,
              (unsigned long long)calls);
}

static void move_all(struct list *from, struct list *to)
{
    while (!list_empty(from)) {
        struct list *first = from->next;
        list_remove(first);
        list_push(to, first);
    }
}

/* Whoever waits for it goes on in the turn that follows. */
void server_saved(struct server *s)
{
    move_all(&s->saving, &s->resumed);
}

/* What CLIENT PAUSE held up goes on when it has ended. */
static void end_pause(struct server *s)
{
    struct instance *in = &s->instance;

    if ((in->special & INSTANCE_PAUSED) && in->turn_mono_us >= in->paused_until_us)
        instance_unpause(in);
    if (in->special & INSTANCE_PAUSED)
        return;
    in->pausing = false;
    move_all(&s->held_up, &s->parked);
    move_all(&s->paused, &s->resumed);
}

/* The same for a change of certificates. */
static void on_tls_changed(void *owner)
{
    struct server *s = owner;

    while (!list_empty(&s->changing)) {
        struct list *first = s->changing.next;
        list_remove(first);
        list_push(&s->slices, first);
    }
}

static void on_saved(void *owner)
{
    server_saved(owner);
}

static void instance_start(struct server *s, struct env *env, struct options *options)
{
    struct instance *in = &s->instance;
    struct lsm_options lsm = {
        .dir = options->dir,
        .sync = (enum lsm_sync)options->appendfsync,
        .segment_size = (size_t)options->segment_size,
        .frame_max = (size_t)options->frame_size,
        .chunk_size = (size_t)memory_chunk(options, env),
        .memtable_size = (size_t)memory_memtable(options, env),
        .value_separation = (uint32_t)options->value_separation,
        .table_size = (size_t)options->table_size,
        .block_size = (size_t)options->table_block_size,
        .filter_bits = (unsigned)options->table_filter_bits,
        .compress = options->table_compression != 0,
        .cache_size = (size_t)memory_cache_first(options, env),
        .origin = 1,
        .force = options->force_start != 0,
    };
    struct lsm_hooks hooks = { s, on_state, on_acked, on_failed, on_saved };

    instance_begin(in, env, options);
    tls_change_init(&in->tls, env, on_tls_changed, s);
    in->node = node_new(env, &lsm, &hooks);
    topology_alone(&in->topology, lsm.origin, in->run_id);
    account_init(&in->account, in);
    in->startup_memory = instance_used_memory(in);
    in->events = node_events(in->node);
    instance_apply_options(in);
}

static bool check_options(const struct env *env, const struct options *o, char detail[256])
{
    struct buf why = { 0 };
    bool good = memory_check_disk((uint64_t)o->maxdisk, o, env, &why);

    snprintf(detail, 256, "maxdisk: %.*s", (int)why.len, (const char *)why.data);
    buf_deinit(&why);
    return good;
}

struct err server_new(struct env *env, struct options *options, struct server **out,
                      char detail[256])
{
    struct server *s;
    struct err e;

    *out = NULL;
    if (!check_options(env, options, detail))
        return err_make(ERR_INVALID, 0, "options that do not go together");
    s = mem_zalloc(1, sizeof *s);
    s->state = SERVER_LOADING;
    list_init(&s->ready);
    list_init(&s->dirty);
    list_init(&s->holding);
    list_init(&s->queues);
    list_init(&s->parked);
    list_init(&s->scarce);
    list_init(&s->resumed);
    list_init(&s->slices);
    list_init(&s->wanting);
    list_init(&s->burying);
    list_init(&s->saving);
    list_init(&s->blocked);
    list_init(&s->syncing);
    list_init(&s->paused);
    list_init(&s->held_up);
    outbox_init(&s->outbox);
    list_init(&s->changing);
    s->instance.env = env;
    s->instance.options = options;
    detail[0] = '\0';
    e = instance_prepare(&s->instance, detail) ? listeners_open(s, detail)
                                               : err_make(ERR_INVALID, 0, "users");
    if (err_is(e)) {
        listeners_close(s);
        instance_end(&s->instance);
        mem_free(s);
        return e;
    }
    instance_start(s, env, options);
    *out = s;
    return err_ok();
}

/* The connections of `list` as a ring of their own, so that those which come back
 * wait for the next turn. */
static void take_list(struct list *from, struct list *to)
{
    list_init(to);
    if (list_empty(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

/* Reads from a few clients and brings the cells of their first keys nearer, each
 * step for all of them, so that they wait for memory together. */
static size_t read_group(struct server *s, struct list *from, struct connection **group)
{
    struct lsm *lsm = node_lsm(s->instance.node);
    bool loaded = lsm_state(lsm) != LSM_LOADING;
    struct lsm_coming coming[READ_GROUP];
    size_t count = 0, keys = 0;

    while (count < READ_GROUP && !list_empty(from)) {
        struct connection *conn = list_item(from->next, struct connection, ready);
        list_remove(&conn->ready);
        connection_read(conn);
        group[count++] = conn;
    }
    for (size_t i = 0; loaded && count > 1 && i < count; i++) {
        if (connection_peek(group[i], &coming[keys]))
            keys++;
    }
    lsm_prefetch(lsm, coming, keys);
    return count;
}

/* A turn with much to write hands it over as it goes: the pool writes beside the
 * loop, and the buffers stay small enough to stay in the cache. */
static void commit_early(struct server *s)
{
    if (lsm_unwritten(node_lsm(s->instance.node)) <= COMMIT_EARLY)
        return;
    node_commit(s->instance.node);
    account_stale(&s->instance.account);
    s->turn++; /* what comes is held apart */
}

static void serve_ready(struct server *s)
{
    struct connection *group[READ_GROUP];
    struct list now;

    take_list(&s->ready, &now);
    while (!list_empty(&now)) {
        size_t count = read_group(s, &now, group);
        for (size_t i = 0; i < count; i++) {
            connection_serve(group[i]);
            commit_early(s);
        }
    }
}

/* Calls whose cells have come, or whose next slice has; before new ones, which came
 * later. */
static void serve_resumed(struct server *s, struct list *from)
{
    struct list now;

    take_list(from, &now);
    while (!list_empty(&now)) {
        struct waiting *w = list_item(now.next, struct waiting, resumed);
        list_remove(&w->resumed);
        connection_resume(w);
        commit_early(s);
    }
}

/* Those whose next write the log could not take try again, in order of arrival; what
 * they sent is not looked at before the log has room for it, however many they are. */
static void serve_parked(struct server *s)
{
    struct list *last = s->parked.prev, *next;
    bool end = list_empty(&s->parked);

    s->thinned = false;
    s->unparking = true;
    for (struct list *at = s->parked.next; !end; at = next) {
        struct connection *conn = list_item(at, struct connection, parked);
        next = at->next;
        end = at == last; /* who parks again does so behind it */
        if (!conn->parked_aside && !connection_unparks(conn, conn->parked_for))
            continue; /* a small one may find room before a large one does */
        connection_unpark(conn);
        connection_process(conn);
        connection_touch(conn);
    }
    s->unparking = false;
}

/* Those whose turn to read has come, in order, but for clients that do not take what was
 * read for them. */
static void serve_wanting(struct server *s)
{
    struct list now;
    bool fits = true;

    take_list(&s->wanting, &now);
    s->reads_short = false;
    while (!list_empty(&now)) {
        struct waiting *w = list_item(now.next, struct waiting, resumed);
        list_remove(&w->resumed);
        if (!s->reads_short && connection_may_read(w, &fits)) {
            connection_resume(w);
            continue;
        }
        s->reads_short |= !fits;
        list_push(&s->wanting, &w->resumed);
    }
}

static bool some_may_read(const struct server *s)
{
    list_for_each (at, &s->wanting) {
        bool fits;
        if (connection_may_read(list_item(at, struct waiting, resumed), &fits))
            return true;
        if (!fits)
            break;
    }
    return false;
}

static void release_held(struct server *s)
{
    uint64_t acked = node_acked(s->instance.node);

    if (acked == s->acked)
        return;
    s->acked = acked;
    if (s->side)
        s->side->release(s->side, acked);
    list_for_each (at, &s->holding) {
        struct connection *conn = list_item(at, struct connection, holding);
        if (held_release(&conn->held, acked))
            connection_touch(conn);
    }
    if (!list_empty(&s->outbox.waiting))
        outbox_release(s);
}

static void flush_dirty(struct server *s)
{
    struct list now;

    take_list(&s->dirty, &now);
    while (!list_empty(&now)) {
        struct connection *conn = list_item(now.next, struct connection, dirty);
        list_remove(&conn->dirty);
        if (!connection_flush(conn))
            connection_free(conn);
    }
}

static void begin_stop(struct server *s)
{
    trace_log(s->instance.env->trace, TRACE_NOTICE, "Stopping: no new connections");
    s->instance.stop = STOP_ASKED;
    s->stop_by = s->instance.turn_mono_us + STOP_WITHIN_US;
    listeners_close(s);
    if (s->side)
        s->side->close(s->side);
    if (s->state != SERVER_FAILED)
        s->state = SERVER_STOPPING;
    list_for_each (at, &s->instance.sessions) {
        struct connection *conn = connection_of(at);
        conn->session.closing = SESSION_CLOSE_AFTER_REPLY;
        conn->gone = conn->gone || blocked_is(conn); /* for what will not come */
        connection_touch(conn);
    }
}

/* Clients have their replies, or had their time: the log is closed. */
static void go_on_stopping(struct server *s)
{
    bool idle = list_empty(&s->instance.sessions) && (!s->side || s->side->idle(s->side));

    if (s->stopping_log || (!idle && s->instance.turn_mono_us < s->stop_by))
        return;
    if (s->side)
        s->side->end(s->side);
    while (!list_empty(&s->instance.sessions))
        connection_free(connection_of(s->instance.sessions.next));
    s->stopping_log = true;
    lsm_stop(node_lsm(s->instance.node));
}

static uint64_t next_deadline(const struct server *s)
{
    uint64_t node = node_deadline(s->instance.node);
    uint64_t at = s->cron_at < node ? s->cron_at : node;
    uint64_t side = s->side ? s->side->deadline(s->side) : UINT64_MAX;
    uint64_t blocked = deadlines_next(&s->deadlines);

    at = side < at ? side : at;
    at = blocked < at ? blocked : at;
    if (!list_empty(&s->ready) || !list_empty(&s->slices) || s->thinned || some_may_read(s) ||
        outgoing_due(s))
        return 0;
    if (s->instance.pausing && !(s->instance.special & INSTANCE_PAUSED))
        return 0;
    if (s->instance.pausing && s->instance.paused_until_us < at)
        at = s->instance.paused_until_us;
    if (s->state == SERVER_STOPPING && !s->stopping_log && s->stop_by < at)
        return s->stop_by;
    return at;
}

uint64_t server_turn(struct server *s)
{
    struct instance *in = &s->instance;
    uint64_t began = clock_mono_us(in->env->clock);

    account_stale(&in->account);
    s->turn++;
    in->stats.turns++;
    in->turn_mono_us = began;
    node_turn_begin(in->node);
    if (in->events->noted.len)
        outbox_take(s, 0, lsm_end(node_lsm(in->node)));
    if (in->pausing)
        end_pause(s);
    blocked_serve(s);
    serve_resumed(s, &s->resumed);
    serve_resumed(s, &s->slices);
    if (node_buries(in->node))
        serve_resumed(s, &s->burying);
    serve_wanting(s);
    tls_change_settle(&in->tls, in->options);
    serve_ready(s);
    serve_parked(s);
    if (s->side)
        s->side->serve(s->side);
    if (in->stop == STOP_ASKED && s->state != SERVER_STOPPING && s->state != SERVER_STOPPED)
        begin_stop(s);
    if (began >= s->cron_at)
        cron_run(s);
    if (began >= node_deadline(in->node))
        measure_tick(s, began);
    if (in->events->noted.len)
        outbox_take(s, 0, lsm_end(node_lsm(in->node)));
    measure_waits(s);
    measure_commit(s);
    release_held(s);
    if (!list_empty(&in->tracking.in_order))
        tracking_broadcast(in);
    outgoing_serve(s);
    flush_dirty(s);
    if (s->state == SERVER_STOPPING)
        go_on_stopping(s);
    measure_turn(s, began);
    return next_deadline(s);
}

struct instance *server_instance(struct server *s)
{
    return &s->instance;
}

void server_attach(struct server *s, struct side_door *door)
{
    assert(!s->side);
    s->side = door;
}

enum server_state server_state(const struct server *s)
{
    return s->state;
}

void server_stop(struct server *s)
{
    s->instance.stop = STOP_ASKED;
}

void server_reload(struct server *s)
{
    struct instance *in = &s->instance;

    if (in->options->tls_port && in->stop == STOP_NO)
        tls_change_reload(&in->tls, in->options);
}

void server_free(struct server *s)
{
    if (!s)
        return;
    listeners_close(s);
    while (!list_empty(&s->instance.sessions))
        connection_free(connection_of(s->instance.sessions.next));
    outbox_deinit(&s->outbox);
    pubsub_deinit(&s->instance.pubsub);
    tracking_deinit(&s->instance.tracking);
    tls_change_deinit(&s->instance.tls);
    node_free(s->instance.node);
    topology_deinit(&s->instance.topology);
    instance_end(&s->instance);
    block_pool_deinit(&s->instance.blocks);
    deadlines_deinit(&s->deadlines);
    mem_free(s->args);
    mem_free(s);
}

static bool stalling_is_counted(const struct server *s)
{
    uint64_t n = 0;

    list_for_each (at, &s->parked)
        n += !list_item(at, struct connection, parked)->parked_aside;
    return n == s->stalling;
}

bool server_check(const struct server *s, bool deep)
{
    const struct instance *in = &s->instance;

    list_for_each (at, &s->instance.sessions) {
        if (!connection_check(connection_of(at)))
            return false;
    }
    return stalling_is_counted(s) &&
           (!deep || (pubsub_check(&in->pubsub) && tracking_check(&in->tracking) &&
                      acl_is_sound(in->acl))) &&
           node_check(in->node, deep);
}
