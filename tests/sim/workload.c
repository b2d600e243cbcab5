/* workload.c: random operations over few keys, with values that name them. */
#include "sim/workload.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static unsigned below(struct prng *prng, unsigned n)
{
    return (unsigned)prng_below(prng, n);
}

void workload_init(struct workload *w, struct prng *prng)
{
    static const unsigned values[] = { 8, 60, 300, 1500 };
    static const unsigned ttls[] = { 3, 100, 2000, 100000 };
    static const uint64_t thinks[] = { 50, 500, 5000, 60000 };

    *w = (struct workload){ .keys = 2 + below(prng, SIM_KEYS - SIM_COUNTERS - 1),
                            .dbs = 1 + below(prng, SIM_DBS),
                            .value_max = values[below(prng, 4)],
                            .large_one_in = prng_one_in(prng, 4) ? 40 : 0,
                            .large_max = 20000,
                            .ttl_percent = below(prng, 4) * 10,
                            .ttl_ms = ttls[below(prng, 4)],
                            .flush_one_in = prng_one_in(prng, 2) ? 40 + below(prng, 100) : 0,
                            .read_percent = 20 + below(prng, 50),
                            .depth = 1 + below(prng, 8),
                            .think_us = thinks[below(prng, 4)],
                            .config = prng_one_in(prng, 5) };
}

void key_name(unsigned key, char out[16])
{
    snprintf(out, 16, "%s%02u",
             key >= SIM_KEYS - SIM_COUNTERS ? "c"
             : key % 3 == 0                 ? "{tag}k"
                                            : "k",
             key);
}

static unsigned any_key(const struct workload *w, struct prng *prng)
{
    return below(prng, w->keys);
}

static unsigned counter(struct prng *prng)
{
    return SIM_KEYS - SIM_COUNTERS + below(prng, SIM_COUNTERS);
}

static uint32_t new_value(const struct workload *w, struct history *h, struct prng *prng,
                          const struct op *op)
{
    struct buf text = { 0 };
    unsigned pad = below(prng, w->value_max + 1);
    uint32_t id;

    if (w->large_one_in && prng_one_in(prng, w->large_one_in))
        pad = below(prng, w->large_max);
    buf_printf(&text, "v%u:", op->id);
    memset(buf_reserve(&text, pad), '.', pad);
    text.len += pad;
    id = history_text(h, buf_slice(&text));
    buf_deinit(&text);
    return id;
}

static void choose_expiry(const struct workload *w, struct history *h, struct prng *prng,
                          struct op *op)
{
    uint64_t now = sim_clock_least(h->clock, h->queue->now, h->queue->now) / 1000;

    op->ms = 1 + (int64_t)prng_below(prng, w->ttl_ms);
    if (prng_one_in(prng, 2)) {
        op->flags |= OP_PX;
    } else {
        op->flags |= OP_PXAT;
        op->ms += (int64_t)now;
    }
}

static void choose_set(const struct workload *w, struct history *h, struct prng *prng,
                       struct op *op)
{
    op->kind = OP_SET;
    if (below(prng, 100) < w->ttl_percent)
        choose_expiry(w, h, prng, op);
    else if (prng_one_in(prng, 10))
        op->flags |= OP_KEEPTTL;
    if (prng_one_in(prng, 8))
        op->flags |= prng_one_in(prng, 2) ? OP_NX : OP_XX;
    if (prng_one_in(prng, 6))
        op->flags |= OP_WITH_GET;
}

static void many_keys(const struct workload *w, struct prng *prng, struct op *op)
{
    unsigned most = w->keys < OP_KEYS ? w->keys : OP_KEYS;

    op->key_count = (uint8_t)(1 + below(prng, most));
    for (unsigned i = 0; i < op->key_count; i++) {
        unsigned key = any_key(w, prng);

        for (unsigned j = 0; j < i; j++) { /* distinct, so that each has one answer */
            if (op->keys[j] == key) {
                key = (key + 1) % w->keys;
                j = UINT32_MAX;
            }
        }
        op->keys[i] = (uint8_t)key;
    }
}

static void choose_read(const struct workload *w, struct history *h, struct prng *prng,
                        struct op *op)
{
    static const enum op_kind kinds[] = { OP_MGET, OP_PTTL, OP_EXISTS, OP_DBSIZE, OP_ECHO };

    op->kind = prng_one_in(prng, 3) ? kinds[below(prng, 5)] : OP_GET;
    op->key_count = 1;
    op->keys[0] = (uint8_t)(prng_one_in(prng, 4) ? counter(prng) : any_key(w, prng));
    if (op->kind == OP_MGET)
        many_keys(w, prng, op);
    if (op->kind == OP_DBSIZE || op->kind == OP_ECHO)
        op->key_count = 0;
    if (op->kind == OP_ECHO)
        op->values[0] = new_value(w, h, prng, op);
}

static void choose_write(const struct workload *w, struct history *h, struct prng *prng,
                         struct op *op)
{
    static const enum op_kind kinds[] = {
        OP_DEL,  OP_DEL,   OP_INCR,   OP_INCR,   OP_APPEND,  OP_MSET,    OP_MSET, OP_MSET,
        OP_MSET, OP_SETNX, OP_GETSET, OP_GETDEL, OP_PEXPIRE, OP_PERSIST, OP_INCR,
    };

    op->key_count = 1;
    op->keys[0] = (uint8_t)any_key(w, prng);
    if (prng_one_in(prng, 2))
        choose_set(w, h, prng, op);
    else
        op->kind = kinds[below(prng, sizeof kinds / sizeof *kinds)];
    if (op->kind == OP_INCR || (op->kind == OP_DEL && prng_one_in(prng, 3))) {
        op->keys[0] = (uint8_t)counter(prng);
        op->number = 1 + (int64_t)prng_below(prng, 9);
        if (prng_one_in(prng, 3))
            op->number = -op->number;
    } else if (op->kind == OP_MSET || (op->kind == OP_DEL && prng_one_in(prng, 2))) {
        many_keys(w, prng, op);
    }
    if (op->kind == OP_PEXPIRE)
        op->ms = 1 + (int64_t)prng_below(prng, w->ttl_ms);
    if (op->kind == OP_SET || op->kind == OP_APPEND || op->kind == OP_SETNX ||
        op->kind == OP_GETSET || op->kind == OP_MSET) {
        for (unsigned i = 0; i < op->key_count; i++)
            op->values[i] = new_value(w, h, prng, op);
    }
}

struct op *workload_op(const struct workload *w, struct history *h, struct prng *prng, unsigned db,
                       bool config)
{
    struct op *op = history_op(h);

    op->db = (uint8_t)db;
    if (w->config && config && prng_one_in(prng, 20)) {
        op->kind = OP_CONFIG;
        op->number = (int64_t)prng_below(prng, 3);
    } else if (w->flush_one_in && prng_one_in(prng, w->flush_one_in)) {
        op->kind = prng_one_in(prng, 3) ? OP_FLUSHALL : OP_FLUSHDB;
    } else if (below(prng, 100) < w->read_percent) {
        choose_read(w, h, prng, op);
    } else {
        choose_write(w, h, prng, op);
    }
    return op;
}

/* What a transaction may have in it: time stands still within it, so nothing in it is over
 * at once. */
static struct op *sub_op(const struct workload *w, struct history *h, struct prng *prng,
                         unsigned db)
{
    struct op *op = workload_op(w, h, prng, db, false);

    if (op->flags & OP_PXAT) {
        op->flags = (op->flags & ~(unsigned)OP_PXAT) | OP_PX;
        op->ms = 1 + (int64_t)prng_below(prng, w->ttl_ms);
    }
    return op;
}

/* Two plain writes of different keys: what is seen of one is seen of the other. */
static struct op *pair_op(const struct workload *w, struct history *h, struct prng *prng,
                          unsigned db, unsigned key)
{
    struct op *op = history_op(h);

    op->kind = OP_SET;
    op->db = (uint8_t)db;
    op->key_count = 1;
    op->keys[0] = (uint8_t)key;
    op->values[0] = new_value(w, h, prng, op);
    return op;
}

struct op *workload_exec(const struct workload *w, struct history *h, struct prng *prng,
                         unsigned db, const struct op *watched)
{
    struct op *exec = history_op(h), *get;
    unsigned most = OP_SUBS - 4, a = any_key(w, prng);

    exec->kind = OP_EXEC;
    exec->db = (uint8_t)db;
    exec->watched = watched;
    if (watched) {
        get = history_op(h);
        get->kind = OP_GET;
        get->db = watched->db;
        get->key_count = 1;
        get->keys[0] = watched->keys[0];
        exec->subs[exec->sub_count++] = get;
        a = watched->keys[0];
    }
    exec->subs[exec->sub_count++] = pair_op(w, h, prng, db, a);
    for (uint64_t n = prng_below(prng, most); n > 0; n--)
        exec->subs[exec->sub_count++] = sub_op(w, h, prng, db);
    if (prng_one_in(prng, 2))
        exec->subs[exec->sub_count++] =
            pair_op(w, h, prng, db, (a + 1 + below(prng, w->keys - 1)) % w->keys);
    if (w->news) {
        struct op *news = history_op(h);

        news->kind = OP_NEWS;
        news->db = (uint8_t)db;
        news->number = exec->id;
        exec->subs[exec->sub_count++] = news;
    }
    return exec;
}

static const char *const command_names[] = {
    [OP_GET] = "GET",           [OP_SET] = "SET",         [OP_DEL] = "DEL",
    [OP_INCR] = "INCRBY",       [OP_APPEND] = "APPEND",   [OP_MSET] = "MSET",
    [OP_MGET] = "MGET",         [OP_SETNX] = "SETNX",     [OP_GETSET] = "GETSET",
    [OP_GETDEL] = "GETDEL",     [OP_PEXPIRE] = "PEXPIRE", [OP_PERSIST] = "PERSIST",
    [OP_PTTL] = "PTTL",         [OP_EXISTS] = "EXISTS",   [OP_FLUSHDB] = "FLUSHDB",
    [OP_FLUSHALL] = "FLUSHALL", [OP_DBSIZE] = "DBSIZE",   [OP_SCAN] = "SCAN",
    [OP_ECHO] = "ECHO",         [OP_SETUP] = "SELECT",    [OP_CONFIG] = "CONFIG",
    [OP_WATCH] = "WATCH",       [OP_QUEUE] = "MULTI",     [OP_EXEC] = "EXEC",
    [OP_NEWS] = "PUBLISH",
};

static size_t count_args(const struct op *op)
{
    size_t values = 0;
    unsigned f = op->flags;

    for (unsigned i = 0; i < OP_KEYS; i++)
        values += op->values[i] != 0;
    values += op->kind == OP_INCR || op->kind == OP_PEXPIRE;
    values += op->kind == OP_CONFIG ? 3u : 0;
    values += op->kind == OP_WATCH;
    values += op->kind == OP_NEWS ? 2u : 0;
    values += op->kind == OP_SCAN ? 3u : 0;
    values += (f & (OP_PX | OP_PXAT) ? 2u : 0) + (f & (OP_NX | OP_XX) ? 1u : 0);
    values += (f & OP_WITH_GET ? 1u : 0) + (f & OP_KEEPTTL ? 1u : 0);
    return 1 + op->key_count + values;
}

static void encode_flags(const struct op *op, struct buf *out)
{
    if (op->flags & (OP_PX | OP_PXAT)) {
        sim_command_text(out, op->flags & OP_PX ? "PX" : "PXAT");
        sim_command_int(out, op->ms);
    }
    if (op->flags & (OP_NX | OP_XX))
        sim_command_text(out, op->flags & OP_NX ? "NX" : "XX");
    if (op->flags & OP_WITH_GET)
        sim_command_text(out, "GET");
    if (op->flags & OP_KEEPTTL)
        sim_command_text(out, "KEEPTTL");
}

void op_encode(const struct history *h, const struct op *op, struct buf *out)
{
    static const char *const policies[] = { "no", "everysec", "always" };

    assert(op->kind != OP_SETUP);
    sim_command_begin(out, count_args(op));
    sim_command_text(out, command_names[op->kind]);
    if (op->kind == OP_CONFIG) {
        sim_command_text(out, "SET");
        sim_command_text(out, "appendfsync");
        sim_command_text(out, policies[op->number]);
    }
    if (op->kind == OP_WATCH) {
        char name[16];

        key_name((unsigned)op->number, name);
        sim_command_text(out, name);
    }
    if (op->kind == OP_SCAN) {
        sim_command_int(out, op->number);
        sim_command_text(out, "COUNT");
        sim_command_int(out, op->ms);
    }
    for (unsigned i = 0; i < op->key_count || (i == 0 && op->values[0]); i++) {
        char name[16];

        if (i < op->key_count) {
            key_name(op->keys[i], name);
            sim_command_text(out, name);
        }
        if (op->values[i])
            sim_command_arg(out, history_text_of(h, op->values[i]));
    }
    if (op->kind == OP_NEWS)
        sim_command_text(out, NEWS_CHANNEL);
    if (op->kind == OP_INCR || op->kind == OP_NEWS)
        sim_command_int(out, op->number);
    if (op->kind == OP_PEXPIRE)
        sim_command_int(out, op->ms);
    encode_flags(op, out);
}

static bool answer_text(struct history *h, struct op *op, const struct sim_reply *r)
{
    op->reply_null = r->kind == SIM_REPLY_NULL;
    if (r->kind == SIM_REPLY_BULK)
        op->reply_texts[0] = history_text(h, r->text);
    return op->reply_null || r->kind == SIM_REPLY_BULK;
}

static bool answer_mget(struct history *h, struct op *op, struct slice bytes,
                        const struct sim_reply *r)
{
    size_t at = r->head;

    if (r->kind != SIM_REPLY_LIST || r->number != op->key_count)
        return false;
    for (unsigned i = 0; i < op->key_count; i++) {
        struct sim_reply e;

        sim_reply_element(bytes, &at, &e);
        if (e.kind != SIM_REPLY_BULK && e.kind != SIM_REPLY_NULL)
            return false;
        op->reply_texts[i] = e.kind == SIM_REPLY_BULK ? history_text(h, e.text) : 0;
    }
    return true;
}

static bool is_ok(const struct sim_reply *r)
{
    return r->kind == SIM_REPLY_STATUS && slice_is(r->text, "OK");
}

/* Each operation takes its own of the answers. */
static bool answer_exec(struct history *h, struct op *exec, struct slice bytes,
                        const struct sim_reply *r)
{
    size_t at = r->head;

    exec->reply_null = r->kind == SIM_REPLY_NULL || (r->kind == SIM_REPLY_LIST && r->number < 0);
    if (exec->reply_null)
        return exec->watched != NULL;
    if (r->kind != SIM_REPLY_LIST || r->number != exec->sub_count)
        return false;
    for (unsigned i = 0; i < exec->sub_count; i++) {
        size_t from = at;
        struct sim_reply e;

        sim_reply_element(bytes, &at, &e);
        if (!op_answer(h, exec->subs[i], slice_of(bytes.data + from, bytes.len - from), &e))
            return false;
    }
    return true;
}

bool op_answer(struct history *h, struct op *op, struct slice bytes, const struct sim_reply *r)
{
    switch (op->kind) {
    case OP_GET:
    case OP_GETSET:
    case OP_GETDEL:
        return answer_text(h, op, r);
    case OP_ECHO:
        return answer_text(h, op, r) && op->reply_texts[0] == op->values[0];
    case OP_MGET:
        return answer_mget(h, op, bytes, r);
    case OP_SET:
        if (op->flags & OP_WITH_GET)
            return answer_text(h, op, r);
        op->reply_null = r->kind == SIM_REPLY_NULL;
        return is_ok(r) || (op->reply_null && (op->flags & (OP_NX | OP_XX)));
    case OP_MSET:
    case OP_FLUSHDB:
    case OP_FLUSHALL:
    case OP_CONFIG:
    case OP_WATCH:
        return is_ok(r);
    case OP_QUEUE:
        return r->kind == SIM_REPLY_STATUS;
    case OP_EXEC:
        return answer_exec(h, op, bytes, r);
    case OP_SCAN:
    case OP_SETUP:
        return true;
    default:
        op->reply_int = r->number;
        return r->kind == SIM_REPLY_INT;
    }
}
