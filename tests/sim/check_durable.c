/* check_durable.c: after each start, what was read against what was promised. */
#include "sim/checks.h"
#include "sim/probe.h"

static void find_missing(const struct probe *p, struct sim_log *log)
{
    const struct history *h = p->history;
    char text[160];

    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *op = h->ops[n];

        if (op->outcome != OP_OK || op->told > p->began)
            continue;
        for (int i = 0; i < op->key_count; i++) {
            if (probe_wrote(op, i) && probe_lost(p, op, i) &&
                !op_may_be_lost(h, op, op->told, p->began))
                sim_log_fail(log, "durable", "missing after a restart: %s (key %d)",
                             op_describe(h, op, text), op->keys[i]);
        }
    }
}

/* `op` is surely there: so is everything that was answered before it was asked,
 * in the same life of the disk. */
static void find_gap(const struct probe *p, const struct op *op, struct sim_log *log)
{
    const struct history *h = p->history;
    char a[160];
    char b[160];

    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *earlier = h->ops[n];
        size_t power;

        if (earlier == op || earlier->outcome != OP_OK || !op_before(earlier, op))
            continue;
        power = history_next_power(h, earlier->told);
        if (power < h->mark_count && h->marks[power].at < op->asked)
            continue;
        for (int i = 0; i < earlier->key_count; i++) {
            if (probe_wrote(earlier, i) && probe_lost(p, earlier, i)) {
                sim_log_fail(log, "durable", "a gap: %s is there, and %s is not",
                             op_describe(h, op, a), op_describe(h, earlier, b));
                return;
            }
        }
    }
}

static void find_split(const struct probe *p, const struct op *op, struct sim_log *log)
{
    char text[160];

    for (int i = 0; i < op->key_count; i++) {
        if (probe_lost(p, op, i))
            sim_log_fail(log, "durable", "half a request: %s lacks key %d",
                         op_describe(p->history, op, text), op->keys[i]);
    }
}

/* A part of `exec` is there: so is the rest. */
static void find_half_exec(const struct probe *p, const struct op *exec, struct sim_log *log)
{
    char text[160];

    for (unsigned n = 0; n < exec->sub_count; n++) {
        const struct op *op = exec->subs[n];

        for (int i = 0; i < op->key_count; i++) {
            if (probe_last_word(exec, n, i) && probe_lost(p, op, i) && !log->failed)
                sim_log_fail(log, "durable", "half a transaction: key %d is missing of %s",
                             op->keys[i], op_describe(p->history, op, text));
        }
    }
}

/* Whatever may have ended the key but `*flush`, the first flush since `before` that may have;
 * NULL: none did. */
static bool ended_otherwise(const struct probe *before, const struct probe *p, unsigned db,
                            unsigned key, const struct op **flush)
{
    const struct history *h = p->history;

    *flush = NULL;
    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *op = h->ops[n];
        bool flushes = op->kind == OP_FLUSHALL || op->kind == OP_FLUSHDB;

        if (op_touches(op, db, key) < 0 || op->outcome == OP_REFUSED || op->asked > p->began)
            continue;
        if (op->kind == OP_PEXPIRE || (op->flags & (OP_PX | OP_PXAT)))
            return true;
        if (op->asked < before->began)
            continue;
        if (op->kind == OP_DEL || op->kind == OP_GETDEL)
            return true;
        if (flushes && (!*flush || op->asked < (*flush)->asked))
            *flush = op;
    }
    return false;
}

/* A key that a life had begun with is gone, and only a flush can have ended it: the flush is
 * there, and so is what was answered before. */
static void find_flush_gap(const struct probe *before, const struct probe *p, struct sim_log *log)
{
    for (unsigned db = 0; db < SIM_DBS; db++) {
        for (unsigned key = 0; key < SIM_KEYS && !log->failed; key++) {
            const struct op *then = before->reads[db][key], *now = p->reads[db][key], *flush;

            if (then && now && !then->reply_null && now->reply_null &&
                !ended_otherwise(before, p, db, key, &flush) && flush)
                find_gap(p, flush, log);
        }
    }
}

void check_durable(const struct history *h, struct sim_log *log)
{
    struct probe p = { 0 }, before;

    for (size_t m = 0; m < h->mark_count && !log->failed; m++) {
        if (h->marks[m].kind != MARK_PROBED)
            continue;
        before = p;
        if (!probe_read(h, m, &p))
            continue;
        find_missing(&p, log);
        find_flush_gap(&before, &p, log);
        for (unsigned db = 0; db < SIM_DBS; db++) {
            for (unsigned key = 0; key < SIM_KEYS; key++) {
                const struct op *read = p.reads[db][key];
                uint32_t writer = read ? history_writer(h, read->reply_texts[0]) : 0;

                if (!writer || log->failed)
                    continue;
                find_gap(&p, h->ops[writer - 1], log);
                if (h->ops[writer - 1]->within)
                    find_half_exec(&p, h->ops[writer - 1]->within, log);
                if (h->ops[writer - 1]->kind == OP_MSET)
                    find_split(&p, h->ops[writer - 1], log);
            }
        }
    }
}
