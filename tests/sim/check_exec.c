/* check_exec.c: transactions as others see them, and what they watch.
 *
 * That a key's operations of one EXEC are one step is judged with the key's history
 * (check_linear.c), and that all or none survive with what is found after a start
 * (check_durable.c). */
#include "sim/checks.h"
#include "sim/probe.h"

/* EXEC's last word on a key is this plain write. */
static const struct op *last_write(const struct op *exec, unsigned db, unsigned key)
{
    const struct op *last = NULL;

    for (unsigned n = 0; n < exec->sub_count; n++) {
        const struct op *op = exec->subs[n];

        if (op_writes(op) && op_touches(op, db, key) >= 0)
            last = op->kind == OP_SET && !(op->flags & (OP_NX | OP_XX)) ? op : NULL;
    }
    return last;
}

/* `read` has what `exec` wrote to its key `i`: what it has of others is not older. */
static void find_half_seen(const struct history *h, const struct op *read, int i,
                           const struct op *exec, struct sim_log *log)
{
    char a[160];
    char b[160];

    for (int n = 0; n < read->key_count; n++) {
        uint32_t writer = history_writer(h, read->reply_texts[n]);
        const struct op *wrote = last_write(exec, read->db, read->keys[n]);

        if (n == i || !wrote || !writer || h->ops[writer - 1] == wrote)
            continue;
        if (op_before(h->ops[writer - 1], wrote)) {
            sim_log_fail(log, "exec", "%s saw a part of %s", op_describe(h, read, a),
                         op_describe(h, exec, b));
            return;
        }
    }
}

static void check_read(const struct history *h, const struct op *read, struct sim_log *log)
{
    for (int i = 0; i < read->key_count && !log->failed; i++) {
        uint32_t writer = history_writer(h, read->reply_texts[i]);

        if (writer && h->ops[writer - 1]->within && h->ops[writer - 1]->within != read->within)
            find_half_seen(h, read, i, h->ops[writer - 1]->within, log);
    }
}

/* Between WATCH and EXEC the key kept its value. */
static void check_watch(const struct history *h, const struct op *exec, struct sim_log *log)
{
    const struct op *before = exec->watched;
    char a[160];
    char b[160];

    if (before->outcome == OP_OK && exec->subs[0]->reply_texts[0] != before->reply_texts[0])
        sim_log_fail(log, "exec", "%s ran although what %s had found was changed",
                     op_describe(h, exec, a), op_describe(h, before, b));
}

void check_exec(const struct history *h, struct sim_log *log)
{
    for (size_t n = 0; n < h->op_count && !log->failed; n++) {
        const struct op *op = h->ops[n];

        if (op->outcome != OP_OK)
            continue;
        if (op->kind == OP_MGET)
            check_read(h, op, log);
        if (op->kind == OP_EXEC && op->watched && !op->reply_null)
            check_watch(h, op, log);
    }
}
