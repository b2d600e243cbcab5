/* linear_random_test.c: the search against every order there is, of small histories; and against
 * made ones that are right, or wrong for certain. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/prng.h"
#include "judge/history_format.h"
#include "judge/judge_checks.h"
#include "judge/judge_commands.h"
#include "judge/linear.h"
#include "judge/linear_search.h"
#include "made_history.h"

enum { SMALL_OPS = 7, SMALL_KEYS = 2, SMALL_SEEDS = 20000 };

/* --- every order ------------------------------------------------------------------ */

static bool explains(struct judge_history *h, const struct judge_op *op, uint32_t *held)
{
    for (uint32_t i = 0; i < op->call_count; i++) {
        struct command_run r = { &h->texts, &op->calls[i],
                                 judge_op_is_told(op) ? &op->calls[i].answer : NULL, held };

        if (!op->calls[i].row->run(&r))
            return false;
    }
    return true;
}

/* Whether those that are not `done` yet have an order. */
static bool has_order(struct judge_history *h, unsigned done, const uint32_t *held)
{
    bool left = false;

    for (unsigned i = 0; i < h->op_count; i++)
        left |= !(done >> i & 1) && judge_op_is_told(&h->ops[i]);
    if (!left)
        return true;
    for (unsigned i = 0; i < h->op_count; i++) {
        uint32_t after[SMALL_KEYS];
        bool late = false;

        if (done >> i & 1 || !judge_op_may_have_run(&h->ops[i]))
            continue;
        for (unsigned n = 0; n < h->op_count; n++)
            late |= !(done >> n & 1) && judge_op_is_told(&h->ops[n]) &&
                    h->ops[n].told_us < h->ops[i].asked_us;
        memcpy(after, held, sizeof after);
        if (!late && explains(h, &h->ops[i], after) && has_order(h, done | 1u << i, after))
            return true;
    }
    return false;
}

struct small {
    struct judge_history h;
    struct prng prng;
};

static uint32_t text(struct small *s, const char *t)
{
    return judge_texts_of(&s->h.texts, slice_str(t));
}

static uint32_t some_key(struct small *s)
{
    return text(s, prng_one_in(&s->prng, 3) ? "y" : "x");
}

/* A command whose answer is one of a few, as likely as not wrong. */
static void some_call(struct small *s, struct judge_call *c, uint32_t *words)
{
    static const char *const names[] = { "GET",   "GET",    "SET",    "SET", "DEL",  "INCR",
                                         "SETNX", "GETSET", "APPEND", "SET", "DELIF" };
    const char *name = names[prng_below(&s->prng, sizeof names / sizeof *names)];
    uint32_t args = command_find(slice_str(name))->args_min;

    words[0] = text(s, name);
    words[1] = some_key(s);
    words[2] = judge_texts_of_number(&s->h.texts, (int64_t)prng_below(&s->prng, 3));
    *c = (struct judge_call){ .count = 1 + args, .words = words };
    c->answer.number = (int64_t)prng_below(&s->prng, 3);
    c->answer.kind = ANSWER_INTEGER;
    if (strcmp(name, "SET") == 0)
        c->answer = (struct judge_answer){ .kind = ANSWER_STATUS };
    if (strncmp(name, "GET", 3) == 0) {
        c->answer.kind = prng_one_in(&s->prng, 3) ? ANSWER_NIL : ANSWER_TEXT;
        c->answer.text = judge_texts_of_number(&s->h.texts, c->answer.number);
    }
}

static void some_op(struct small *s, uint64_t end_us)
{
    uint32_t words[2][3];
    struct judge_call calls[2];
    struct judge_op op = { .calls = calls, .call_count = 1 };
    uint64_t fate = prng_below(&s->prng, 10);

    op.multi = prng_one_in(&s->prng, 4);
    op.call_count += op.multi;
    for (uint32_t i = 0; i < op.call_count; i++)
        some_call(s, &calls[i], words[i]);
    op.asked_us = prng_below(&s->prng, end_us);
    op.told_us = op.asked_us + 1 + prng_below(&s->prng, end_us / 2);
    op.client = text(s, "c");
    if (fate == 0)
        op.outcome = OUTCOME_FAILED;
    else if (fate < 4)
        op.outcome = OUTCOME_UNCERTAIN;
    else if (fate == 4)
        op.level = LEVEL_ONE;
    cr_assert_not(err_is(judge_history_add(&s->h, &op)));
}

Test(linear, the_search_agrees_with_every_order_of_small_histories)
{
    struct judge_limits limits = judge_limits_default();
    unsigned orders = 0;

    for (uint64_t seed = 1; seed <= SMALL_SEEDS; seed++) {
        struct small s;
        struct buf say = { 0 };
        uint32_t held[SMALL_KEYS] = { TEXT_NONE };
        enum judge_verdict v;
        bool order;

        prng_init(&s.prng, seed);
        judge_history_init(&s.h);
        uint64_t end_us = prng_one_in(&s.prng, 2) ? 10 : 30;
        for (unsigned n = 2 + (unsigned)prng_below(&s.prng, SMALL_OPS - 1); n > 0; n--)
            some_op(&s, end_us);
        order = has_order(&s.h, 0, held);
        v = linear_check(&s.h, &limits, &say);
        history_format_write(&s.h, &say);
        cr_assert(v == VERDICT_SKIPPED || (v == VERDICT_PASSED) == order, "seed %lu: %s, but %.*s",
                  (unsigned long)seed, order ? "an order" : "no order", (int)say.len,
                  (const char *)say.data);
        orders += order;
        judge_history_deinit(&s.h);
        buf_deinit(&say);
    }
    cr_assert_gt(orders, SMALL_SEEDS / 10);
    cr_assert_lt(orders, SMALL_SEEDS * 9 / 10);
}

/* --- made ones ---------------------------------------------------------------------- */

typedef enum judge_verdict check(struct judge_history *h, const struct judge_limits *limits,
                                 struct buf *say);

static int by_asked(const void *a, const void *b)
{
    uint64_t x = ((const struct judge_op *)a)->asked_us;
    uint64_t y = ((const struct judge_op *)b)->asked_us;

    return x < y ? -1 : x > y;
}

static void passes(const struct made_plan *plan, check *run, const char *name)
{
    struct buf lines = { 0 }, say = { 0 };

    cr_assert_not(made_history(plan, &lines));
    cr_assert_eq(made_verdict((const char *)lines.data, &say, run), VERDICT_PASSED,
                 "%s of seed %lu: %.*s", name, (unsigned long)plan->seed, (int)say.len,
                 (const char *)say.data);
    buf_deinit(&lines);
    buf_deinit(&say);
}

Test(made, what_one_store_has_shown_passes_every_check)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct made_plan plan = {
            .seed = seed,
            .clients = 2 + (unsigned)(seed % 9),
            .keys = 1 + (unsigned)(seed % 4),
            .ops = 400,
            .trouble = seed % 3 ? 5 + (unsigned)(seed % 40) : 0,
            .final_reads = true,
        };

        passes(&plan, linear_check, "linear");
        passes(&plan, counter_check, "counter");
        passes(&plan, monotonic_check, "monotonic");
        passes(&plan, durable_check, "durable");
    }
}

/* How many of 200 seeds are wrong for certain, each of which the search must find; *by_other
 * counts those that `other` finds too. */
static unsigned caught(enum made_wrong wrong, check *other, unsigned *by_other)
{
    unsigned certain = 0;

    *by_other = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct made_plan plan = {
            .seed = seed,
            .wrong = wrong,
            .clients = 2 + (unsigned)(seed % 5),
            .keys = 1 + (unsigned)(seed % 2),
            .ops = 250,
            .trouble = 8 + (unsigned)(seed % 20),
            .final_reads = true,
        };
        struct buf lines = { 0 };

        if (made_history(&plan, &lines)) {
            const char *text = (const char *)lines.data;

            certain++;
            cr_assert_eq(made_verdict(text, NULL, linear_check), VERDICT_FAILED,
                         "wrong %d of seed %lu is not found", wrong, (unsigned long)seed);
            *by_other += made_verdict(text, NULL, other) == VERDICT_FAILED;
        }
        buf_deinit(&lines);
    }
    return certain;
}

Test(made, a_stale_read_is_found)
{
    unsigned by_other, certain = caught(MADE_STALE_READ, monotonic_check, &by_other);

    cr_assert_gt(certain, 150, "%u", certain);
    /* values of keys that were deleted meanwhile included: each value stands for itself */
    cr_assert_gt(by_other * 10, certain * 4, "%u of %u", by_other, certain);
}

Test(made, a_lost_write_is_found)
{
    unsigned by_other, certain = caught(MADE_LOST_WRITE, monotonic_check, &by_other);

    cr_assert_gt(certain, 20, "%u", certain);
    cr_assert_eq(by_other, certain);
}

Test(made, an_increment_that_counts_twice_is_found)
{
    unsigned by_other, certain = caught(MADE_DOUBLE_ADD, counter_check, &by_other);

    cr_assert_gt(certain, 60, "%u", certain);
    cr_assert_eq(by_other, certain);
}

Test(made, a_refused_write_that_is_seen_is_found)
{
    unsigned by_other, certain = caught(MADE_FAILED_VISIBLE, monotonic_check, &by_other);

    cr_assert_gt(certain, 60, "%u", certain);
    cr_assert_eq(by_other, certain);
}

/* Whatever the key holds at a time, and whatever was under way then did. */
static void passes_from(struct judge_history *h, uint32_t key, uint64_t from_us)
{
    struct linear_search *s = linear_search_new(h, (size_t)1 << 28);
    const struct judge_op **ops = mem_alloc(h->op_count * sizeof *ops);
    struct linear_job job = { .ops = ops, .from_us = from_us, .until = SIZE_MAX };
    struct linear_result r;
    bool joined = false;

    job.steps_max = 1000000;
    for (size_t i = 0; i < h->op_count; i++) { /* they are in order */
        const struct judge_op *op = &h->ops[i];

        joined |= op->multi && (op->calls[0].keys[0] == key || op->calls[1].keys[0] == key);
        if (judge_op_may_have_run(op) && op->calls[0].keys[0] == key)
            ops[job.count++] = op;
    }
    r = linear_search_run(s, &job);
    cr_assert(joined || r.verdict == VERDICT_PASSED, "%d, from %lu on", r.verdict,
              (unsigned long)from_us);
    mem_free(ops);
    linear_search_free(s);
}

static enum judge_verdict from_any_time(struct judge_history *h, const struct judge_limits *limits,
                                        struct buf *say)
{
    (void)limits;
    (void)say;
    qsort(h->ops, h->op_count, sizeof *h->ops, by_asked);
    for (uint32_t key = 0; key < h->key_count; key++) {
        for (size_t i = 0; i < h->op_count; i += 7)
            passes_from(h, key, h->ops[i].asked_us);
    }
    return VERDICT_PASSED;
}

Test(made, what_one_store_has_shown_has_an_order_from_any_time_on)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct made_plan plan = {
            .seed = seed, .clients = 4, .keys = 1, .ops = 200, .trouble = 10
        };

        passes(&plan, from_any_time, "from any time");
    }
}

Test(made, a_hundred_thousand_operations_of_twenty_clients_are_judged)
{
    struct made_plan plan = {
        .seed = 7, .clients = 20, .keys = 10, .ops = 100000, .trouble = 200, .final_reads = true
    };

    passes(&plan, linear_check, "linear");
}
