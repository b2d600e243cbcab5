/* manifest_format.h: the bytes of a manifest: a head, a snapshot, edits.
 *
 * A manifest is one file, manifest-<id, 16 hex digits>.mft, written in order and
 * never appended to by a later process:
 *
 *      0  u64  "HENGEMFT"
 *      8  u32  format version
 *     12  u32  0
 *     16  u64  id
 *     24  u32  0
 *     28  u32  crc32c of bytes 0..27
 *     32       records
 *
 * The first record is a snapshot: a whole version, as one edit on nothing.  The
 * others are edits.  A record, 8-aligned:
 *
 *      0  u32  crc32c of everything behind it, to the payload's end
 *      4  u32  payload length   a multiple of 8
 *      8  u64  manifest id
 *     16  u64  synced           bytes of the file known to be synced when this was written
 *     24  u64  number           of the edit, without gaps; a snapshot's: of the last in it
 *     32  u32  kind             1 snapshot, 2 edit
 *     36  u32  0
 *     40       payload
 *
 * Records written together have one `synced`, where the first of them begins (a
 * manifest's first ones: 0).  A crash may tear any of them; a record whose `synced` is
 * beyond a place proves that everything before that place was there.  A payload:
 *
 *      0  u64  next file        larger than every id that was taken
 *      8  u32  1 if it has a mark, else 0
 *     12  u32  flushed          bit i: a stamp of database i
 *     16  u32  tables added
 *     20  u32  tables dropped
 *     24  u32  blob files added
 *     28  u32  blob files dropped
 *     32  u32  changes of live bytes
 *     36  u32  arcs             bytes of it; 0 without a mark
 *     40       if it has a mark: u64 position, u64 index, u64 stamp, u64 through of the log
 *              u64 stamp of each database in `flushed`, never 0
 *              tables added:       u64 id, u64 size, u64 order, u32 level, u32 0
 *              tables dropped:     u64 id
 *              blob files added:   u64 id, u64 size, u32 kind (1 segment, 2 blob), u32 0
 *              blob files dropped: u64 id
 *              live bytes:         u64 file, i64 change; by file, each once
 *              arcs:               arc_marks.h
 *
 * Numbers are little-endian. */
#ifndef HENGE_LSM_MANIFEST_FORMAT_H
#define HENGE_LSM_MANIFEST_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/slice.h"
#include "base/wire.h"

enum {
    MANIFEST_FORMAT_VERSION = 2,
    MANIFEST_HEAD_SIZE = 32,
    RECORD_HEAD_SIZE = 40,
    RECORD_FIXED_SIZE = 40, /* of a payload */
    RECORD_MARK_SIZE = 32,
    RECORD_TABLE_SIZE = 32,
    RECORD_BLOB_SIZE = 24,
    RECORD_LIVE_SIZE = 16,
    RECORD_SNAPSHOT = 1, /* kinds */
    RECORD_EDIT = 2,
    RECORD_KIND_SEGMENT = 1, /* of blob files */
    RECORD_KIND_BLOB = 2,
};

#define MANIFEST_MAGIC "HENGEMFT"

/* No manifest is larger: thirty million tables. */
#define MANIFEST_SIZE_MAX ((uint64_t)1024 * 1024 * 1024)

enum manifest_head_state {
    MANIFEST_HEAD_GOOD,
    MANIFEST_HEAD_VERSION, /* whole, of a version this program does not know */
    MANIFEST_HEAD_DAMAGED, /* or never written */
};

struct record_head {
    uint32_t length;
    uint32_t kind;
    uint64_t manifest;
    uint64_t synced;
    uint64_t number;
};

static inline void manifest_head_put(uint8_t out[MANIFEST_HEAD_SIZE], uint64_t id)
{
    memset(out, 0, MANIFEST_HEAD_SIZE);
    memcpy(out, MANIFEST_MAGIC, 8);
    wire_put32(out + 8, MANIFEST_FORMAT_VERSION);
    wire_put64(out + 16, id);
    wire_put32(out + 28, crc32c_extend(0, out, 28));
}

/* Whether the head is that of manifest `id`; *version is what the bytes say. */
static inline enum manifest_head_state manifest_head_get(struct slice bytes, uint64_t id,
                                                         uint32_t *version)
{
    const uint8_t *p = bytes.data;

    *version = 0;
    if (bytes.len < MANIFEST_HEAD_SIZE || memcmp(p, MANIFEST_MAGIC, 8) != 0 ||
        wire_get32(p + 28) != crc32c_extend(0, p, 28))
        return MANIFEST_HEAD_DAMAGED;
    *version = wire_get32(p + 8);
    if (*version != MANIFEST_FORMAT_VERSION)
        return MANIFEST_HEAD_VERSION;
    if (wire_get64(p + 16) != id || wire_get32(p + 12) != 0 || wire_get32(p + 24) != 0)
        return MANIFEST_HEAD_DAMAGED;
    return MANIFEST_HEAD_GOOD;
}

/* Everything but the crc, which record_seal() adds when the payload stands. */
static inline void record_head_put(uint8_t *out, const struct record_head *h)
{
    wire_put32(out, 0);
    wire_put32(out + 4, h->length);
    wire_put64(out + 8, h->manifest);
    wire_put64(out + 16, h->synced);
    wire_put64(out + 24, h->number);
    wire_put32(out + 32, h->kind);
    wire_put32(out + 36, 0);
}

static inline void record_head_get(const uint8_t *in, struct record_head *h)
{
    h->length = wire_get32(in + 4);
    h->manifest = wire_get64(in + 8);
    h->synced = wire_get64(in + 16);
    h->number = wire_get64(in + 24);
    h->kind = wire_get32(in + 32);
}

/* Bytes of the record that begins at `record`, by its length field. */
static inline size_t record_size(const uint8_t *record)
{
    return RECORD_HEAD_SIZE + (size_t)wire_get32(record + 4);
}

static inline uint32_t record_crc(const uint8_t *record)
{
    return crc32c_extend(0, record + 4, record_size(record) - 4);
}

static inline void record_seal(uint8_t *record)
{
    wire_put32(record, record_crc(record));
}

/* A whole record of manifest `id` begins at bytes.data: it fits, and its crc holds. */
static inline bool record_good(struct slice bytes, uint64_t id)
{
    const uint8_t *p = bytes.data;

    if (bytes.len < RECORD_HEAD_SIZE || wire_get64(p + 8) != id)
        return false;
    if (wire_get32(p + 4) % 8 != 0 || record_size(p) > bytes.len)
        return false;
    return wire_get32(p) == record_crc(p);
}

#endif
