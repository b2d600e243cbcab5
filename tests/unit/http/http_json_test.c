/* http_json_test.c: keys and texts that JSON can and cannot carry. */
#include <criterion/criterion.h>

#include "http/http_json.h"

static void expect_key(struct slice key, const char *expected)
{
    struct buf out = { 0 };
    json_t *o = json_object();

    http_json_key(o, key);
    http_json_print(o, &out);
    cr_expect(slice_equal(buf_slice(&out), slice_str(expected)), "%.*s", (int)out.len, out.data);
    buf_deinit(&out);
}

Test(http_json, a_key_is_escaped_as_json_wants_it)
{
    expect_key(slice_str("user:1"), "{\"key\":\"user:1\"}");
    expect_key(slice_str("a\"b\\c\n"), "{\"key\":\"a\\\"b\\\\c\\n\"}");
    expect_key(slice_of("a\0b", 3), "{\"key\":\"a\\u0000b\"}");
    expect_key(slice_str("\xc3\xa9"), "{\"key\":\"\xc3\xa9\"}");
    expect_key(slice_of(NULL, 0), "{\"key\":\"\"}");
}

Test(http_json, a_key_that_is_no_text_comes_in_base_64)
{
    expect_key(slice_str("\xff"), "{\"key_base64\":\"/w==\"}");
    expect_key(slice_str("ok\xc3"), "{\"key_base64\":\"b2vD\"}");
    expect_key(slice_str("\xed\xa0\x80"), "{\"key_base64\":\"7aCA\"}"); /* a surrogate */
}

Test(http_json, a_text_loses_what_is_no_utf_8)
{
    struct buf out = { 0 };
    json_t *o = json_object();

    http_json_text(o, "a", "plain");
    http_json_text(o, "b", "\xff!");
    http_json_print(o, &out);
    cr_expect(slice_equal(buf_slice(&out), slice_str("{\"a\":\"plain\",\"b\":\"?!\"}")));
    buf_deinit(&out);
}
