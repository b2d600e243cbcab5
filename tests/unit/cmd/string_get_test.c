/* string_get_test.c: reading strings, and reading and changing them at once. */
#include <criterion/criterion.h>
#include <string.h>

#include "unit/cmd/lines.h"

#define WRONGTYPE "-WRONGTYPE Operation against a key holding the wrong kind of value|"

Test(string_get, get_answers_the_value_or_null)
{
    expect_lines((const struct line[]){
        { "GET k", "$-1|" },
        { "SET k v", "+OK|" },
        { "GET k", "$1|v|" },
        { "@finds 1", "" },
        { "get k", "$1|v|" },
        { "SET e \"\"", "+OK|" },
        { "GET e", "$0||" },
        { "GET", "-ERR wrong number of arguments for 'get' command|" },
        { "GET k k", "-ERR wrong number of arguments for 'get' command|" },
        { "@foreign f", "" },
        { "GET f", WRONGTYPE },
        { "@db 1", "" },
        { "GET k", "$-1|" },
        { 0 },
    });
}

Test(string_get, mget_answers_null_for_what_is_missing_or_of_another_type)
{
    expect_lines((const struct line[]){
        { "MSET a 1 b 2", "+OK|" },
        { "@foreign f", "" },
        { "MGET a x f b a", "*5|$1|1|$-1|$-1|$1|2|$1|1|" },
        { "MGET", "-ERR wrong number of arguments for 'mget' command|" },
        { 0 },
    });
}

Test(string_get, a_key_named_often_answers_no_more_than_memory_has_room_for)
{
    struct slice argv[200];
    struct buf text = { 0 };
    struct bench b;
    char value[20001] = "";

    bench_init(&b, 2, true);
    memset(value, 'v', sizeof value - 1);
    argv[0] = slice_str("set");
    argv[1] = slice_str("k");
    argv[2] = slice_str(value);
    bench_run(&b, 3, argv);
    argv[0] = slice_str("mget");
    for (unsigned i = 1; i < 200; i++)
        argv[i] = slice_str("k");
    bench_run(&b, 200, argv);
    cr_assert_gt(b.reply.bytes, 199 * 20000, "nothing bounds it");
    b.whole_max = 1000000;
    bench_run(&b, 200, argv);
    cr_assert_str_eq(bench_reply(&b, &text),
                     "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    bench_run(&b, 20, argv);
    cr_assert_gt(b.reply.bytes, 19 * 20000, "so much there is room for");
    buf_deinit(&text);
    bench_deinit(&b);
}

Test(string_get, many_missing_keys_cost_one_restart)
{
    struct bench b;
    bench_init(&b, 2, true);
    bench_line(&b, "MGET a b c d e f g h");
    cr_assert_eq(b.restarts, 1);
    bench_line(&b, "MSETNX a 1 b 2 c 3");
    cr_assert_eq(b.restarts, 1);
    bench_line(&b, "DEL a b c d");
    cr_assert_eq(b.restarts, 1);
    bench_line(&b, "EXISTS a b c d");
    cr_assert_eq(b.restarts, 1);
    bench_deinit(&b);
}

Test(string_get, strlen_counts_bytes)
{
    expect_lines((const struct line[]){
        { "STRLEN k", ":0|" },
        { "SET k \"a\\x00b\"", "+OK|" },
        { "STRLEN k", ":3|" },
        { "@foreign f", "" },
        { "STRLEN f", WRONGTYPE },
        { 0 },
    });
}

Test(string_get, getrange_takes_negative_ends_and_clamps)
{
    expect_lines((const struct line[]){
        { "SET k Hello", "+OK|" },
        { "GETRANGE k 0 -1", "$5|Hello|" },
        { "GETRANGE k 1 3", "$3|ell|" },
        { "SUBSTR k 1 3", "$3|ell|" },
        { "GETRANGE k -3 -1", "$3|llo|" },
        { "GETRANGE k -3 -4", "$0||" },
        { "GETRANGE k 3 1", "$0||" },
        { "GETRANGE k 4 100", "$1|o|" },
        { "GETRANGE k 5 100", "$0||" },
        { "GETRANGE k -100 1", "$2|He|" },
        { "GETRANGE k -100 -6", "$1|H|" },
        { "GETRANGE k -5 -5", "$1|H|" },
        { "GETRANGE k -9223372036854775808 9223372036854775807", "$5|Hello|" },
        { "GETRANGE x 0 -1", "$0||" },
        { "SET e \"\"", "+OK|" },
        { "GETRANGE e 0 -1", "$0||" },
        { "GETRANGE k a 1", "-ERR value is not an integer or out of range|" },
        { "GETRANGE k 1 a", "-ERR value is not an integer or out of range|" },
        { "GETRANGE k 1 9223372036854775808", "-ERR value is not an integer or out of range|" },
        { "@foreign f", "" },
        { "GETRANGE f 0 1", WRONGTYPE },
        { "GETRANGE f a 1", "-ERR value is not an integer or out of range|" },
        { "SUBSTR k 0", "-ERR wrong number of arguments for 'substr' command|" },
        { 0 },
    });
}

Test(string_get, getdel_leaves_nothing)
{
    expect_lines((const struct line[]){
        { "GETDEL k", "$-1|" },
        { "@puts 0", "" },
        { "SET k v", "+OK|" },
        { "GETDEL k", "$1|v|" },
        { "GET k", "$-1|" },
        { "@foreign f", "" },
        { "GETDEL f", WRONGTYPE },
        { "EXISTS f", ":1|" },
        { 0 },
    });
}

Test(string_get, getset_answers_the_old_value_and_drops_the_expiry)
{
    expect_lines((const struct line[]){
        { "GETSET k v", "$-1|" },
        { "EXPIRE k 100", ":1|" },
        { "GETSET k w", "$1|v|" },
        { "GET k", "$1|w|" },
        { "TTL k", ":-1|" },
        { "@foreign f", "" },
        { "GETSET f v", WRONGTYPE },
        { "@puts 0", "" },
        { 0 },
    });
}

Test(string_get, getex_touches_the_expiry_only_when_told_to)
{
    expect_lines((const struct line[]){
        { "SET k value EX 100", "+OK|" },
        { "GETEX k", "$5|value|" },
        { "@puts 0", "" },
        { "TTL k", ":100|" },
        { "GETEX k EX 5", "$5|value|" },
        { "TTL k", ":5|" },
        { "GETEX k px 7000", "$5|value|" },
        { "PTTL k", ":7000|" },
        { "GETEX k EXAT 1700000050", "$5|value|" },
        { "EXPIRETIME k", ":1700000050|" },
        { "GETEX k PXAT 1700000050123", "$5|value|" },
        { "PEXPIRETIME k", ":1700000050123|" },
        { "GET k", "$5|value|" },
        { "GETEX k PERSIST", "$5|value|" },
        { "TTL k", ":-1|" },
        { "GETEX k PERSIST", "$5|value|" },
        { "@puts 0", "" },
        { "GETEX k EX 10 EX 20", "$5|value|" },
        { "TTL k", ":20|" },
        { "GETEX k PXAT 1", "$5|value|" },
        { "GET k", "$-1|" },
        { 0 },
    });
}

Test(string_get, getex_refuses_what_does_not_go_together)
{
    expect_lines((const struct line[]){
        { "GETEX x EX 0", "$-1|" },
        { "GETEX x EX a", "$-1|" },
        { "GETEX x foo", "-ERR syntax error|" },
        { "GETEX x EX", "-ERR syntax error|" },
        { "GETEX x EX 10 PX 10", "-ERR syntax error|" },
        { "GETEX x PERSIST EX 10", "-ERR syntax error|" },
        { "GETEX x EX 10 PERSIST", "-ERR syntax error|" },
        { "GETEX x KEEPTTL", "-ERR syntax error|" },
        { "GETEX x NX", "-ERR syntax error|" },
        { "GETEX x GET", "-ERR syntax error|" },
        { "SET k v", "+OK|" },
        { "GETEX k EX 0", "-ERR invalid expire time in 'getex' command|" },
        { "GETEX k PXAT -1", "-ERR invalid expire time in 'getex' command|" },
        { "GETEX k EX a", "-ERR value is not an integer or out of range|" },
        { "GETEX k EX 9223372036854775", "-ERR invalid expire time in 'getex' command|" },
        { "@foreign f", "" },
        { "GETEX f EX a", WRONGTYPE },
        { 0 },
    });
}

#define LARGE "0123456789012345678901234567890123456789"

static uint32_t restarts_of(const char *line)
{
    struct bench b;
    uint32_t restarts;

    bench_init(&b, 2, true);
    bench_line(&b, "SET k " LARGE);
    bench_line(&b, line);
    restarts = b.restarts;
    bench_deinit(&b);
    return restarts;
}

Test(string_get, what_needs_no_bytes_of_a_large_value_reads_none)
{
    cr_expect_eq(restarts_of("GET k"), 1);
    cr_expect_eq(restarts_of("MGET k k none"), 1);
    cr_expect_eq(restarts_of("STRLEN k"), 1);
    cr_expect_eq(restarts_of("EXISTS k"), 1);
    cr_expect_eq(restarts_of("TYPE k"), 1);
    cr_expect_eq(restarts_of("TTL k"), 1);
    cr_expect_eq(restarts_of("DEL k k"), 1);
    cr_expect_eq(restarts_of("SET k v NX"), 1);
    cr_expect_eq(restarts_of("PERSIST k"), 1);
    cr_expect_eq(restarts_of("EXPIRE k 100 XX"), 1);
    cr_expect_eq(restarts_of("EXPIRE k 100"), 2); /* puts the head again, with them */
    cr_expect_eq(restarts_of("SET k v"), 0);
}

Test(string_get, large_values_keep_their_bytes_and_their_length)
{
    expect_lines((const struct line[]){
        { "SET k " LARGE, "+OK|" },
        { "STRLEN k", ":40|" },
        { "EXPIRE k 100", ":1|" },
        { "GET k", "$40|" LARGE "|" },
        { "PERSIST k", ":1|" },
        { "GETEX k EX 10", "$40|" LARGE "|" },
        { "APPEND k x", ":41|" },
        { "SETRANGE k 41 y", ":42|" },
        { "GETRANGE k 38 -1", "$4|89xy|" },
        { "TTL k", ":10|" },
        { "DEL k k", ":1|" },
        { "GET k", "$-1|" },
        { 0 },
    });
}
