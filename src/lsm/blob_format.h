/* blob_format.h: the bytes of a blob file: large values that moved.
 *
 * blob-<id, 16 hex digits>.blb, written once, never preallocated:
 *
 *      0  u64  "HENGEBLB"
 *      8  u32  format version
 *     12  u32  0
 *     16  u64  id               as in the name
 *     24       zeros
 *     60  u32  crc32c of bytes 0..59
 *     64       zeros to 4096
 *   4096       frames to the end
 *
 * The frames are the log's (log_format.h), with the file's id for a segment, index
 * from 1 and without gaps, of arc 0, and 0 for synced.  Their cells are whole,
 * values included, and come in the order of keys.  A frame ends before it passes
 * LIMIT_FRAME, unless it is a single cell. */
#ifndef HENGE_LSM_BLOB_FORMAT_H
#define HENGE_LSM_BLOB_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/wire.h"

enum {
    BLOB_FORMAT_VERSION = 2,
    BLOB_HEAD_SIZE = 64,      /* bytes that mean something */
    BLOB_FRAMES_START = 4096, /* as a segment's, so that one code reads both */
};

#define BLOB_MAGIC "HENGEBLB"

static inline void blob_head_put(uint8_t out[BLOB_HEAD_SIZE], uint64_t id)
{
    memset(out, 0, BLOB_HEAD_SIZE);
    memcpy(out, BLOB_MAGIC, 8);
    wire_put32(out + 8, BLOB_FORMAT_VERSION);
    wire_put64(out + 16, id);
    wire_put32(out + 60, crc32c_extend(0, out, 60));
}

/* Whether it is whole; *version and *id are what it says in any case. */
static inline bool blob_head_get(const uint8_t in[BLOB_HEAD_SIZE], uint32_t *version, uint64_t *id)
{
    *version = wire_get32(in + 8);
    *id = wire_get64(in + 16);
    return memcmp(in, BLOB_MAGIC, 8) == 0 && wire_get32(in + 60) == crc32c_extend(0, in, 60);
}

#endif
