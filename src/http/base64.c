/* base64.c: three bytes are four letters. */
#include "http/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *bytes, size_t n, uint8_t *out)
{
    for (; n >= 3; n -= 3, bytes += 3, out += 4) {
        uint32_t v = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
        out[0] = (uint8_t)letters[v >> 18];
        out[1] = (uint8_t)letters[v >> 12 & 63];
        out[2] = (uint8_t)letters[v >> 6 & 63];
        out[3] = (uint8_t)letters[v & 63];
    }
    if (n == 0)
        return;
    uint32_t v = (uint32_t)bytes[0] << 16 | (n == 2 ? (uint32_t)bytes[1] << 8 : 0);
    out[0] = (uint8_t)letters[v >> 18];
    out[1] = (uint8_t)letters[v >> 12 & 63];
    out[2] = n == 2 ? (uint8_t)letters[v >> 6 & 63] : '=';
    out[3] = '=';
}

/* 0..63, or -1. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The letters in front of at most two '='. */
static size_t without_padding(struct slice text)
{
    size_t n = text.len;

    if (n % 4 != 0)
        return n;
    for (int i = 0; i < 2 && n > 0 && text.data[n - 1] == '='; i++)
        n--;
    return n;
}

bool base64_decode(struct slice text, struct buf *out)
{
    size_t n = without_padding(text), before = out->len;
    uint32_t bits = 0;

    if (n % 4 == 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        int v = value_of(text.data[i]);
        if (v < 0) {
            out->len = before;
            return false;
        }
        bits = bits << 6 | (uint32_t)v;
        if (i % 4 != 0) /* of 6, 12, 18, 24 bits the bytes that are whole */
            buf_append_byte(out, (uint8_t)(bits >> (6 - 2 * (i % 4))));
    }
    return true;
}
