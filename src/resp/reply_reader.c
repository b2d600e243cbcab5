/* reply_reader.c: one line: a byte that says the kind, and a number or text. */
#include "resp/reply_reader.h"

#include <string.h>

#include "base/num.h"

static bool read_count(struct reply_head *h, enum reply_kind kind)
{
    h->kind = kind;
    if (!num_get_i64(h->text, &h->number) || h->number < -1)
        return false;
    if (h->number == -1)
        h->kind = REPLY_NULL;
    return true;
}

static void split_error(struct reply_head *h)
{
    const uint8_t *space = h->text.len ? memchr(h->text.data, ' ', h->text.len) : NULL;
    size_t n = space ? (size_t)(space - h->text.data) : h->text.len;

    h->kind = REPLY_ERROR;
    h->code = slice_of(h->text.data, n);
    n += space != NULL;
    h->text = slice_of(h->text.data + n, h->text.len - n);
}

bool reply_head_read(struct slice bytes, struct reply_head *out)
{
    const uint8_t *end = bytes.len ? memchr(bytes.data, '\n', bytes.len) : NULL;

    *out = (struct reply_head){ 0 };
    if (!end || end - bytes.data < 2 || end[-1] != '\r')
        return false;
    out->used = (size_t)(end - bytes.data) + 1;
    out->text = slice_of(bytes.data + 1, out->used - 3);
    switch (bytes.data[0]) {
    case '+':
        out->kind = REPLY_STATUS;
        return true;
    case '-':
        split_error(out);
        return true;
    case ':':
        out->kind = REPLY_INT;
        return num_get_i64(out->text, &out->number);
    case '$':
    case '=':
        return read_count(out, REPLY_BULK);
    case '_':
        out->kind = REPLY_NULL;
        return out->text.len == 0;
    case '*':
        return read_count(out, REPLY_ARRAY);
    case '~':
    case '>':
        return read_count(out, REPLY_ARRAY) && out->number >= 0;
    case '%':
        return read_count(out, REPLY_ARRAY) && out->number >= 0 &&
               !__builtin_mul_overflow(out->number, 2, &out->number);
    case ',':
    case '#':
    case '(':
        out->kind = REPLY_OTHER;
        return true;
    default:
        return false;
    }
}
