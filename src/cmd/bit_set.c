/* bit_set.c: single bits: SETBIT, GETBIT; and what bits.h promises. */
#include "cmd/families.h"

#include "base/limits.h"
#include "base/num.h"
#include "cmd/bits.h"

bool bits_offset(struct call *c, uint32_t arg, unsigned width, uint64_t *out)
{
    struct slice text = c->argv[arg];
    bool groups = width && text.len && text.data[0] == '#';
    int64_t v;

    if (groups)
        text = slice_of(text.data + 1, text.len - 1);
    if (num_get_i64(text, &v) && (!groups || !__builtin_mul_overflow(v, (int64_t)width, &v)) &&
        v >= 0 && v >> 3 < LIMIT_VALUE) {
        *out = (uint64_t)v;
        return true;
    }
    c->end = call_error(c, "bit offset is not an integer or out of range");
    return false;
}

uint8_t *bits_grown(struct call *c, struct slice value, size_t len)
{
    uint8_t *p = buf_reserve(c->scratch, len > value.len ? len : value.len);

    if (value.len)
        memcpy(p, value.data, value.len);
    if (len > value.len)
        memset(p + value.len, 0, len - value.len);
    c->scratch->len = len > value.len ? len : value.len;
    return p;
}

void bits_put(struct call *c, const struct cell *old, bool tells)
{
    call_put_string(c, 1, buf_slice(c->scratch), old->flags & CELL_EXPIRES ? old->expire_ms : 0);
    if (tells)
        call_event(c, EVENT_STRING, "setbit", 1);
}

static enum call_end run_setbit(struct call *c)
{
    uint64_t offset;
    int64_t bit;
    bool found, was;
    struct cell old;

    if (!bits_offset(c, 2, 0, &offset))
        return c->end;
    if (!num_get_i64(c->argv[3], &bit) || (bit != 0 && bit != 1))
        return call_error(c, "bit is not an integer or out of range");
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found)
        old = (struct cell){ 0 };
    if (!want_whole(c, 1, &old))
        return c->end;
    size_t at = (size_t)(offset >> 3);
    uint8_t mask = (uint8_t)(0x80 >> (offset & 7));
    was = at < old.value.len && old.value.data[at] & mask;
    if (at >= old.value.len || was != bit) {
        uint8_t *p = bits_grown(c, old.value, at + 1);
        p[at] = (uint8_t)(bit ? p[at] | mask : p[at] & ~mask);
        bits_put(c, &old, true);
    }
    reply_int(c->reply, was);
    return CALL_DONE;
}

static enum call_end run_getbit(struct call *c)
{
    uint64_t offset;
    bool found;
    struct cell old;

    if (!bits_offset(c, 2, 0, &offset))
        return c->end;
    if (!want_text(c, 1, &found, &old))
        return c->end;
    size_t at = (size_t)(offset >> 3);
    bool inside = found && at < cell_value_length(&old);
    if (inside && !want_whole(c, 1, &old))
        return c->end;
    reply_int(c->reply, inside && (old.value.data[at] & 0x80 >> (offset & 7)));
    return CALL_DONE;
}

const struct command bit_set_rows[] = {
    { .name = "setbit",
      .arity = 4,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_setbit,
      .group = "bitmap",
      .since = "2.2.0",
      .complexity = "O(N) for N bytes the string then has",
      .key_flags = "RW access update",
      .syntax = "key offset:integer value:integer",
      .summary = "Sets or clears one bit of a string, which grows as needed." },
    { .name = "getbit",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST,
      .run = run_getbit,
      .group = "bitmap",
      .since = "2.2.0",
      .complexity = "O(1)",
      .key_flags = "RO access",
      .syntax = "key offset:integer",
      .summary = "Reads one bit of a string." },
    { 0 },
};
