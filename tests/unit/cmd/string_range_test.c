/* string_range_test.c: writing parts of strings. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "base/mem.h"
#include "unit/cmd/lines.h"

#define WRONGTYPE "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define TOO_LONG  "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"

Test(string_range, append_grows_a_string_and_keeps_its_expiry)
{
    expect_lines((const struct line[]){
        { "APPEND k Hello", ":5|" },
        { "APPEND k \" World\"", ":11|" },
        { "GET k", "$11|Hello World|" },
        { "APPEND k \"\"", ":11|" },
        { "EXPIRE k 10", ":1|" },
        { "APPEND k !", ":12|" },
        { "TTL k", ":10|" },
        { "APPEND e \"\"", ":0|" },
        { "EXISTS e", ":1|" },
        { "@wait 10000", "" },
        { "APPEND k x", ":1|" },
        { "TTL k", ":-1|" },
        { "@foreign f", "" },
        { "APPEND f x", WRONGTYPE },
        { 0 },
    });
}

Test(string_range, setrange_overwrites_and_fills_gaps_with_zeros)
{
    expect_lines((const struct line[]){
        { "SET k \"Hello World\"", "+OK|" },
        { "SETRANGE k 6 Redis", ":11|" },
        { "GET k", "$11|Hello Redis|" },
        { "SETRANGE k 0 J", ":11|" },
        { "GET k", "$11|Jello Redis|" },
        { "SETRANGE k 9 abcd", ":13|" },
        { "GET k", "$13|Jello Redabcd|" },
        { "EXPIRE k 10", ":1|" },
        { "SETRANGE k 13 x", ":14|" },
        { "TTL k", ":10|" },
        { "SETRANGE n 3 x", ":4|" },
        { "STRLEN n", ":4|" },
        { "SETRANGE n 0 abc", ":4|" },
        { "GET n", "$4|abcx|" },
        { 0 },
    });
}

Test(string_range, a_gap_reads_as_zeros)
{
    struct bench b;
    struct buf got = { 0 };
    bench_init(&b, 2, false);
    bench_line(&b, "SET k ab");
    bench_line(&b, "SETRANGE k 4 x");
    bench_line(&b, "GET k");
    bench_reply(&b, &got);
    cr_assert_arr_eq(got.data, "$5\r\nab\0\0x\r\n", 11);
    buf_deinit(&got);
    bench_deinit(&b);
}

Test(string_range, setrange_with_nothing_writes_nothing)
{
    expect_lines((const struct line[]){
        { "SETRANGE k 10 \"\"", ":0|" },
        { "EXISTS k", ":0|" },
        { "SETRANGE k 536870912 \"\"", ":0|" },
        { "SET k abc", "+OK|" },
        { "SETRANGE k 536870912 \"\"", ":3|" },
        { "@puts 0", "" },
        { 0 },
    });
}

Test(string_range, setrange_refuses_offsets_it_cannot_reach)
{
    expect_lines((const struct line[]){
        { "SETRANGE k -1 x", "-ERR offset is out of range|" },
        { "SETRANGE k a x", "-ERR value is not an integer or out of range|" },
        { "SETRANGE k 536870912 x", TOO_LONG },
        { "SETRANGE k 536870911 xy", TOO_LONG },
        { "SETRANGE k 9223372036854775807 x", TOO_LONG },
        { "EXISTS k", ":0|" },
        { "@foreign f", "" },
        { "SETRANGE f -1 x", "-ERR offset is out of range|" },
        { "SETRANGE f 0 x", WRONGTYPE },
        { "SETRANGE f 0 \"\"", WRONGTYPE },
        { 0 },
    });
}

/* Half of the limit and a little: two of them are too much. */
Test(string_range, append_refuses_to_pass_the_limit)
{
    struct bench b;
    struct buf got = { 0 };
    bench_init(&b, 2, false);
    size_t half = LIMIT_VALUE / 2 + 1;
    uint8_t *bytes = mem_zalloc(half, 1);
    struct slice argv[3] = { slice_str("APPEND"), slice_str("k"), slice_of(bytes, half) };
    bench_run(&b, 3, argv);
    cr_assert_str_eq(bench_reply(&b, &got), ":268435457\r\n");
    bench_run(&b, 3, argv);
    cr_assert_str_eq(bench_reply(&b, &got), "-ERR string exceeds maximum allowed size "
                                            "(proto-max-bulk-len)\r\n");
    argv[2].len = half - 2;
    bench_run(&b, 3, argv);
    cr_assert_str_eq(bench_reply(&b, &got), ":536870912\r\n");
    mem_free(bytes);
    buf_deinit(&got);
    bench_deinit(&b);
}
