/* key_dump.c: DUMP, RESTORE: values from and to a Redis, as its RDB files have them. */
#include "cmd/families.h"

#include "base/limits.h"
#include "cmd/rdb_value.h"

static const char *const dump_tips[] = { "nondeterministic_output", NULL };

static enum call_end run_dump(struct call *c)
{
    bool found;
    struct cell head;

    if (!want_value(c, 1, &found, &head))
        return c->end;
    if (!found) {
        reply_null(c->reply);
        return CALL_DONE;
    }
    if (head.type != CELL_STRING)
        return call_error(c, "only strings can be dumped");
    if (cell_value_length(&head) > LIMIT_DUMP) {
        reply_errorf(c->reply, "ERR", "DUMP takes values of at most %d bytes", LIMIT_DUMP);
        return CALL_DONE;
    }
    if (!want_whole(c, 1, &head))
        return c->end;
    rdb_value_write(c->scratch, head.value);
    reply_bulk(c->reply, buf_slice(c->scratch));
    return CALL_DONE;
}

struct restore {
    bool replace;
    bool absolute;
    bool idle; /* IDLETIME, FREQ: checked alone, for uses are guessed from sketches here */
    bool uses;
};

/* A number behind IDLETIME or FREQ. */
static bool check_use(struct call *c, uint32_t arg, int64_t max, const char *text)
{
    int64_t v;

    if (!call_get_i64(c, arg, &v))
        return false;
    if (v >= 0 && v <= max)
        return true;
    call_error(c, text);
    return false;
}

static bool parse_restore(struct call *c, struct restore *r)
{
    *r = (struct restore){ .replace = false };
    for (uint32_t i = 4; i < c->argc; i++) {
        bool more = i + 1 < c->argc;
        c->end = CALL_DONE;
        if (call_arg_is(c, i, "replace")) {
            r->replace = true;
        } else if (call_arg_is(c, i, "absttl")) {
            r->absolute = true;
        } else if (call_arg_is(c, i, "idletime") && more && !r->uses) {
            if (!check_use(c, ++i, INT64_MAX, "Invalid IDLETIME value, must be >= 0"))
                return false;
            r->idle = true;
        } else if (call_arg_is(c, i, "freq") && more && !r->idle) {
            if (!check_use(c, ++i, 255, "Invalid FREQ value, must be >= 0 and <= 255"))
                return false;
            r->uses = true;
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

/* When it is to expire; 0: never. */
static bool parse_expiry(struct call *c, const struct restore *r, uint64_t *expire_ms)
{
    int64_t ttl;

    if (!call_get_i64(c, 2, &ttl))
        return false;
    c->end = CALL_DONE;
    if (ttl < 0) {
        call_error(c, "Invalid TTL value, must be >= 0");
        return false;
    }
    if (ttl && !r->absolute && __builtin_add_overflow(ttl, (int64_t)call_now_ms(c), &ttl)) {
        call_error(c, "invalid expire time in 'restore' command");
        return false;
    }
    *expire_ms = (uint64_t)ttl;
    return true;
}

static bool read_payload(struct call *c, struct slice *value)
{
    c->end = CALL_DONE;
    if (!rdb_value_foot_ok(c->argv[3])) {
        call_error(c, "DUMP payload version or checksum are wrong");
        return false;
    }
    switch (rdb_value_read(c->argv[3], c->scratch, value)) {
    case RDB_OK:
        return true;
    case RDB_OTHER_TYPE:
        call_error(c, "the payload is not a string: values of its type cannot be restored");
        return false;
    case RDB_BAD_BYTES:
        break;
    }
    call_error(c, "Bad data format");
    return false;
}

static enum call_end run_restore(struct call *c)
{
    struct restore r;
    bool found;
    struct cell head;
    struct slice value;
    uint64_t expire_ms;

    if (!parse_restore(c, &r))
        return c->end;
    if (!want_head(c, 1, &found, &head))
        return c->end;
    if (found && !r.replace) {
        reply_error(c->reply, "BUSYKEY", "Target key name already exists.");
        return CALL_DONE;
    }
    if (!parse_expiry(c, &r, &expire_ms) || !read_payload(c, &value))
        return c->end;
    if (!expire_ms || expire_ms > call_now_ms(c))
        call_put_string(c, 1, value, expire_ms);
    else if (found)
        call_delete(c, 1);
    if (!expire_ms || expire_ms > call_now_ms(c))
        call_event(c, EVENT_GENERIC, "restore", 1);
    else if (found)
        call_event(c, EVENT_GENERIC, "del", 1);
    reply_ok(c->reply);
    return CALL_DONE;
}

const struct command key_dump_rows[] = {
    { .name = "dump",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_KEYSPACE,
      .run = run_dump,
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(N) for N bytes of the value",
      .tips = dump_tips,
      .key_flags = "RO access",
      .syntax = "key",
      .summary = "Returns a string in the form RESTORE takes, here and in Redis." },
    { .name = "restore",
      .arity = -4,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_KEYSPACE | CMD_DANGEROUS,
      .run = run_restore,
      .group = "generic",
      .since = "2.6.0",
      .complexity = "O(N) for N bytes of the value",
      .key_flags = "OW update",
      .syntax = "key ttl:integer serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds:integer] "
                "[FREQ frequency:integer]",
      .summary = "Makes a key of what DUMP returned, here or in Redis." },
    { 0 },
};
