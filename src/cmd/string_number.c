/* string_number.c: strings that hold numbers: INCR and its kin, INCRBYFLOAT.
 * They keep the key's expiry. */
#include "cmd/families.h"

#include <math.h>

#include "base/num.h"

/* Puts text of `len` bytes at the end of c->scratch under argv[1]. */
static void put_number(struct call *c, size_t len, bool found, const struct cell *old,
                       const char *event)
{
    uint64_t expire_ms = found && (old->flags & CELL_EXPIRES) ? old->expire_ms : 0;
    c->scratch->len += len;
    call_put_string(c, 1, buf_slice(c->scratch), expire_ms);
    call_event(c, EVENT_STRING, event, 1);
}

static enum call_end add(struct call *c, int64_t by)
{
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    int64_t value = 0;
    if (found && ((old.flags & CELL_PARTS) || !num_get_i64(old.value, &value)))
        return call_error(c, "value is not an integer or out of range");
    if (__builtin_add_overflow(value, by, &value))
        return call_error(c, "increment or decrement would overflow");
    put_number(c, num_put_i64(buf_reserve(c->scratch, NUM_I64_MAX), value), found, &old, "incrby");
    reply_int(c->reply, value);
    return CALL_DONE;
}

static enum call_end run_incr(struct call *c)
{
    return add(c, 1);
}

static enum call_end run_decr(struct call *c)
{
    return add(c, -1);
}

static enum call_end run_incrby(struct call *c)
{
    int64_t by;
    return call_get_i64(c, 2, &by) ? add(c, by) : c->end;
}

static enum call_end run_decrby(struct call *c)
{
    int64_t by;
    if (!call_get_i64(c, 2, &by))
        return c->end;
    if (by == INT64_MIN)
        return call_error(c, "decrement would overflow");
    return add(c, -by);
}

static enum call_end run_incrbyfloat(struct call *c)
{
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    long double value = 0;
    long double by;
    bool number = !found || (!(old.flags & CELL_PARTS) && num_get_decimal(old.value, &value));
    if (!number || !num_get_decimal(c->argv[2], &by))
        return call_error(c, "value is not a valid float");
    value += by;
    if (!isfinite(value))
        return call_error(c, "increment would produce NaN or Infinity");
    put_number(c, num_put_decimal(buf_reserve(c->scratch, NUM_DOUBLE_MAX), value), found, &old,
               "incrbyfloat");
    reply_bulk(c->reply, buf_slice(c->scratch));
    return CALL_DONE;
}

const struct command string_number_rows[] = {
    { .name = "incr",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_incr,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RW access update",
      .syntax = "key",
      .summary = "Adds one to an integer." },
    { .name = "decr",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_decr,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RW access update",
      .syntax = "key",
      .summary = "Takes one from an integer." },
    { .name = "incrby",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_incrby,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RW access update",
      .syntax = "key increment:integer",
      .summary = "Adds a number to an integer." },
    { .name = "decrby",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_decrby,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RW access update",
      .syntax = "key decrement:integer",
      .summary = "Takes a number from an integer." },
    { .name = "incrbyfloat",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_incrbyfloat,
      .group = "string",
      .since = "2.6.0",
      .complexity = "O(1)",
      .key_flags = "RW access update",
      .syntax = "key increment:double",
      .summary = "Adds a decimal number to a number." },
    { 0 },
};
