/* http_stream.c: whole groups of three bytes go straight through; what is over at a
 * block's end or the buffer's waits in the stream. */
#include "http/http_stream.h"

#include <string.h>

#include "http/base64.h"

uint64_t http_stream_length(const struct http_stream *s)
{
    return s->before.len + s->after.len + (s->base64 ? base64_length(s->left) : s->left);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t copy_text(const struct buf *text, size_t *at, uint8_t *out, size_t max)
{
    size_t n = least(text->len - *at, max);

    if (n)
        memcpy(out, text->data + *at, n);
    *at += n;
    return n;
}

/* The next bytes of the value that are there. */
static struct slice next_bytes(const struct http_stream *s)
{
    struct slice part = { 0 };
    size_t max = s->left < SIZE_MAX ? (size_t)s->left : SIZE_MAX;

    return reply_parts(s->value, max, &part, 1) ? part : slice_of(NULL, 0);
}

static void take(struct http_stream *s, size_t n)
{
    reply_take(s->value, n);
    s->left -= n;
}

static size_t copy_raw(struct http_stream *s, uint8_t *out, size_t max)
{
    size_t done = 0;

    while (done < max && s->left > 0) {
        struct slice part = next_bytes(s);
        size_t n = least(part.len, max - done);

        if (n == 0)
            break;
        memcpy(out + done, part.data, n);
        take(s, n);
        done += n;
    }
    return done;
}

/* Fills the group up; false: it lacks bytes that have not come. */
static bool fill_group(struct http_stream *s)
{
    while (s->group_len < 3 && s->left > 0) {
        struct slice part = next_bytes(s);
        size_t n = least(part.len, 3 - s->group_len);

        if (n == 0)
            return false;
        memcpy(s->group + s->group_len, part.data, n);
        s->group_len += (unsigned)n;
        take(s, n);
    }
    return s->group_len > 0;
}

static size_t copy_letters(struct http_stream *s, uint8_t *out, size_t max)
{
    size_t n = least(s->letters_len - s->letters_at, max);

    memcpy(out, s->letters + s->letters_at, n);
    s->letters_at += (unsigned)n;
    return n;
}

static size_t copy_base64(struct http_stream *s, uint8_t *out, size_t max)
{
    size_t done = copy_letters(s, out, max);

    while (done < max) {
        struct slice part = next_bytes(s);
        size_t groups = least(part.len / 3, (max - done) / 4);

        if (s->group_len == 0 && groups > 0) {
            base64_encode(part.data, groups * 3, out + done);
            take(s, groups * 3);
            done += groups * 4;
            continue;
        }
        if (!fill_group(s))
            break;
        base64_encode(s->group, s->group_len, s->letters);
        s->group_len = 0;
        s->letters_at = 0;
        s->letters_len = 4;
        done += copy_letters(s, out + done, max - done);
    }
    return done;
}

size_t http_stream_read(struct http_stream *s, uint8_t *out, size_t max)
{
    size_t done = copy_text(&s->before, &s->before_at, out, max);

    done += s->base64 ? copy_base64(s, out + done, max - done)
                      : copy_raw(s, out + done, max - done);
    if (s->left == 0 && s->group_len == 0 && s->letters_at == s->letters_len)
        done += copy_text(&s->after, &s->after_at, out + done, max - done);
    return done;
}

bool http_stream_ended(const struct http_stream *s)
{
    return s->before_at == s->before.len && s->left == 0 && s->group_len == 0 &&
           s->letters_at == s->letters_len && s->after_at == s->after.len;
}

void http_stream_deinit(struct http_stream *s)
{
    buf_deinit(&s->before);
    buf_deinit(&s->after);
}
