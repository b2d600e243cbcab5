/* crc32c.c: by the SSE 4.2 instruction where the processor has it (asked at run
 * time: binaries are built for any x86-64), else by a table of half bytes. */
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

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p,
                                                                 size_t len)
{
    uint64_t c = crc;

    while (len >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        c = _mm_crc32_u64(c, word);
        p += 8;
        len -= 8;
    }
    while (len--)
        c = _mm_crc32_u8((uint32_t)c, *p++);
    return (uint32_t)c;
}

static bool have_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
    return by_bytes(crc, p, len);
}

static bool have_instruction(void)
{
    return false;
}
#endif

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len)
{
    crc = ~crc;
    crc = have_instruction() ? by_instruction(crc, data, len) : by_bytes(crc, data, len);
    return ~crc;
}
