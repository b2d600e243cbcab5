/* cell.h: the unit of storage, replication, conflict and expiry, and its one
 * encoding, the same in the log, in the memtable, in tables and between peers.
 *
 *      0  u64  position
 *      8  u64  stamp             hybrid logical clock, microseconds
 *     16  u32  value length      at most LIMIT_VALUE
 *     20  u32  origin            the node that made it
 *     24  u16  key length
 *     26  u16  subkey length
 *     28  u8   db
 *     29  u8   kind              enum cell_kind
 *     30  u8   flags             enum cell_flags
 *     31  u8   type              enum cell_type; 0 but in heads
 *     32       key, subkey, [u64 expire ms], [u16 length, context], value
 *
 * padded with zeros to a multiple of 8.  Numbers are little-endian.  Cells sort
 * by position, db, key, kind, subkey, compared as fields, never as joined bytes.
 * A format version stands in the file or the handshake around them
 * (docs/formats.md). */
#ifndef HENGE_CELL_CELL_H
#define HENGE_CELL_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/wire.h"

enum cell_kind {
    CELL_HEAD = 0,    /* a string's value, or a collection's header */
    CELL_FIELD = 1,   /* a hash's field, a set's member */
    CELL_ITEM = 2,    /* a list's item, by biased index */
    CELL_SCORE = 3,   /* a sorted set's score, sortable, then the member */
    CELL_ENTRY = 4,   /* a stream's entry */
    CELL_CHUNK = 5,   /* a piece of a large value */
    CELL_FLUSH = 254, /* in the log only: what `db` (or every db) held is gone */
};

enum cell_flags {
    CELL_TOMBSTONE = 1, /* the cell is deleted; there is no value */
    CELL_EXPIRES = 2,   /* an expiry follows the subkey */
    CELL_CONTEXT = 4,   /* a vector clock follows the expiry (context.h) */
    CELL_BLOB = 8,      /* in tables only: the value is a blob_ref, the bytes are elsewhere */
    /* In memtables and tables only, of heads: taken to hide an older one that is live,
     * and has an expiry (dataset.h, counting). */
    CELL_OVER_LIVE = 16,
    CELL_OVER_EXPIRING = 32,
    CELL_OVER = CELL_OVER_LIVE | CELL_OVER_EXPIRING,
    CELL_PARTS = 64, /* of heads: the value is one or more blob_refs, the pieces of a string
                        that came in pieces, in order */
    CELL_FLAGS_ALL = 7 | CELL_PARTS,                            /* that a log or a peer may use */
    CELL_FLAGS_STORED = CELL_FLAGS_ALL | CELL_BLOB | CELL_OVER, /* that a table may use */
};

enum cell_type {
    CELL_NONE = 0,
    CELL_STRING = 1,
};

enum {
    CELL_FIXED_SIZE = 32,
    BLOB_REF_SIZE = 24,
    CELL_DB_ALL = 255, /* CELL_FLUSH of every database */
};

/* Where a large value's bytes are, or a piece of them; encoded, it takes the value's place:
 *
 *      0  u64  file       id of a log segment or a blob file
 *      8  u64  offset     of the value's first byte in it
 *     16  u32  length     of the value
 *     20  u32  crc32c     of the value */
struct blob_ref {
    uint64_t file;
    uint64_t offset;
    uint32_t length;
    uint32_t crc;
};

struct cell_key {
    uint64_t position;
    struct slice key;
    struct slice subkey;
    uint8_t db;
    uint8_t kind;
};

/* A cell taken apart; slices borrow from the encoded bytes or the caller. */
struct cell {
    struct cell_key key;
    uint64_t stamp;
    uint64_t expire_ms; /* unix milliseconds; only if CELL_EXPIRES */
    struct slice context;
    struct slice value;
    uint32_t origin;
    uint8_t flags;
    uint8_t type;
};

/* A head cell's key; computes the position. */
struct cell_key cell_head_key(uint8_t db, struct slice key);

/* Bytes the encoding takes, padding included. */
size_t cell_size(const struct cell *c);

/* Writes the encoding, cell_size() bytes, to `out`.  The cell must be within the
 * limits (asserted); with CELL_BLOB its value is an encoded blob_ref. */
void cell_encode(const struct cell *c, uint8_t *out);

/* Bytes of the encoded cell at `p`, which is known to be whole. */
static inline size_t cell_encoded_size(const uint8_t *p)
{
    size_t n = CELL_FIXED_SIZE + (size_t)wire_get16(p + 24) + wire_get16(p + 26);
    uint8_t flags = p[30];
    if (flags & CELL_EXPIRES)
        n += 8;
    if (flags & CELL_CONTEXT)
        n += 2 + (size_t)wire_get16(p + n);
    n += wire_get32(p + 16);
    return (n + 7) & ~(size_t)7;
}

/* Takes a whole, checked cell apart; *out borrows from `p`. */
void cell_decode(const uint8_t *p, struct cell *out);

/* The same for bytes from a file or a peer: checks every length, flag, kind, the
 * padding and that the position is the key's.  ERR_CORRUPT with a reason; *used is
 * the cell's size on success. */
struct err cell_decode_checked(struct slice bytes, struct cell *out, size_t *used);

/* The same for bytes from a table: a value may be a blob_ref, and flushes have no
 * business there. */
struct err cell_decode_stored(struct slice bytes, struct cell *out, size_t *used);

/* For bytes from a table whose checksum held: only that every length, flag and
 * kind is possible, so that cell_decode() stays within `bytes`.  *size is the
 * cell's, padding included. */
struct err cell_measure(struct slice bytes, size_t *size);

/* The order of everything: <0, 0 or >0. */
int cell_key_compare(const struct cell_key *a, const struct cell_key *b);

static inline uint64_t cell_encoded_position(const uint8_t *p)
{
    return wire_get64(p);
}

static inline uint64_t cell_encoded_stamp(const uint8_t *p)
{
    return wire_get64(p + 8);
}

/* A cell that expires at or before `now_ms` is absent. */
static inline bool cell_expired(const struct cell *c, uint64_t now_ms)
{
    return (c->flags & CELL_EXPIRES) && c->expire_ms <= now_ms;
}

static inline void blob_ref_put(uint8_t out[BLOB_REF_SIZE], const struct blob_ref *r)
{
    wire_put64(out, r->file);
    wire_put64(out + 8, r->offset);
    wire_put32(out + 16, r->length);
    wire_put32(out + 20, r->crc);
}

static inline void blob_ref_get(const uint8_t in[BLOB_REF_SIZE], struct blob_ref *r)
{
    r->file = wire_get64(in);
    r->offset = wire_get64(in + 8);
    r->length = wire_get32(in + 16);
    r->crc = wire_get32(in + 20);
}

/* The subkey of a piece (CELL_CHUNK): its number in the value, so that they sort. */
enum { CHUNK_NUMBER_SIZE = 8 };

static inline void chunk_number_put(uint8_t out[CHUNK_NUMBER_SIZE], uint64_t number)
{
    for (unsigned i = 0; i < CHUNK_NUMBER_SIZE; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* How many pieces a value with CELL_PARTS has. */
static inline size_t cell_parts(const struct cell *c)
{
    return c->value.len / BLOB_REF_SIZE;
}

static inline void cell_part(const struct cell *c, size_t i, struct blob_ref *out)
{
    blob_ref_get(c->value.data + i * BLOB_REF_SIZE, out);
}

/* Bytes of all pieces. */
uint64_t cell_parts_length(const struct cell *c);

/* Bytes of the value, wherever it is. */
static inline size_t cell_value_length(const struct cell *c)
{
    if (c->flags & CELL_PARTS)
        return (size_t)cell_parts_length(c);
    return c->flags & CELL_BLOB ? wire_get32(c->value.data + 16) : c->value.len;
}

#endif
