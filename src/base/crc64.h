/* crc64.h: the CRC behind Redis's RDB files and DUMP payloads: the polynomial
 * 0xad93d23594c935a9 (Jones), bits reflected, from 0, not inverted. */
#ifndef HENGE_BASE_CRC64_H
#define HENGE_BASE_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over `len` bytes, by carry-less multiplication where
 * the processor has it. */
uint64_t crc64_extend(uint64_t crc, const void *data, size_t len);

#endif
