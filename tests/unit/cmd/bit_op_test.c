/* bit_op_test.c: strings combined bit by bit. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "base/mem.h"
#include "unit/cmd/lines.h"

#define WRONGTYPE "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define SYNTAX    "-ERR syntax error|"

Test(bit_op, strings_are_combined_as_if_zeros_followed)
{
    expect_lines((const struct line[]){
        { "SET a abcdefghijkl", "+OK|" },
        { "SET b \"ABCDEFGHIJ\"", "+OK|" },
        { "BITOP AND d a b", ":12|" },
        { "GETRANGE d 0 9", "$10|ABCDEFGHIJ|" },
        { "BITCOUNT d 10 11", ":0|" },
        { "BITOP or d a b", ":12|" },
        { "GET d", "$12|abcdefghijkl|" },
        { "BITOP XOR d a b", ":12|" },
        { "GET d", "$12|          kl|" },
        { "BITOP XOR d a b none", ":12|" },
        { "GET d", "$12|          kl|" },
        { "SET n \"\\xcf\\x9e\"", "+OK|" },
        { "BITOP NOT d n", ":2|" },
        { "GET d", "$2|0a|" },
        { "BITOP AND d a", ":12|" },
        { "GET d", "$12|abcdefghijkl|" },
        { "BITOP OR a a b", ":12|" },
        { "GET a", "$12|abcdefghijkl|" },
        { 0 },
    });
}

Test(bit_op, the_result_replaces_whatever_there_was)
{
    expect_lines((const struct line[]){
        { "SET a x", "+OK|" },
        { "SET d y EX 10", "+OK|" },
        { "BITOP OR d a", ":1|" },
        { "TTL d", ":-1|" },
        { "@foreign f", "" },
        { "BITOP OR f a", ":1|" },
        { "GET f", "$1|x|" },
        { "BITOP OR d none nope", ":0|" },
        { "EXISTS d", ":0|" },
        { "@deleted d", "" },
        { "BITOP NOT d none", ":0|" },
        { "@puts 0", "" },
        { 0 },
    });
}

Test(bit_op, what_cannot_be_combined_is_refused)
{
    expect_lines((const struct line[]){
        { "SET a x", "+OK|" },
        { "BITOP NOR d a", SYNTAX },
        { "BITOP NOT d a a", "-ERR BITOP NOT must be called with a single source key.|" },
        { "BITOP OR d", "-ERR wrong number of arguments for 'bitop' command|" },
        { "@foreign f", "" },
        { "BITOP OR d a f", WRONGTYPE },
        { "EXISTS d", ":0|" },
        { 0 },
    });
}

/* The same source again and again: no memory, but time. */
Test(bit_op, the_sources_together_are_bounded)
{
    struct bench b;
    struct buf got = { 0 };
    uint8_t *bytes = mem_zalloc(LIMIT_VALUE / 2, 1);
    struct slice argv[8] = { slice_str("SET"), slice_str("k"), slice_of(bytes, LIMIT_VALUE / 2) };

    bench_init(&b, 2, false);
    bench_run(&b, 3, argv);
    bench_line(&b, "BITOP OR d k k k k k");
    cr_expect_str_eq(bench_reply(&b, &got),
                     "-ERR BITOP takes sources of at most 1073741824 bytes together\r\n");
    bench_line(&b, "BITOP OR d k k k k");
    cr_expect_str_eq(bench_reply(&b, &got), ":268435456\r\n");
    mem_free(bytes);
    buf_deinit(&got);
    bench_deinit(&b);
}
