/* check_told.c: what listeners were told.
 *
 * A message names the transaction that sent it, which is judged as if its client had been
 * answered at that moment.  An event names a key only: there are no more of them in a life
 * of the process than operations that may have caused one. */
#include "sim/checks.h"
#include "sim/probe.h"

/* Nobody was told that `exec` did not happen. */
static void find_untrue(const struct history *h, const struct op *exec, struct sim_log *log)
{
    char text[160];

    if (exec->outcome == OP_REFUSED || (exec->outcome == OP_OK && exec->reply_null))
        sim_log_fail(log, "told", "of what has not happened: %s", op_describe(h, exec, text));
}

/* What its client would have if it had been answered when the listener was. */
static struct op answered(const struct heard *heard, unsigned n)
{
    struct op op = *heard->exec->subs[n];

    if (op.outcome != OP_OK || op.told > heard->at) {
        op.told = heard->at; /* a client that has left was told nothing */
        op.told_us = heard->us;
    }
    op.outcome = OP_OK;
    return op;
}

/* A read behind it has what it had overwritten: it was undone, or lost. */
static void find_unseen(const struct history *h, const struct op *op, int i, struct sim_log *log)
{
    char a[160];
    char b[160];

    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *read = h->ops[n];
        int k = op_touches(read, op->db, op->keys[i]);
        uint32_t writer;

        if (read->outcome != OP_OK || read->asked < op->told || k < 0)
            continue;
        writer = history_writer(h, read->reply_texts[k]);
        if (writer && writer != op->id && op_before(h->ops[writer - 1], op) &&
            !op_may_be_lost(h, op, op->told, read->asked)) {
            sim_log_fail(log, "told", "of %s, which %s does not see", op_describe(h, op, a),
                         op_describe(h, read, b));
            return;
        }
    }
}

/* Nothing is there of it after a start. */
static void find_lost(const struct history *h, const struct op *op, int i, struct sim_log *log)
{
    struct probe p;
    char text[160];

    for (size_t m = 0; m < h->mark_count && !log->failed; m++) {
        if (h->marks[m].kind == MARK_PROBED && probe_read(h, m, &p) && op->told < p.began &&
            probe_lost(&p, op, i) && !op_may_be_lost(h, op, op->told, p.began))
            sim_log_fail(log, "told", "of what is missing after a restart: %s (key %d)",
                         op_describe(h, op, text), op->keys[i]);
    }
}

static void check_news(const struct history *h, const struct heard *heard, struct sim_log *log)
{
    find_untrue(h, heard->exec, log);
    for (unsigned n = 0; n < heard->exec->sub_count; n++) {
        struct op op = answered(heard, n);

        for (int i = 0; i < op.key_count; i++) {
            if (!probe_last_word(heard->exec, n, i))
                continue;
            find_unseen(h, &op, i, log);
            find_lost(h, &op, i, log);
        }
    }
}

/* The event "set" may come of it. */
static bool may_set(const struct op *op)
{
    if (op->outcome == OP_REFUSED)
        return false;
    if (op->kind == OP_SET)
        return op->outcome != OP_OK || !(op->flags & (OP_NX | OP_XX)) ||
               (op->flags & OP_WITH_GET) || !op->reply_null;
    if (op->kind == OP_SETNX)
        return op->outcome != OP_OK || op->reply_int == 1;
    return op->kind == OP_MSET || op->kind == OP_GETSET;
}

/* Between two moments, of each key. */
static void find_surplus(const struct history *h, uint64_t from, uint64_t to, struct sim_log *log)
{
    unsigned told[SIM_DBS][SIM_KEYS] = { 0 }, done[SIM_DBS][SIM_KEYS] = { 0 };

    for (size_t n = 0; n < h->heard_count; n++) {
        const struct heard *e = &h->heard[n];

        if (!e->exec && e->connected > from && e->connected < to)
            told[e->db][e->key]++;
    }
    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *op = h->ops[n];

        for (int i = 0; i < op->key_count && op->asked > from && op->asked < to; i++)
            done[op->db][op->keys[i]] += may_set(op);
    }
    for (unsigned db = 0; db < SIM_DBS; db++) {
        for (unsigned key = 0; key < SIM_KEYS; key++) {
            if (told[db][key] > done[db][key])
                sim_log_fail(log, "told", "of %u SETs of db%u k%u, %u may have happened",
                             told[db][key], db, key, done[db][key]);
        }
    }
}

void check_told(const struct history *h, struct sim_log *log)
{
    uint64_t boot = 0;

    for (size_t n = 0; n < h->heard_count && !log->failed; n++) {
        if (h->heard[n].exec)
            check_news(h, &h->heard[n], log);
    }
    for (size_t m = 0; m < h->mark_count && !log->failed; m++) {
        if (h->marks[m].kind != MARK_BOOT)
            continue;
        find_surplus(h, boot, h->marks[m].at, log);
        boot = h->marks[m].at;
    }
    if (!log->failed)
        find_surplus(h, boot, UINT64_MAX, log);
}
