/* peer_frame.c: "*2 CRLF $3 CRLF arc CRLF $107 CRLF ... CRLF". */
#include "node/peer_frame.h"

#include <assert.h>
#include <stdbool.h>

#include "base/limits.h"
#include "base/num.h"

struct cursor {
    struct slice bytes;
    size_t at;
    enum peer_frame_end end; /* WHOLE as long as nothing is wrong or missing */
};

static void take_text(struct cursor *c, const char *text)
{
    for (; *text && c->end == PEER_FRAME_WHOLE; text++) {
        if (c->at == c->bytes.len)
            c->end = PEER_FRAME_MORE;
        else if (c->bytes.data[c->at++] != (uint8_t)*text)
            c->end = PEER_FRAME_BAD;
    }
}

/* Digits and CRLF. */
static size_t take_length(struct cursor *c, size_t max)
{
    size_t n = 0, begin = c->at;

    while (c->end == PEER_FRAME_WHOLE) {
        uint8_t byte;

        if (c->at == c->bytes.len) {
            c->end = PEER_FRAME_MORE;
            return 0;
        }
        byte = c->bytes.data[c->at];
        if (byte < '0' || byte > '9')
            break;
        if (c->at > begin && n == 0)
            c->end = PEER_FRAME_BAD; /* a leading zero */
        n = n * 10 + (size_t)(byte - '0');
        if (n > max)
            c->end = PEER_FRAME_BAD;
        c->at++;
    }
    if (c->at == begin && c->end == PEER_FRAME_WHOLE)
        c->end = PEER_FRAME_BAD;
    take_text(c, "\r\n");
    return n;
}

static struct slice take_bytes(struct cursor *c, size_t len)
{
    struct slice bytes = slice_of(NULL, 0);

    if (c->end != PEER_FRAME_WHOLE)
        return bytes;
    if (c->bytes.len - c->at < len) {
        c->at += len;
        c->end = PEER_FRAME_MORE;
        return bytes;
    }
    bytes = slice_of(c->bytes.data + c->at, len);
    c->at += len;
    take_text(c, "\r\n");
    return bytes;
}

enum peer_frame_end peer_frame_read(struct slice bytes, size_t body_max, struct peer_frame *out)
{
    struct cursor c = { .bytes = bytes, .end = PEER_FRAME_WHOLE };
    struct slice name;
    size_t len;

    *out = (struct peer_frame){ 0 };
    take_text(&c, "*2\r\n$");
    len = take_length(&c, MESSAGE_NAME_MAX);
    name = take_bytes(&c, len);
    if (c.end == PEER_FRAME_WHOLE) {
        out->type = message_type_of(name);
        if (!out->type)
            c.end = PEER_FRAME_BAD;
    }
    take_text(&c, "$");
    len = take_length(&c, body_max);
    out->body = take_bytes(&c, len);
    out->used = c.at;
    out->need = c.at > bytes.len ? c.at + 2 : bytes.len + 1;
    return c.end;
}

void peer_frame_put(struct buf *out, const struct message *m)
{
    struct slice name = slice_str(message_name(m->type));
    size_t size = message_size(m);
    uint8_t digits[NUM_I64_MAX];

    assert(name.len <= 9 && size <= LIMIT_PEER_MESSAGE);
    buf_reserve(out, 64 + size);
    buf_append(out, slice_str("*2\r\n$"));
    buf_append_byte(out, (uint8_t)('0' + name.len));
    buf_append(out, slice_str("\r\n"));
    buf_append(out, name);
    buf_append(out, slice_str("\r\n$"));
    buf_append(out, slice_of(digits, num_put_i64(digits, (int64_t)size)));
    buf_append(out, slice_str("\r\n"));
    message_encode(m, buf_reserve(out, size));
    out->len += size;
    buf_append(out, slice_str("\r\n"));
}
