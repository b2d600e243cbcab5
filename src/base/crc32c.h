/* crc32c.h: the Castagnoli CRC every frame and block is guarded by. */
#ifndef HENGE_BASE_CRC32C_H
#define HENGE_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over `len` bytes: extend(extend(0,a),b) equals
 * extend(0,ab).  By the processor's instruction where it has one. */
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len);

#endif
