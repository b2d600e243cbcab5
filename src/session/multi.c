/* multi.c: a list of copied calls, and a list of watches. */
#include "session/multi.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/gather.h"
#include "session/session.h"

enum { MEMORY_SHARE = 8 }; /* of maxmemory, all that is queued and watched may take one */

struct watched_key {
    struct watch watch;
    struct list link; /* in struct watched */
    uint8_t bytes[];
};

struct watched {
    struct list keys;
    uint32_t count;
};

/* Takes `bytes` of what all connections may queue.  False: there is no room. */
static bool take_memory(struct instance *in, size_t bytes)
{
    if (in->queued_bytes + bytes > in->memory_max / MEMORY_SHARE)
        return false;
    in->queued_bytes += bytes;
    return true;
}

static void reply_no_memory(struct call *c)
{
    reply_error(c->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
}

void multi_begin(struct session *s)
{
    assert(!s->multi);
    s->multi = mem_zalloc(1, sizeof *s->multi);
    s->multi->every = ~0u;
    s->multi->db = s->multi->first_db = s->db;
    s->multi->first_proto = s->proto;
}

static size_t memory_of(const struct call *c)
{
    size_t bytes = sizeof(struct queued) + sizeof(struct queued *) + c->argc * sizeof(struct slice);

    for (uint32_t i = 0; i < c->argc; i++)
        bytes += c->argv[i].len;
    return bytes;
}

/* A copy, arguments included, in one piece of memory. */
static struct queued *copy_call(const struct call *c, size_t bytes)
{
    struct queued *q = mem_alloc(bytes);
    uint8_t *to;

    *q = (struct queued){
        .row = c->row, .position = c->position, .random = c->random, .argc = c->argc
    };
    to = (uint8_t *)&q->argv[c->argc];
    for (uint32_t i = 0; i < c->argc; i++) {
        if (c->argv[i].len)
            memcpy(to, c->argv[i].data, c->argv[i].len);
        q->argv[i] = slice_of(to, c->argv[i].len);
        to += c->argv[i].len;
    }
    return q;
}

static void push(struct multi *m, struct queued *q)
{
    if (m->count == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 8;
        m->calls = mem_realloc(m->calls, m->cap * sizeof(struct queued *));
    }
    m->calls[m->count++] = q;
}

/* SELECT is the one call that moves those behind it elsewhere. */
static void follow_select(struct session *s, const struct queued *q)
{
    int64_t db;

    if (strcmp(q->row->name, "select") == 0 && num_get_i64(q->argv[1], &db) && db >= 0 &&
        db < s->instance->options->databases)
        s->multi->db = (uint8_t)db;
}

/* There is room for one more.  False: replied. */
static bool has_room(struct session *s, struct call *c, size_t bytes)
{
    struct multi *m = s->multi;

    if (m->count >= LIMIT_MULTI_CALLS || m->bytes + bytes > LIMIT_MULTI_BYTES) {
        reply_errorf(c->reply, "ERR", "a transaction has at most %d commands and %d bytes",
                     LIMIT_MULTI_CALLS, LIMIT_MULTI_BYTES);
        return false;
    }
    if (take_memory(s->instance, bytes))
        return true;
    reply_no_memory(c);
    return false;
}

bool multi_queue(struct session *s, struct call *c)
{
    struct multi *m = s->multi;
    size_t bytes = memory_of(c);
    struct queued *q;

    if (c->row->flags & CMD_IN_MULTI)
        return false;
    assert(!m->running && !c->large);
    if (!m->broken && !has_room(s, c, bytes)) {
        multi_break(s);
        return true;
    }
    reply_status(c->reply, "QUEUED");
    if (m->broken) /* it will not run */
        return true;
    q = copy_call(c, bytes);
    q->db = m->db;
    push(m, q);
    m->bytes += bytes;
    m->mixed = m->mixed || (m->effects && multi_is_data(c->row));
    m->effects = m->effects || !multi_is_data(c->row);
    m->publishes = m->publishes || multi_publishes(c->row);
    m->every &= c->row->flags;
    m->any |= c->row->flags;
    follow_select(s, q);
    return true;
}

void multi_break(struct session *s)
{
    if (s->multi)
        s->multi->broken = true;
}

void multi_drop_answer(struct queued *q)
{
    if (q->answer) {
        buf_deinit(&q->answer->bytes);
        buf_deinit(&q->answer->notes);
    }
    mem_free(q->answer);
    q->answer = NULL;
}

static void free_queued(struct queued *q)
{
    gather_free(q->gather);
    multi_drop_answer(q);
    mem_free(q);
}

void multi_end(struct session *s)
{
    struct multi *m = s->multi;

    multi_unwatch(s);
    if (!m)
        return;
    for (uint32_t i = 0; i < m->count; i++)
        free_queued(m->calls[i]);
    s->instance->queued_bytes -= m->bytes;
    mem_free(m->calls);
    mem_free(m);
    s->multi = NULL;
}

void multi_forget(struct session *s)
{
    for (uint32_t i = 0; s->multi && i < s->multi->count; i++) {
        struct queued *q = s->multi->calls[i];

        gather_free(q->gather);
        q->gather = NULL;
        q->sliced = false;
        if (multi_is_data(q->row) && !q->refused)
            multi_drop_answer(q);
    }
}

bool multi_ran(const struct session *s, const struct call *exec, uint32_t i, struct call *out,
               uint8_t *db)
{
    const struct queued *q = s->multi->calls[i];

    if (!s->multi->whole || q->refused)
        return false;
    *out = (struct call){
        .row = q->row,
        .argv = q->argv,
        .argc = q->argc,
        .db = q->db,
        .state = exec->state,
        .session = exec->session,
        .now_us = exec->now_us,
        .gate = exec->gate,
    };
    *db = q->answer ? q->answer->db : q->db;
    return true;
}

size_t multi_writes(const struct multi *m)
{
    if (m->broken || !(m->any & CMD_WRITE))
        return 0;
    return m->bytes + m->count * CELL_FIXED_SIZE;
}

static struct watched_key *watched_key_of(struct list *link)
{
    return list_item(link, struct watched_key, link);
}

static size_t watch_memory(const struct cell_key *key)
{
    return sizeof(struct watched_key) + key->key.len;
}

bool multi_watch(struct call *c, const struct cell_key *key, bool existed)
{
    struct session *s = c->session;
    struct watched_key *w;

    if (watches_find(node_watches(s->instance->node), key, s))
        return true;
    if (s->watched && s->watched->count >= LIMIT_WATCHES) {
        reply_errorf(c->reply, "ERR", "at most %d keys can be watched", LIMIT_WATCHES);
        return false;
    }
    if (!take_memory(s->instance, watch_memory(key))) {
        reply_no_memory(c);
        return false;
    }
    if (!s->watched) {
        s->watched = mem_zalloc(1, sizeof *s->watched);
        list_init(&s->watched->keys);
        s->instance->watching++;
    }
    w = mem_alloc(sizeof *w + key->key.len);
    w->watch = (struct watch){ .owner = s, .key = *key, .existed = existed };
    if (key->key.len)
        memcpy(w->bytes, key->key.data, key->key.len);
    w->watch.key.key = slice_of(w->bytes, key->key.len);
    list_push(&s->watched->keys, &w->link);
    s->watched->count++;
    watches_add(node_watches(s->instance->node), &w->watch);
    return true;
}

enum view_answer multi_unchanged(struct call *c)
{
    const struct watched *watched = c->session->watched;
    enum lsm_state state = lsm_state(node_lsm(c->session->instance->node));
    enum view_answer all = VIEW_HERE;

    if (!watched)
        return VIEW_HERE;
    list_for_each (at, &watched->keys) {
        const struct watch *w = &watched_key_of(at)->watch;
        enum view_answer is = VIEW_HERE;
        struct cell head;

        /* One that was there may have expired, or been evicted, which no put tells. */
        if (w->existed && state != LSM_LOADING && state < LSM_FAILED)
            is = c->view->find(c->view, &w->key, WANT_CELL, &head);
        if (w->touched || is == VIEW_ABSENT)
            return VIEW_ABSENT;
        all = is == VIEW_WANT ? VIEW_WANT : all;
    }
    return all;
}

bool multi_is_dirty(const struct session *s)
{
    bool dirty = false;

    if (!s->watched)
        return false;
    list_for_each (at, &s->watched->keys)
        dirty |= watched_key_of(at)->watch.touched;
    return dirty;
}

void multi_unwatch(struct session *s)
{
    struct watched *watched = s->watched;

    if (!watched)
        return;
    while (!list_empty(&watched->keys)) {
        struct watched_key *w = watched_key_of(watched->keys.next);

        watches_remove(node_watches(s->instance->node), &w->watch);
        list_remove(&w->link);
        s->instance->queued_bytes -= watch_memory(&w->watch.key);
        mem_free(w);
    }
    s->instance->watching--;
    mem_free(watched);
    s->watched = NULL;
}
