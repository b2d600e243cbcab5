/* base64.h: RFC 4648's base 64, with padding: what JSON and Basic authentication carry
 * bytes as. */
#ifndef HENGE_HTTP_BASE64_H
#define HENGE_HTTP_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Bytes that `n` bytes become. */
static inline uint64_t base64_length(uint64_t n)
{
    return (n + 2) / 3 * 4;
}

/* Writes base64_length(n) bytes to `out`.  Texts join where n is a multiple of 3. */
void base64_encode(const uint8_t *bytes, size_t n, uint8_t *out);

/* Appends what `text` means; padding may be missing.  False: it is no base 64, and `out`
 * as before. */
bool base64_decode(struct slice text, struct buf *out);

#endif
