/* linear.c: groups of keys, each searched by itself. */
#include "judge/linear.h"

#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_commands.h"
#include "judge/linear_search.h"
#include "judge/linear_window.h"

enum { FAILURES_SHOWN = 3 };

struct groups {
    struct judge_history *h;
    uint32_t *parent;            /* of a key: a key of its group, itself for the group's first */
    bool *expires;               /* by a group's first key */
    const struct judge_op **ops; /* group after group */
    size_t *begin;               /* by a group's first key: where its operations are */
    size_t *end;
    size_t left_out;
    size_t open; /* operations nobody knows the outcome of */
};

static uint32_t first_of(struct groups *g, uint32_t key)
{
    while (g->parent[key] != key) {
        g->parent[key] = g->parent[g->parent[key]];
        key = g->parent[key];
    }
    return key;
}

/* Whether it says or does anything at quorum. */
static bool matters(const struct judge_op *op)
{
    return judge_op_may_have_run(op) && (judge_op_is_told(op) || judge_op_writes(op));
}

static void join_keys(struct groups *g, const struct judge_op *op)
{
    uint32_t first = first_of(g, op->calls[0].keys[0]);

    for (uint32_t i = 0; i < op->call_count; i++) {
        for (uint32_t n = 0; n < op->calls[i].key_count; n++)
            g->parent[first_of(g, op->calls[i].keys[n])] = first;
    }
}

static bool has_expiry(const struct judge_history *h, const struct judge_op *op)
{
    for (uint32_t i = 0; i < op->call_count; i++) {
        if (command_expiry_us(h, &op->calls[i]))
            return true;
    }
    return false;
}

static int by_asked(const void *a, const void *b)
{
    const struct judge_op *x = *(const struct judge_op *const *)a;
    const struct judge_op *y = *(const struct judge_op *const *)b;

    if (x->asked_us != y->asked_us)
        return x->asked_us < y->asked_us ? -1 : 1;
    return x < y ? -1 : x > y; /* as they came */
}

static void count_ops(struct groups *g)
{
    const struct judge_history *h = g->h;

    for (size_t i = 0; i < h->op_count; i++) {
        const struct judge_op *op = &h->ops[i];

        if (!matters(op))
            continue;
        g->end[first_of(g, op->calls[0].keys[0])]++;
        g->open += !judge_op_is_told(op);
        if (has_expiry(h, op))
            g->expires[first_of(g, op->calls[0].keys[0])] = true;
    }
}

static void place_ops(struct groups *g)
{
    const struct judge_history *h = g->h;
    size_t at = 0;

    for (uint32_t key = 0; key < h->key_count; key++) {
        g->begin[key] = at;
        at += g->end[key];
        g->end[key] = g->begin[key];
    }
    for (size_t i = 0; i < h->op_count; i++) {
        if (matters(&h->ops[i]))
            g->ops[g->end[first_of(g, h->ops[i].calls[0].keys[0])]++] = &h->ops[i];
    }
    for (uint32_t key = 0; key < h->key_count; key++)
        qsort(g->ops + g->begin[key], g->end[key] - g->begin[key], sizeof *g->ops, by_asked);
}

static void groups_init(struct groups *g, struct judge_history *h)
{
    *g = (struct groups){ .h = h };
    g->parent = mem_alloc(h->key_count * sizeof *g->parent);
    g->expires = mem_zalloc(h->key_count, sizeof *g->expires);
    g->ops = mem_alloc(h->op_count * sizeof *g->ops);
    g->begin = mem_zalloc(h->key_count, sizeof *g->begin);
    g->end = mem_zalloc(h->key_count, sizeof *g->end);
    for (uint32_t key = 0; key < h->key_count; key++)
        g->parent[key] = key;
    for (size_t i = 0; i < h->op_count; i++) {
        if (matters(&h->ops[i]))
            join_keys(g, &h->ops[i]);
    }
    count_ops(g);
    place_ops(g);
}

static void groups_deinit(struct groups *g)
{
    mem_free(g->parent);
    mem_free(g->expires);
    mem_free(g->ops);
    mem_free(g->begin);
    mem_free(g->end);
}

static enum judge_verdict check_group(struct groups *g, struct linear_search *s, uint32_t key,
                                      uint64_t steps_max, struct buf *say)
{
    struct linear_job job = {
        .ops = g->ops + g->begin[key],
        .count = g->end[key] - g->begin[key],
        .until = SIZE_MAX,
        .steps_max = steps_max,
    };
    struct linear_result r = linear_search_run(s, &job);
    struct slice name = judge_texts_bytes(&g->h->texts, g->h->keys[key]);

    if (r.verdict == VERDICT_FAILED)
        linear_window_put(s, g->h, &job, &r, say);
    else if (r.verdict == VERDICT_UNDECIDED)
        buf_printf(say, "not decided: %.*s, %zu operations, after %llu steps\n", (int)name.len,
                   (const char *)name.data, job.count, (unsigned long long)r.steps);
    return r.verdict;
}

static enum judge_verdict check_groups(struct groups *g, const struct judge_limits *limits,
                                       struct buf *say)
{
    struct linear_search *s = linear_search_new(g->h, limits->bytes);
    enum judge_verdict worst = VERDICT_PASSED;
    size_t groups = 0, ops = 0, bad = 0;

    for (uint32_t key = 0; key < g->h->key_count && bad < FAILURES_SHOWN; key++) {
        enum judge_verdict v;

        if (g->end[key] == g->begin[key])
            continue;
        if (g->expires[key]) {
            g->left_out++;
            continue;
        }
        v = check_group(g, s, key, limits->steps, say);
        groups++;
        ops += g->end[key] - g->begin[key];
        bad += v != VERDICT_PASSED;
        if (v == VERDICT_FAILED || (v == VERDICT_UNDECIDED && worst == VERDICT_PASSED))
            worst = v;
    }
    linear_search_free(s);
    buf_printf(say, "%zu operations, %zu of unknown outcome, in %zu groups of keys", ops, g->open,
               groups);
    if (g->left_out)
        buf_printf(say, "; %zu more expire and were left out", g->left_out);
    buf_append_byte(say, '\n');
    return groups ? worst : VERDICT_SKIPPED;
}

enum judge_verdict linear_check(struct judge_history *h, const struct judge_limits *limits,
                                struct buf *say)
{
    enum judge_verdict v;
    struct groups g;

    groups_init(&g, h);
    v = check_groups(&g, limits, say);
    groups_deinit(&g);
    return v;
}
