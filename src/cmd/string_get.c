/* string_get.c: reading strings: GET, MGET, STRLEN, GETRANGE, and the reads that
 * also change something: GETDEL, GETEX, GETSET. */
#include "cmd/families.h"

#include "cmd/string_options.h"

static const char *const mget_tips[] = { "request_policy:multi_shard", NULL };

static enum call_end run_get(struct call *c)
{
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (found)
        call_reply_value(c, &old);
    else
        reply_null(c->reply);
    return CALL_DONE;
}

/* A key of another type reads as null here. */
static enum call_end run_mget(struct call *c)
{
    bool lacking = false;
    reply_array(c->reply, c->argc - 1);
    for (uint32_t i = 1; i < c->argc; i++) {
        bool found;
        struct cell old;
        if (!want_value(c, i, &found, &old))
            lacking = true; /* ask for the others too: one restart for all */
        else if (found && old.type == CELL_STRING)
            call_reply_value(c, &old);
        else
            reply_null(c->reply);
    }
    return lacking ? c->end : CALL_DONE;
}

static enum call_end run_strlen(struct call *c)
{
    bool found;
    struct cell old;
    if (!want_head(c, 1, &found, &old))
        return c->end;
    if (found && old.type != CELL_STRING)
        return call_wrong_type(c);
    reply_int(c->reply, found ? (int64_t)cell_value_length(&old) : 0);
    return CALL_DONE;
}

/* Of a string of `len` bytes, `first` to `last`; negative ones count from the end.
 * Returns how many; *at is where they begin. */
static size_t range_of(size_t length, int64_t first, int64_t last, size_t *at)
{
    int64_t len = (int64_t)length;

    *at = 0;
    if (len == 0 || (first < 0 && last < 0 && first > last))
        return 0;
    if (first < 0)
        first = first + len < 0 ? 0 : first + len;
    if (last < 0)
        last = last + len < 0 ? 0 : last + len;
    if (last >= len)
        last = len - 1;
    if (first > last)
        return 0;
    *at = (size_t)first;
    return (size_t)(last - first + 1);
}

static enum call_end run_getrange(struct call *c)
{
    int64_t first;
    int64_t last;
    if (!call_get_i64(c, 2, &first) || !call_get_i64(c, 3, &last))
        return c->end;
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found)
        old = (struct cell){ 0 };
    size_t at;
    size_t len = range_of(cell_value_length(&old), first, last, &at);
    call_reply_range(c, &old, at, len);
    return CALL_DONE;
}

static enum call_end run_getdel(struct call *c)
{
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found) {
        call_event(c, EVENT_MISS, "keymiss", 1);
        reply_null(c->reply);
        return CALL_DONE;
    }
    if (call_reply_value(c, &old)) {
        call_delete(c, 1);
        call_event(c, EVENT_GENERIC, "del", 1);
    }
    return CALL_DONE;
}

static enum call_end run_getex(struct call *c)
{
    struct string_options options;
    if (!string_options_parse(c, 2, OPTION_OF_GETEX, &options))
        return CALL_DONE;
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found) { /* before the number is looked at, as in Redis */
        call_event(c, EVENT_MISS, "keymiss", 1);
        reply_null(c->reply);
        return CALL_DONE;
    }
    uint64_t expire_ms;
    if (!string_options_expiry(c, &options, &expire_ms))
        return CALL_DONE;
    bool passed = expire_ms && expire_ms <= call_now_ms(c);
    bool changes = expire_ms || ((options.set & OPTION_PERSIST) && (old.flags & CELL_EXPIRES));
    if (changes && !passed && !want_again(c, 1, &old))
        return c->end;
    if (!call_reply_value(c, &old))
        return CALL_DONE;
    if (passed)
        call_delete(c, 1);
    else if (changes)
        call_put_expiry(c, 1, &old, expire_ms);
    if (passed || changes)
        call_event(c, EVENT_GENERIC, passed ? "del" : expire_ms ? "expire" : "persist", 1);
    return CALL_DONE;
}

static enum call_end run_getset(struct call *c)
{
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found) {
        call_event(c, EVENT_MISS, "keymiss", 1);
        reply_null(c->reply);
    } else if (!call_reply_value(c, &old)) {
        return CALL_DONE;
    }
    call_put_argument(c, 1, 2, 0);
    call_event(c, EVENT_STRING, "set", 1);
    return CALL_DONE;
}

const struct command string_get_rows[] = {
    { .name = "get",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST,
      .run = run_get,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RO access",
      .summary = "Reads a string." },
    { .name = "mget",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = CMD_READONLY | CMD_FAST,
      .run = run_mget,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(N) for N keys",
      .tips = mget_tips,
      .key_flags = "RO access",
      .summary = "Reads several strings at once." },
    { .name = "strlen",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST,
      .run = run_strlen,
      .group = "string",
      .since = "2.2.0",
      .complexity = "O(1)",
      .key_flags = "RO",
      .summary = "Tells how many bytes a string has." },
    { .name = "getrange",
      .arity = 4,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY,
      .run = run_getrange,
      .group = "string",
      .since = "2.4.0",
      .complexity = "O(N) for N bytes returned",
      .key_flags = "RO access",
      .summary = "Reads a part of a string, by first and last byte." },
    { .name = "substr",
      .arity = 4,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY,
      .run = run_getrange,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(N) for N bytes returned",
      .key_flags = "RO access",
      .summary = "The old name of GETRANGE." },
    { .name = "getdel",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST,
      .run = run_getdel,
      .group = "string",
      .since = "6.2.0",
      .complexity = "O(1)",
      .key_flags = "RW access delete",
      .summary = "Reads a string and deletes its key." },
    { .name = "getex",
      .arity = -2,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST,
      .run = run_getex,
      .group = "string",
      .since = "6.2.0",
      .complexity = "O(1)",
      .key_flags = "RW access update",
      .summary = "Reads a string and sets or removes its expiry." },
    { .name = "getset",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .values = { 2, 2, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_getset,
      .group = "string",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RW access update",
      .summary = "Sets a string and returns what it was." },
    { 0 },
};
