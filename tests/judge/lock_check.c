/* lock_check.c: whether two were told that they hold one lock, at a time at which both must. */
#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_checks.h"
#include "judge/judge_commands.h"
#include "judge/judge_keys.h"
#include "judge/timeline.h"

/* From when to when somebody holds it for certain; the end may be before the beginning. */
struct hold {
    const struct judge_touch *touch;
    uint64_t from_us;
    uint64_t until_us;
};

struct lock {
    struct judge_history *h;
    const struct judge_limits *limits;
    struct buf *say;
    uint64_t steps;
    size_t holds;
    size_t failures;
};

static int by_from(const void *a, const void *b)
{
    uint64_t x = ((const struct hold *)a)->from_us, y = ((const struct hold *)b)->from_us;

    return x < y ? -1 : x > y;
}

static bool is_lock(const struct judge_history *h, const struct judge_touch *t)
{
    return command_is_set_nx(h, t->call) && command_expiry_us(h, t->call);
}

static bool is_held(const struct judge_history *h, const struct judge_touch *t)
{
    return is_lock(h, t) && judge_op_is_told(t->op) && t->call->answer.kind == ANSWER_STATUS;
}

/* Whether `t` may end what `lock` holds. */
static bool may_end(const struct judge_history *h, const struct judge_touch *t,
                    const struct judge_touch *lock)
{
    uint64_t until_us = t->op->outcome == OUTCOME_OK ? t->op->told_us : HISTORY_NEVER;

    if (t->call->row->effect == EFFECT_READ || !judge_op_may_have_run(t->op) ||
        command_is_set_nx(h, t->call) || until_us < lock->op->asked_us)
        return false;
    return !command_is_delif(t->call) || t->call->words[2] == lock->call->words[2];
}

static struct hold hold_of(struct lock *l, const struct judge_key *k, const struct judge_touch *t)
{
    uint64_t lasts_us = command_expiry_us(l->h, t->call);
    uint64_t slack_us = l->limits->slack_us;
    struct hold held = { t, t->op->told_us, t->op->asked_us };

    held.until_us += lasts_us > slack_us ? lasts_us - slack_us : 0;
    for (size_t n = 0; n < k->count; n++) {
        const struct judge_touch *end = &k->touches[n];

        if (end->op->asked_us < held.until_us && may_end(l->h, end, t))
            held.until_us = end->op->asked_us;
    }
    l->steps += k->count;
    return held;
}

static void fail(struct lock *l, uint32_t key, const struct hold *a, const struct hold *b)
{
    const struct judge_op *both[] = { a->touch->op, b->touch->op };

    if (l->failures++ >= CHECK_FAILURES_SHOWN)
        return;
    judge_key_put_name(l->h, key, l->say);
    buf_printf(l->say, "two hold the lock: one until %.3f ms at least, one until %.3f ms\n",
               (double)a->until_us / 1000, (double)b->until_us / 1000);
    timeline_put(l->h, both, 2, both[1], l->say);
}

/* Neither could have been over when the other began. */
static bool conflict(const struct hold *a, const struct hold *b)
{
    return b->from_us < a->until_us && a->from_us < b->until_us;
}

static void check_holds(struct lock *l, uint32_t key, struct hold *holds, size_t count)
{
    size_t kept = 0; /* of those before, that are not over, in front */

    qsort(holds, count, sizeof *holds, by_from);
    for (size_t i = 0; i < count && l->steps <= l->limits->steps; i++) {
        struct hold at = holds[i];
        size_t left = 0;

        l->steps += kept;
        for (size_t n = 0; n < kept; n++) {
            if (conflict(&holds[n], &at))
                fail(l, key, &holds[n], &at);
            if (holds[n].until_us > at.from_us)
                holds[left++] = holds[n];
        }
        holds[left++] = at;
        kept = left;
    }
}

/* False if it is no lock. */
static bool check_key(struct lock *l, uint32_t key, const struct judge_key *k)
{
    struct hold *holds;
    size_t count = 0;
    bool is = false;

    for (size_t n = 0; n < k->count && !is; n++)
        is = is_lock(l->h, &k->touches[n]);
    if (!is)
        return false;
    holds = mem_alloc(k->count * sizeof *holds);
    for (size_t n = 0; n < k->count && l->steps <= l->limits->steps; n++) {
        if (is_held(l->h, &k->touches[n]))
            holds[count++] = hold_of(l, k, &k->touches[n]);
    }
    check_holds(l, key, holds, count);
    l->holds += count;
    mem_free(holds);
    return true;
}

enum judge_verdict lock_check(struct judge_history *h, const struct judge_limits *limits,
                              struct buf *say)
{
    struct lock l = { .h = h, .limits = limits, .say = say };
    struct judge_keys keys;
    size_t locks = 0;

    judge_keys_init(&keys, h);
    for (uint32_t key = 0; key < keys.count; key++) {
        if (keys.at[key].expires)
            locks += check_key(&l, key, &keys.at[key]);
    }
    judge_keys_deinit(&keys);
    buf_printf(say, "%zu locks, held %zu times\n", locks, l.holds);
    if (l.failures)
        return VERDICT_FAILED;
    if (l.steps > limits->steps)
        return VERDICT_UNDECIDED;
    return l.holds ? VERDICT_PASSED : VERDICT_SKIPPED;
}
