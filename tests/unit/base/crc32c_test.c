/* crc32c_test.c: every way to compute it agrees with the definition, bit by bit. */
#include <criterion/criterion.h>

/* The same code under another name, to reach what the processor's instructions
 * make unreachable. */
#define crc32c_extend crc32c_extend_here
#include "base/crc32c.c"
#undef crc32c_extend
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len);

#include "base/prng.h"

enum { LONGEST = 5000, ALIGNMENTS = 8 };

static uint32_t by_bits(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (unsigned i = 0; i < 8; i++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    return crc;
}

static void fill(uint8_t *bytes, size_t len)
{
    struct prng prng;

    prng_init(&prng, 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)prng_next(&prng);
}

Test(crc32c, has_the_values_others_publish)
{
    uint8_t bytes[32] = { 0 };

    cr_assert_eq(crc32c_extend(0, "123456789", 9), 0xe3069283);
    cr_assert_eq(crc32c_extend(0, bytes, 32), 0x8a9136aa); /* RFC 3720, B.4 */
    memset(bytes, 0xff, 32);
    cr_assert_eq(crc32c_extend(0, bytes, 32), 0x62a8ab43);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    cr_assert_eq(crc32c_extend(0, bytes, 32), 0x46dd794e);
    cr_assert_eq(crc32c_extend(0, NULL, 0), 0);
    cr_assert_eq(crc32c_extend(0x1234, "", 0), 0x1234);
}

Test(crc32c, every_length_and_alignment_is_right)
{
    static uint8_t bytes[LONGEST + ALIGNMENTS];

    fill(bytes, sizeof bytes);
    for (size_t from = 0; from < ALIGNMENTS; from++) {
        uint32_t want = ~0x9abcdef0u;
        for (size_t len = 0; len <= LONGEST; len++) {
            cr_assert_eq(crc32c_extend(0x9abcdef0, bytes + from, len), ~want, "%zu from %zu", len,
                         from);
            want = by_bits(want, bytes[from + len]);
        }
    }
}

Test(crc32c, every_way_to_it_gives_the_same)
{
    static uint8_t bytes[20000];

    fill(bytes, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len += len < 700 ? 1 : 97) {
        uint32_t want = by_bytes(7, bytes, len);
        cr_assert_eq(~crc32c_extend_here(~7u, bytes, len), want);
        cr_assert_eq(by_best(7, bytes, len), want);
#if defined(__x86_64__)
        if (__builtin_cpu_supports("sse4.2"))
            cr_assert_eq(by_one(7, bytes, len), want);
        if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"))
            cr_assert_eq(by_three(7, bytes, len), want);
#endif
    }
}

Test(crc32c, goes_on_where_it_stopped)
{
    static uint8_t bytes[9000];
    struct prng prng;

    fill(bytes, sizeof bytes);
    prng_init(&prng, 2);
    uint32_t whole = crc32c_extend(0, bytes, sizeof bytes);
    for (unsigned i = 0; i < 1000; i++) {
        size_t cut = prng_below(&prng, sizeof bytes + 1);
        uint32_t crc = crc32c_extend(0, bytes, cut);
        cr_assert_eq(crc32c_extend(crc, bytes + cut, sizeof bytes - cut), whole);
    }
}
