/* hash_test.c: the published values of the hashes and checksums files depend on. */
#include "base/hash.h"

#include <criterion/criterion.h>

/* The same code under another name, to reach what the processor's instruction
 * makes unreachable. */
#define crc32c_extend crc32c_extend_here
#include "base/crc32c.c"
#undef crc32c_extend
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len);

#include "base/prng.h"

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

/* RFC 3720, appendix B.4. */
Test(crc32c, known_values)
{
    uint8_t bytes[32];
    cr_assert_eq(crc32c_extend(0, "123456789", 9), 0xe3069283);
    cr_assert_eq(crc32c_extend(0, NULL, 0), 0);
    memset(bytes, 0, sizeof bytes);
    cr_assert_eq(crc32c_extend(0, bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    cr_assert_eq(crc32c_extend(0, bytes, 32), 0x62a8ab43);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    cr_assert_eq(crc32c_extend(0, bytes, 32), 0x46dd794e);
}

Test(crc32c, table_and_instruction_agree_at_every_alignment)
{
    uint8_t bytes[300];
    struct prng p;
    prng_init(&p, 3);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)prng_next(&p);
    for (size_t begin = 0; begin < 9; begin++) {
        for (size_t len = 0; len < 280; len++) {
            uint32_t crc = (uint32_t)prng_next(&p);
            cr_assert_eq(~by_bytes(~crc, bytes + begin, len),
                         crc32c_extend(crc, bytes + begin, len));
        }
    }
}

Test(crc32c, extends_piece_by_piece)
{
    const char *text = "what was written in two pieces has one checksum";
    size_t n = strlen(text);
    for (size_t cut = 0; cut <= n; cut++)
        cr_assert_eq(crc32c_extend(crc32c_extend(0, text, cut), text + cut, n - cut),
                     crc32c_extend_here(0, text, n));
}
