/* base64_test.c: the vectors of RFC 4648 and what is no base 64. */
#include <criterion/criterion.h>

#include "http/base64.h"

static const char *const pairs[][2] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
};

Test(base64, the_vectors_of_the_rfc_go_both_ways)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct slice bytes = slice_str(pairs[i][0]), letters = slice_str(pairs[i][1]);
        struct buf back = { 0 };
        uint8_t out[16];

        cr_assert_eq(base64_length(bytes.len), letters.len);
        base64_encode(bytes.data, bytes.len, out);
        cr_expect(slice_equal(slice_of(out, letters.len), letters), "%s", pairs[i][0]);
        cr_assert(base64_decode(letters, &back), "%s", pairs[i][1]);
        cr_expect(slice_equal(buf_slice(&back), bytes), "%s", pairs[i][1]);
        buf_deinit(&back);
    }
}

Test(base64, all_bytes_come_back)
{
    uint8_t bytes[256], letters[344];
    struct buf back = { 0 };

    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    base64_encode(bytes, sizeof bytes, letters);
    cr_assert(base64_decode(slice_of(letters, sizeof letters), &back));
    cr_expect(slice_equal(buf_slice(&back), slice_of(bytes, sizeof bytes)));
    buf_deinit(&back);
}

Test(base64, padding_may_be_missing_and_nothing_else_may_be_there)
{
    static const char *const bad[] = { "Z", "Zg=", "Zg===", "=", "====", "Zm9v!", "Zm 9v", "Z=g=" };
    struct buf out = { 0 };

    cr_expect(base64_decode(slice_str("Zg"), &out));
    cr_expect(base64_decode(slice_str("Zm8"), &out));
    cr_expect(slice_equal(buf_slice(&out), slice_str("ffo")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(base64_decode(slice_str(bad[i]), &out), "%s", bad[i]);
    cr_expect_eq(out.len, 3, "what was refused left something");
    buf_deinit(&out);
}
