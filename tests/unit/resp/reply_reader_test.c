/* reply_reader_test.c: heads of replies, read back. */
#include <criterion/criterion.h>

#include "resp/reply_reader.h"

static struct reply_head head_of(const char *text)
{
    struct reply_head h;

    cr_assert(reply_head_read(slice_str(text), &h), "%s", text);
    return h;
}

static void expect(const char *text, enum reply_kind kind, int64_t number, size_t used)
{
    struct reply_head h = head_of(text);

    cr_expect_eq(h.kind, kind, "%s", text);
    cr_expect_eq(h.number, number, "%s", text);
    cr_expect_eq(h.used, used, "%s", text);
}

Test(reply_reader, every_kind_of_both_protocols_is_told)
{
    expect("+OK\r\n", REPLY_STATUS, 0, 5);
    expect(":-12\r\n", REPLY_INT, -12, 6);
    expect("$5\r\nhello\r\n", REPLY_BULK, 5, 4);
    expect("=9\r\ntxt:hello\r\n", REPLY_BULK, 9, 4);
    expect("$-1\r\n", REPLY_NULL, -1, 5);
    expect("*-1\r\n", REPLY_NULL, -1, 5);
    expect("_\r\n", REPLY_NULL, 0, 3);
    expect("*2\r\n", REPLY_ARRAY, 2, 4);
    expect("~2\r\n", REPLY_ARRAY, 2, 4);
    expect(">2\r\n", REPLY_ARRAY, 2, 4);
    expect("%2\r\n", REPLY_ARRAY, 4, 4);
    expect(",1.5\r\n", REPLY_OTHER, 0, 6);
    expect("#t\r\n", REPLY_OTHER, 0, 4);
}

Test(reply_reader, an_error_is_a_code_and_a_text)
{
    struct reply_head h = head_of("-WRONGTYPE Operation against a key\r\n");

    cr_expect_eq(h.kind, REPLY_ERROR);
    cr_expect(slice_equal(h.code, slice_str("WRONGTYPE")));
    cr_expect(slice_equal(h.text, slice_str("Operation against a key")));
    h = head_of("-ERR\r\n");
    cr_expect(slice_equal(h.code, slice_str("ERR")));
    cr_expect_eq(h.text.len, 0);
}

Test(reply_reader, what_is_not_whole_or_no_reply_is_refused)
{
    static const char *const bad[] = {
        "",        "$",       "$5",      "$5\r",    "\r\n",    "$x\r\n",
        "$-2\r\n", ":1 \r\n", ":\r\n",   "!3\r\n",  "_x\r\n",  "$05\r\n",
        "OK\r\n",  "+OK\n",   "%-1\r\n", "~-1\r\n", ">-1\r\n", "%9223372036854775807\r\n"
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reply_head h;
        cr_expect_not(reply_head_read(slice_str(bad[i]), &h), "%s", bad[i]);
    }
}
