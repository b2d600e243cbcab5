/* rdb_value.c: writing and reading a string's payload.  Whoever sends one may have made
 * it up: every length is held against what is there before it is believed. */
#include "cmd/rdb_value.h"

#include <assert.h>

#include "base/crc64.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/wire.h"

enum {
    TYPE_STRING = 0,
    TYPE_LAST = 21, /* of Redis 7.2; 8 to 254 were never those of a value */
    LENGTH_6 = 0,   /* the first two bits */
    LENGTH_14 = 1,
    LENGTH_LONG = 2,
    NOT_A_LENGTH = 3,
    LENGTH_32 = 0x80,
    LENGTH_64 = 0x81,
    CODE_INT8 = 0, /* behind NOT_A_LENGTH */
    CODE_INT16 = 1,
    CODE_INT32 = 2,
    CODE_LZF = 3,
    INT_TEXT = 11, /* bytes of the longest int32 */
    /* Three bytes of LZF bring at most 264. */
    LZF_MOST = 88,
    LZF_LITERALS = 32,
    LZF_LONG = 7, /* a length that goes on in the next byte */
};

/* --- writing */

/* As a number, if it is one of at most 32 bits and no other text would come back. */
static bool write_int(struct buf *out, struct slice value)
{
    int64_t v;
    uint8_t *p;

    if (value.len > INT_TEXT || !num_get_i64(value, &v) || v < INT32_MIN || v > INT32_MAX)
        return false;
    p = buf_reserve(out, 5);
    if (v >= INT8_MIN && v <= INT8_MAX) {
        p[0] = NOT_A_LENGTH << 6 | CODE_INT8;
        p[1] = (uint8_t)v;
        out->len += 2;
    } else if (v >= INT16_MIN && v <= INT16_MAX) {
        p[0] = NOT_A_LENGTH << 6 | CODE_INT16;
        wire_put16(p + 1, (uint16_t)v);
        out->len += 3;
    } else {
        p[0] = NOT_A_LENGTH << 6 | CODE_INT32;
        wire_put32(p + 1, (uint32_t)v);
        out->len += 5;
    }
    return true;
}

static void write_length(struct buf *out, size_t len)
{
    uint8_t *p = buf_reserve(out, 5);

    assert(len <= LIMIT_VALUE);
    if (len < 1 << 6) {
        p[0] = (uint8_t)len;
        out->len += 1;
    } else if (len < 1 << 14) {
        p[0] = (uint8_t)(LENGTH_14 << 6 | len >> 8);
        p[1] = (uint8_t)len;
        out->len += 2;
    } else {
        p[0] = LENGTH_32;
        wire_put32(p + 1, __builtin_bswap32((uint32_t)len));
        out->len += 5;
    }
}

void rdb_value_write(struct buf *out, struct slice value)
{
    size_t from = out->len;
    uint8_t *foot;

    buf_reserve(out, value.len + RDB_ROOM);
    buf_append_byte(out, TYPE_STRING);
    if (!write_int(out, value)) {
        write_length(out, value.len);
        buf_append(out, value);
    }
    foot = buf_reserve(out, RDB_FOOT);
    wire_put16(foot, RDB_WRITTEN);
    wire_put64(foot + 2, crc64_extend(0, out->data + from, out->len + 2 - from));
    out->len += RDB_FOOT;
}

/* --- reading */

/* What is left of a payload. */
struct input {
    const uint8_t *at;
    size_t left;
};

static bool take(struct input *in, size_t n, const uint8_t **out)
{
    if (in->left < n)
        return false;
    *out = in->at;
    in->at += n;
    in->left -= n;
    return true;
}

/* A length; or, with *coded, the code of how the string is kept instead. */
static bool read_length(struct input *in, uint64_t *len, bool *coded)
{
    const uint8_t *first, *rest;

    *coded = false;
    if (!take(in, 1, &first))
        return false;
    switch (*first >> 6) {
    case LENGTH_6:
        *len = *first;
        return true;
    case LENGTH_14:
        if (!take(in, 1, &rest))
            return false;
        *len = (uint64_t)(*first & 63) << 8 | *rest;
        return true;
    case NOT_A_LENGTH:
        *len = *first & 63;
        *coded = true;
        return true;
    default:
        break;
    }
    if (*first == LENGTH_32 && take(in, 4, &rest)) {
        *len = __builtin_bswap32(wire_get32(rest));
        return true;
    }
    if (*first == LENGTH_64 && take(in, 8, &rest)) {
        *len = __builtin_bswap64(wire_get64(rest));
        return true;
    }
    return false;
}

/* Expands LZF: runs of up to 32 bytes as they are, and references to up to 264 bytes at
 * most 8 KiB back, which may reach into what they make.  True if exactly `len` bytes
 * came of it. */
static bool expand(struct input in, uint8_t *out, size_t len)
{
    size_t made = 0;

    while (in.left) {
        const uint8_t *p;
        size_t n, back;

        (void)take(&in, 1, &p);
        if (*p < LZF_LITERALS) {
            n = (size_t)*p + 1;
            if (n > len - made || !take(&in, n, &p))
                return false;
            memcpy(out + made, p, n);
            made += n;
            continue;
        }
        n = *p >> 5;
        back = (size_t)(*p & 31) << 8;
        if (n == LZF_LONG) {
            if (!take(&in, 1, &p))
                return false;
            n += *p;
        }
        if (!take(&in, 1, &p))
            return false;
        back += (size_t)*p + 1;
        n += 2;
        if (back > made || n > len - made)
            return false;
        for (; n > 0; n--, made++)
            out[made] = out[made - back];
    }
    return made == len;
}

static bool read_lzf(struct input *in, struct buf *scratch, struct slice *value)
{
    uint64_t packed, len;
    const uint8_t *bytes;
    bool coded;

    if (!read_length(in, &packed, &coded) || coded || !read_length(in, &len, &coded) || coded)
        return false;
    if (packed > in->left || len == 0 || len > LIMIT_VALUE || len > packed * LZF_MOST)
        return false;
    (void)take(in, (size_t)packed, &bytes);
    uint8_t *out = buf_reserve(scratch, (size_t)len);
    if (!expand((struct input){ bytes, (size_t)packed }, out, (size_t)len))
        return false;
    scratch->len += (size_t)len;
    *value = buf_slice(scratch);
    return true;
}

static bool read_coded(struct input *in, uint64_t code, struct buf *scratch, struct slice *value)
{
    const uint8_t *p;
    int64_t v;

    if (code == CODE_LZF)
        return read_lzf(in, scratch, value);
    if (code == CODE_INT8 && take(in, 1, &p))
        v = *p - (*p & 0x80) * 2;
    else if (code == CODE_INT16 && take(in, 2, &p))
        v = (int16_t)wire_get16(p);
    else if (code == CODE_INT32 && take(in, 4, &p))
        v = (int32_t)wire_get32(p);
    else
        return false;
    scratch->len += num_put_i64(buf_reserve(scratch, NUM_I64_MAX), v);
    *value = buf_slice(scratch);
    return true;
}

bool rdb_value_foot_ok(struct slice payload)
{
    const uint8_t *foot;

    if (payload.len < RDB_FOOT)
        return false;
    foot = payload.data + payload.len - RDB_FOOT;
    return wire_get16(foot) <= RDB_NEWEST &&
           wire_get64(foot + 2) == crc64_extend(0, payload.data, payload.len - 8);
}

enum rdb_end rdb_value_read(struct slice payload, struct buf *scratch, struct slice *value)
{
    struct input in = { payload.data, payload.len - RDB_FOOT };
    const uint8_t *type, *bytes;
    uint64_t len;
    bool coded;

    assert(payload.len >= RDB_FOOT && scratch->len == 0);
    if (!take(&in, 1, &type))
        return RDB_BAD_BYTES;
    if (*type != TYPE_STRING)
        return *type <= TYPE_LAST && *type != 8 ? RDB_OTHER_TYPE : RDB_BAD_BYTES;
    if (!read_length(&in, &len, &coded))
        return RDB_BAD_BYTES;
    if (coded)
        return read_coded(&in, len, scratch, value) && in.left == 0 ? RDB_OK : RDB_BAD_BYTES;
    if (len > LIMIT_VALUE || !take(&in, (size_t)len, &bytes) || in.left != 0)
        return RDB_BAD_BYTES;
    *value = slice_of(bytes, (size_t)len);
    return RDB_OK;
}
