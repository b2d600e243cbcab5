/* bit_field_test.c: a string as integers, also against one bit at a time. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/prng.h"
#include "unit/cmd/lines.h"

#define WRONGTYPE  "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define NO_INT     "-ERR value is not an integer or out of range|"
#define SYNTAX     "-ERR syntax error|"
#define BAD_OFFSET "-ERR bit offset is not an integer or out of range|"
#define BAD_TYPE                                                                                   \
    "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but "   \
    "i64 is.|"

Test(bit_field, integers_are_read_set_and_added_to)
{
    expect_lines((const struct line[]){
        { "BITFIELD k", "*0|" },
        { "EXISTS k", ":0|" },
        { "BITFIELD k GET u8 0", "*1|:0|" },
        { "EXISTS k", ":0|" },
        { "BITFIELD k INCRBY i5 100 1 GET u4 0", "*2|:1|:0|" },
        { "STRLEN k", ":14|" },
        { "BITFIELD k SET i8 0 -1 GET i8 0 GET u8 0 GET i4 4", "*4|:0|:-1|:255|:-1|" },
        { "BITFIELD k SET u8 #1 254 INCRBY u8 #1 1 GET u16 0", "*3|:0|:255|:65535|" },
        { "BITFIELD k set i64 3 -9223372036854775808 get i64 3",
          "*2|:-2251799813685248|:-9223372036854775808|" },
        { "BITFIELD k GET i64 3 SET u63 1 9223372036854775807",
          "*2|:-9223372036854775808|:8070450532247928832|" },
        { "BITFIELD_RO k GET u8 0 GET u8 #1", "*2|:255|:255|" },
        { "BITFIELD_RO none GET u8 0", "*1|:0|" },
        { "BITFIELD_RO k", "*0|" },
        { "EXPIRE k 10", ":1|" },
        { "BITFIELD k SET u8 0 1", "*1|:255|" },
        { "TTL k", ":10|" },
        { 0 },
    });
}

Test(bit_field, overflows_wrap_saturate_or_fail)
{
    expect_lines((const struct line[]){
        { "BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2|:1|:1|" },
        { "BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2|:2|:2|" },
        { "BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2|:3|:3|" },
        { "BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1", "*2|:0|:3|" },
        { "BITFIELD k OVERFLOW FAIL INCRBY u2 102 1", "*1|$-1|" },
        { "BITFIELD k overflow fail SET u2 102 4 GET u2 102", "*2|$-1|:3|" },
        { "BITFIELD s SET i8 0 127 INCRBY i8 0 1", "*2|:0|:-128|" },
        { "BITFIELD s INCRBY i8 0 -1", "*1|:127|" },
        { "BITFIELD s OVERFLOW SAT INCRBY i8 0 1 INCRBY i8 0 -9223372036854775808",
          "*2|:127|:-128|" },
        { "BITFIELD s OVERFLOW SAT SET i8 0 1000 GET i8 0 SET u8 0 -5 GET u8 0",
          "*4|:-128|:127|:127|:255|" },
        { "BITFIELD s OVERFLOW WRAP SET u4 0 255 GET u4 0", "*2|:15|:15|" },
        { "BITFIELD l SET i64 0 9223372036854775807 INCRBY i64 0 1",
          "*2|:0|:-9223372036854775808|" },
        { "BITFIELD l OVERFLOW SAT INCRBY i64 0 -1 OVERFLOW FAIL INCRBY i64 0 -1",
          "*2|:-9223372036854775808|$-1|" },
        /* the string grows though nothing is written */
        { "BITFIELD g OVERFLOW FAIL SET u2 8 4", "*1|$-1|" },
        { "STRLEN g", ":2|" },
        { 0 },
    });
}

Test(bit_field, wrong_fields_are_refused_before_anything_is_done)
{
    expect_lines((const struct line[]){
        { "BITFIELD k SET u8 0 1 GET u64 0", BAD_TYPE },
        { "BITFIELD k GET i65 0", BAD_TYPE },
        { "BITFIELD k GET u0 0", BAD_TYPE },
        { "BITFIELD k GET x8 0", BAD_TYPE },
        { "BITFIELD k GET \"\" 0", BAD_TYPE },
        { "BITFIELD k GET u8 -1", BAD_OFFSET },
        { "BITFIELD k GET u8 #536870912", BAD_OFFSET },
        { "BITFIELD k GET u8 #9223372036854775807", BAD_OFFSET },
        { "BITFIELD k SET u8 4294967289 1", BAD_OFFSET },
        { "BITFIELD k GET u8 4294967289", "*1|:0|" },
        { "BITFIELD k SET u8 0 x", NO_INT },
        { "BITFIELD k SET u8 0", SYNTAX },
        { "BITFIELD k GET u8", SYNTAX },
        { "BITFIELD k OVERFLOW", SYNTAX },
        { "BITFIELD k OVERFLOW BOGUS", "-ERR Invalid OVERFLOW type specified|" },
        { "BITFIELD k OVERFLOW SAT", "*0|" },
        { "BITFIELD k BOGUS u8 0", SYNTAX },
        { "BITFIELD_RO k GET u8 0 SET u8 0 1",
          "-ERR BITFIELD_RO only supports the GET subcommand|" },
        { "BITFIELD_RO k OVERFLOW SAT GET u8 0", "*1|:0|" },
        { "EXISTS k", ":0|" },
        { "@foreign f", "" },
        { "BITFIELD f GET u8 0", WRONGTYPE },
        { "BITFIELD f", WRONGTYPE },
        { "BITFIELD_RO f GET u8 0", WRONGTYPE },
        { 0 },
    });
}

/* Fields are written and read anywhere; the same bits go to a model one by one. */
Test(bit_field, fields_are_their_bits_and_no_others)
{
    enum { BYTES = 24, ROUNDS = 3000 };
    struct bench b;
    struct prng p;
    uint8_t model[BYTES] = { 0 };
    struct buf got = { 0 };

    bench_init(&b, 2, false);
    prng_init(&p, 3);
    bench_line(&b, "SETBIT k 191 0");
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned bits = 1 + (unsigned)prng_below(&p, 63);
        unsigned offset = (unsigned)prng_below(&p, BYTES * 8 - bits + 1);
        uint64_t value = prng_next(&p) >> (64 - bits), was = 0;
        char line[128], expected[64];
        struct cell head;

        for (unsigned i = 0; i < bits; i++) {
            unsigned at = offset + i;
            uint8_t mask = (uint8_t)(0x80 >> at % 8);
            was = was << 1 | ((model[at / 8] & mask) != 0);
            model[at / 8] &= (uint8_t)~mask;
            if (value >> (bits - 1 - i) & 1)
                model[at / 8] |= mask;
        }
        snprintf(line, sizeof line, "BITFIELD k SET u%u %u %llu", bits, offset,
                 (unsigned long long)value);
        snprintf(expected, sizeof expected, "*1\r\n:%llu\r\n", (unsigned long long)was);
        bench_line(&b, line);
        cr_assert_str_eq(bench_reply(&b, &got), expected, "%s", line);
        cr_assert(fake_view_get(&b.view, 0, "k", &head));
        cr_assert(slice_equal(head.value, slice_of(model, BYTES)), "%s", line);
    }
    buf_deinit(&got);
    bench_deinit(&b);
}
