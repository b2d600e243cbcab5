/* check_dead.c: for each value that was read: nothing surely ended it between its
 * writing and its reading. */
#include "base/mem.h"
#include "sim/checks.h"
#include "sim/probe.h"

static bool ends_any_value(const struct op *op)
{
    switch (op->kind) {
    case OP_SET:
        return !(op->flags & (OP_NX | OP_XX));
    case OP_MSET:
    case OP_GETSET:
    case OP_DEL:
    case OP_GETDEL:
    case OP_FLUSHDB:
    case OP_FLUSHALL:
        return true;
    default:
        return false;
    }
}

/* Operations of one key. */
struct key_ops {
    const struct op **ops;
    size_t count;
};

static void find_undead(const struct history *h, const struct key_ops *all, const struct op *read,
                        const struct op *writer, struct sim_log *log)
{
    char a[160];
    char b[160];

    for (size_t n = 0; n < all->count; n++) {
        const struct op *x = all->ops[n];

        if (x == writer || x == read || x->outcome != OP_OK || !ends_any_value(x))
            continue;
        if (!op_before(writer, x) || !op_before(x, read))
            continue;
        if (op_may_be_lost(h, x, x->told, read->asked))
            continue;
        sim_log_fail(log, "dead", "%s read what %s had ended", op_describe(h, read, a),
                     op_describe(h, x, b));
        return;
    }
}

/* A value whose end is a fixed time is not read behind it. */
static void find_expired(const struct history *h, const struct key_ops *all, const struct op *read,
                         const struct op *writer, struct sim_log *log)
{
    uint64_t slack = 5000;
    char text[160];

    if (writer->kind != OP_SET || !(writer->flags & OP_PXAT))
        return;
    for (size_t n = 0; n < all->count; n++) {
        const struct op *x = all->ops[n];

        if (x != writer && !op_before(x, writer) &&
            (x->kind == OP_PEXPIRE || x->kind == OP_PERSIST))
            return;
    }
    if (sim_clock_least(h->clock, read->asked_us, read->told_us) >
        (uint64_t)writer->ms * 1000 + slack)
        sim_log_fail(log, "dead", "read behind its expiry: %s", op_describe(h, read, text));
}

static void check_key(const struct history *h, const struct key_ops *all, unsigned db, unsigned key,
                      struct sim_log *log)
{
    for (size_t n = 0; n < all->count && !log->failed; n++) {
        const struct op *read = all->ops[n];
        int i = op_touches(read, db, key);
        uint32_t writer = read->outcome == OP_OK ? history_writer(h, read->reply_texts[i]) : 0;

        if (!writer)
            continue;
        find_undead(h, all, read, h->ops[writer - 1], log);
        find_expired(h, all, read, h->ops[writer - 1], log);
    }
}

void check_dead(const struct history *h, struct sim_log *log)
{
    struct key_ops all = { mem_alloc(h->op_count * sizeof *all.ops), 0 };

    for (unsigned db = 0; db < SIM_DBS; db++) {
        for (unsigned key = 0; key < SIM_KEYS - SIM_COUNTERS; key++) {
            all.count = 0;
            for (size_t n = 0; n < h->op_count; n++) {
                if (op_touches(h->ops[n], db, key) >= 0)
                    all.ops[all.count++] = h->ops[n];
            }
            check_key(h, &all, db, key, log);
        }
    }
    mem_free(all.ops);
}
