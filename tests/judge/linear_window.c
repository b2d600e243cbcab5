/* linear_window.c: a smaller contradiction, by leaving out (Zeller and Hildebrandt 2002).
 *
 * First all before a time, as late as can be: keys may then hold anything.  Then one by one.
 * An operation is not taken away, which could make a contradiction of its own, but relaxed:
 * it may take effect any time or never, with any answer.  If no order explains what is
 * left, its answer does not matter. */
#include "judge/linear_window.h"

#include "base/mem.h"
#include "judge/history_format.h"
#include "judge/timeline.h"

enum { WINDOW_OPS = 256, SHOWN_MAX = 24, STEPS_AN_OP = 20, STEPS_LEAST = 100000 };

struct window {
    struct linear_search *search;
    struct linear_job job; /* up to the stuck one, with `relaxed` below */
    bool *relaxed;
    size_t *before; /* what counts before the stuck one, the last asked first ... */
    size_t count;
    size_t used; /* ... of these in the window */
};

/* Whether its answer counts in the search up to the stuck one. */
static bool counts(const struct linear_job *job, size_t i)
{
    return judge_op_is_told(job->ops[i]) && job->ops[i]->told_us <= job->ops[job->until]->told_us;
}

static void collect(struct window *w)
{
    for (size_t i = w->job.count; i-- > 0;) {
        if (i != w->job.until && counts(&w->job, i))
            w->before[w->count++] = i;
    }
}

static bool contradicts(struct window *w)
{
    return linear_search_run(w->search, &w->job).verdict == VERDICT_FAILED;
}

/* Whether the last `n` and the stuck one contradict each other. */
static bool last_contradict(struct window *w, size_t n)
{
    const struct judge_op *first = w->job.ops[n ? w->before[n - 1] : w->job.until];

    w->job.from_us = first->asked_us;
    return contradicts(w);
}

static void cut(struct window *w)
{
    size_t low = 0, high = 1; /* too few, enough */

    if (last_contradict(w, 0)) {
        w->used = 0;
        return;
    }
    while (high < w->count && !last_contradict(w, high)) {
        low = high;
        high *= 2;
    }
    if (high > w->count)
        high = w->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (last_contradict(w, middle))
            high = middle;
        else
            low = middle;
    }
    w->used = high;
    if (!last_contradict(w, high))
        w->job.from_us = 0;
}

static void relax(struct window *w)
{
    size_t most = w->used < WINDOW_OPS ? w->used : WINDOW_OPS;

    for (size_t n = most; n-- > 0;) { /* the oldest first */
        w->relaxed[w->before[n]] = true;
        if (!contradicts(w))
            w->relaxed[w->before[n]] = false;
    }
}

static bool has_word(const struct judge_op *op, uint32_t text)
{
    for (uint32_t i = 0; i < op->call_count; i++) {
        for (uint32_t n = 2; n < op->calls[i].count; n++) {
            if (op->calls[i].words[n] == text)
                return true;
        }
    }
    return false;
}

/* Whether it wrote something that the stuck one was told. */
static bool wrote_for(const struct judge_op *op, const struct judge_op *stuck)
{
    for (uint32_t i = 0; i < stuck->call_count; i++) {
        const struct judge_answer *a = &stuck->calls[i].answer;

        if (a->kind == ANSWER_TEXT && has_word(op, a->text))
            return true;
        for (uint32_t n = 0; a->kind == ANSWER_ARRAY && n < a->count; n++) {
            if (a->items[n].kind == ANSWER_TEXT && has_word(op, a->items[n].text))
                return true;
        }
    }
    return false;
}

/* Chooses what is shown: what contradicts, what nobody knows the outcome of, and who wrote
 * what the stuck one saw. */
static size_t choose(const struct window *w, const struct judge_op **shown)
{
    const struct judge_op *stuck = w->job.ops[w->job.until];
    uint64_t first_us = stuck->asked_us;
    size_t count = 0;

    shown[count++] = stuck;
    for (size_t n = 0; n < w->used && count < SHOWN_MAX; n++) {
        if (w->relaxed[w->before[n]])
            continue;
        shown[count++] = w->job.ops[w->before[n]];
        first_us = shown[count - 1]->asked_us < first_us ? shown[count - 1]->asked_us : first_us;
    }
    for (size_t i = w->job.count; i-- > 0 && count < SHOWN_MAX;) {
        const struct judge_op *op = w->job.ops[i];
        bool open = op->asked_us >= first_us && !judge_op_is_told(op) && judge_op_writes(op);
        bool known = false;

        for (size_t n = 0; n < count; n++)
            known |= shown[n] == op;
        if (!known && op->asked_us <= stuck->told_us && (open || wrote_for(op, stuck)))
            shown[count++] = op;
    }
    return count;
}

static void put_state(struct judge_history *h, const struct judge_op *stuck,
                      const struct linear_result *result, struct buf *say)
{
    uint32_t shown = 0;

    buf_printf(say, "  an order of all before it leaves");
    for (uint32_t i = 0; i < stuck->call_count; i++) {
        for (uint32_t n = 0; n < stuck->calls[i].key_count && shown < LINEAR_SHOWN_KEYS; n++) {
            struct slice key = judge_texts_bytes(&h->texts, h->keys[stuck->calls[i].keys[n]]);
            uint32_t held = result->held[shown++];

            buf_printf(say, " %.*s = ", (int)key.len, (const char *)key.data);
            if (held == TEXT_NONE)
                buf_printf(say, "nil");
            else
                buf_append(say, judge_texts_whole(&h->texts, held));
        }
    }
    buf_append_byte(say, '\n');
}

void linear_window_put(struct linear_search *s, struct judge_history *h,
                       const struct linear_job *job, const struct linear_result *result,
                       struct buf *say)
{
    struct window w = { .search = s, .job = *job };
    const struct judge_op *stuck = job->ops[result->stuck];
    const struct judge_op *shown[SHOWN_MAX];

    w.relaxed = mem_zalloc(job->count, sizeof *w.relaxed);
    w.before = mem_alloc(job->count * sizeof *w.before);
    w.job.relaxed = w.relaxed;
    w.job.until = result->stuck;
    w.job.steps_max = STEPS_LEAST + job->count * STEPS_AN_OP;
    collect(&w);
    cut(&w);
    relax(&w);
    buf_printf(say, "no order explains: ");
    history_format_put_op(h, stuck, say);
    buf_append_byte(say, '\n');
    put_state(h, stuck, result, say);
    timeline_put(h, shown, choose(&w, shown), stuck, say);
    mem_free(w.relaxed);
    mem_free(w.before);
}
