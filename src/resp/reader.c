/* reader.c: two ways through an array.  take_plain() eats the arguments that are
 * all there and simply written, which is nearly every one, with its state in
 * registers; whatever it does not like is left to take_one(), which knows every
 * form, limit and error and can stop at any byte. */
#include "resp/reader.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "resp/inline_split.h"

enum {
    SPANS_FIRST = 8,
    SPANS_KEPT = 256,              /* more are given back when their command is done */
    UNQUOTED_KEPT = 4096,          /* the same for an inline command's bytes */
    COUNT_TRUSTED = 1024,          /* room made for a claim before its arguments come */
    PLAIN_DIGITS = 6,              /* longest length take_plain() reads */
    LINE_MAX_BYTES = LIMIT_INLINE, /* without its end */
};

static enum reader_end fail(struct reader *r, const char *what)
{
    snprintf(r->error, sizeof r->error, "Protocol error: %s", what);
    r->phase = READER_FAILED;
    return READER_ERROR;
}

static enum reader_end want_bytes(struct reader *r, size_t need)
{
    r->need = need;
    return READER_MORE;
}

static void grow_spans(struct reader *r, uint32_t cap)
{
    r->spans = mem_realloc(r->spans, cap * sizeof r->spans[0]);
    r->cap = cap;
}

static void add_span(struct reader *r, size_t offset, size_t len)
{
    if (r->count == r->cap)
        grow_spans(r, r->cap ? 2 * r->cap : SPANS_FIRST);
    r->spans[r->count++] = (struct reader_span){ offset, len };
}

/* Looks for the first `end` of the line at `used`, going on where it stopped.
 * READER_COMMAND: it is at r->scan. */
static enum reader_end find_end(struct reader *r, struct slice bytes, uint8_t end,
                                const char *too_big)
{
    size_t limit = r->used + LINE_MAX_BYTES + 1;
    size_t stop = bytes.len < limit ? bytes.len : limit;
    size_t from = r->scan > r->used ? r->scan : r->used;
    const uint8_t *hit = from < stop ? memchr(bytes.data + from, end, stop - from) : NULL;

    r->scan = hit ? (size_t)(hit - bytes.data) : stop;
    if (hit)
        return READER_COMMAND;
    if (stop == limit)
        return fail(r, too_big);
    return want_bytes(r, bytes.len + 1);
}

/* The number behind the first byte of the line at `used`, which ends with '\r' and
 * any byte.  READER_COMMAND: the line is whole, and *ok says whether it is one. */
static enum reader_end read_number(struct reader *r, struct slice bytes, const char *too_big,
                                   int64_t *number, bool *ok)
{
    enum reader_end end = find_end(r, bytes, '\r', too_big);

    if (end != READER_COMMAND)
        return end;
    if (r->scan + 2 > bytes.len)
        return want_bytes(r, r->scan + 2);
    *ok = r->scan > r->used &&
          num_get_i64(slice_of(bytes.data + r->used + 1, r->scan - r->used - 1), number);
    return READER_COMMAND;
}

/* "*3\r\n": READER_COMMAND if arguments follow. */
static enum reader_end read_count(struct reader *r, struct slice bytes)
{
    int64_t n = 0;
    bool ok = true;

    if (bytes.len >= 4 && bytes.data[2] == '\r' && bytes.data[1] >= '1' && bytes.data[1] <= '9') {
        n = bytes.data[1] - '0';
        r->used = 4;
    } else {
        enum reader_end end = read_number(r, bytes, "too big mbulk count string", &n, &ok);
        if (end != READER_COMMAND)
            return end;
        if (!ok || n > LIMIT_ARGS)
            return fail(r, "invalid multibulk length");
        if (n > LIMIT_ARGS_UNAUTHENTICATED && !r->authenticated)
            return fail(r, "unauthenticated multibulk length");
        r->used = r->scan + 2;
    }
    if (n <= 0)
        return READER_EMPTY;
    r->args_left = n;
    r->phase = READER_AT_ARGS;
    if (r->cap < n && r->cap < COUNT_TRUSTED) {
        uint32_t cap = n < COUNT_TRUSTED ? (uint32_t)n : COUNT_TRUSTED;
        grow_spans(r, cap > SPANS_FIRST ? cap : SPANS_FIRST);
    }
    return READER_COMMAND;
}

/* The plain length that begins at p[1], before `end`; *at is where its '\r' is.
 * SIZE_MAX: not plain. */
static inline size_t plain_length(const uint8_t *p, const uint8_t *end, const uint8_t **at)
{
    const uint8_t *q = p + 2;
    size_t len;

    if (end - p < 4 || *p != '$')
        return SIZE_MAX;
    len = (size_t)p[1] - '0';
    if (len > 9)
        return SIZE_MAX;
    if (*q != '\r') {
        if (len == 0 || end - p < PLAIN_DIGITS + 2)
            return SIZE_MAX;
        do {
            size_t digit = (size_t)*q - '0';
            if (digit > 9)
                return SIZE_MAX;
            len = len * 10 + digit;
            q++;
        } while (*q != '\r' && q <= p + PLAIN_DIGITS);
        if (*q != '\r')
            return SIZE_MAX;
    }
    *at = q;
    return len;
}

/* Takes arguments as long as they are whole, plain, within every limit, and have
 * room in `spans`. */
static void take_plain(struct reader *r, struct slice bytes)
{
    const uint8_t *p = bytes.data + r->used;
    const uint8_t *end = bytes.data + bytes.len;
    size_t room = r->cap - r->count;
    size_t left = (size_t)r->args_left < room ? (size_t)r->args_left : room;
    size_t max = r->bulk_max < LIMIT_QUERY ? r->bulk_max : LIMIT_QUERY;
    struct reader_span *span = r->spans + r->count;
    struct reader_span *first = span;

    if (!r->authenticated && max > LIMIT_BULK_UNAUTHENTICATED)
        max = LIMIT_BULK_UNAUTHENTICATED;
    if (max >= r->bulk_min && !r->whole)
        max = r->bulk_min - 1;
    if ((size_t)(end - p) > LIMIT_QUERY - r->used)
        left = 0;
    for (; left > 0; left--) {
        const uint8_t *at = NULL;
        size_t len = plain_length(p, end, &at);
        if (len > max || (size_t)(end - at) < len + 4)
            break;
        span->offset = (size_t)(at + 2 - bytes.data);
        span->len = len;
        span++;
        p = at + 2 + len + 2;
    }
    r->used = (size_t)(p - bytes.data);
    r->count += (uint32_t)(span - first);
    r->args_left -= span - first;
}

/* "$3\r\n", in any form. */
static enum reader_end read_bulk_header(struct reader *r, struct slice bytes)
{
    int64_t n = 0;
    bool ok = false;
    enum reader_end end = read_number(r, bytes, "too big bulk count string", &n, &ok);

    if (end != READER_COMMAND)
        return end;
    if (bytes.data[r->used] != '$') {
        char text[32];
        snprintf(text, sizeof text, "expected '$', got '%c'", bytes.data[r->used]);
        return fail(r, text);
    }
    if (!ok || n < 0 || (uint64_t)n > r->bulk_max)
        return fail(r, "invalid bulk length");
    if (n > LIMIT_BULK_UNAUTHENTICATED && !r->authenticated)
        return fail(r, "unauthenticated bulk length");
    r->used = r->scan + 2;
    if (r->used + 2 > LIMIT_QUERY || (uint64_t)n > LIMIT_QUERY - r->used - 2)
        return fail(r, "too big query");
    r->bulk_len = n;
    return READER_COMMAND;
}

/* One argument or a part of it.  What stands behind a bulk is not looked at. */
static enum reader_end take_one(struct reader *r, struct slice bytes)
{
    if (r->bulk_len < 0) {
        size_t at = r->used;
        enum reader_end end = read_bulk_header(r, bytes);
        if (end != READER_COMMAND)
            return end;
        r->bulk_at = at;
    }
    if ((size_t)r->bulk_len >= r->bulk_min && !r->whole)
        return READER_BULK;
    size_t len = (size_t)r->bulk_len;
    if (bytes.len < r->used + len + 2)
        return want_bytes(r, r->used + len + 2);
    add_span(r, r->used, len);
    r->used += len + 2;
    r->bulk_len = -1;
    r->args_left--;
    return READER_COMMAND;
}

static enum reader_end read_args(struct reader *r, struct slice bytes)
{
    for (;;) {
        if (r->bulk_len < 0)
            take_plain(r, bytes);
        if (r->args_left == 0)
            return READER_COMMAND;
        enum reader_end end = take_one(r, bytes);
        if (end != READER_COMMAND)
            return end;
    }
}

static enum reader_end read_inline(struct reader *r, struct slice bytes)
{
    enum reader_end end = find_end(r, bytes, '\n', "too big inline request");

    if (end != READER_COMMAND)
        return end;
    size_t len = r->scan;
    if (len > 0 && bytes.data[len - 1] == '\r')
        len--;
    struct slice line = slice_of(bytes.data, len);
    for (;;) {
        size_t begin = r->unquoted.len;
        enum inline_end found = inline_next(&line, &r->unquoted);
        if (found == INLINE_UNBALANCED)
            return fail(r, "unbalanced quotes in request");
        if (found == INLINE_DONE)
            break;
        add_span(r, begin, r->unquoted.len - begin);
    }
    r->used = r->scan + 1;
    return r->count > 0 ? READER_COMMAND : READER_EMPTY;
}

static void forget_command(struct reader *r)
{
    r->used = 0;
    r->need = 0;
    r->args_left = 0;
    r->bulk_len = -1;
    r->whole = false;
    r->scan = 0;
    r->count = 0;
    r->phase = READER_AT_START;
    r->unquoted.len = 0;
}

void reader_init(struct reader *r, size_t bulk_max)
{
    *r = (struct reader){ .bulk_max = bulk_max, .bulk_min = SIZE_MAX };
    forget_command(r);
}

void reader_deinit(struct reader *r)
{
    mem_free(r->spans);
    r->spans = NULL;
    r->cap = 0;
    buf_deinit(&r->unquoted);
}

enum reader_end reader_step(struct reader *r, struct slice bytes)
{
    assert(bytes.len >= r->used && r->phase != READER_FAILED);
    if (r->phase == READER_AT_START) {
        if (bytes.len == 0)
            return want_bytes(r, 1);
        r->phase = bytes.data[0] == '*' ? READER_AT_COUNT : READER_AT_INLINE;
    }
    if (r->phase == READER_AT_INLINE)
        return read_inline(r, bytes);
    if (r->phase == READER_AT_COUNT) {
        enum reader_end end = read_count(r, bytes);
        if (end != READER_COMMAND)
            return end;
    }
    return read_args(r, bytes);
}

void reader_args(const struct reader *r, struct slice bytes, struct slice *out)
{
    const uint8_t *base = r->phase == READER_AT_INLINE ? r->unquoted.data : bytes.data;

    for (uint32_t i = 0; i < r->count; i++)
        out[i] = slice_of(base + r->spans[i].offset, r->spans[i].len);
}

void reader_whole(struct reader *r)
{
    r->whole = true;
}

void reader_next(struct reader *r)
{
    forget_command(r);
    if (r->cap > SPANS_KEPT) {
        mem_free(r->spans);
        r->spans = NULL;
        r->cap = 0;
    }
    if (r->unquoted.cap > UNQUOTED_KEPT)
        buf_deinit(&r->unquoted);
}
