/* string_lcs_test.c: LCS, its options, limits and slices. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "unit/cmd/lines.h"

#define NOT_STRINGS "-ERR The specified keys must contain string values|"
#define SYNTAX      "-ERR syntax error|"
#define NO_INT      "-ERR value is not an integer or out of range|"
#define TOO_LARGE                                                                                  \
    "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n"

Test(string_lcs, what_two_strings_have_in_common)
{
    expect_lines((const struct line[]){
        { "SET a ohmytext", "+OK|" },
        { "SET b mynewtext", "+OK|" },
        { "LCS a b", "$6|mytext|" },
        { "LCS a b LEN", ":6|" },
        { "LCS a a", "$8|ohmytext|" },
        { "LCS a none", "$0||" },
        { "LCS none nope LEN", ":0|" },
        { "LCS a b minmatchlen 5 withmatchlen", "$6|mytext|" },
        { 0 },
    });
}

static void expect_reply(uint8_t proto, const char *line, const char *reply)
{
    struct bench b;
    struct buf got = { 0 };

    bench_init(&b, proto, true);
    bench_line(&b, "SET a ohmytext");
    bench_line(&b, "SET b mynewtext");
    bench_line(&b, line);
    cr_expect_str_eq(bench_reply(&b, &got), reply, "%s", line);
    buf_deinit(&got);
    bench_deinit(&b);
}

#define ROWS(head, matches) head "$7\r\nmatches\r\n" matches "$3\r\nlen\r\n:6\r\n"
#define TEXT                "*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n"
#define MY                  "*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n"

Test(string_lcs, runs_are_told_from_the_last_one_on)
{
    expect_reply(2, "LCS a b IDX", ROWS("*4\r\n", "*2\r\n*2\r\n" TEXT "*2\r\n" MY));
    expect_reply(3, "LCS a b IDX", ROWS("%2\r\n", "*2\r\n*2\r\n" TEXT "*2\r\n" MY));
    expect_reply(2, "LCS a b IDX MINMATCHLEN 4", ROWS("*4\r\n", "*1\r\n*2\r\n" TEXT));
    expect_reply(2, "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
                 ROWS("*4\r\n", "*1\r\n*3\r\n" TEXT ":4\r\n"));
    expect_reply(2, "LCS a b IDX MINMATCHLEN 5", ROWS("*4\r\n", "*0\r\n"));
    expect_reply(2, "LCS a b IDX MINMATCHLEN -1", ROWS("*4\r\n", "*2\r\n*2\r\n" TEXT "*2\r\n" MY));
    expect_reply(2, "LCS a none IDX", "*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n");
}

Test(string_lcs, other_keys_and_other_words_are_refused)
{
    expect_lines((const struct line[]){
        { "SET a x", "+OK|" },
        { "LCS a a LEN IDX",
          "-ERR If you want both the length and indexes, please just use IDX.|" },
        { "LCS a a BOGUS", SYNTAX },
        { "LCS a a MINMATCHLEN", SYNTAX },
        { "LCS a a MINMATCHLEN x", NO_INT },
        { "@foreign f", "" },
        { "LCS a f", NOT_STRINGS },
        { "LCS f a BOGUS", NOT_STRINGS },
        { 0 },
    });
}

static void set(struct bench *b, const char *key, const uint8_t *bytes, size_t len)
{
    const struct slice argv[] = { slice_str("SET"), slice_str(key), slice_of(bytes, len) };

    bench_run(b, 3, argv);
}

Test(string_lcs, long_strings_take_slices_and_longer_ones_are_refused)
{
    struct bench b;
    struct buf got = { 0 };
    uint8_t *bytes = mem_zalloc(LIMIT_LCS_STRING + 1, 1);

    bench_init(&b, 2, true);
    for (size_t i = 0; i < LIMIT_LCS_STRING; i++)
        bytes[i] = (uint8_t)(i * i / 7);
    set(&b, "a", bytes, 5000);
    set(&b, "b", bytes, 4000);
    bench_line(&b, "LCS a b LEN");
    cr_expect_str_eq(bench_reply(&b, &got), ":4000\r\n");
    cr_expect_gt(b.slices, 5);
    set(&b, "a", bytes, LIMIT_LCS_STRING);
    set(&b, "b", bytes, 127);
    bench_line(&b, "LCS a b LEN");
    cr_expect_str_eq(bench_reply(&b, &got), TOO_LARGE);
    set(&b, "b", bytes, 126);
    bench_line(&b, "LCS a b LEN");
    cr_expect_str_eq(bench_reply(&b, &got), ":126\r\n");
    set(&b, "a", bytes, LIMIT_LCS_STRING + 1);
    set(&b, "b", bytes, 1);
    bench_line(&b, "LCS a b LEN");
    cr_expect_str_eq(bench_reply(&b, &got), "-ERR LCS takes strings of at most 1048576 bytes\r\n");
    mem_free(bytes);
    buf_deinit(&got);
    bench_deinit(&b);
}

/* Between two slices a string is deleted: the answer is for what it was. */
Test(string_lcs, it_answers_for_the_strings_it_began_with)
{
    struct bench b;
    struct buf got = { 0 };
    uint8_t *bytes = mem_zalloc(8000, 1);
    const struct slice argv[] = { slice_str("LCS"), slice_str("a"), slice_str("b"),
                                  slice_str("LEN") };

    bench_init(&b, 2, false);
    set(&b, "a", bytes, 8000);
    set(&b, "b", bytes, 8000);
    struct call c = { .row = command_find(b.table, argv[0]),
                      .argv = argv,
                      .argc = 4,
                      .view = &b.view.view,
                      .reply = &b.reply,
                      .scratch = &b.scratch,
                      .whole_max = UINT64_MAX };
    struct cell_key a = cell_head_key(0, argv[1]);
    c.position = a.position;
    reply_clear(&b.reply);
    cr_assert_eq(c.row->run(&c), CALL_LATER);
    b.view.view.put(&b.view.view, &(struct cell){ .key = a, .flags = CELL_TOMBSTONE });
    while (c.row->run(&c) == CALL_LATER)
        ;
    cr_expect_str_eq(bench_reply(&b, &got), ":8000\r\n");
    cr_expect_null(c.gather);
    mem_free(bytes);
    buf_deinit(&got);
    bench_deinit(&b);
}
