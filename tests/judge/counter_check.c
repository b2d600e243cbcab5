/* counter_check.c: sums of what was acknowledged by a time, and of what was asked by it.
 *
 *      low  = what was added before + all that may have been taken away
 *      high = what may have been added + what was taken away before */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_checks.h"
#include "judge/judge_commands.h"
#include "judge/judge_keys.h"
#include "judge/timeline.h"

struct step {
    uint64_t at_us;
    __int128 up; /* sums of all up to it */
    __int128 down;
};

struct steps {
    struct step *at;
    size_t count;
};

struct counter {
    struct judge_history *h;
    struct buf *say;
    struct steps asked;  /* all that may have run, by when they were asked */
    struct steps told;   /* acknowledged at quorum, by when they were told */
    struct steps at_all; /* acknowledged at any level */
    bool grows;
    size_t reads;
    size_t failures;
};

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const struct step *)a)->at_us, y = ((const struct step *)b)->at_us;

    return x < y ? -1 : x > y;
}

static void add(struct steps *s, uint64_t at_us, int64_t by)
{
    s->at[s->count++] = (struct step){ at_us, by > 0 ? by : 0, by < 0 ? by : 0 };
}

static void sum_up(struct steps *s)
{
    qsort(s->at, s->count, sizeof *s->at, by_time);
    for (size_t i = 1; i < s->count; i++) {
        s->at[i].up += s->at[i - 1].up;
        s->at[i].down += s->at[i - 1].down;
    }
}

/* The sums of all before `at_us`. */
static struct step before(const struct steps *s, uint64_t at_us)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (s->at[middle].at_us < at_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? s->at[low - 1] : (struct step){ 0, 0, 0 };
}

static void collect(struct counter *c, const struct judge_key *k)
{
    c->asked.count = c->told.count = c->at_all.count = 0;
    c->grows = true;
    for (size_t n = 0; n < k->count; n++) {
        const struct judge_touch *t = &k->touches[n];
        int64_t by = command_adds(c->h, t->call);
        bool no = t->op->outcome == OUTCOME_OK && t->call->answer.kind == ANSWER_ERROR;

        if (t->call->row->effect != EFFECT_ADD || !judge_op_may_have_run(t->op) || no)
            continue;
        c->grows &= by > 0;
        add(&c->asked, t->op->asked_us, by);
        if (judge_op_is_told(t->op))
            add(&c->told, t->op->told_us, by);
        if (t->op->outcome == OUTCOME_OK)
            add(&c->at_all, t->op->told_us, by);
    }
    sum_up(&c->asked);
    sum_up(&c->told);
    sum_up(&c->at_all);
}

static void fail(struct counter *c, uint32_t key, const struct judge_op *op, const char *what)
{
    if (c->failures++ >= CHECK_FAILURES_SHOWN)
        return;
    judge_key_put_name(c->h, key, c->say);
    buf_printf(c->say, "%s\n", what);
    timeline_put(c->h, &op, 1, op, c->say);
}

/* Whether the touch says what the counter holds. */
static bool tells(struct counter *c, uint32_t key, const struct judge_touch *t, int64_t *value)
{
    uint32_t text;

    if (command_has_read(c->h, t->op, t->call, t->i, &text)) {
        if (judge_texts_number(&c->h->texts, text, value))
            return true;
        fail(c, key, t->op, "it holds what is no number");
        return false;
    }
    *value = t->call->answer.number;
    return judge_op_is_told(t->op) && t->call->row->effect == EFFECT_ADD &&
           t->call->answer.kind == ANSWER_INTEGER;
}

static void check_value(struct counter *c, uint32_t key, const struct judge_touch *t, int64_t v)
{
    bool final = judge_op_is_final(c->h, t->op);
    struct step sure = before(final ? &c->at_all : &c->told, t->op->asked_us);
    struct step maybe = before(&c->asked, t->op->told_us + 1);
    int64_t own = command_adds(c->h, t->call);
    __int128 low = sure.up + maybe.down + (own > 0 ? own : 0);
    __int128 high = maybe.up + sure.down + (own < 0 ? own : 0);
    char what[128];

    c->reads++;
    if (v >= low && v <= high)
        return;
    snprintf(what, sizeof what, "told %lld, which is not between %lld and %lld", (long long)v,
             (long long)low, (long long)high);
    fail(c, key, t->op, what);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* A sum that only grows passes through each value once. */
static void check_once(struct counter *c, uint32_t key, const struct judge_key *k)
{
    int64_t *sums = mem_alloc(k->count * sizeof *sums);
    size_t count = 0;

    for (size_t n = 0; n < k->count; n++) {
        const struct judge_touch *t = &k->touches[n];

        if (judge_op_is_told(t->op) && t->call->row->effect == EFFECT_ADD &&
            t->call->answer.kind == ANSWER_INTEGER)
            sums[count++] = t->call->answer.number;
    }
    qsort(sums, count, sizeof *sums, by_number);
    for (size_t i = 1; i < count && c->grows; i++) {
        if (sums[i] != sums[i - 1])
            continue;
        c->failures++;
        judge_key_put_name(c->h, key, c->say);
        buf_printf(c->say, "two were told %lld\n", (long long)sums[i]);
        break;
    }
    mem_free(sums);
}

static void check_key(struct counter *c, uint32_t key, const struct judge_key *k)
{
    c->asked.at = mem_alloc(k->count * sizeof *c->asked.at);
    c->told.at = mem_alloc(k->count * sizeof *c->told.at);
    c->at_all.at = mem_alloc(k->count * sizeof *c->at_all.at);
    collect(c, k);
    for (size_t n = 0; n < k->count; n++) {
        int64_t value;

        if (tells(c, key, &k->touches[n], &value))
            check_value(c, key, &k->touches[n], value);
    }
    check_once(c, key, k);
    mem_free(c->asked.at);
    mem_free(c->told.at);
    mem_free(c->at_all.at);
}

enum judge_verdict counter_check(struct judge_history *h, const struct judge_limits *limits,
                                 struct buf *say)
{
    struct counter c = { .h = h, .say = say };
    struct judge_keys keys;
    size_t counters = 0;

    (void)limits;
    judge_keys_init(&keys, h);
    for (uint32_t key = 0; key < keys.count; key++) {
        if (!judge_key_is_counter(&keys.at[key]))
            continue;
        counters++;
        check_key(&c, key, &keys.at[key]);
    }
    judge_keys_deinit(&keys);
    buf_printf(say, "%zu answers of %zu counters\n", c.reads, counters);
    if (c.failures)
        return VERDICT_FAILED;
    return c.reads ? VERDICT_PASSED : VERDICT_SKIPPED;
}
