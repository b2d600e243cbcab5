/* crc64_test.c */
#include <criterion/criterion.h>

#include "base/crc64.h"
#include "base/prng.h"

/* A bit at a time, by definition. */
static uint64_t by_bits(const uint8_t *p, size_t len)
{
    uint64_t crc = 0;

    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int n = 0; n < 8; n++)
            crc = crc >> 1 ^ (crc & 1 ? UINT64_C(0x95ac9329ac4bc9b5) : 0);
    }
    return crc;
}

Test(crc64, the_check_value_is_the_published_one)
{
    cr_expect_eq(crc64_extend(0, "123456789", 9), UINT64_C(0xe9c6d914c4b8d9ca));
    cr_expect_eq(crc64_extend(0, "", 0), 0);
}

Test(crc64, every_length_and_every_cut_gives_the_same)
{
    uint8_t bytes[300];
    struct prng p;

    prng_init(&p, 1);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)prng_next(&p);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint64_t crc = by_bits(bytes, len);
        size_t cut = (size_t)prng_below(&p, len + 1);
        cr_assert_eq(crc64_extend(0, bytes, len), crc, "%zu bytes", len);
        cr_assert_eq(crc64_extend(crc64_extend(0, bytes, cut), bytes + cut, len - cut), crc,
                     "%zu bytes, cut at %zu", len, cut);
    }
}
