/* monotonic_check.c: from when to when each value must have been there.
 *
 *      write v1 told ----------- last read of v1 asked        forward: v1 all that time
 *             write v2 asked ... told                         v2 within it: went back
 *
 * The zone of a value written once lies between the first end and the last beginning of the
 * operations that name it: forward if the end comes first, backward otherwise.  A register
 * is linearizable if and only if no two forward zones overlap and no backward zone lies
 * within a forward one (Gibbons and Korach, "Testing shared memories", 1997, section 4). */
#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_checks.h"
#include "judge/judge_commands.h"
#include "judge/judge_keys.h"
#include "judge/timeline.h"

/* What a write or a read of a key names. */
struct naming {
    uint32_t value;
    const struct judge_op *op;
    bool wrote;
};

struct zone {
    uint64_t first_end; /* HISTORY_NEVER: none has ended for certain */
    uint64_t last_begin;
    const struct judge_op *first;
    const struct judge_op *last;
};

/* Of what only grows: how far it was, or had to be. */
struct height {
    uint64_t at_us;
    int64_t height;
    const struct judge_op *op;
};

struct monotonic {
    struct judge_history *h;
    struct buf *say;
    size_t reads;
    size_t failures;
    /* of one key: */
    struct naming *namings;
    size_t naming_count;
    struct zone *zones; /* forward ones from the front, backward ones from the back */
    size_t forward;
    size_t backward;
};

static void fail(struct monotonic *m, uint32_t key, const char *what,
                 const struct judge_op *const *ops, size_t count)
{
    if (m->failures++ >= CHECK_FAILURES_SHOWN)
        return;
    judge_key_put_name(m->h, key, m->say);
    buf_printf(m->say, "%s\n", what);
    timeline_put(m->h, ops, count, ops[count - 1], m->say);
}

/* --- registers ------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    const struct naming *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return y->wrote - x->wrote; /* writers first */
}

static void collect(struct monotonic *m, const struct judge_key *k)
{
    uint32_t value;

    m->naming_count = 0;
    for (size_t n = 0; n < k->count; n++) {
        const struct judge_touch *t = &k->touches[n];

        if (command_may_have_written(m->h, t->op, t->call, t->i, &value) &&
            (value || judge_op_may_have_run(t->op)))
            m->namings[m->naming_count++] = (struct naming){ value, t->op, true };
        if (command_has_read(m->h, t->op, t->call, t->i, &value)) {
            m->namings[m->naming_count++] = (struct naming){ value, t->op, false };
            m->reads++;
        }
    }
    qsort(m->namings, m->naming_count, sizeof *m->namings, by_value);
}

static void widen(struct zone *z, const struct judge_op *op, bool sure)
{
    if (sure && op->told_us < z->first_end) {
        z->first_end = op->told_us;
        z->first = op;
    }
    if (!z->last || op->asked_us > z->last_begin) {
        z->last_begin = op->asked_us;
        z->last = op;
    }
}

/* Of one value: `n` says who names it. */
static void add_zone(struct monotonic *m, size_t size, const struct naming *n, size_t count)
{
    struct zone z = { .first_end = HISTORY_NEVER };
    bool initial = n[0].value == TEXT_NONE;

    for (size_t i = 0; i < count; i++)
        widen(&z, n[i].op, n[i].op->outcome == OUTCOME_OK);
    if (initial) /* nothing, as it was before all */
        z.first_end = 0;
    if (z.first_end == HISTORY_NEVER)
        return;
    if (z.first_end < z.last_begin)
        m->zones[m->forward++] = z;
    else
        m->zones[size - ++m->backward] = z;
}

static bool is_sane(struct monotonic *m, uint32_t key, const struct naming *n, size_t writers,
                    size_t count)
{
    for (size_t i = writers; i < count && n->value != TEXT_NONE; i++) {
        const struct judge_op *both[] = { n[0].op, n[i].op };

        if (writers == 0)
            fail(m, key, "it was told what nobody wrote", both + 1, 1);
        else if (writers == 1 && !judge_op_may_have_run(n[0].op))
            fail(m, key, "it was told what was refused", both, 2);
        else if (writers == 1 && n[i].op->told_us < n[0].op->asked_us)
            fail(m, key, "it was told what was not written yet", both, 2);
        else
            continue;
        return false;
    }
    return true;
}

static void find_zones(struct monotonic *m, uint32_t key)
{
    size_t size = m->naming_count;

    m->forward = m->backward = 0;
    for (size_t i = 0, end; i < size; i = end) {
        const struct naming *n = &m->namings[i];
        size_t writers = 0;

        for (end = i; end < size && m->namings[end].value == n->value; end++)
            writers += m->namings[end].wrote;
        if (!is_sane(m, key, n, writers, end - i))
            continue;
        /* nothing is what each key held first, so that no other must have written it */
        if (n->value ? writers == 1 && judge_op_may_have_run(n->op) : writers == 0)
            add_zone(m, size, n, end - i);
    }
}

static int by_first_end(const void *a, const void *b)
{
    uint64_t x = ((const struct zone *)a)->first_end, y = ((const struct zone *)b)->first_end;

    return x < y ? -1 : x > y;
}

static void fail_zones(struct monotonic *m, uint32_t key, const struct zone *a,
                       const struct zone *b)
{
    const struct judge_op *ops[4];
    size_t count = 0;

    if (b->first && b->first != b->last)
        ops[count++] = b->first;
    if (a->first && a->first != a->last)
        ops[count++] = a->first;
    ops[count++] = b->last;
    ops[count++] = a->last;
    fail(m, key, "two values, each of which was there before and after the other", ops, count);
}

/* The last forward zone that begins before `us`; they do not overlap. */
static const struct zone *forward_before(const struct monotonic *m, uint64_t us)
{
    size_t low = 0, high = m->forward;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (m->zones[middle].first_end < us)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &m->zones[low - 1] : NULL;
}

static void check_zones(struct monotonic *m, uint32_t key)
{
    size_t size = m->naming_count;

    qsort(m->zones, m->forward, sizeof *m->zones, by_first_end);
    for (size_t i = 1; i < m->forward; i++) {
        if (m->zones[i].first_end < m->zones[i - 1].last_begin) {
            fail_zones(m, key, &m->zones[i - 1], &m->zones[i]);
            return;
        }
    }
    for (size_t i = 0; i < m->backward; i++) {
        const struct zone *b = &m->zones[size - 1 - i];
        const struct zone *f = forward_before(m, b->last_begin);

        if (f && b->first_end < f->last_begin) {
            fail_zones(m, key, f, b);
            return;
        }
    }
}

static void check_register(struct monotonic *m, uint32_t key, const struct judge_key *k)
{
    m->namings = mem_alloc(2 * k->count * sizeof *m->namings);
    m->zones = mem_alloc(2 * k->count * sizeof *m->zones);
    collect(m, k);
    find_zones(m, key);
    check_zones(m, key);
    mem_free(m->namings);
    mem_free(m->zones);
}

/* --- what only grows ---------------------------------------------------------------- */

static bool tells_height(struct monotonic *m, const struct judge_touch *t, int64_t *height)
{
    bool log = t->call->row->effect == EFFECT_APPEND;
    uint32_t text;

    if (!judge_op_is_told(t->op))
        return false;
    if (t->call->row->effect == EFFECT_ADD || log) {
        *height = t->call->answer.number;
        return t->call->answer.kind == ANSWER_INTEGER;
    }
    return command_has_read(m->h, t->op, t->call, t->i, &text) &&
           judge_texts_number(&m->h->texts, text, height);
}

static bool tells_length(struct monotonic *m, const struct judge_touch *t, int64_t *height)
{
    uint32_t text;

    if (t->call->row->effect == EFFECT_APPEND)
        return tells_height(m, t, height);
    if (!command_has_read(m->h, t->op, t->call, t->i, &text))
        return false;
    *height = (int64_t)judge_texts_bytes(&m->h->texts, text).len;
    return true;
}

static bool only_grows(const struct judge_history *h, const struct judge_key *k)
{
    for (size_t n = 0; n < k->count; n++) {
        if (judge_op_may_have_run(k->touches[n].op) && command_adds(h, k->touches[n].call) < 0)
            return false;
    }
    return true;
}

static int by_moment(const void *a, const void *b)
{
    uint64_t x = ((const struct height *)a)->at_us, y = ((const struct height *)b)->at_us;

    return x < y ? -1 : x > y;
}

static void check_heights(struct monotonic *m, uint32_t key, struct height *told,
                          struct height *asked, size_t count)
{
    const struct height *highest = NULL;
    size_t done = 0;

    qsort(told, count, sizeof *told, by_moment);
    qsort(asked, count, sizeof *asked, by_moment);
    for (size_t i = 0; i < count; i++) {
        for (; done < count && told[done].at_us < asked[i].at_us; done++) {
            if (!highest || told[done].height > highest->height)
                highest = &told[done];
        }
        if (highest && asked[i].height < highest->height) {
            const struct judge_op *both[] = { highest->op, asked[i].op };

            fail(m, key, "what only grows has shrunk", both, 2);
            return;
        }
    }
}

static void check_growth(struct monotonic *m, uint32_t key, const struct judge_key *k)
{
    struct height *told = mem_alloc(k->count * sizeof *told);
    struct height *asked = mem_alloc(k->count * sizeof *asked);
    bool log = judge_key_is_log(k);
    size_t count = 0;

    for (size_t n = 0; n < k->count; n++) {
        const struct judge_touch *t = &k->touches[n];
        int64_t height;

        if (!(log ? tells_length(m, t, &height) : tells_height(m, t, &height)))
            continue;
        told[count] = (struct height){ t->op->told_us, height, t->op };
        asked[count++] = (struct height){ t->op->asked_us, height, t->op };
        m->reads++;
    }
    check_heights(m, key, told, asked, count);
    mem_free(told);
    mem_free(asked);
}

enum judge_verdict monotonic_check(struct judge_history *h, const struct judge_limits *limits,
                                   struct buf *say)
{
    struct monotonic m = { .h = h, .say = say };
    struct judge_keys keys;

    (void)limits;
    judge_keys_init(&keys, h);
    for (uint32_t key = 0; key < keys.count; key++) {
        const struct judge_key *k = &keys.at[key];

        if (judge_key_is_register(k) && !k->one)
            check_register(&m, key, k);
        else if ((judge_key_is_counter(k) && only_grows(h, k)) || judge_key_is_log(k))
            check_growth(&m, key, k);
    }
    judge_keys_deinit(&keys);
    buf_printf(say, "%zu reads\n", m.reads);
    if (m.failures)
        return VERDICT_FAILED;
    return m.reads ? VERDICT_PASSED : VERDICT_SKIPPED;
}
