/* buf.h: bytes that grow, owned. */
#ifndef HENGE_BASE_BUF_H
#define HENGE_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
    uint8_t *data; /* NULL while cap is 0 */
    size_t len;
    size_t cap;
};

/* Makes `b` empty without allocating; the same as `= {0}`. */
void buf_init(struct buf *b);

/* Frees what it holds and makes it empty. */
void buf_deinit(struct buf *b);

/* Makes room for `more` bytes behind `len` and returns where they go; `len` does
 * not change.  Earlier pointers into `data` are invalid afterwards. */
uint8_t *buf_reserve(struct buf *b, size_t more);

void buf_append(struct buf *b, struct slice bytes);
void buf_append_byte(struct buf *b, uint8_t byte);

/* Appends text formatted as by printf, without a NUL. */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends one byte as it stands between double quotes: itself, or escaped as inline_split.h
 * reads it. */
void buf_append_quoted(struct buf *b, uint8_t byte);

static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->data, b->len);
}

#endif
