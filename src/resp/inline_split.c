/* inline_split.c: one pass over the line, one byte or escape at a time; the
 * quote we are in is the only state. */
#include "resp/inline_split.h"

enum { NO_QUOTE = 0 };

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Vertical tab and form feed stand between arguments but do not end one: so it is
 * in Redis, where isspace() skips and a switch ends. */
static bool ends_bare(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static uint8_t escaped(uint8_t c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* Bytes of the escape at `p`, with `n` bytes left, and what it means; 0 if it is
 * none. */
static size_t read_escape(const uint8_t *p, size_t n, uint8_t quote, uint8_t *out)
{
    if (n < 2 || p[0] != '\\')
        return 0;
    if (quote == '\'') {
        *out = '\'';
        return p[1] == '\'' ? 2 : 0;
    }
    if (n >= 4 && p[1] == 'x' && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0) {
        *out = (uint8_t)(hex_value(p[2]) * 16 + hex_value(p[3]));
        return 4;
    }
    *out = escaped(p[1]);
    return 2;
}

/* Writes the argument at `p` to `out`.  Returns the bytes it took, or 0 if its
 * quotes do not match. */
static size_t unquote(const uint8_t *p, size_t n, uint8_t *out, size_t *out_len)
{
    uint8_t quote = NO_QUOTE;
    size_t i = 0;
    size_t len = 0;
    while (i < n) {
        uint8_t c = p[i];
        if (quote == NO_QUOTE) {
            if (ends_bare(c))
                break;
            if (c == '"' || c == '\'')
                quote = c;
            else
                out[len++] = c;
            i++;
            continue;
        }
        size_t took = read_escape(p + i, n - i, quote, out + len);
        if (took > 0) {
            len++;
            i += took;
        } else if (c == quote) {
            if (i + 1 < n && !is_space(p[i + 1]))
                return 0;
            *out_len = len;
            return i + 1;
        } else {
            out[len++] = c;
            i++;
        }
    }
    *out_len = len;
    return quote == NO_QUOTE ? i : 0;
}

enum inline_end inline_next(struct slice *line, struct buf *out)
{
    size_t i = 0;
    while (i < line->len && is_space(line->data[i]))
        i++;
    *line = slice_of(line->len ? line->data + i : line->data, line->len - i);
    if (line->len == 0)
        return INLINE_DONE;
    size_t len = 0;
    size_t took = unquote(line->data, line->len, buf_reserve(out, line->len), &len);
    if (took == 0)
        return INLINE_UNBALANCED;
    out->len += len;
    *line = slice_of(line->data + took, line->len - took);
    return INLINE_ARG;
}
