/* hash_test.c: the published values of the hashes files depend on. */
#include "base/hash.h"

#include <criterion/criterion.h>

Test(hash, crc16_is_xmodem)
{
    cr_assert_eq(hash_crc16(slice_str("123456789")), 0x31c3);
    cr_assert_eq(hash_crc16(slice_str("")), 0);
    cr_assert_eq(hash_crc16(slice_str("foo")) % 16384, 12182);
    cr_assert_eq(hash_crc16(slice_str("bar")) % 16384, 5061);
}

/* By the definition, a bit at a time. */
static uint16_t crc16_by_bits(struct slice bytes)
{
    unsigned crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned)bytes.data[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return (uint16_t)crc;
}

Test(hash, crc16_equals_its_definition_for_every_byte)
{
    for (unsigned i = 0; i < 65536; i++) {
        uint8_t bytes[2] = { (uint8_t)(i >> 8), (uint8_t)i };
        cr_assert_eq(hash_crc16(slice_of(bytes, 2)), crc16_by_bits(slice_of(bytes, 2)));
    }
}

Test(hash, xxh3_is_the_published_one)
{
    cr_assert_eq(hash_xxh3(slice_of(NULL, 0)), UINT64_C(0x2d06800538d394c2));
    cr_assert_eq(hash_xxh3(slice_str("a")), UINT64_C(0xe6c632b61e964e1f));
    cr_assert_eq(hash_xxh3(slice_str("abc")), UINT64_C(0x78af5f94892f3950));
}
