/* context_text.c: versions and contexts as clients see them. */
#include "cell/context.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/num.h"
#include "base/wire.h"

enum {
    FORM = 1,
    CRC_SIZE = 4,
    TEXT_BYTES_MIN = 1 + CRC_SIZE,
    TEXT_BYTES_MAX = TEXT_BYTES_MIN + CONTEXT_MAX * CONTEXT_ENTRY_SIZE,
};

static const char HEX_DIGITS[] = "0123456789abcdef";

void context_print(const struct context *c, struct buf *to)
{
    uint8_t bytes[TEXT_BYTES_MAX], *p = bytes;
    size_t size;

    assert(context_check(c));
    *p++ = FORM;
    for (uint32_t i = 0; i < c->count; i++, p += CONTEXT_ENTRY_SIZE) {
        wire_put64(p, c->seen[i].stamp);
        wire_put32(p + 8, c->seen[i].origin);
    }
    wire_put32(p, crc32c_extend(0, bytes, (size_t)(p - bytes)));
    size = (size_t)(p - bytes) + CRC_SIZE;
    for (size_t i = 0; i < size; i++) {
        buf_append_byte(to, (uint8_t)HEX_DIGITS[bytes[i] >> 4]);
        buf_append_byte(to, (uint8_t)HEX_DIGITS[bytes[i] & 15]);
    }
}

/* -1: it is none.  Only one text means a context, so capitals do not count. */
static int digit_of(uint8_t c)
{
    const char *at = c ? strchr(HEX_DIGITS, c) : NULL;

    return at ? (int)(at - HEX_DIGITS) : -1;
}

struct err context_parse(struct slice text, struct context *out)
{
    uint8_t bytes[TEXT_BYTES_MAX];
    size_t size = text.len / 2, body;

    *out = (struct context){ 0 };
    if (text.len % 2 || size < TEXT_BYTES_MIN || size > TEXT_BYTES_MAX)
        return err_make(ERR_INVALID, 0, "context has an impossible length");
    for (size_t i = 0; i < size; i++) {
        int high = digit_of(text.data[2 * i]), low = digit_of(text.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return err_make(ERR_INVALID, 0, "context has other characters than it is made of");
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    body = size - CRC_SIZE;
    if (bytes[0] != FORM || (body - 1) % CONTEXT_ENTRY_SIZE ||
        wire_get32(bytes + body) != crc32c_extend(0, bytes, body))
        return err_make(ERR_INVALID, 0, "context is damaged");
    out->count = (uint32_t)((body - 1) / CONTEXT_ENTRY_SIZE);
    for (uint32_t i = 0; i < out->count; i++) {
        const uint8_t *p = bytes + 1 + (size_t)i * CONTEXT_ENTRY_SIZE;

        out->seen[i] = (struct cell_version){ wire_get64(p), wire_get32(p + 8) };
    }
    if (!context_check(out))
        return err_make(ERR_INVALID, 0, "context is damaged");
    return err_ok();
}

size_t cell_version_print(struct cell_version v, char out[CELL_VERSION_TEXT])
{
    return (size_t)snprintf(out, CELL_VERSION_TEXT, "%llu-%u", (unsigned long long)v.stamp,
                            v.origin);
}

bool cell_version_parse(struct slice text, struct cell_version *out)
{
    const uint8_t *dash = text.len ? memchr(text.data, '-', text.len) : NULL;
    int64_t stamp, origin;
    size_t left;

    if (!dash)
        return false;
    left = (size_t)(dash - text.data);
    if (!num_get_i64(slice_of(text.data, left), &stamp) || stamp <= 0)
        return false;
    if (!num_get_i64(slice_of(dash + 1, text.len - left - 1), &origin) || origin < 0 ||
        origin > UINT32_MAX)
        return false;
    *out = (struct cell_version){ (uint64_t)stamp, (uint32_t)origin };
    return true;
}
