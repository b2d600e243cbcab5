/* bit_op.c: BITOP: strings combined bit by bit; shorter ones as if zeros followed. */
#include "cmd/families.h"

#include "base/limits.h"
#include "base/wire.h"

enum op { OP_AND, OP_OR, OP_XOR, OP_NOT };

static bool parse_op(const struct call *c, enum op *op)
{
    static const char *const names[] = { "and", "or", "xor", "not" };

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (call_arg_is(c, 1, names[i])) {
            *op = (enum op)i;
            return true;
        }
    }
    return false;
}

static inline uint64_t combine(enum op op, uint64_t a, uint64_t b)
{
    switch (op) {
    case OP_AND:
        return a & b;
    case OP_OR:
        return a | b;
    case OP_XOR:
        return a ^ b;
    case OP_NOT:
        break;
    }
    return ~b;
}

/* Combines `with` into the `len` bytes at `to`, which are at least as many. */
static void combine_into(enum op op, uint8_t *to, size_t len, struct slice with)
{
    size_t i = 0;

    for (; i + 8 <= with.len; i += 8)
        wire_put64(to + i, combine(op, wire_get64(to + i), wire_get64(with.data + i)));
    for (; i < with.len; i++)
        to[i] = (uint8_t)combine(op, to[i], with.data[i]);
    if (op == OP_AND)
        memset(to + with.len, 0, len - with.len);
}

/* The heads of all sources: how long the longest is, and whether together they can be
 * read at all.  False: return c->end. */
static bool measure(struct call *c, size_t *longest)
{
    uint64_t all = 0, fetched = 0;
    bool lacking = false, wrong = false, found;
    struct cell head;

    *longest = 0;
    for (uint32_t i = 3; i < c->argc; i++) {
        if (!want_head(c, i, &found, &head)) {
            lacking = true;
            continue;
        }
        size_t len = found ? cell_value_length(&head) : 0;
        wrong |= found && head.type != CELL_STRING;
        if (!found && !wrong)
            call_miss(c, i);
        all += len;
        fetched += found && head.flags & (CELL_BLOB | CELL_PARTS) ? len : 0;
        *longest = len > *longest ? len : *longest;
    }
    if (lacking)
        return false;
    c->end = CALL_DONE;
    if (wrong)
        call_wrong_type(c);
    else if (all > LIMIT_BITOP)
        reply_errorf(c->reply, "ERR", "BITOP takes sources of at most %d bytes together",
                     LIMIT_BITOP);
    else if (fetched > c->whole_max)
        reply_error(c->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
    else
        return true;
    return false;
}

/* The source argv[arg], all of it.  False: return c->end. */
static bool want_source(struct call *c, uint32_t arg, struct slice *value)
{
    bool found;
    struct cell head;

    if (!want_value(c, arg, &found, &head))
        return false;
    if (found && !want_whole(c, arg, &head))
        return false;
    *value = found ? head.value : slice_of(NULL, 0);
    return true;
}

/* The result in c->scratch.  False: return c->end. */
static bool build(struct call *c, enum op op, size_t len)
{
    uint8_t *to = buf_reserve(c->scratch, len);
    bool lacking = false;

    c->scratch->len = len;
    memset(to, 0, len);
    for (uint32_t i = 3; i < c->argc; i++) {
        struct slice value;
        if (!want_source(c, i, &value)) {
            if (c->end != CALL_WANT)
                return false;
            lacking = true; /* ask for the others too */
        } else if (!lacking) {
            combine_into(i == 3 && op != OP_NOT ? OP_OR : op, to, len, value);
        }
    }
    c->end = CALL_WANT;
    return !lacking;
}

static enum call_end run_bitop(struct call *c)
{
    enum op op;
    size_t len;
    bool there;
    struct cell old;

    if (!parse_op(c, &op))
        return call_syntax_error(c);
    if (op == OP_NOT && c->argc != 4)
        return call_error(c, "BITOP NOT must be called with a single source key.");
    if (!measure(c, &len))
        return c->end;
    if (len == 0 && !want_head(c, 2, &there, &old))
        return c->end;
    if (len > 0 && !build(c, op, len))
        return c->end;
    if (len > 0)
        call_put_string(c, 2, buf_slice(c->scratch), 0);
    else if (there)
        call_delete(c, 2);
    if (len > 0)
        call_event(c, EVENT_STRING, "set", 2);
    else if (there)
        call_event(c, EVENT_GENERIC, "del", 2);
    reply_int(c->reply, (int64_t)len);
    return CALL_DONE;
}

const struct command bit_op_rows[] = {
    { .name = "bitop",
      .arity = -4,
      .keys = { 2, -1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_bitop,
      .group = "bitmap",
      .since = "2.6.0",
      .complexity = "O(N) for N bytes of all sources",
      .key_flags = "OW update|RO access",
      .syntax = "operation<AND | OR | XOR | NOT> destkey:key key...",
      .summary = "Combines strings bit by bit and keeps the result." },
    { 0 },
};
