/* inline_split_test.c: the quoting rules, each by an example. */
#include "resp/inline_split.h"

#include <criterion/criterion.h>

/* The arguments of `line`, each in <angles>; "!" behind them if quotes do not match. */
static void expect(struct slice line, const char *want)
{
    struct buf got = { 0 };
    enum inline_end end;

    for (;;) {
        struct buf arg = { 0 };
        end = inline_next(&line, &arg);
        if (end == INLINE_ARG) {
            buf_append_byte(&got, '<');
            buf_append(&got, buf_slice(&arg));
            buf_append_byte(&got, '>');
        }
        buf_deinit(&arg);
        if (end != INLINE_ARG)
            break;
    }
    if (end == INLINE_UNBALANCED)
        buf_append_byte(&got, '!');
    cr_assert(slice_equal(buf_slice(&got), slice_str(want)), "got %.*s, want %s", (int)got.len,
              (char *)got.data, want);
    buf_deinit(&got);
}

static void expect_str(const char *line, const char *want)
{
    expect(slice_str(line), want);
}

Test(inline_split, white_space_separates_and_surrounds)
{
    expect_str("", "");
    expect_str(" \t\v\f\r\n", "");
    expect_str("get k", "<get><k>");
    expect_str("  set\tk   v  ", "<set><k><v>");
}

Test(inline_split, vertical_tab_and_form_feed_do_not_end_an_argument)
{
    expect_str("a\vb c\fd \ve", "<a\vb><c\fd><e>");
}

Test(inline_split, double_quotes_know_escapes)
{
    expect_str("\"a b\" \"\" \"\\n\\r\\t\\b\\a\"", "<a b><><\n\r\t\b\a>");
    expect_str("\"\\x41\\x7a\\xFf\\xfF\"", "<Az\xff\xff>");
    expect_str("\"\\\"\\\\\\q\\'\"", "<\"\\q'>");
    expect_str("\"\\xg0\\x4\"", "<xg0x4>");
}

Test(inline_split, a_hexadecimal_zero_is_a_byte)
{
    struct slice line = slice_str("\"a\\x00b\"");
    struct buf arg = { 0 };
    cr_assert_eq(inline_next(&line, &arg), INLINE_ARG);
    cr_assert(slice_equal(buf_slice(&arg), slice_of("a\0b", 3)));
    cr_assert_eq(inline_next(&line, &arg), INLINE_DONE);
    buf_deinit(&arg);
}

Test(inline_split, single_quotes_know_only_their_own)
{
    expect_str("'a b' '' 'it\\'s' 'a\\nb' '\"'", "<a b><><it's><a\\nb><\">");
}

Test(inline_split, a_quote_may_open_within_an_argument)
{
    expect_str("foo\"bar baz\" x'y z'", "<foobar baz><xy z>");
}

Test(inline_split, a_backslash_outside_quotes_is_a_backslash)
{
    expect_str("a\\nb \\", "<a\\nb><\\>");
}

Test(inline_split, quotes_must_match_and_end_an_argument)
{
    expect_str("\"", "!");
    expect_str("'", "!");
    expect_str("a \"b", "<a>!");
    expect_str("\"a\"b", "!");
    expect_str("'a'b", "!");
    expect_str("'a''b'", "!");
    expect_str("\"a\\\"", "!");
    expect_str("'a\\'", "!");
    expect_str("\"a\\", "!");
    expect_str("\"a\"\v'b'\f", "<a><b>");
}

Test(inline_split, a_nul_is_a_byte_like_any_other)
{
    struct slice line = slice_of("a\0b \"\0\"", 7);
    struct buf arg = { 0 };
    cr_assert_eq(inline_next(&line, &arg), INLINE_ARG);
    cr_assert(slice_equal(buf_slice(&arg), slice_of("a\0b", 3)));
    cr_assert_eq(inline_next(&line, &arg), INLINE_ARG);
    cr_assert(slice_equal(buf_slice(&arg), slice_of("a\0b\0", 4)));
    buf_deinit(&arg);
}
