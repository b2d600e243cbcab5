/* bit_count.c: bits counted and looked for: BITCOUNT, BITPOS. */
#include "cmd/families.h"

#include "base/wire.h"

/* From bit `first` to bit `last`, both within the string, first <= last. */
struct bit_range {
    int64_t first;
    int64_t last;
};

/* argv[arg] says BIT or BYTE.  False: replied. */
static bool parse_unit(struct call *c, uint32_t arg, bool *bits)
{
    *bits = call_arg_is(c, arg, "bit");
    if (*bits || call_arg_is(c, arg, "byte"))
        return true;
    call_syntax_error(c);
    return false;
}

/* Of `size` bytes, or bits: negative numbers count from the end.  False: the range is
 * empty. */
static bool range_of(int64_t first, int64_t last, size_t size, bool bits, struct bit_range *out)
{
    int64_t total = (int64_t)size * (bits ? 8 : 1);

    if (first < 0)
        first = first + total < 0 ? 0 : first + total;
    if (last < 0)
        last = last + total < 0 ? 0 : last + total;
    if (last >= total)
        last = total - 1;
    if (first > last)
        return false;
    *out = bits ? (struct bit_range){ first, last } : (struct bit_range){ first * 8, last * 8 + 7 };
    return true;
}

static inline unsigned ones(uint64_t word)
{
    return (unsigned)__builtin_popcountll(word);
}

/* `byte`, which is at `at`, without the bits outside the range. */
static uint8_t within(uint8_t byte, int64_t at, struct bit_range r)
{
    if (at == r.first >> 3)
        byte &= (uint8_t)(0xff >> (r.first & 7));
    if (at == r.last >> 3)
        byte &= (uint8_t)(0xff << (7 - (r.last & 7)));
    return byte;
}

static int64_t count_ones(const uint8_t *p, struct bit_range r)
{
    int64_t at = r.first >> 3, end = r.last >> 3, n = ones(within(p[at], at, r));

    if (at == end)
        return n;
    n += ones(within(p[end], end, r));
    for (at++; end - at >= 8; at += 8)
        n += ones(wire_get64(p + at));
    for (; at < end; at++)
        n += ones(p[at]);
    return n;
}

/* The first such bit in the range; -1: there is none. */
static int64_t find_bit(const uint8_t *p, struct bit_range r, bool bit)
{
    int64_t at = r.first >> 3, end = r.last >> 3;
    uint64_t same = bit ? 0 : UINT64_MAX;

    for (; at <= end; at++) {
        uint8_t byte = within(bit ? p[at] : (uint8_t)~p[at], at, r);
        if (byte)
            return at * 8 + __builtin_clz(byte) - 24;
        while (end - at > 8 && wire_get64(p + at + 1) == same)
            at += 8;
    }
    return -1;
}

static enum call_end run_bitcount(struct call *c)
{
    int64_t first = 0, last = -1;
    struct bit_range r;
    bool found, bits = false;
    struct cell old;

    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found) { /* before the range is looked at, as in Redis */
        reply_int(c->reply, 0);
        return CALL_DONE;
    }
    if (c->argc != 2 && c->argc != 4 && c->argc != 5)
        return call_syntax_error(c);
    if (c->argc > 2 && (!call_get_i64(c, 2, &first) || !call_get_i64(c, 3, &last)))
        return c->end;
    bool backwards = c->argc > 2 && first < 0 && last < 0 && first > last;
    if (!backwards && c->argc == 5 && !parse_unit(c, 4, &bits))
        return CALL_DONE;
    if (backwards || !range_of(first, last, cell_value_length(&old), bits, &r)) {
        reply_int(c->reply, 0);
        return CALL_DONE;
    }
    if (!want_whole(c, 1, &old))
        return c->end;
    reply_int(c->reply, count_ones(old.value.data, r));
    return CALL_DONE;
}

/* BITPOS's range, which an end may be missing of.  False: return c->end. */
static bool parse_bitpos(struct call *c, int64_t *first, int64_t *last, bool *bits)
{
    *first = 0;
    *last = -1;
    *bits = false;
    c->end = CALL_DONE;
    if (c->argc > 6) {
        call_syntax_error(c);
        return false;
    }
    return (c->argc < 4 || call_get_i64(c, 3, first)) && (c->argc < 6 || parse_unit(c, 5, bits)) &&
           (c->argc < 5 || call_get_i64(c, 4, last));
}

static enum call_end run_bitpos(struct call *c)
{
    int64_t bit, first, last, at;
    struct bit_range r;
    bool found, bits;
    struct cell old;

    if (!call_get_i64(c, 2, &bit))
        return c->end;
    if (bit != 0 && bit != 1)
        return call_error(c, "The bit argument must be 1 or 0.");
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found) { /* nothing but zeros, without an end; the range is not looked at, as in Redis */
        reply_int(c->reply, bit ? -1 : 0);
        return CALL_DONE;
    }
    if (!parse_bitpos(c, &first, &last, &bits))
        return c->end;
    size_t size = cell_value_length(&old);
    if (!range_of(first, last, size, bits, &r)) {
        reply_int(c->reply, -1);
        return CALL_DONE;
    }
    if (!want_whole(c, 1, &old))
        return c->end;
    at = find_bit(old.value.data, r, bit);
    /* Behind a string that was not cut short there are zeros. */
    reply_int(c->reply, at < 0 && !bit && c->argc < 5 ? (int64_t)size * 8 : at);
    return CALL_DONE;
}

const struct command bit_count_rows[] = {
    { .name = "bitcount",
      .arity = -2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY,
      .run = run_bitcount,
      .group = "bitmap",
      .since = "2.6.0",
      .complexity = "O(N) for N bytes looked at",
      .key_flags = "RO access",
      .syntax = "key range[start:integer end:integer unit[BYTE | BIT]]",
      .summary = "Counts the bits that are set in a string, or in a part of it." },
    { .name = "bitpos",
      .arity = -3,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY,
      .run = run_bitpos,
      .group = "bitmap",
      .since = "2.8.7",
      .complexity = "O(N) for N bytes looked at",
      .key_flags = "RO access",
      .syntax = "key bit:integer range[start:integer end-unit-block[end:integer unit[BYTE | BIT]]]",
      .summary = "Finds the first bit that is set, or clear, in a string." },
    { 0 },
};
