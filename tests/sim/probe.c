/* probe.c: "surely" only: what may be explained otherwise is neither. */
#include "sim/probe.h"

#include <string.h>

bool probe_read(const struct history *h, size_t mark, struct probe *p)
{
    uint64_t ended = h->marks[mark].at;
    bool restarted = false;

    memset(p, 0, sizeof *p);
    p->history = h;
    for (size_t i = 0; i < mark; i++) {
        if (h->marks[i].kind == MARK_SERVING)
            p->began = h->marks[i].at;
        restarted |= h->marks[i].kind == MARK_KILL || h->marks[i].kind == MARK_POWER;
    }
    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *op = h->ops[n];

        if (op->probe && op->kind == OP_GET && op->outcome == OP_OK && op->asked > p->began &&
            op->told < ended)
            p->reads[op->db][op->keys[0]] = op;
    }
    return restarted;
}

bool probe_wrote(const struct op *op, int i)
{
    if (op->outcome != OP_OK && op->outcome != OP_UNKNOWN)
        return false;
    if (op->outcome == OP_UNKNOWN && (op->kind != OP_MSET || op->values[i] == 0))
        return false;
    switch (op->kind) {
    case OP_SET:
        return !(op->flags & (OP_NX | OP_XX)) || (!(op->flags & OP_WITH_GET) && !op->reply_null);
    case OP_SETNX:
        return op->reply_int == 1;
    case OP_MSET:
    case OP_GETSET:
    case OP_APPEND:
        return true;
    default:
        return false;
    }
}

/* A call that waits for the disk lets none run beside it: it sees or changes more than
 * one key. */
static bool is_barrier(const struct op *op)
{
    return op->key_count == 0 || (op->key_count > 1 && op_writes(op));
}

/* The second may run while the first, of the same connection, waits for the disk. */
static bool may_overtake(const struct op *a, const struct op *b)
{
    if (is_barrier(a) || is_barrier(b) || a->within || b->within)
        return false;
    for (int i = 0; i < b->key_count; i++) {
        if (op_touches(a, b->db, b->keys[i]) >= 0)
            return false;
    }
    return true;
}

bool op_before(const struct op *a, const struct op *b)
{
    if (a->connection == b->connection && a->asked < b->asked && !may_overtake(a, b))
        return a->outcome == OP_OK;
    return a->outcome == OP_OK && a->told < b->asked;
}

static bool sets_expiry(const struct op *op)
{
    return op->kind == OP_PEXPIRE || (op->flags & (OP_PX | OP_PXAT));
}

static bool may_remove(const struct op *op)
{
    return op->kind == OP_DEL || op->kind == OP_GETDEL || op->kind == OP_FLUSHDB ||
           op->kind == OP_FLUSHALL;
}

/* Something may have taken the key away after `op` wrote it. */
static bool may_be_removed(const struct probe *p, const struct op *op, int i)
{
    const struct history *h = p->history;
    bool inherits = op->kind == OP_APPEND || (op->flags & OP_KEEPTTL);

    if (sets_expiry(op))
        return true;
    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *x = h->ops[n];

        if (x == op || x->outcome == OP_REFUSED || x->asked > p->began ||
            op_touches(x, op->db, op->keys[i]) < 0)
            continue;
        if (sets_expiry(x) && (inherits || !op_before(x, op)))
            return true;
        if (may_remove(x) && !op_before(x, op))
            return true;
    }
    return false;
}

static const struct op *read_of(const struct probe *p, const struct op *op, int i)
{
    return p->reads[op->db][op->keys[i]];
}

bool probe_survived(const struct probe *p, const struct op *op, int i)
{
    const struct op *read = read_of(p, op, i);

    return read && read->reply_texts[0] &&
           history_writer(p->history, read->reply_texts[0]) == op->id;
}

bool probe_lost(const struct probe *p, const struct op *op, int i)
{
    const struct op *read = read_of(p, op, i);
    uint32_t writer;

    if (!read)
        return false;
    if (!read->reply_texts[0])
        return !may_be_removed(p, op, i);
    writer = history_writer(p->history, read->reply_texts[0]);
    return writer && writer != op->id && op_before(p->history->ops[writer - 1], op);
}

bool probe_last_word(const struct op *exec, unsigned n, int i)
{
    const struct op *op = exec->subs[n];

    if (op->kind != OP_MSET && (op->kind != OP_SET || (op->flags & (OP_NX | OP_XX))))
        return false;
    while (++n < exec->sub_count) {
        if (op_writes(exec->subs[n]) && op_touches(exec->subs[n], op->db, op->keys[i]) >= 0)
            return false;
    }
    return true;
}

bool op_may_be_lost(const struct history *h, const struct op *op, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < h->mark_count; i++) {
        const struct mark *m = &h->marks[i];

        if (m->kind == MARK_POWER && m->at > from && m->at < to && !history_promised(h, op, i))
            return true;
    }
    return false;
}
