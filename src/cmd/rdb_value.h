/* rdb_value.h: a string as Redis's DUMP gives it and RESTORE takes it: an object of an
 * RDB file with a foot.
 *
 *      u8      type: 0, a string
 *              length and bytes, or a number, or length, length and LZF-compressed bytes
 *      u16     RDB version
 *      u64     CRC64 of all before it
 *
 * The first two bits of a length say how it goes on: 00 six bits; 01 fourteen, the
 * higher ones first; byte 0x80 a u32 and 0x81 a u64, both big-endian; 11 is no length: 0,
 * 1 and 2 behind it are an int8, int16 and int32, 3 is LZF.  All else is little-endian. */
#ifndef HENGE_CMD_RDB_VALUE_H
#define HENGE_CMD_RDB_VALUE_H

#include "base/buf.h"

enum {
    /* The first version with this foot: every Redis since 2.6 takes it, as strings are
     * the same in all of them.  A Redis refuses what is newer than itself. */
    RDB_WRITTEN = 6,
    RDB_NEWEST = 11, /* of Redis 7.2 */
    RDB_FOOT = 10,
    RDB_ROOM = 16 + RDB_FOOT, /* a payload is at most this much longer than its string */
};

enum rdb_end {
    RDB_OK,
    RDB_BAD_BYTES,  /* damaged, though the checksum holds */
    RDB_OTHER_TYPE, /* a list, a set ... */
};

/* Appends the payload of a string. */
void rdb_value_write(struct buf *out, struct slice value);

/* Checks the foot alone: the version is not too new, and the checksum is the bytes'. */
bool rdb_value_foot_ok(struct slice payload);

/* The string in a payload whose foot is right: *value borrows from it or from
 * `scratch`, which must be empty, and has at most LIMIT_VALUE bytes. */
enum rdb_end rdb_value_read(struct slice payload, struct buf *scratch, struct slice *value);

#endif
