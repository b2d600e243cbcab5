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
    CELL_CONTEXT = 4,   /* a vector clock follows the expiry */
    CELL_FLAGS_ALL = 7,
};

enum cell_type {
    CELL_NONE = 0,
    CELL_STRING = 1,
};

enum {
    CELL_FIXED_SIZE = 32,
    CELL_DB_ALL = 255, /* CELL_FLUSH of every database */
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
 * limits (asserted). */
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

#endif
