/* sha256_test.c: the examples of FIPS 180-4 and lengths around a block's end. */
#include "session/sha256.h"

#include <criterion/criterion.h>

#include "base/buf.h"

static void expect(struct slice bytes, const char *hex)
{
    uint8_t hash[SHA256_BYTES];
    struct buf text = { 0 };

    sha256(bytes, hash);
    for (int i = 0; i < SHA256_BYTES; i++)
        buf_printf(&text, "%02x", hash[i]);
    buf_append_byte(&text, 0);
    cr_expect_str_eq((const char *)text.data, hex, "%zu bytes", bytes.len);
    buf_deinit(&text);
}

Test(sha256, has_the_examples_of_the_standard)
{
    struct buf million = { 0 };

    expect(slice_of(NULL, 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(slice_str("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(slice_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    for (int i = 0; i < 1000000; i++)
        buf_append_byte(&million, 'a');
    expect(buf_slice(&million), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    buf_deinit(&million);
}

/* As coreutils' sha256sum says. */
Test(sha256, pads_every_length_around_a_block)
{
    static const struct {
        size_t len;
        const char *hex;
    } of_a[] = {
        { 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
        { 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
        { 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
        { 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
        { 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
    };
    char text[65];

    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof of_a / sizeof of_a[0]; i++)
        expect(slice_of(text, of_a[i].len), of_a[i].hex);
}
