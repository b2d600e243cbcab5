/* string_range.c: writing parts of strings: APPEND, SETRANGE.  The new value is
 * built whole in c->scratch; they keep the key's expiry. */
#include "cmd/families.h"

#include <string.h>

#include "base/limits.h"

static bool within_limit(struct call *c, uint64_t at, size_t more)
{
    if (at <= LIMIT_VALUE && more <= LIMIT_VALUE - at)
        return true;
    call_error(c, "string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}

static void put_built(struct call *c, const struct cell *old, const char *event)
{
    uint64_t expire_ms = old->flags & CELL_EXPIRES ? old->expire_ms : 0;
    call_put_string(c, 1, buf_slice(c->scratch), expire_ms);
    call_event(c, EVENT_STRING, event, 1);
    reply_int(c->reply, (int64_t)c->scratch->len);
}

static enum call_end run_append(struct call *c)
{
    struct slice tail = c->argv[2];
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found)
        old = (struct cell){ 0 };
    else if (!within_limit(c, cell_value_length(&old), tail.len))
        return CALL_DONE;
    if (!want_whole(c, 1, &old))
        return c->end;
    buf_reserve(c->scratch, old.value.len + tail.len);
    buf_append(c->scratch, old.value);
    buf_append(c->scratch, tail);
    put_built(c, &old, "append");
    return CALL_DONE;
}

static enum call_end run_setrange(struct call *c)
{
    struct slice part = c->argv[3];
    int64_t offset;
    if (!call_get_i64(c, 2, &offset))
        return c->end;
    if (offset < 0)
        return call_error(c, "offset is out of range");
    bool found;
    struct cell old;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found)
        old = (struct cell){ 0 };
    if (part.len == 0) { /* writes nothing, not even an empty string */
        reply_int(c->reply, (int64_t)cell_value_length(&old));
        return CALL_DONE;
    }
    if (!within_limit(c, (uint64_t)offset, part.len))
        return CALL_DONE;
    if (!want_whole(c, 1, &old))
        return c->end;
    size_t at = (size_t)offset;
    size_t len = at + part.len > old.value.len ? at + part.len : old.value.len;
    uint8_t *p = buf_reserve(c->scratch, len);
    c->scratch->len = len;
    if (old.value.len)
        memcpy(p, old.value.data, old.value.len);
    if (at > old.value.len)
        memset(p + old.value.len, 0, at - old.value.len);
    memcpy(p + at, part.data, part.len);
    put_built(c, &old, "setrange");
    return CALL_DONE;
}

const struct command string_range_rows[] = {
    { .name = "append",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .run = run_append,
      .group = "string",
      .since = "2.0.0",
      .complexity = "O(N) for N bytes the string then has",
      .key_flags = "RW insert",
      .syntax = "key value",
      .summary = "Adds bytes to the end of a string." },
    { .name = "setrange",
      .arity = 4,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_setrange,
      .group = "string",
      .since = "2.2.0",
      .complexity = "O(N) for N bytes the string then has",
      .key_flags = "RW update",
      .syntax = "key offset:integer value",
      .summary = "Overwrites a part of a string, which grows as needed." },
    { 0 },
};
