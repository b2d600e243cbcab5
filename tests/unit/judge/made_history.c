/* made_history.c: a store that does one thing at a time, and clients it is hidden from. */
#include "made_history.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/prng.h"
#include "judge/history_format.h"

enum { PAIR = 2, LAST_US = 1000 };

enum made_kind { MADE_GET, MADE_SET, MADE_DEL, MADE_SETNX, MADE_GETSET, MADE_INCR, MADE_APPEND };

enum made_fate { FATE_OK, FATE_FAILED, FATE_UNCERTAIN };

enum made_sort { SORT_REGISTER, SORT_COUNTER, SORT_LOG, SORT_PAIR, SORTS };

struct made_op {
    enum made_kind kind;
    enum made_fate fate;
    enum made_sort sort;
    unsigned client;
    unsigned key;
    unsigned number; /* names what it writes; 0: it writes no text */
    unsigned twice;  /* how often it takes effect, if at all */
    bool both;       /* MULTI on both keys of a pair */
    bool runs;
    uint64_t asked_us;
    uint64_t at_us;
    uint64_t told_us;
    struct buf answer;
    unsigned read; /* the number of the text it was told; 0: nothing, or no number */
};

struct made_key {
    struct buf value;
    bool there;
    unsigned number; /* of the text in it */
};

struct making {
    const struct made_plan *plan;
    struct prng prng;
    struct made_op *ops;
    size_t count;
    struct made_key *keys;
    unsigned key_count;
};

/* 0 if it is none. */
static int64_t number_in(const uint8_t *text, size_t len)
{
    int64_t n = 0;

    return num_get_i64(slice_of(text, len), &n) ? n : 0;
}

static enum made_kind kind_for(struct making *m, enum made_sort sort)
{
    static const enum made_kind registers[] = { MADE_SET, MADE_SET,   MADE_SET,    MADE_GET,
                                                MADE_GET, MADE_SETNX, MADE_GETSET, MADE_DEL };

    if (sort == SORT_COUNTER)
        return prng_one_in(&m->prng, 3) ? MADE_GET : MADE_INCR;
    if (sort == SORT_LOG)
        return prng_one_in(&m->prng, 2) ? MADE_GET : MADE_APPEND;
    return registers[prng_below(&m->prng, sizeof registers / sizeof *registers)];
}

static void choose(struct making *m, struct made_op *op, uint64_t now_us)
{
    struct prng *p = &m->prng;
    unsigned trouble = m->plan->trouble;

    op->sort = (enum made_sort)prng_below(p, SORTS);
    op->kind = kind_for(m, op->sort);
    op->key = (unsigned)(op->sort * m->plan->keys + prng_below(p, m->plan->keys));
    if (op->sort == SORT_PAIR) {
        op->key = (unsigned)(SORT_PAIR * m->plan->keys + prng_below(p, m->plan->keys) * PAIR);
        op->both = true;
        op->kind = prng_one_in(p, 2) ? MADE_SET : MADE_GET;
        if (prng_one_in(p, 3)) {
            op->both = false;
            op->key += (unsigned)prng_below(p, PAIR);
        }
    }
    op->asked_us = now_us + prng_below(p, 100);
    op->told_us = op->asked_us + 1 + prng_below(p, prng_one_in(p, 20) ? 5 * LAST_US : LAST_US);
    op->at_us = op->asked_us + prng_below(p, op->told_us - op->asked_us + 1);
    op->runs = true;
    op->twice = 1;
    if (trouble && prng_one_in(p, trouble)) {
        op->fate = FATE_FAILED;
        op->runs = false;
    } else if (trouble && prng_one_in(p, trouble)) {
        op->fate = FATE_UNCERTAIN;
        op->runs = prng_one_in(p, 2);
        op->at_us = op->asked_us + prng_below(p, 10 * LAST_US);
    }
}

static void ask_all(struct making *m)
{
    uint64_t *free_us = mem_zalloc(m->plan->clients, sizeof *free_us);

    for (unsigned n = 0; n < m->plan->ops; n++) {
        struct made_op *op = &m->ops[m->count];
        unsigned client = 0;

        for (unsigned c = 1; c < m->plan->clients; c++)
            client = free_us[c] < free_us[client] ? c : client;
        op->client = client;
        choose(m, op, free_us[client]);
        op->number = n + 1;
        m->count++;
        free_us[client] = op->told_us + 1;
    }
    mem_free(free_us);
}

static void read_finally(struct making *m)
{
    uint64_t end_us = 0;

    for (size_t i = 0; i < m->count; i++) {
        end_us = m->ops[i].told_us > end_us ? m->ops[i].told_us : end_us;
        end_us = m->ops[i].at_us > end_us ? m->ops[i].at_us : end_us;
    }
    for (unsigned key = 0; key < m->key_count; key++) {
        m->ops[m->count++] = (struct made_op){
            .key = key,
            .asked_us = end_us + 10,
            .at_us = end_us + 10,
            .told_us = end_us + 20,
            .runs = true,
            .twice = 1,
        };
    }
}

/* --- what is wrong --------------------------------------------------------------- */

static bool is_plain_set(const struct made_op *op)
{
    return op->kind == MADE_SET && op->sort == SORT_REGISTER;
}

/* Makes one operation, chosen at random, go wrong when it takes effect. */
static struct made_op *spoil(struct making *m)
{
    enum made_wrong wrong = m->plan->wrong;

    for (int n = 0; n < 1000; n++) {
        struct made_op *op = &m->ops[prng_below(&m->prng, m->count)];

        if (wrong == MADE_LOST_WRITE && is_plain_set(op) && op->fate == FATE_OK) {
            op->twice = 0;
            return op;
        }
        if (wrong == MADE_DOUBLE_ADD && op->kind == MADE_INCR && op->fate == FATE_OK) {
            op->twice = 2;
            return op;
        }
        if (wrong == MADE_FAILED_VISIBLE && is_plain_set(op) && op->fate == FATE_FAILED)
            return op->runs = true, op;
        if (wrong == MADE_STALE_READ && op->kind == MADE_GET && op->sort == SORT_REGISTER &&
            op->fate == FATE_OK)
            return op;
    }
    return NULL;
}

/* Whether `b` was asked when `a` was over. */
static bool is_before(const struct made_op *a, const struct made_op *b)
{
    return a->fate == FATE_OK && a->told_us < b->asked_us;
}

/* An acknowledged SET that another one of the same key, itself over before `read`, came
 * behind: what it wrote is gone for certain. */
static const struct made_op *find_overwritten(struct making *m, const struct made_op *read)
{
    for (size_t a = 0; a < m->count; a++) {
        if (!is_plain_set(&m->ops[a]) || m->ops[a].key != read->key)
            continue;
        for (size_t b = 0; b < m->count; b++) {
            const struct made_op *next = &m->ops[b];

            if (is_plain_set(next) && next->key == read->key && is_before(&m->ops[a], next) &&
                is_before(next, read))
                return &m->ops[a];
        }
    }
    return NULL;
}

static bool make_stale(struct making *m, struct made_op *read)
{
    const struct made_op *old = find_overwritten(m, read);

    if (!old)
        return false;
    read->answer.len = 0;
    buf_printf(&read->answer, "$v%u;", old->number);
    return true;
}

/* Whether a read behind the lost SET was told what an earlier SET had written. */
static bool shows_lost(const struct making *m, const struct made_op *lost)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct made_op *r = &m->ops[i], *w;

        if (r->kind != MADE_GET || r->key != lost->key || r->fate != FATE_OK || !r->read ||
            !is_before(lost, r))
            continue;
        w = &m->ops[r->read - 1];
        if (is_before(w, lost))
            return true;
    }
    return false;
}

/* Whether a reading of the counter is above all that may have been added by then. */
static bool shows_double(const struct making *m, const struct made_op *twice)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct made_op *r = &m->ops[i];
        int64_t most = 0, told;

        if (r->key != twice->key || r->fate != FATE_OK || r->answer.len < 2)
            continue;
        for (size_t n = 0; n < m->count; n++)
            most += m->ops[n].kind == MADE_INCR && m->ops[n].key == r->key &&
                    m->ops[n].fate != FATE_FAILED && m->ops[n].asked_us <= r->told_us;
        told = number_in(r->answer.data + 1, r->answer.len - 1);
        if (told > most)
            return true;
    }
    return false;
}

static bool shows_failed(const struct making *m, const struct made_op *failed)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct made_op *r = &m->ops[i];

        if ((r->kind == MADE_GET || r->kind == MADE_GETSET) && r->fate == FATE_OK &&
            r->read == failed->number)
            return true;
    }
    return false;
}

static bool is_wrong_for_certain(struct making *m, struct made_op *spoilt)
{
    switch (spoilt ? m->plan->wrong : MADE_RIGHT) {
    case MADE_STALE_READ:
        return make_stale(m, spoilt);
    case MADE_LOST_WRITE:
        return shows_lost(m, spoilt);
    case MADE_DOUBLE_ADD:
        return shows_double(m, spoilt);
    case MADE_FAILED_VISIBLE:
        return shows_failed(m, spoilt);
    default:
        return false;
    }
}

/* --- the store --------------------------------------------------------------------- */

static void tell_value(struct made_op *op, const struct made_key *k)
{
    if (!k->there) {
        buf_printf(&op->answer, "nil");
        return;
    }
    buf_append_byte(&op->answer, '$');
    buf_append(&op->answer, buf_slice(&k->value));
    op->read = k->number;
}

static void put(struct made_key *k, const struct made_op *op)
{
    k->value.len = 0;
    buf_printf(&k->value, "v%u;", op->number);
    k->there = true;
    k->number = op->number;
}

static void add_one(struct made_op *op, struct made_key *k)
{
    int64_t v = k->there ? number_in(k->value.data, k->value.len) : 0;

    v += op->twice;
    k->value.len = 0;
    buf_printf(&k->value, "%lld", (long long)v);
    k->there = true;
    buf_printf(&op->answer, ":%lld", (long long)v);
}

static void act_once(struct made_op *op, struct made_key *k)
{
    switch (op->kind) {
    case MADE_GET:
        tell_value(op, k);
        break;
    case MADE_SET:
        if (op->twice)
            put(k, op);
        buf_printf(&op->answer, "+OK");
        break;
    case MADE_DEL:
        buf_printf(&op->answer, ":%d", k->there);
        k->there = false;
        break;
    case MADE_SETNX:
        buf_printf(&op->answer, ":%d", !k->there);
        if (!k->there)
            put(k, op);
        break;
    case MADE_GETSET:
        tell_value(op, k);
        put(k, op);
        break;
    case MADE_INCR:
        add_one(op, k);
        break;
    case MADE_APPEND:
        k->value.len = k->there ? k->value.len : 0;
        buf_printf(&k->value, "v%u;", op->number);
        k->there = true;
        buf_printf(&op->answer, ":%zu", k->value.len);
        break;
    }
}

static int by_effect(const void *a, const void *b)
{
    const struct made_op *x = *(struct made_op *const *)a, *y = *(struct made_op *const *)b;

    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void act(struct making *m)
{
    struct made_op **order = mem_alloc(m->count * sizeof *order);

    for (size_t i = 0; i < m->count; i++)
        order[i] = &m->ops[i];
    qsort(order, m->count, sizeof *order, by_effect);
    for (size_t i = 0; i < m->count; i++) {
        struct made_op *op = order[i];

        if (!op->runs)
            continue;
        buf_printf(&op->answer, op->both ? "[ " : "");
        act_once(op, &m->keys[op->key]);
        if (!op->both)
            continue;
        buf_append_byte(&op->answer, ' ');
        act_once(op, &m->keys[op->key + 1]);
        buf_printf(&op->answer, " ]");
    }
    mem_free(order);
}

/* --- writing it down ----------------------------------------------------------------- */

static void put_call(const struct made_op *op, unsigned key, struct buf *to)
{
    static const char *const names[] = {
        [MADE_GET] = "GET",       [MADE_SET] = "SET",       [MADE_DEL] = "DEL",
        [MADE_SETNX] = "SETNX",   [MADE_GETSET] = "GETSET", [MADE_INCR] = "INCR",
        [MADE_APPEND] = "APPEND",
    };
    bool plain = op->kind == MADE_GET || op->kind == MADE_DEL || op->kind == MADE_INCR;

    buf_printf(to, " %s k%u", names[op->kind], key);
    if (!plain)
        buf_printf(to, " v%u;", op->number);
}

static void put_op(struct making *m, const struct made_op *op, struct buf *to)
{
    bool none = op->fate == FATE_UNCERTAIN && op->number % 2;

    buf_printf(to, "c%u %llu ", op->client, (unsigned long long)op->asked_us);
    if (none)
        buf_printf(to, "-");
    else
        buf_printf(to, "%llu", (unsigned long long)op->told_us);
    buf_printf(to, op->both ? " MULTI" : "");
    put_call(op, op->key, to);
    if (op->both) {
        buf_printf(to, " ;");
        put_call(op, op->key + 1, to);
    }
    if (op->fate == FATE_OK)
        buf_printf(to, " => ok %.*s\n", (int)op->answer.len, (const char *)op->answer.data);
    else
        buf_printf(to, " => %s\n",
                   op->fate == FATE_FAILED ? "fail NOQUORUM" : (none ? "none" : "uncertain"));
    (void)m;
}

bool made_history(const struct made_plan *plan, struct buf *to)
{
    struct making m = { .plan = plan, .key_count = plan->keys * (SORTS - 1 + PAIR) };
    struct made_op *spoilt = NULL;
    size_t asked;
    bool wrong;

    prng_init(&m.prng, plan->seed);
    m.ops = mem_zalloc(plan->ops + m.key_count, sizeof *m.ops);
    m.keys = mem_zalloc(m.key_count, sizeof *m.keys);
    ask_all(&m);
    if (plan->wrong != MADE_RIGHT)
        spoilt = spoil(&m);
    asked = m.count;
    if (plan->final_reads)
        read_finally(&m);
    act(&m);
    wrong = is_wrong_for_certain(&m, spoilt);
    for (size_t i = 0; i < m.count; i++) {
        if (i == asked)
            buf_printf(to, "final %llu\n", (unsigned long long)m.ops[i].asked_us);
        put_op(&m, &m.ops[i], to);
        buf_deinit(&m.ops[i].answer);
    }
    for (unsigned key = 0; key < m.key_count; key++)
        buf_deinit(&m.keys[key].value);
    mem_free(m.ops);
    mem_free(m.keys);
    buf_append_byte(to, 0);
    to->len--;
    return wrong;
}

enum judge_verdict made_verdict(const char *lines, struct buf *say,
                                enum judge_verdict (*check)(struct judge_history *,
                                                            const struct judge_limits *,
                                                            struct buf *))
{
    struct judge_limits limits = judge_limits_default();
    struct buf text = { 0 }, unheard = { 0 };
    struct judge_history h;
    enum judge_verdict v;
    uint32_t line;
    struct err e;

    buf_printf(&text, "%s\n", HISTORY_FORMAT_FIRST_LINE);
    buf_append(&text, slice_str(lines));
    judge_history_init(&h);
    e = history_format_read(&h, buf_slice(&text), &line);
    assert(!err_is(e));
    v = check(&h, &limits, say ? say : &unheard);
    judge_history_deinit(&h);
    buf_deinit(&text);
    buf_deinit(&unheard);
    return v;
}
