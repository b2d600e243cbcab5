/* string_get.c: reading strings: GET, MGET, STRLEN, GETRANGE, and the reads that
 * also change something: GETDEL, GETEX, GETSET. */
#include "cmd/families.h"

#include "cmd/gather.h"
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

/* What memory has no room for at a time is not asked for with its bytes: where they are
 * tells how to send them. */
static bool mget_one(struct call *c, uint32_t i, const struct reply *so_far, bool *found,
                     struct cell *out)
{
    uint64_t bytes = so_far->bytes + c->view->wanted;
    return c->want_max && bytes > c->want_max ? want_head(c, i, found, out)
                                              : want_value(c, i, found, out);
}

/* Replies argv[first] and those that follow to `to`, whose array has begun, up to the
 * first that is not at hand, and asks for that and the others: one restart for all,
 * unless they are too many.  Returns where it stopped; 0: there is no memory for so large
 * a reply, and a key that is named often makes one of a small command. */
static uint32_t mget_from(struct call *c, uint32_t first, struct reply *to)
{
    struct reply *own = c->reply;
    size_t blocks = to->pool->used_bytes;
    uint32_t stop = c->argc;
    c->reply = to;
    for (uint32_t i = first; i < c->argc && stop; i++) {
        bool found;
        struct cell old;
        if (!mget_one(c, i, to, &found, &old)) {
            if (stop == c->argc)
                stop = i;
            if (c->want_max && c->view->wanted > c->want_max)
                break;
        } else if (stop < c->argc) {
            continue; /* it will be asked for again */
        } else if (found && old.type == CELL_STRING) {
            call_reply_value(c, &old);
        } else {
            reply_null(to);
        }
        if (to->pool->used_bytes - blocks > c->whole_max)
            stop = 0;
    }
    c->reply = own;
    return stop;
}

static enum call_end mget_too_large(struct call *c)
{
    call_forget(c);
    reply_error(c->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
    return CALL_DONE;
}

/* A key of another type reads as null here.  Where more is lacking than should be read
 * at a time it goes on in slices, each key as it is in its slice. */
static enum call_end run_mget(struct call *c)
{
    struct gather *g = c->gather;
    if (!g) {
        struct reply_mark begin = reply_mark(c->reply);
        uint32_t stop;
        reply_array(c->reply, c->argc - 1);
        stop = mget_from(c, 1, c->reply);
        if (stop == c->argc)
            return CALL_DONE;
        if (stop == 0) {
            reply_cut(c->reply, begin);
            return mget_too_large(c);
        }
        if (c->want_max && c->view->wanted > c->want_max) {
            g = gather_of(c);
            g->next = 1;
        }
        return CALL_WANT;
    }
    uint32_t from = (uint32_t)g->next;
    uint64_t keys;
    g->next = mget_from(c, from, &g->keys);
    if (g->next == 0)
        return mget_too_large(c);
    if (g->next < c->argc)
        return g->next > from ? CALL_LATER : CALL_WANT; /* what the slice has read is let go */
    (void)c->view->count(c->view, c->db,
                         &keys); /* rests on all that is written, as slices before may */
    reply_array(c->reply, c->argc - 1);
    reply_append(c->reply, &g->keys);
    call_forget(c);
    return CALL_DONE;
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
        call_miss(c, 1);
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
        call_miss(c, 1);
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
        call_miss(c, 1);
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
      .syntax = "key",
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
      .syntax = "key...",
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
      .syntax = "key",
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
      .syntax = "key start:integer end:integer",
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
      .syntax = "key start:integer end:integer",
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
      .syntax = "key",
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
      .syntax = "key expiration[EX seconds:integer | PX milliseconds:integer | EXAT "
                "unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | PERSIST]",
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
      .syntax = "key value",
      .summary = "Sets a string and returns what it was." },
    { 0 },
};
