/* string_set.c: writing whole strings: SET and its older forms, MSET, MSETNX.
 * Those that do not ask what was there want nothing: they are blind. */
#include "cmd/families.h"

#include "cmd/string_options.h"

static const char *const mset_tips[] = { "request_policy:multi_shard",
                                         "response_policy:all_succeeded", NULL };
static const char *const msetnx_tips[] = { "request_policy:multi_shard", "response_policy:agg_min",
                                           NULL };

/* An expiry that has passed already leaves nothing.  `expires`: the call has set it. */
static void put_until(struct call *c, uint32_t value_arg, uint64_t expire_ms, bool expires)
{
    bool passed = expire_ms && expire_ms <= call_now_ms(c);

    if (passed)
        call_delete(c, 1);
    else
        call_put_argument(c, 1, value_arg, expire_ms);
    call_event(c, EVENT_STRING, "set", 1);
    if (expire_ms && expires)
        call_event(c, EVENT_GENERIC, "expire", 1);
    if (passed)
        call_event(c, EVENT_EXPIRED, "expired", 1);
}

/* The part of SET that depends on what was there; replies to GET. */
static bool set_allowed(struct call *c, unsigned options, uint64_t *expire_ms)
{
    bool found;
    struct cell old;
    if (!(options & (OPTION_NX | OPTION_XX | OPTION_GET | OPTION_KEEPTTL)))
        return true;
    bool known = options & OPTION_GET ? want_text(c, 1, &found, &old)
                                      : want_head(c, 1, &found, &old);
    if (!known)
        return false;
    bool refused = options & (found ? OPTION_NX : OPTION_XX);
    c->end = CALL_DONE;
    if (!found && (options & OPTION_GET))
        call_miss(c, 1);
    if (found && (options & OPTION_GET)) {
        if (!call_reply_value(c, &old))
            return false;
    } else if (refused || (options & OPTION_GET)) {
        reply_null(c->reply);
    }
    if (found && (options & OPTION_KEEPTTL) && (old.flags & CELL_EXPIRES))
        *expire_ms = old.expire_ms;
    return !refused;
}

static enum call_end set_with_options(struct call *c)
{
    struct string_options options;
    uint64_t expire_ms;
    if (!string_options_parse(c, 3, OPTION_OF_SET, &options) ||
        !string_options_expiry(c, &options, &expire_ms))
        return CALL_DONE;
    if (!set_allowed(c, options.set, &expire_ms))
        return c->end;
    put_until(c, 2, expire_ms, !(options.set & OPTION_KEEPTTL));
    if (!(options.set & OPTION_GET))
        reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_set(struct call *c)
{
    if (c->argc > 3)
        return set_with_options(c);
    call_put_argument(c, 1, 2, 0);
    call_event(c, EVENT_STRING, "set", 1);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_setnx(struct call *c)
{
    bool found;
    struct cell old;
    if (!want_head(c, 1, &found, &old))
        return c->end;
    if (!found) {
        call_put_argument(c, 1, 2, 0);
        call_event(c, EVENT_STRING, "set", 1);
    }
    reply_int(c->reply, !found);
    return CALL_DONE;
}

static enum call_end set_expiring(struct call *c, unsigned unit)
{
    struct string_options options = { .set = unit, .time_arg = 2 };
    uint64_t expire_ms;
    if (!string_options_expiry(c, &options, &expire_ms))
        return CALL_DONE;
    put_until(c, 3, expire_ms, true);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_setex(struct call *c)
{
    return set_expiring(c, OPTION_EX);
}

static enum call_end run_psetex(struct call *c)
{
    return set_expiring(c, OPTION_PX);
}

static void put_pairs(struct call *c)
{
    for (uint32_t i = 1; i < c->argc; i += 2) {
        call_put_argument(c, i, i + 1, 0);
        call_event(c, EVENT_STRING, "set", i);
    }
}

static enum call_end run_mset(struct call *c)
{
    if (c->argc % 2 == 0)
        return call_wrong_arguments(c);
    put_pairs(c);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_msetnx(struct call *c)
{
    if (c->argc % 2 == 0)
        return call_wrong_arguments(c);
    bool lacking = false;
    bool any = false;
    for (uint32_t i = 1; i < c->argc; i += 2) {
        bool found;
        struct cell old;
        lacking |= !want_head(c, i, &found, &old);
        any |= found;
    }
    if (lacking)
        return c->end;
    if (!any)
        put_pairs(c);
    reply_int(c->reply, !any);
    return CALL_DONE;
}

const struct command string_set_rows[] = {
    { .name = "set",
      .arity = -3,
      .keys = { 1, 1, 1 },
      .values = { 2, 2, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_set,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RW access update variable_flags",
      .syntax = "key value condition[NX | XX] [GET] expiration[EX seconds:integer | PX "
                "milliseconds:integer | EXAT unix-time-seconds:unix-time | PXAT "
                "unix-time-milliseconds:unix-time | KEEPTTL]",
      .summary = "Sets a string, under conditions and with an expiry if asked to." },
    { .name = "setnx",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .values = { 2, 2, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_setnx,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "OW insert",
      .syntax = "key value",
      .summary = "Sets a string unless its key exists." },
    { .name = "setex",
      .arity = 4,
      .keys = { 1, 1, 1 },
      .values = { 3, 3, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_setex,
      .group = "string",
      .since = "2.0.0",
      .complexity = "O(1)",
      .key_flags = "OW update",
      .syntax = "key seconds:integer value",
      .summary = "Sets a string that expires after some seconds." },
    { .name = "psetex",
      .arity = 4,
      .keys = { 1, 1, 1 },
      .values = { 3, 3, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_psetex,
      .group = "string",
      .since = "2.6.0",
      .complexity = "O(1)",
      .key_flags = "OW update",
      .syntax = "key milliseconds:integer value",
      .summary = "Sets a string that expires after some milliseconds." },
    { .name = "mset",
      .arity = -3,
      .keys = { 1, -1, 2 },
      .values = { 2, -1, 2 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_mset,
      .group = "string",
      .since = "1.0.1",
      .complexity = "O(N) for N keys",
      .tips = mset_tips,
      .key_flags = "OW update",
      .syntax = "data<key value>...",
      .summary = "Sets several strings at once." },
    { .name = "msetnx",
      .arity = -3,
      .keys = { 1, -1, 2 },
      .values = { 2, -1, 2 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_msetnx,
      .group = "string",
      .since = "1.0.1",
      .complexity = "O(N) for N keys",
      .tips = msetnx_tips,
      .key_flags = "OW insert",
      .syntax = "data<key value>...",
      .summary = "Sets several strings unless any of the keys exists." },
    { 0 },
};
