/* sha256_test.c: the examples of FIPS 180-4 and RFC 4231, and lengths around a block's
 * end. */
#include "base/sha256.h"

#include <criterion/criterion.h>

#include "base/buf.h"

static void expect_hash(const uint8_t hash[SHA256_BYTES], const char *hex, size_t len)
{
    struct buf text = { 0 };

    for (int i = 0; i < SHA256_BYTES; i++)
        buf_printf(&text, "%02x", hash[i]);
    buf_append_byte(&text, 0);
    cr_expect_str_eq((const char *)text.data, hex, "%zu bytes", len);
    buf_deinit(&text);
}

static void expect(struct slice bytes, const char *hex)
{
    uint8_t hash[SHA256_BYTES];

    sha256(bytes, hash);
    expect_hash(hash, hex, bytes.len);
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

/* RFC 4231, test cases 1, 2 and 6. */
Test(sha256, has_the_examples_of_hmac)
{
    static const struct {
        const char *key, *message, *hex;
    } cases[] = {
        { "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
          "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { "Jefe", "what do ya want for nothing?",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    };
    uint8_t hash[SHA256_BYTES], longer[131];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sha256_hmac(slice_str(cases[i].key), slice_str(cases[i].message), hash);
        expect_hash(hash, cases[i].hex, i);
    }
    memset(longer, 0xaa, sizeof longer);
    sha256_hmac(slice_of(longer, sizeof longer),
                slice_str("Test Using Larger Than Block-Size Key - Hash Key First"), hash);
    expect_hash(hash, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", 6);
}

Test(sha256, every_flipped_bit_makes_two_hashes_unequal)
{
    uint8_t a[SHA256_BYTES], b[SHA256_BYTES];

    sha256(slice_str("abc"), a);
    memcpy(b, a, sizeof b);
    cr_assert(sha256_equal(a, b));
    for (unsigned bit = 0; bit < 8 * SHA256_BYTES; bit++) {
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_not(sha256_equal(a, b), "bit %u", bit);
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
