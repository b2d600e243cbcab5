/* bit_field.c: BITFIELD, BITFIELD_RO: a string as integers of 1 to 64 bits, anywhere in it.
 *
 * The arguments are read twice, first for errors and for how far the writes reach, then
 * to do what they say: nothing is kept in between. */
#include "cmd/families.h"

#include <assert.h>

#include "base/limits.h"
#include "base/num.h"
#include "cmd/bits.h"

enum field_op { FIELD_GET, FIELD_SET, FIELD_INCRBY };
enum overflow { OVERFLOW_WRAP, OVERFLOW_SAT, OVERFLOW_FAIL };

struct field {
    enum field_op op;
    enum overflow overflow; /* said last before it */
    bool is_signed;
    unsigned bits;
    uint64_t offset; /* of its highest bit */
    int64_t operand;
};

static bool parse_type(struct call *c, uint32_t arg, struct field *f)
{
    struct slice text = c->argv[arg];
    int64_t bits;

    f->is_signed = text.len && text.data[0] == 'i';
    if (text.len && (f->is_signed || text.data[0] == 'u') &&
        num_get_i64(slice_of(text.data + 1, text.len - 1), &bits) && bits >= 1 &&
        bits <= (f->is_signed ? 64 : 63)) {
        f->bits = (unsigned)bits;
        return true;
    }
    c->end = call_error(c, "Invalid bitfield type. Use something like i16 u8. Note that u64 is "
                           "not supported but i64 is.");
    return false;
}

static bool parse_overflow(const struct call *c, uint32_t arg, struct field *f)
{
    if (call_arg_is(c, arg, "wrap"))
        f->overflow = OVERFLOW_WRAP;
    else if (call_arg_is(c, arg, "sat"))
        f->overflow = OVERFLOW_SAT;
    else if (call_arg_is(c, arg, "fail"))
        f->overflow = OVERFLOW_FAIL;
    else
        return false;
    return true;
}

/* Writes must end within the longest string. */
static bool parse_place(struct call *c, uint32_t arg, struct field *f)
{
    if (!bits_offset(c, arg, f->bits, &f->offset))
        return false;
    if (f->op == FIELD_GET || f->offset + f->bits <= (uint64_t)LIMIT_VALUE * 8)
        return true;
    c->end = call_error(c, "bit offset is not an integer or out of range");
    return false;
}

/* Reads the operation at argv[*arg], with the OVERFLOWs before it, and moves *arg behind
 * it.  False: there is none left, or, with *failed, an error is replied. */
static bool next_field(struct call *c, uint32_t *arg, struct field *f, bool *failed)
{
    *failed = true;
    c->end = CALL_DONE;
    for (; *arg + 1 < c->argc && call_arg_is(c, *arg, "overflow"); *arg += 2) {
        if (!parse_overflow(c, *arg + 1, f)) {
            call_error(c, "Invalid OVERFLOW type specified");
            return false;
        }
    }
    if (*arg == c->argc) {
        *failed = false;
        return false;
    }
    uint32_t at = *arg, left = c->argc - at - 1;
    if (left >= 2 && call_arg_is(c, at, "get")) {
        f->op = FIELD_GET;
    } else if (left >= 3 && call_arg_is(c, at, "set")) {
        f->op = FIELD_SET;
    } else if (left >= 3 && call_arg_is(c, at, "incrby")) {
        f->op = FIELD_INCRBY;
    } else {
        call_syntax_error(c);
        return false;
    }
    if (!parse_type(c, at + 1, f) || !parse_place(c, at + 2, f) ||
        (f->op != FIELD_GET && !call_get_i64(c, at + 3, &f->operand)))
        return false;
    *arg = at + (f->op == FIELD_GET ? 3 : 4);
    *failed = false;
    return true;
}

/* How many operations there are, and bytes the string has at least after the writes among
 * them; 0: there are none.  False: return c->end. */
static bool survey(struct call *c, size_t *count, size_t *reach)
{
    struct field f = { .overflow = OVERFLOW_WRAP };
    uint32_t arg = 2;
    bool failed;

    *count = *reach = 0;
    while (next_field(c, &arg, &f, &failed)) {
        size_t end = (size_t)((f.offset + f.bits + 7) >> 3);
        ++*count;
        if (f.op != FIELD_GET && end > *reach)
            *reach = end;
    }
    return !failed;
}

/* --- the integers themselves: at most nine bytes each */

static uint64_t read_bits(struct slice s, uint64_t offset, unsigned bits)
{
    size_t first = (size_t)(offset >> 3), last = (size_t)((offset + bits - 1) >> 3);
    unsigned __int128 v = 0;

    for (size_t at = first; at <= last; at++)
        v = v << 8 | (at < s.len ? s.data[at] : 0);
    v >>= 7 - ((offset + bits - 1) & 7);
    return (uint64_t)v & UINT64_MAX >> (64 - bits);
}

static void write_bits(uint8_t *p, uint64_t offset, unsigned bits, uint64_t value)
{
    size_t first = (size_t)(offset >> 3), last = (size_t)((offset + bits - 1) >> 3);
    unsigned shift = 7 - (unsigned)((offset + bits - 1) & 7);
    unsigned __int128 mask = (unsigned __int128)(UINT64_MAX >> (64 - bits)) << shift;
    unsigned __int128 v = (unsigned __int128)value << shift & mask;

    for (size_t at = last + 1; at-- > first; mask >>= 8, v >>= 8)
        p[at] = (uint8_t)((p[at] & ~(uint8_t)mask) | (uint8_t)v);
}

/* The number that its lowest `bits` bits are. */
static __int128 number_of(uint64_t bits_of, const struct field *f)
{
    uint64_t sign = UINT64_C(1) << (f->bits - 1);

    if (!f->is_signed)
        return bits_of;
    return (int64_t)((bits_of ^ sign) - sign);
}

/* Holds `sum` against the field's range.  False: it is outside, and nothing is to be
 * written. */
static bool fit(const struct field *f, __int128 sum, uint64_t *out)
{
    __int128 one = 1;
    __int128 max = (one << (f->bits - (f->is_signed ? 1 : 0))) - 1;
    __int128 min = f->is_signed ? -max - 1 : 0;

    if (sum < min || sum > max) {
        if (f->overflow == OVERFLOW_FAIL)
            return false;
        if (f->overflow == OVERFLOW_SAT)
            sum = sum < min ? min : max;
    }
    *out = (uint64_t)sum & UINT64_MAX >> (64 - f->bits);
    return true;
}

/* One operation on the string, of which `p` is what may be written; replies.  True: it
 * has written; *changed: something else than was there. */
static bool carry_out(struct call *c, const struct field *f, struct slice s, uint8_t *p,
                      bool *changed)
{
    uint64_t was = read_bits(s, f->offset, f->bits), is;
    __int128 old = number_of(was, f), sum;

    if (f->op == FIELD_GET) {
        reply_int(c->reply, (int64_t)old);
        return false;
    }
    /* A negative number SET to an unsigned field is a large one, as in Redis. */
    if (f->op == FIELD_INCRBY)
        sum = old + f->operand;
    else
        sum = f->is_signed ? (__int128)f->operand : (__int128)(uint64_t)f->operand;
    if (!fit(f, sum, &is)) {
        reply_null(c->reply);
        return false;
    }
    reply_int(c->reply, f->op == FIELD_SET ? (int64_t)old : (int64_t)number_of(is, f));
    assert(p); /* survey() has seen this write */
    write_bits(p, f->offset, f->bits, is);
    *changed |= is != was;
    return true;
}

static enum call_end bitfield(struct call *c, bool may_write)
{
    struct field f = { .overflow = OVERFLOW_WRAP };
    size_t count, reach;
    uint32_t arg = 2;
    bool found, failed, grown, written = false, changed = false;
    struct cell old;
    uint8_t *p = NULL;

    if (!survey(c, &count, &reach))
        return c->end;
    if (reach && !may_write)
        return call_error(c, "BITFIELD_RO only supports the GET subcommand");
    if (!want_text(c, 1, &found, &old))
        return c->end;
    if (!found)
        old = (struct cell){ 0 };
    if (!found && may_write && !reach)
        call_miss(c, 1);
    if (!want_whole(c, 1, &old))
        return c->end;
    struct slice s = old.value;
    grown = reach > s.len; /* also if nothing is written for an overflow, untold then */
    if (reach) {
        p = bits_grown(c, s, reach);
        s = buf_slice(c->scratch);
    }
    reply_array(c->reply, count);
    while (next_field(c, &arg, &f, &failed))
        written |= carry_out(c, &f, s, p, &changed);
    if (grown || changed)
        bits_put(c, &old, changed || written);
    return CALL_DONE;
}

static enum call_end run_bitfield(struct call *c)
{
    return bitfield(c, true);
}

static enum call_end run_bitfield_ro(struct call *c)
{
    return bitfield(c, false);
}

const struct command bit_field_rows[] = {
    { .name = "bitfield",
      .arity = -2,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM,
      .run = run_bitfield,
      .group = "bitmap",
      .since = "3.2.0",
      .complexity = "O(1) for each operation, O(N) for N bytes if one of them writes",
      .key_flags = "RW access update variable_flags",
      .syntax = "key operation[GET get-block<encoding offset:integer> | write<[OVERFLOW "
                "overflow-block<WRAP | SAT | FAIL>] write-operation<SET set-block<encoding "
                "offset:integer value:integer> | INCRBY incrby-block<encoding offset:integer "
                "increment:integer>>>]...",
      .summary = "Reads, sets and adds to integers of any width in a string." },
    { .name = "bitfield_ro",
      .arity = -2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST,
      .run = run_bitfield_ro,
      .group = "bitmap",
      .since = "6.0.0",
      .complexity = "O(1) for each operation",
      .key_flags = "RO access",
      .syntax = "key [GET get-block<encoding offset:integer>]...",
      .summary = "Reads integers of any width in a string." },
    { 0 },
};
