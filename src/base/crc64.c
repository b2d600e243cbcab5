/* crc64.c: long input is folded, 16 bytes onto the next 16, by carry-less
 * multiplication (asked for at run time), as in Gopal and others, "Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009);
 * what is left goes through a table of half bytes. */
#include "base/crc64.h"

#include <string.h>

/* Remainders of four bits by the reflected polynomial 0x95ac9329ac4bc9b5. */
static uint64_t by_bytes(uint64_t crc, const uint8_t *p, size_t len)
{
    static const uint64_t nibble[16] = {
        0x0000000000000000, 0x7d08ff3b88be6f81, 0xfa11fe77117cdf02, 0x8719014c99c2b083,
        0xdf7adabd7a6e2d6f, 0xa2722586f2d042ee, 0x256b24ca6b12f26d, 0x5863dbf1e3ac9dec,
        0x95ac9329ac4bc9b5, 0xe8a46c1224f5a634, 0x6fbd6d5ebd3716b7, 0x12b5926535897936,
        0x4ad64994d625e4da, 0x37deb6af5e9b8b5b, 0xb0c7b7e3c7593bd8, 0xcdcf48d84fe75459,
    };

    while (len--) {
        crc ^= *p++;
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
#include <wmmintrin.h>

enum { STEP = 16, LONG = 4 * STEP };

/* x^191 and x^127 by the polynomial, bits reflected: they move the lower and the upper
 * half of 16 bytes over the 16 that follow. */
#define FOLD_LOW  0xd9d7be7d505da32c
#define FOLD_HIGH 0x381d0015c96f4444

__attribute__((target("sse2,pclmul"))) static uint64_t by_folding(uint64_t crc, const uint8_t *p,
                                                                  size_t len)
{
    __m128i over = _mm_set_epi64x((long long)FOLD_HIGH, (long long)FOLD_LOW);
    __m128i sum = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)p),
                                _mm_cvtsi64_si128((long long)crc));
    uint8_t left[STEP];

    for (p += STEP, len -= STEP; len >= STEP; p += STEP, len -= STEP) {
        __m128i low = _mm_clmulepi64_si128(sum, over, 0x00);
        __m128i high = _mm_clmulepi64_si128(sum, over, 0x11);
        __m128i next = _mm_loadu_si128((const __m128i *)(const void *)p);
        sum = _mm_xor_si128(_mm_xor_si128(low, high), next);
    }
    _mm_storeu_si128((__m128i *)(void *)left, sum);
    return by_bytes(by_bytes(0, left, STEP), p, len);
}

static uint64_t by_best(uint64_t crc, const uint8_t *p, size_t len)
{
    if (len < LONG || !__builtin_cpu_supports("pclmul"))
        return by_bytes(crc, p, len);
    return by_folding(crc, p, len);
}
#else
static uint64_t by_best(uint64_t crc, const uint8_t *p, size_t len)
{
    return by_bytes(crc, p, len);
}
#endif

uint64_t crc64_extend(uint64_t crc, const void *data, size_t len)
{
    return by_best(crc, data, len);
}
