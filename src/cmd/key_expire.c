/* key_expire.c: EXPIRE and its kin, PERSIST.
 *
 * Inside, an expiry is always unix milliseconds; the four commands differ in unit
 * and origin. */
#include "cmd/families.h"

enum condition {
    IF_NONE = 1 << 0,  /* NX: the key has no expiry */
    IF_ANY = 1 << 1,   /* XX: it has one */
    IF_LATER = 1 << 2, /* GT: the new one is later */
    IF_SOONER = 1 << 3 /* LT: the new one is sooner; none is the latest of all */
};

static bool parse_conditions(struct call *c, unsigned *conditions)
{
    static const char *const words[] = { "nx", "xx", "gt", "lt" };
    *conditions = 0;
    for (uint32_t i = 3; i < c->argc; i++) {
        unsigned w = 0;
        while (w < 4 && !call_arg_is(c, i, words[w]))
            w++;
        if (w == 4) {
            reply_errorf(c->reply, "ERR", "Unsupported option %.*s",
                         (int)(c->argv[i].len < 512 ? c->argv[i].len : 512),
                         (const char *)c->argv[i].data);
            return false;
        }
        *conditions |= 1u << w;
    }
    const char *clash = NULL;
    if ((*conditions & IF_NONE) && (*conditions & (IF_ANY | IF_LATER | IF_SOONER)))
        clash = "NX and XX, GT or LT options at the same time are not compatible";
    else if ((*conditions & IF_LATER) && (*conditions & IF_SOONER))
        clash = "GT and LT options at the same time are not compatible";
    if (clash)
        call_error(c, clash);
    return !clash;
}

/* argv[2] as unix milliseconds; may be in the past, even negative. */
static bool parse_when(struct call *c, int64_t unit_ms, bool relative, int64_t *when)
{
    if (!call_get_i64(c, 2, when))
        return false;
    if (!__builtin_mul_overflow(*when, unit_ms, when) &&
        !__builtin_add_overflow(*when, relative ? (int64_t)call_now_ms(c) : 0, when))
        return true;
    reply_errorf(c->reply, "ERR", "invalid expire time in '%s' command", command_full_name(c->row));
    return false;
}

static bool conditions_hold(unsigned conditions, const struct cell *head, int64_t when)
{
    bool has = head->flags & CELL_EXPIRES;
    int64_t old = (int64_t)head->expire_ms;
    return !((conditions & IF_NONE) && has) && !((conditions & IF_ANY) && !has) &&
           !((conditions & IF_LATER) && (!has || when <= old)) &&
           !((conditions & IF_SOONER) && has && when >= old);
}

static enum call_end expire(struct call *c, int64_t unit_ms, bool relative)
{
    unsigned conditions;
    int64_t when;
    if (!parse_conditions(c, &conditions) || !parse_when(c, unit_ms, relative, &when))
        return CALL_DONE;
    bool found;
    struct cell head;
    if (!want_head(c, 1, &found, &head))
        return c->end;
    bool change = found && conditions_hold(conditions, &head, when);
    bool over = when <= (int64_t)call_now_ms(c);
    if (change && !over && !want_again(c, 1, &head))
        return c->end;
    if (change && over)
        call_delete(c, 1);
    else if (change)
        call_put_expiry(c, 1, &head, (uint64_t)when);
    if (change)
        call_event(c, EVENT_GENERIC, over ? "del" : "expire", 1);
    reply_int(c->reply, change);
    return CALL_DONE;
}

static enum call_end run_expire(struct call *c)
{
    return expire(c, 1000, true);
}

static enum call_end run_pexpire(struct call *c)
{
    return expire(c, 1, true);
}

static enum call_end run_expireat(struct call *c)
{
    return expire(c, 1000, false);
}

static enum call_end run_pexpireat(struct call *c)
{
    return expire(c, 1, false);
}

static enum call_end run_persist(struct call *c)
{
    bool found;
    struct cell head;
    if (!want_head(c, 1, &found, &head))
        return c->end;
    bool change = found && (head.flags & CELL_EXPIRES);
    if (change && !want_again(c, 1, &head))
        return c->end;
    if (change) {
        call_put_expiry(c, 1, &head, 0);
        call_event(c, EVENT_GENERIC, "persist", 1);
    }
    reply_int(c->reply, change);
    return CALL_DONE;
}

const struct command key_expire_rows[] = {
    { .name = "expire",
      .arity = -3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_expire,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RW update",
      .syntax = "key seconds:integer condition[NX | XX | GT | LT]",
      .summary = "Lets a key expire after some seconds." },
    { .name = "pexpire",
      .arity = -3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_pexpire,
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(1)",
      .key_flags = "RW update",
      .syntax = "key milliseconds:integer condition[NX | XX | GT | LT]",
      .summary = "Lets a key expire after some milliseconds." },
    { .name = "expireat",
      .arity = -3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_expireat,
      .group = "generic",
      .since = "1.2.0",
      .complexity = "O(1)",
      .key_flags = "RW update",
      .syntax = "key unix-time-seconds:unix-time condition[NX | XX | GT | LT]",
      .summary = "Lets a key expire at a unix time in seconds." },
    { .name = "pexpireat",
      .arity = -3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_pexpireat,
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(1)",
      .key_flags = "RW update",
      .syntax = "key unix-time-milliseconds:unix-time condition[NX | XX | GT | LT]",
      .summary = "Lets a key expire at a unix time in milliseconds." },
    { .name = "persist",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_persist,
      .group = "generic",
      .since = "2.2.0",
      .complexity = "O(1)",
      .key_flags = "RW update",
      .syntax = "key",
      .summary = "Removes a key's expiry." },
    { 0 },
};
