/* crc32c.c: by the SSE 4.2 instruction where the processor has it (asked at run
 * time: binaries are built for any x86-64), else by a table of half bytes.
 *
 * The instruction's result comes three cycles after its input, and one can begin in
 * every cycle: so long input is three streams side by side, as in Gopal and others,
 * "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction" (Intel, 2011). */
#include "base/crc32c.h"

#include <stdbool.h>
#include <string.h>

/* The table: remainders of four bits by the reflected polynomial 0x82f63b78. */
static uint32_t by_bytes(uint32_t crc, const uint8_t *p, size_t len)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    while (len--) {
        crc ^= *p++;
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>

enum { LONG_STREAM = 1024, MIDDLE_STREAM = 128, SHORT_STREAM = 32 };

static inline uint64_t word_at(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, 8);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t by_one(uint32_t crc, const uint8_t *p, size_t len)
{
    uint64_t c = crc;

    for (; len >= 8; p += 8, len -= 8)
        c = _mm_crc32_u64(c, word_at(p));
    while (len--)
        c = _mm_crc32_u8((uint32_t)c, *p++);
    return (uint32_t)c;
}

/* `crc` times a power of x, not reduced: the crc instruction does that. */
__attribute__((target("sse4.2,pclmul"))) static inline uint64_t times(uint64_t crc, uint32_t power)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc),
                                           _mm_cvtsi64_si128((long long)power), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* Over three times `n` bytes.  `once` is x^(8n - 33) by the polynomial, bits
 * reflected, `twice` x^(16n - 33): they move a crc over n and 2n zero bytes. */
__attribute__((target("sse4.2,pclmul"))) static inline uint64_t three(uint64_t a, const uint8_t *p,
                                                                      size_t n, uint32_t once,
                                                                      uint32_t twice)
{
    uint64_t b = 0, c = 0;

    for (size_t i = 0; i < n; i += 8) {
        a = _mm_crc32_u64(a, word_at(p + i));
        b = _mm_crc32_u64(b, word_at(p + n + i));
        c = _mm_crc32_u64(c, word_at(p + 2 * n + i));
    }
    return c ^ _mm_crc32_u64(0, times(a, twice) ^ times(b, once));
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t by_three(uint32_t crc, const uint8_t *p,
                                                                  size_t len)
{
    uint64_t c = crc;

    for (; len >= 3 * LONG_STREAM; p += 3 * LONG_STREAM, len -= 3 * LONG_STREAM)
        c = three(c, p, LONG_STREAM, 0x170076fa, 0xa51b6135);
    for (; len >= 3 * MIDDLE_STREAM; p += 3 * MIDDLE_STREAM, len -= 3 * MIDDLE_STREAM)
        c = three(c, p, MIDDLE_STREAM, 0x0d3b6092, 0xb9e02b86);
    for (; len >= 3 * SHORT_STREAM; p += 3 * SHORT_STREAM, len -= 3 * SHORT_STREAM)
        c = three(c, p, SHORT_STREAM, 0xba4fc28e, 0x9e4addf8);
    return by_one((uint32_t)c, p, len);
}

static uint32_t by_best(uint32_t crc, const uint8_t *p, size_t len)
{
    if (!__builtin_cpu_supports("sse4.2"))
        return by_bytes(crc, p, len);
    if (len < 3 * SHORT_STREAM || !__builtin_cpu_supports("pclmul"))
        return by_one(crc, p, len);
    return by_three(crc, p, len);
}
#else
static uint32_t by_best(uint32_t crc, const uint8_t *p, size_t len)
{
    return by_bytes(crc, p, len);
}
#endif

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len)
{
    return ~by_best(~crc, data, len);
}
