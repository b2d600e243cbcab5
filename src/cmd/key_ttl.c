/* key_ttl.c: when a key expires: TTL and its kin. */
#include "cmd/families.h"

static const char *const ttl_tips[] = { "nondeterministic_output", NULL };

/* -2: no such key; -1: it does not expire. */
static enum call_end reply_expiry(struct call *c, bool relative, bool seconds)
{
    bool found;
    struct cell head;
    if (!want_head(c, 1, &found, &head))
        return c->end;
    int64_t ms = -2;
    if (found && !(head.flags & CELL_EXPIRES))
        ms = -1;
    if (found && (head.flags & CELL_EXPIRES)) {
        ms = (int64_t)(head.expire_ms - (relative ? call_now_ms(c) : 0));
        if (seconds)
            ms = ms / 1000 + (ms % 1000 >= 500); /* rounded, without overflow */
    }
    reply_int(c->reply, ms);
    return CALL_DONE;
}

static enum call_end run_ttl(struct call *c)
{
    return reply_expiry(c, true, true);
}

static enum call_end run_pttl(struct call *c)
{
    return reply_expiry(c, true, false);
}

static enum call_end run_expiretime(struct call *c)
{
    return reply_expiry(c, false, true);
}

static enum call_end run_pexpiretime(struct call *c)
{
    return reply_expiry(c, false, false);
}

const struct command key_ttl_rows[] = {
    { .name = "ttl",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_ttl,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = ttl_tips,
      .key_flags = "RO access",
      .syntax = "key",
      .summary = "Tells the seconds until a key expires." },
    { .name = "pttl",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_pttl,
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(1)",
      .tips = ttl_tips,
      .key_flags = "RO access",
      .syntax = "key",
      .summary = "Tells the milliseconds until a key expires." },
    { .name = "expiretime",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_expiretime,
      .group = "generic",
      .since = "7.0.0",
      .complexity = "O(1)",
      .key_flags = "RO access",
      .syntax = "key",
      .summary = "Tells the unix time in seconds when a key expires." },
    { .name = "pexpiretime",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_pexpiretime,
      .group = "generic",
      .since = "7.0.0",
      .complexity = "O(1)",
      .key_flags = "RO access",
      .syntax = "key",
      .summary = "Tells the unix time in milliseconds when a key expires." },
    { 0 },
};
