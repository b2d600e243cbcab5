/* timeline.c: bars and lines. */
#include "judge/timeline.h"

#include <stdlib.h>

#include "base/mem.h"
#include "judge/history_format.h"

enum { BAR_WIDTH = 32 };

struct span {
    uint64_t from_us;
    uint64_t until_us;
};

static int by_asked(const void *a, const void *b)
{
    const struct judge_op *x = *(const struct judge_op *const *)a;
    const struct judge_op *y = *(const struct judge_op *const *)b;

    if (x->asked_us != y->asked_us)
        return x->asked_us < y->asked_us ? -1 : 1;
    return x->told_us < y->told_us ? -1 : x->told_us > y->told_us;
}

static struct span span_of(const struct judge_op *const *ops, size_t count)
{
    struct span s = { HISTORY_NEVER, 0 };

    for (size_t i = 0; i < count; i++) {
        uint64_t end = ops[i]->told_us == HISTORY_NEVER ? ops[i]->asked_us : ops[i]->told_us;

        s.from_us = ops[i]->asked_us < s.from_us ? ops[i]->asked_us : s.from_us;
        s.until_us = end > s.until_us ? end : s.until_us;
    }
    return s;
}

static int column(struct span s, uint64_t us)
{
    uint64_t whole = s.until_us - s.from_us;

    if (us >= s.until_us || whole == 0)
        return us <= s.from_us ? 0 : BAR_WIDTH - 1;
    return (int)((double)(us - s.from_us) / (double)whole * (BAR_WIDTH - 1));
}

/* What nobody knows the outcome of has no end. */
static void put_bar(struct span s, const struct judge_op *op, struct buf *to)
{
    bool open = op->outcome == OUTCOME_NONE || op->outcome == OUTCOME_UNCERTAIN;
    int from = column(s, op->asked_us);
    int until = op->told_us == HISTORY_NEVER ? BAR_WIDTH - 1 : column(s, op->told_us);

    for (int i = 0; i < BAR_WIDTH; i++) {
        char c = i < from || i > until ? ' ' : '=';

        if (i == from || (i == until && !open))
            c = '|';
        else if (open && i >= until)
            c = i == BAR_WIDTH - 1 ? '>' : '.';
        buf_append_byte(to, (uint8_t)c);
    }
}

static void put_op(const struct judge_history *h, struct span s, const struct judge_op *op,
                   bool marked, struct buf *to)
{
    struct slice client = judge_texts_bytes(&h->texts, op->client);

    buf_printf(to, "%s %12.3f ", marked ? " >" : "  ", (double)op->asked_us / 1000);
    if (op->told_us == HISTORY_NEVER)
        buf_printf(to, "%12s ", "-");
    else
        buf_printf(to, "%12.3f ", (double)op->told_us / 1000);
    put_bar(s, op, to);
    buf_printf(to, " %-5.*s ", (int)client.len, (const char *)client.data);
    history_format_put_op(h, op, to);
    if (op->line)
        buf_printf(to, "   (line %u)", op->line);
    buf_append_byte(to, '\n');
}

static void put_notes(const struct judge_history *h, uint64_t from_us, uint64_t until_us,
                      struct buf *to)
{
    for (size_t i = 0; i < h->note_count; i++) {
        const struct judge_note *n = &h->notes[i];

        if (n->at_us < from_us || n->at_us >= until_us)
            continue;
        buf_printf(to, "   %12.3f %12s %-*s ", (double)n->at_us / 1000, "", BAR_WIDTH, "--");
        buf_append(to, judge_texts_bytes(&h->texts, n->text));
        buf_append_byte(to, '\n');
    }
}

void timeline_put(const struct judge_history *h, const struct judge_op *const *ops, size_t count,
                  const struct judge_op *marked, struct buf *to)
{
    const struct judge_op **sorted = mem_alloc(count * sizeof *sorted);
    struct span s = span_of(ops, count);

    if (count)
        memcpy(sorted, ops, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_asked);
    buf_printf(to, "   %12s %12s %-*s client\n", "asked ms", "told ms", BAR_WIDTH, "");
    for (size_t i = 0; i < count; i++) {
        put_op(h, s, sorted[i], sorted[i] == marked, to);
        put_notes(h, sorted[i]->asked_us, i + 1 < count ? sorted[i + 1]->asked_us : s.until_us, to);
    }
    mem_free(sorted);
}
