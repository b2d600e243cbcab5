/* log_format.h: the bytes of the log: segments, and frames in them.
 *
 * A segment is one file, log-<id, 16 hex digits>.seg, preallocated with zeros:
 *
 *      0  u64  "HENGELOG"
 *      8  u32  format version
 *     12  u32  0
 *     16  u64  id               ids grow; they may skip
 *     24  u64  previous         id of the segment before it, 0 for none
 *     32  u64  base             log position of the first frame's first byte
 *     40  u64  synced           log position known to be synced when this was written
 *     48  u64  index            number of the first frame
 *     56  u32  0
 *     60  u32  crc32c of bytes 0..59
 *     64       zeros to 4096, so that no frame shares a page with the head
 *   4096       frames, then zeros
 *
 * The head is written with the first frames; until then it is zeros.  Frames of
 * a segment at or beyond the next segment's base do not count: the segment was
 * cut there because a write failed.  A frame, 8-aligned:
 *
 *      0  u32  crc32c of everything behind it, to the payload's end
 *      4  u32  payload length   a multiple of 8
 *      8  u64  segment id
 *     16  u64  synced           as in the segment's head; at most the frame's own position
 *     24  u32  arc
 *     28  u32  cells
 *     32  u64  ballot counter
 *     40  u32  ballot node
 *     44  u32  0
 *     48  u64  index            number of the frame, from 1, without gaps
 *     56  u64  stamp            the largest of its cells
 *     64       cells (cell.h), each 8-aligned
 *
 * Numbers are little-endian. */
#ifndef HENGE_LSM_LOG_FORMAT_H
#define HENGE_LSM_LOG_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/slice.h"
#include "base/wire.h"

enum {
    LOG_FORMAT_VERSION = 1,
    SEGMENT_HEAD_SIZE = 64,      /* bytes that mean something */
    SEGMENT_FRAMES_START = 4096, /* where the first frame begins */
    FRAME_HEAD_SIZE = 64,
};

#define SEGMENT_MAGIC "HENGELOG"

/* No file of the log is larger: a frame's length has 32 bits. */
#define SEGMENT_SIZE_MAX ((uint64_t)UINT32_MAX + FRAME_HEAD_SIZE + SEGMENT_FRAMES_START)

struct segment_head {
    uint64_t id;
    uint64_t previous;
    uint64_t base;
    uint64_t synced;
    uint64_t index;
    uint32_t version;
};

struct frame_head {
    uint32_t length;
    uint32_t arc;
    uint64_t segment;
    uint64_t synced;
    uint32_t cells;
    uint32_t ballot_node;
    uint64_t ballot_counter;
    uint64_t index;
    uint64_t stamp;
};

enum segment_head_state {
    SEGMENT_HEAD_GOOD,
    SEGMENT_HEAD_BLANK,   /* zeros: allocated, never used */
    SEGMENT_HEAD_VERSION, /* whole, of a version this program does not know */
    SEGMENT_HEAD_DAMAGED,
};

static inline void segment_head_put(uint8_t out[SEGMENT_HEAD_SIZE], const struct segment_head *h)
{
    memset(out, 0, SEGMENT_HEAD_SIZE);
    memcpy(out, SEGMENT_MAGIC, 8);
    wire_put32(out + 8, h->version);
    wire_put64(out + 16, h->id);
    wire_put64(out + 24, h->previous);
    wire_put64(out + 32, h->base);
    wire_put64(out + 40, h->synced);
    wire_put64(out + 48, h->index);
    wire_put32(out + 60, crc32c_extend(0, out, 60));
}

/* Whatever it answers, *h is what the bytes say. */
static inline enum segment_head_state segment_head_get(const uint8_t in[SEGMENT_HEAD_SIZE],
                                                       struct segment_head *h)
{
    static const uint8_t zeros[SEGMENT_HEAD_SIZE];

    h->version = wire_get32(in + 8);
    h->id = wire_get64(in + 16);
    h->previous = wire_get64(in + 24);
    h->base = wire_get64(in + 32);
    h->synced = wire_get64(in + 40);
    h->index = wire_get64(in + 48);
    if (memcmp(in, zeros, SEGMENT_HEAD_SIZE) == 0)
        return SEGMENT_HEAD_BLANK;
    /* A crash may tear the magic and the version as well: the crc comes first. */
    if (memcmp(in, SEGMENT_MAGIC, 8) != 0 || wire_get32(in + 60) != crc32c_extend(0, in, 60))
        return SEGMENT_HEAD_DAMAGED;
    if (h->version != LOG_FORMAT_VERSION)
        return SEGMENT_HEAD_VERSION;
    if (h->previous >= h->id || h->synced > h->base)
        return SEGMENT_HEAD_DAMAGED;
    return SEGMENT_HEAD_GOOD;
}

/* Everything but the crc, which frame_seal() adds when the payload stands. */
static inline void frame_head_put(uint8_t *out, const struct frame_head *h)
{
    wire_put32(out, 0);
    wire_put32(out + 4, h->length);
    wire_put64(out + 8, h->segment);
    wire_put64(out + 16, h->synced);
    wire_put32(out + 24, h->arc);
    wire_put32(out + 28, h->cells);
    wire_put64(out + 32, h->ballot_counter);
    wire_put32(out + 40, h->ballot_node);
    wire_put32(out + 44, 0);
    wire_put64(out + 48, h->index);
    wire_put64(out + 56, h->stamp);
}

static inline void frame_head_get(const uint8_t *in, struct frame_head *h)
{
    h->length = wire_get32(in + 4);
    h->segment = wire_get64(in + 8);
    h->synced = wire_get64(in + 16);
    h->arc = wire_get32(in + 24);
    h->cells = wire_get32(in + 28);
    h->ballot_counter = wire_get64(in + 32);
    h->ballot_node = wire_get32(in + 40);
    h->index = wire_get64(in + 48);
    h->stamp = wire_get64(in + 56);
}

/* Bytes of the frame that begins at `frame`, by its length field. */
static inline size_t frame_size(const uint8_t *frame)
{
    return FRAME_HEAD_SIZE + (size_t)wire_get32(frame + 4);
}

static inline uint32_t frame_crc(const uint8_t *frame)
{
    return crc32c_extend(0, frame + 4, frame_size(frame) - 4);
}

static inline void frame_seal(uint8_t *frame)
{
    wire_put32(frame, frame_crc(frame));
}

/* A whole frame of `segment` begins at bytes.data: it fits, and its crc holds
 * unless `trust`. */
static inline bool frame_good(struct slice bytes, uint64_t segment, bool trust)
{
    const uint8_t *p = bytes.data;

    if (bytes.len < FRAME_HEAD_SIZE || wire_get64(p + 8) != segment)
        return false;
    if (wire_get32(p + 4) % 8 != 0 || frame_size(p) > bytes.len)
        return false;
    return trust || wire_get32(p) == frame_crc(p);
}

#endif
