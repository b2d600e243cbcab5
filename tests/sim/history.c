/* history.c: operations, marks, interned texts, and what was promised. */
#include "sim/history.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum {
    BUCKETS = 16384,
    LATE_MAX = 4096, /* answers that may be under way when a process ends */
};

static const char *const kind_names[] = {
    [OP_GET] = "GET",           [OP_SET] = "SET",         [OP_DEL] = "DEL",
    [OP_INCR] = "INCRBY",       [OP_APPEND] = "APPEND",   [OP_MSET] = "MSET",
    [OP_MGET] = "MGET",         [OP_SETNX] = "SETNX",     [OP_GETSET] = "GETSET",
    [OP_GETDEL] = "GETDEL",     [OP_PEXPIRE] = "PEXPIRE", [OP_PERSIST] = "PERSIST",
    [OP_PTTL] = "PTTL",         [OP_EXISTS] = "EXISTS",   [OP_FLUSHDB] = "FLUSHDB",
    [OP_FLUSHALL] = "FLUSHALL", [OP_DBSIZE] = "DBSIZE",   [OP_SCAN] = "SCAN",
    [OP_ECHO] = "ECHO",         [OP_SETUP] = "SETUP",     [OP_CONFIG] = "CONFIG",
    [OP_WATCH] = "WATCH",       [OP_QUEUE] = "QUEUE",     [OP_EXEC] = "EXEC",
    [OP_NEWS] = "PUBLISH",
};

static const char *const outcome_names[] = { "open", "ok", "refused", "unknown" };

void history_init(struct history *h, const struct sim_queue *queue, const struct sim_clock *clock)
{
    *h = (struct history){ .queue = queue, .clock = clock };
    h->buckets = mem_zalloc(BUCKETS, sizeof *h->buckets);
    h->text_count = 1; /* 0 is no text */
}

void history_deinit(struct history *h)
{
    for (size_t i = 0; i < h->op_count; i++)
        mem_free(h->ops[i]);
    for (size_t i = 1; i < h->text_count; i++)
        mem_free((void *)(uintptr_t)h->texts[i].data);
    mem_free(h->ops);
    mem_free(h->marks);
    mem_free(h->heard);
    mem_free(h->texts);
    mem_free(h->buckets);
}

uint32_t history_text(struct history *h, struct slice text)
{
    uint64_t hash = 14695981039346656037u;
    uint8_t *copy;
    size_t b;

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ text.data[i]) * 1099511628211u;
    for (b = hash % BUCKETS; h->buckets[b]; b = (b + 1) % BUCKETS) {
        if (slice_equal(h->texts[h->buckets[b]], text))
            return h->buckets[b];
    }
    assert(h->text_count < BUCKETS * 3 / 4);
    if (h->text_count >= h->text_cap) {
        h->text_cap = h->text_cap ? h->text_cap * 2 : 256;
        h->texts = mem_realloc(h->texts, h->text_cap * sizeof *h->texts);
    }
    copy = mem_alloc(text.len);
    if (text.len)
        memcpy(copy, text.data, text.len);
    h->texts[h->text_count] = slice_of(copy, text.len);
    h->buckets[b] = (uint32_t)h->text_count;
    return (uint32_t)h->text_count++;
}

struct slice history_text_of(const struct history *h, uint32_t id)
{
    return id ? h->texts[id] : slice_of(NULL, 0);
}

struct op *history_op(struct history *h)
{
    struct op *op = mem_zalloc(1, sizeof *op);

    if (h->op_count == h->op_cap) {
        h->op_cap = h->op_cap ? h->op_cap * 2 : 256;
        h->ops = mem_realloc(h->ops, h->op_cap * sizeof *h->ops);
    }
    h->ops[h->op_count++] = op;
    op->id = (uint32_t)h->op_count; /* from 1 */
    op->told = op->told_us = op->asked = op->asked_us = UINT64_MAX;
    return op;
}

void history_asked(struct history *h, struct op *op)
{
    for (unsigned i = 0; i < op->sub_count; i++) {
        op->subs[i]->within = op;
        op->subs[i]->client = op->client;
        op->subs[i]->connection = op->connection;
        history_asked(h, op->subs[i]);
    }
    op->asked = ++h->order;
    op->asked_us = h->queue->now;
}

/* The moment of something from the server that was running at `since`. */
static void arrive(struct history *h, uint64_t since, uint64_t *at, uint64_t *us)
{
    size_t end = history_next_end(h, since);

    if (end < h->mark_count) {
        assert(h->late < LATE_MAX);
        *at = h->marks[end].at - LATE_MAX + h->late++;
        *us = h->marks[end].us;
    } else {
        *at = ++h->order;
        *us = h->queue->now;
    }
}

void history_told(struct history *h, struct op *op, enum op_outcome outcome)
{
    for (unsigned i = 0; i < op->sub_count; i++)
        history_told(h, op->subs[i], outcome == OP_OK && op->reply_null ? OP_REFUSED : outcome);
    assert(op->outcome == OP_OPEN);
    op->outcome = outcome;
    arrive(h, op->asked, &op->told, &op->told_us);
}

void history_heard(struct history *h, const struct heard *heard)
{
    struct heard *own;

    if (h->heard_count == h->heard_cap) {
        h->heard_cap = h->heard_cap ? h->heard_cap * 2 : 256;
        h->heard = mem_realloc(h->heard, h->heard_cap * sizeof *h->heard);
    }
    own = &h->heard[h->heard_count++];
    *own = *heard;
    arrive(h, own->connected, &own->at, &own->us);
}

void history_mark(struct history *h, enum mark_kind kind, enum lsm_sync policy)
{
    if (kind == MARK_KILL || kind == MARK_POWER) {
        h->order += LATE_MAX;
        h->late = 0;
    }
    h->marks = mem_realloc(h->marks, (h->mark_count + 1) * sizeof *h->marks);
    h->marks[h->mark_count++] = (struct mark){ kind, policy, ++h->order, h->queue->now };
}

int op_touches(const struct op *op, unsigned db, unsigned key)
{
    if (op->kind == OP_FLUSHALL || (op->kind == OP_FLUSHDB && op->db == db))
        return 0;
    for (int i = 0; op->db == db && i < op->key_count; i++) {
        if (op->keys[i] == key)
            return i;
    }
    return -1;
}

bool exec_touches(const struct op *exec, unsigned db, unsigned key)
{
    for (unsigned i = 0; i < exec->sub_count; i++) {
        if (op_touches(exec->subs[i], db, key) >= 0)
            return true;
    }
    return false;
}

bool op_writes(const struct op *op)
{
    switch (op->kind) {
    case OP_GET:
    case OP_MGET:
    case OP_PTTL:
    case OP_EXISTS:
    case OP_DBSIZE:
    case OP_SCAN:
    case OP_ECHO:
    case OP_SETUP:
    case OP_CONFIG:
    case OP_WATCH:
    case OP_QUEUE:
    case OP_NEWS:
        return false;
    default:
        return true;
    }
}

/* Texts are runs of "v<operation>:" and padding. */
uint32_t history_writer(const struct history *h, uint32_t text)
{
    struct slice t = history_text_of(h, text);
    uint32_t id = 0;
    size_t at = t.len;

    while (at > 0 && t.data[at - 1] != 'v')
        at--;
    for (; at > 0 && at < t.len && t.data[at] >= '0' && t.data[at] <= '9'; at++)
        id = id * 10 + (uint32_t)(t.data[at] - '0');
    return id <= h->op_count ? id : 0;
}

enum lsm_sync history_weakest(const struct history *h, uint64_t from, uint64_t to)
{
    enum lsm_sync weakest = LSM_SYNC_ALWAYS;
    enum lsm_sync now = LSM_SYNC_NO;

    for (size_t i = 0; i < h->mark_count && h->marks[i].at <= to; i++) {
        const struct mark *m = &h->marks[i];

        if (m->kind != MARK_POLICY && m->kind != MARK_BOOT)
            continue;
        if (m->at > from && now < weakest)
            weakest = now;
        now = m->policy;
    }
    return now < weakest ? now : weakest;
}

/* It wrote, whatever was there. */
static bool surely_writes(const struct op *op)
{
    for (unsigned i = 0; i < op->sub_count; i++) {
        if (surely_writes(op->subs[i]))
            return true;
    }
    return op->kind == OP_MSET || op->kind == OP_INCR || op->kind == OP_APPEND ||
           op->kind == OP_GETSET || (op->kind == OP_SET && !(op->flags & (OP_NX | OP_XX)));
}

/* `always`, and so what it wrote and all before that was synced.  A read may rest
 * on what was acknowledged under a weaker policy of the same life. */
static bool answered_when_synced(const struct history *h, const struct op *op)
{
    uint64_t from = op->asked;

    for (size_t i = 0; i < h->mark_count && h->marks[i].at < op->told && !surely_writes(op); i++) {
        if (h->marks[i].kind == MARK_BOOT)
            from = h->marks[i].at;
    }
    return history_weakest(h, from, op->told) == LSM_SYNC_ALWAYS;
}

/* `since` is the moment from which everything has been there for the next sync of
 * a server that was up, under `everysec` or more; `sick`: a sync has failed, and
 * nothing is promised until another life has loaded what is there.  What a life
 * begins to serve with is durable. */
bool history_promised(const struct history *h, const struct op *op, size_t mark)
{
    enum lsm_sync policy = LSM_SYNC_NO;
    uint64_t since = UINT64_MAX;
    bool sick = false, begun = false;
    bool always = answered_when_synced(h, op);

    if (op->outcome != OP_OK || mark == h->mark_count)
        return mark == h->mark_count && op->outcome == OP_OK;
    for (size_t i = 0; i <= mark; i++) {
        const struct mark *m = &h->marks[i];
        bool after = m->at > op->told;

        if (after && !begun && !sick && always)
            return true;
        if (after && !begun && !sick && policy >= LSM_SYNC_EVERYSEC)
            since = op->told_us;
        begun = after;
        if (after && since != UINT64_MAX && m->us - since >= h->everysec_us)
            return true;
        if (after && (m->kind == MARK_SERVING || (m->kind == MARK_STOPPED && !sick)))
            return true;
        sick = m->kind == MARK_SYNC_ERROR || (sick && m->kind != MARK_BOOT);
        if (m->kind == MARK_POLICY || m->kind == MARK_BOOT)
            policy = m->policy;
        if (m->kind == MARK_KILL || sick || policy < LSM_SYNC_EVERYSEC)
            since = UINT64_MAX;
        else if (after && m->kind == MARK_POLICY && since == UINT64_MAX)
            since = m->us;
    }
    return false;
}

bool history_troubled(const struct history *h, uint64_t at)
{
    bool troubled = false;

    for (size_t i = 0; i < h->mark_count && h->marks[i].at < at; i++)
        troubled = h->marks[i].kind == MARK_TROUBLE || (troubled && h->marks[i].kind != MARK_BOOT);
    return troubled;
}

size_t history_next_power(const struct history *h, uint64_t at)
{
    size_t i = 0;

    while (i < h->mark_count && (h->marks[i].at < at || h->marks[i].kind != MARK_POWER))
        i++;
    return i;
}

size_t history_next_end(const struct history *h, uint64_t at)
{
    size_t i = 0;

    while (i < h->mark_count && (h->marks[i].at < at ||
                                 (h->marks[i].kind != MARK_POWER && h->marks[i].kind != MARK_KILL)))
        i++;
    return i;
}

static int describe_value(const struct history *h, uint32_t text, char *out, size_t room)
{
    struct slice t = history_text_of(h, text);
    int shown = t.len > 16 ? 16 : (int)t.len;

    if (!text)
        return snprintf(out, room, " nil");
    return snprintf(out, room, " \"%.*s%s\"", shown, (const char *)t.data, t.len > 16 ? ".." : "");
}

const char *op_describe(const struct history *h, const struct op *op, char out[160])
{
    int n = snprintf(out, 160, "#%u %s db%u", op->id, kind_names[op->kind], op->db);

    for (int i = 0; i < op->key_count && n < 100; i++) {
        n += snprintf(out + n, 160 - (size_t)n, " k%u", op->keys[i]);
        if (op->values[i])
            n += describe_value(h, op->values[i], out + n, 160 - (size_t)n);
    }
    if (op->within && n < 120)
        n += snprintf(out + n, 160 - (size_t)n, " in #%u", op->within->id);
    if (op->sub_count && n < 120)
        n += snprintf(out + n, 160 - (size_t)n, " of #%u..#%u%s", op->subs[0]->id,
                      op->subs[op->sub_count - 1]->id, op->watched ? " watching" : "");
    if (op->kind == OP_INCR && n < 120)
        n += snprintf(out + n, 160 - (size_t)n, " %lld", (long long)op->number);
    if (n < 120)
        n += snprintf(out + n, 160 - (size_t)n, " f%x %s", op->flags, outcome_names[op->outcome]);
    if (n < 130 && op->outcome == OP_OK)
        n += snprintf(out + n, 160 - (size_t)n, " %lld", (long long)op->reply_int);
    if (n < 130 && op->outcome == OP_OK)
        describe_value(h, op->reply_texts[0], out + n, 160 - (size_t)n);
    return out;
}
