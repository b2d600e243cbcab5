/* durable_check.c: what was acknowledged, held against what is there at the end. */
#include <stdlib.h>

#include "base/mem.h"
#include "judge/judge_checks.h"
#include "judge/judge_commands.h"
#include "judge/judge_keys.h"
#include "judge/timeline.h"

/* A piece that was appended, in what was read. */
struct piece {
    size_t at;
    const struct judge_op *op;
};

struct durable {
    struct judge_history *h;
    struct buf *say;
    size_t reads;
    size_t unread; /* keys */
    size_t left_out;
    size_t failures;
};

static void fail(struct durable *d, uint32_t key, const char *what, const struct judge_op *read,
                 const struct judge_op *other)
{
    const struct judge_op *both[] = { read, other };

    if (d->failures++ >= CHECK_FAILURES_SHOWN)
        return;
    judge_key_put_name(d->h, key, d->say);
    buf_printf(d->say, "%s\n", what);
    timeline_put(d->h, both, other ? 2 : 1, read, d->say);
}

static bool is_sure(const struct judge_op *op)
{
    return op->outcome == OUTCOME_OK;
}

static bool may_have_left(struct durable *d, const struct judge_touch *t, uint32_t *value)
{
    return judge_op_may_have_run(t->op) &&
           command_may_have_written(d->h, t->op, t->call, t->i, value);
}

/* The acknowledged write before `read` that was asked last; NULL if there is none. */
static const struct judge_op *last_sure(struct durable *d, const struct judge_key *k,
                                        const struct judge_op *read)
{
    const struct judge_op *last = NULL;
    uint32_t value;

    for (size_t n = 0; n < k->count; n++) {
        const struct judge_op *op = k->touches[n].op;

        if (is_sure(op) && op->told_us < read->asked_us &&
            may_have_left(d, &k->touches[n], &value) && (!last || op->asked_us > last->asked_us))
            last = op;
    }
    return last;
}

/* Of tentative writes any may have won. */
static void check_register(struct durable *d, uint32_t key, const struct judge_key *k,
                           const struct judge_touch *read, uint32_t value)
{
    const struct judge_op *last = last_sure(d, k, read->op);
    bool known = !value && !last;

    if (known)
        return;
    for (size_t n = 0; n < k->count; n++) {
        const struct judge_op *op = k->touches[n].op;
        uint32_t left;

        if (op->asked_us > read->op->told_us || !may_have_left(d, &k->touches[n], &left) ||
            left != value)
            continue;
        known = true;
        if (!last || k->one || !is_sure(op) || op->told_us >= last->asked_us)
            return;
    }
    fail(d, key, known ? "an acknowledged write is lost" : "it holds what nobody wrote", read->op,
         last);
}

/* Where a piece is in a text; SIZE_MAX: nowhere.  `from`: not before. */
static size_t find(struct slice text, struct slice piece, size_t from)
{
    const uint8_t *at =
        text.len > from ? memmem(text.data + from, text.len - from, piece.data, piece.len) : NULL;

    return at ? (size_t)(at - text.data) : SIZE_MAX;
}

static int by_place(const void *a, const void *b)
{
    size_t x = ((const struct piece *)a)->at, y = ((const struct piece *)b)->at;

    return x < y ? -1 : x > y;
}

/* Acknowledged pieces are in the order of time. */
static void check_order(struct durable *d, uint32_t key, struct piece *pieces, size_t count,
                        const struct judge_op *read)
{
    const struct judge_op *latest = NULL;

    qsort(pieces, count, sizeof *pieces, by_place);
    for (size_t i = 0; i < count; i++) {
        const struct judge_op *op = pieces[i].op;

        if (op->level != LEVEL_QUORUM)
            continue;
        if (latest && is_sure(op) && op->told_us < latest->asked_us) {
            fail(d, key, "what was appended later comes before this", read, op);
            return;
        }
        if (!latest || op->asked_us > latest->asked_us)
            latest = op;
    }
}

static void check_log(struct durable *d, uint32_t key, const struct judge_key *k,
                      const struct judge_touch *read, uint32_t value)
{
    struct slice text = judge_texts_bytes(&d->h->texts, value);
    struct piece *pieces = mem_alloc(k->count * sizeof *pieces);
    size_t count = 0, length = 0, before = d->failures;

    for (size_t n = 0; n < k->count; n++) {
        const struct judge_op *op = k->touches[n].op;
        struct slice piece;
        size_t at;

        if (k->touches[n].call->row->effect != EFFECT_APPEND)
            continue;
        piece = judge_texts_bytes(&d->h->texts, k->touches[n].call->words[2]);
        at = find(text, piece, 0);
        if (at != SIZE_MAX && find(text, piece, at + 1) != SIZE_MAX)
            fail(d, key, "it is there twice", read->op, op);
        else if (at == SIZE_MAX && is_sure(op) && op->told_us < read->op->asked_us)
            fail(d, key, "what was appended is lost", read->op, op);
        else if (at != SIZE_MAX && !judge_op_may_have_run(op))
            fail(d, key, "it was refused and is there", read->op, op);
        else if (at != SIZE_MAX) {
            pieces[count++] = (struct piece){ at, op };
            length += piece.len;
        }
    }
    if (d->failures == before && length != text.len)
        fail(d, key, "it is not made of what was appended", read->op, NULL);
    check_order(d, key, pieces, count, read->op);
    mem_free(pieces);
}

static int by_text(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Whether each piece is found in only one way: none empty, none twice. */
static bool has_distinct_pieces(const struct judge_history *h, const struct judge_key *k)
{
    uint32_t *texts = mem_alloc(k->count * sizeof *texts);
    size_t count = 0;
    bool distinct = true;

    for (size_t n = 0; n < k->count; n++) {
        if (k->touches[n].call->row->effect == EFFECT_APPEND)
            texts[count++] = k->touches[n].call->words[2];
    }
    qsort(texts, count, sizeof *texts, by_text);
    for (size_t i = 0; i < count; i++)
        distinct &= judge_texts_bytes(&h->texts, texts[i]).len > 0 &&
                    (i == 0 || texts[i] != texts[i - 1]);
    mem_free(texts);
    return distinct;
}

static bool has_sure_write(struct durable *d, const struct judge_key *k)
{
    for (size_t n = 0; n < k->count; n++) {
        if (is_sure(k->touches[n].op) && k->touches[n].call->row->effect != EFFECT_READ &&
            !judge_op_is_final(d->h, k->touches[n].op))
            return true;
    }
    return false;
}

static void check_key(struct durable *d, uint32_t key, const struct judge_key *k)
{
    bool log = judge_key_is_log(k), any = false;

    for (size_t n = 0; n < k->count; n++) {
        const struct judge_touch *t = &k->touches[n];
        uint32_t value;

        if (!judge_op_is_final(d->h, t->op) ||
            !command_has_read(d->h, t->op, t->call, t->i, &value))
            continue;
        any = true;
        d->reads++;
        if (log)
            check_log(d, key, k, t, value);
        else if (judge_key_is_register(k))
            check_register(d, key, k, t, value);
    }
    if (any || !has_sure_write(d, k))
        return;
    if (d->unread++ == 0) {
        judge_key_put_name(d->h, key, d->say);
        buf_printf(d->say, "written and not read at the end\n");
    }
}

enum judge_verdict durable_check(struct judge_history *h, const struct judge_limits *limits,
                                 struct buf *say)
{
    struct durable d = { .h = h, .say = say };
    struct judge_keys keys;

    (void)limits;
    if (h->final_us == HISTORY_NEVER) {
        buf_printf(say, "no reads at rest\n");
        return VERDICT_SKIPPED;
    }
    judge_keys_init(&keys, h);
    for (uint32_t key = 0; key < keys.count; key++) {
        const struct judge_key *k = &keys.at[key];
        bool mixed = k->whole + k->add + k->append > 1 || k->expires;

        if (mixed || (k->append && !has_distinct_pieces(h, k)))
            d.left_out++;
        else if (k->whole || k->add || k->append)
            check_key(&d, key, k);
    }
    judge_keys_deinit(&keys);
    buf_printf(say, "%zu reads at rest, %zu keys not read, %zu of mixed kinds left out\n", d.reads,
               d.unread, d.left_out);
    if (d.failures)
        return VERDICT_FAILED;
    if (d.unread)
        return VERDICT_UNDECIDED;
    return d.reads ? VERDICT_PASSED : VERDICT_SKIPPED;
}
