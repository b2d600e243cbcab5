/* buf.c: growing by half again, so that appending stays linear. */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *b)
{
    *b = (struct buf){ 0 };
}

void buf_deinit(struct buf *b)
{
    mem_free(b->data);
    buf_init(b);
}

uint8_t *buf_reserve(struct buf *b, size_t more)
{
    size_t need = b->len + more;

    if (need > b->cap) {
        size_t cap = b->cap + b->cap / 2;
        if (cap < need)
            cap = need;
        if (cap < 64)
            cap = 64;
        b->data = mem_realloc(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void buf_append(struct buf *b, struct slice bytes)
{
    if (bytes.len == 0)
        return;
    memcpy(buf_reserve(b, bytes.len), bytes.data, bytes.len);
    b->len += bytes.len;
}

void buf_append_byte(struct buf *b, uint8_t byte)
{
    *buf_reserve(b, 1) = byte;
    b->len++;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int n;

    assert(format);
    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);
    vsnprintf((char *)buf_reserve(b, (size_t)n + 1), (size_t)n + 1, format, again);
    va_end(again);
    b->len += (size_t)n;
}

void buf_append_quoted(struct buf *b, uint8_t byte)
{
    static const char plain[] = "\n\r\t\a\b", named[] = "nrtab";
    const char *at = byte ? strchr(plain, byte) : NULL;

    if (byte == '"' || byte == '\\')
        buf_printf(b, "\\%c", byte);
    else if (at)
        buf_printf(b, "\\%c", named[at - plain]);
    else if (byte < ' ' || byte > '~')
        buf_printf(b, "\\x%02x", byte);
    else
        buf_append_byte(b, byte);
}
