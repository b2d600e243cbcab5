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
 *     48  u64  index            of the first frame of arc 0 in it, or behind it
 *     56  u64  boot             of the machine that wrote it (lsm.h); 0: not known
 *     64  u32  0
 *     68  u32  crc32c of bytes 0..67
 *     72       zeros to 4096, so that no frame shares a page with the head
 *   4096       frames, then zeros
 *
 * The head is written with the first frames; until then it is zeros.  Frames of
 * a segment at or beyond the next segment's base do not count: the segment was
 * cut there because a write failed, or they are its list.  A frame, 8-aligned:
 *
 *      0  u32  crc32c of everything behind it, to the payload's end
 *      4  u32  payload length   a multiple of 8
 *      8  u64  segment id
 *     16  u64  synced           as in the segment's head; at most the frame's own position
 *     24  u64  arc              0: what a node alone logs; else log_arc()
 *     32  u64  ballot counter   the leadership it was made at; 0 in arc 0
 *     40  u64  counter of the ballot of the frame before it
 *     48  u32  ballot node
 *     52  u32  node of the ballot of the frame before it
 *     56  u64  index            its number in the arc, from 1, without gaps
 *     64  u64  committed        this node had frames up to there, this one perhaps, and
 *                               knew them committed; in arc 0 the index
 *     72  u64  stamp            of its newest cell, or newer
 *     80  u32  cells
 *     84  u32  notes            bytes of the payload behind the cells
 *     88  u8   kind             enum frame_kind
 *     89  u8   tag              whoever made the frame knows
 *     90       zeros
 *     96       cells (cell.h), each 8-aligned; notes, and zeros to a multiple of 8
 *
 * Kinds but FRAME_CELLS are records about an arc, or about the log itself: they have no
 * cells and no number of their own.  What each says stands at enum frame_kind.
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
#include "lsm/log_ballot.h"

enum {
    LOG_FORMAT_VERSION = 2,
    SEGMENT_HEAD_SIZE = 72,      /* bytes that mean something */
    SEGMENT_FRAMES_START = 4096, /* where the first frame begins */
    FRAME_HEAD_SIZE = 96,
    ARC_INDEX_BITS = 50, /* 30 years of a million frames a second */
};

enum frame_kind {
    FRAME_CELLS,   /* the next of the arc's log, or in place of those from its index on that
                      have another ballot there */
    FRAME_PROMISE, /* `ballot` is promised */
    FRAME_STATE,   /* the notes are what the arc's owner wants to know at a start */
    FRAME_BASE,    /* the arc's log ends at (ballot, index, stamp), all of it applied, frames up
                      to `committed` here, the others however they came; tag 1: no more comes */
    FRAME_LIST,    /* behind a segment's last frame that counts: what is where (log_list.h) */
    FRAME_END,     /* the log was closed here, in order, and all before it was synced */
    FRAME_KINDS,   /* one more than the last */
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
    uint64_t boot;
    uint32_t version;
};

struct frame_head {
    uint64_t segment;
    uint64_t synced;
    uint64_t arc;
    struct log_ballot ballot;
    struct log_ballot previous;
    uint64_t index;
    uint64_t committed;
    uint64_t stamp;
    uint32_t length;
    uint32_t cells;
    uint32_t notes;
    uint8_t kind;
    uint8_t tag;
};

/* A log's name is (first slot, index of birth): one number, laid out as a position, so that
 * arcs sort by slot.  None is 0. */
static inline uint64_t log_arc(uint16_t slot, uint64_t birth)
{
    return slot * ((uint64_t)1 << ARC_INDEX_BITS) + birth + 1;
}

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
    wire_put64(out + 56, h->boot);
    wire_put32(out + 68, crc32c_extend(0, out, 68));
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
    h->boot = wire_get64(in + 56);
    if (memcmp(in, zeros, SEGMENT_HEAD_SIZE) == 0)
        return SEGMENT_HEAD_BLANK;
    /* A crash may tear the magic and the version as well: the crc comes first, where the
     * version says that it is; what version 1 had at 60 is part of `boot` now. */
    if (memcmp(in, SEGMENT_MAGIC, 8) == 0 && h->version == 1 &&
        wire_get32(in + 60) == crc32c_extend(0, in, 60))
        return SEGMENT_HEAD_VERSION;
    if (memcmp(in, SEGMENT_MAGIC, 8) != 0 || wire_get32(in + 68) != crc32c_extend(0, in, 68))
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
    wire_put64(out + 24, h->arc);
    wire_put64(out + 32, h->ballot.counter);
    wire_put64(out + 40, h->previous.counter);
    wire_put32(out + 48, h->ballot.node);
    wire_put32(out + 52, h->previous.node);
    wire_put64(out + 56, h->index);
    wire_put64(out + 64, h->committed);
    wire_put64(out + 72, h->stamp);
    wire_put32(out + 80, h->cells);
    wire_put32(out + 84, h->notes);
    wire_put64(out + 88, h->kind | (uint64_t)h->tag << 8);
}

static inline void frame_head_get(const uint8_t *in, struct frame_head *h)
{
    h->length = wire_get32(in + 4);
    h->segment = wire_get64(in + 8);
    h->synced = wire_get64(in + 16);
    h->arc = wire_get64(in + 24);
    h->ballot = (struct log_ballot){ wire_get64(in + 32), wire_get32(in + 48) };
    h->previous = (struct log_ballot){ wire_get64(in + 40), wire_get32(in + 52) };
    h->index = wire_get64(in + 56);
    h->committed = wire_get64(in + 64);
    h->stamp = wire_get64(in + 72);
    h->cells = wire_get32(in + 80);
    h->notes = wire_get32(in + 84);
    h->kind = in[88];
    h->tag = in[89];
}

/* Numbered and committed when it is written: a frame of cells of arc 0. */
static inline bool frame_is_lone(const uint8_t *frame)
{
    return wire_get64(frame + 24) == 0 && frame[88] == FRAME_CELLS;
}

/* Bytes of a payload that are cells, by the head of its frame; `notes` must fit. */
static inline size_t frame_cells_size(const struct frame_head *h)
{
    return h->length - (((size_t)h->notes + 7) & ~(size_t)7);
}

/* Whether the head can be that of any frame. */
static inline bool frame_head_can_be(const struct frame_head *h, const uint8_t *bytes)
{
    return h->kind < FRAME_KINDS && ((uint64_t)h->notes + 7) / 8 * 8 <= h->length &&
           wire_get64(bytes + 88) >> 16 == 0;
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
