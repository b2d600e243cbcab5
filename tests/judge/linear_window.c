/* linear_window.c: a smaller contradiction, by leaving out (Zeller and Hildebrandt 2002).
 *
 * An operation is not taken away, which could make a contradiction of its own, but relaxed:
 * it may take effect any time or never, with any answer.  If no order explains what is
 * left, its answer does not matter. */
#include "judge/linear_window.h"

#include "base/mem.h"
#include "judge/history_format.h"
#include "judge/timeline.h"

enum { WINDOW_OPS = 256, SHOWN_MAX = 40, STEPS_AN_OP = 20, STEPS_LEAST = 100000 };

struct window {
    struct linear_search *search;
    struct linear_job job; /* up to the stuck one, with `relaxed` below */
    bool *relaxed;
    size_t *may_go; /* operations of the window, the newest first */
    size_t count;
};

/* Whether its answer counts in the search up to the stuck one. */
static bool counts(const struct linear_job *job, size_t i)
{
    return judge_op_is_told(job->ops[i]) && job->ops[i]->told_us <= job->ops[job->until]->told_us;
}

static void collect(struct window *w)
{
    for (size_t i = w->job.count; i-- > 0 && w->count < WINDOW_OPS;) {
        if (i != w->job.until && counts(&w->job, i))
            w->may_go[w->count++] = i;
    }
}

/* Relaxes `size` of them from `from` on, if the contradiction stays. */
static bool relax(struct window *w, size_t from, size_t size)
{
    size_t end = from + size < w->count ? from + size : w->count;
    bool any = false;

    for (size_t n = from; n < end; n++) {
        any |= !w->relaxed[w->may_go[n]];
        w->relaxed[w->may_go[n]] = true;
    }
    return !any || linear_search_run(w->search, &w->job).verdict == VERDICT_FAILED;
}

static void shrink(struct window *w)
{
    bool *before = mem_alloc(w->job.count * sizeof *before);

    for (size_t size = WINDOW_OPS / 2; size > 0; size /= 2) {
        size_t from = w->count;

        while (from > 0) { /* the oldest first */
            from = from > size ? from - size : 0;
            memcpy(before, w->relaxed, w->job.count * sizeof *before);
            if (!relax(w, from, size))
                memcpy(w->relaxed, before, w->job.count * sizeof *before);
        }
    }
    mem_free(before);
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

/* Chooses what is shown: the core, what nobody knows the outcome of, and who wrote what the
 * stuck one saw. */
static size_t choose(const struct window *w, const struct judge_op **shown)
{
    const struct judge_op *stuck = w->job.ops[w->job.until];
    uint64_t first_us = stuck->asked_us;
    size_t count = 0;

    for (size_t n = 0; n < w->count; n++) {
        const struct judge_op *op = w->job.ops[w->may_go[n]];

        if (!w->relaxed[w->may_go[n]] && op->asked_us < first_us)
            first_us = op->asked_us;
    }
    shown[count++] = stuck;
    for (size_t i = w->job.count; i-- > 0 && count < SHOWN_MAX;) {
        const struct judge_op *op = w->job.ops[i];
        bool core = op->asked_us >= first_us && counts(&w->job, i) && !w->relaxed[i];
        bool open = op->asked_us >= first_us && !judge_op_is_told(op) && judge_op_writes(op);

        if (op != stuck && op->asked_us <= stuck->told_us && (core || open || wrote_for(op, stuck)))
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
                buf_append(say, judge_texts_bytes(&h->texts, held));
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
    w.may_go = mem_alloc(WINDOW_OPS * sizeof *w.may_go);
    w.job.relaxed = w.relaxed;
    w.job.until = result->stuck;
    w.job.steps_max = STEPS_LEAST + job->count * STEPS_AN_OP;
    collect(&w);
    shrink(&w);
    buf_printf(say, "no order explains: ");
    history_format_put_op(h, stuck, say);
    buf_append_byte(say, '\n');
    put_state(h, stuck, result, say);
    timeline_put(h, shown, choose(&w, shown), stuck, say);
    mem_free(w.relaxed);
    mem_free(w.may_go);
}
