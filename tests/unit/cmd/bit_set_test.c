/* bit_set_test.c: single bits. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "unit/cmd/lines.h"

#define WRONGTYPE  "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define BAD_OFFSET "-ERR bit offset is not an integer or out of range|"
#define BAD_BIT    "-ERR bit is not an integer or out of range|"

Test(bit_set, a_bit_is_what_it_was_set_to)
{
    expect_lines((const struct line[]){
        { "SETBIT k 1 1", ":0|" },
        { "SETBIT k 7 1", ":0|" },
        { "GET k", "$1|A|" },
        { "SETBIT k 1 0", ":1|" },
        { "GETBIT k 1", ":0|" },
        { "GETBIT k 7", ":1|" },
        { "SETBIT k 17 1", ":0|" },
        { "STRLEN k", ":3|" },
        { "GETBIT k 17", ":1|" },
        { "GETBIT k 23", ":0|" },
        { "GETBIT k 24", ":0|" },
        { "GETBIT k 4294967295", ":0|" },
        { "GETBIT none 0", ":0|" },
        { "EXISTS none", ":0|" },
        { "SETBIT z 0 0", ":0|" },
        { "STRLEN z", ":1|" },
        { "EXPIRE k 10", ":1|" },
        { "SETBIT k 0 1", ":0|" },
        { "TTL k", ":10|" },
        { "@wait 10000", "" },
        { "SETBIT k 0 1", ":0|" },
        { "TTL k", ":-1|" },
        { 0 },
    });
}

Test(bit_set, what_changes_nothing_writes_nothing)
{
    expect_lines((const struct line[]){
        { "SETBIT k 9 1", ":0|" },
        { "@puts 1", "" },
        { "SETBIT k 9 1", ":1|" },
        { "@puts 0", "" },
        { "SETBIT k 8 0", ":0|" },
        { "@puts 0", "" },
        { "SETBIT k 16 0", ":0|" },
        { "@puts 1", "" },
        { 0 },
    });
}

Test(bit_set, what_is_no_bit_is_refused)
{
    expect_lines((const struct line[]){
        { "SETBIT k -1 1", BAD_OFFSET },
        { "SETBIT k 4294967296 1", BAD_OFFSET },
        { "SETBIT k #1 1", BAD_OFFSET },
        { "SETBIT k x 2", BAD_OFFSET },
        { "SETBIT k 1 2", BAD_BIT },
        { "SETBIT k 1 -1", BAD_BIT },
        { "SETBIT k 1 x", BAD_BIT },
        { "GETBIT k -1", BAD_OFFSET },
        { "GETBIT k 4294967296", BAD_OFFSET },
        { "GETBIT k #0", BAD_OFFSET },
        { "EXISTS k", ":0|" },
        { "@foreign f", "" },
        { "SETBIT f 0 1", WRONGTYPE },
        { "SETBIT f 0 2", BAD_BIT },
        { "GETBIT f 0", WRONGTYPE },
        { 0 },
    });
}

Test(bit_set, the_farthest_bit_makes_the_longest_string)
{
    struct bench b;
    struct buf got = { 0 };

    bench_init(&b, 2, false);
    bench_line(&b, "SETBIT k 4294967295 1");
    cr_expect_str_eq(bench_reply(&b, &got), ":0\r\n");
    bench_line(&b, "STRLEN k");
    cr_expect_str_eq(bench_reply(&b, &got), ":536870912\r\n");
    bench_line(&b, "BITPOS k 1");
    cr_expect_str_eq(bench_reply(&b, &got), ":4294967295\r\n");
    buf_deinit(&got);
    bench_deinit(&b);
}
