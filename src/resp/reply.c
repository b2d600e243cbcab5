/* reply.c: every value is a short head, mostly a byte and a number, and perhaps
 * bytes.  Heads are never split: room for one is asked for at once and is nearly
 * always there.  Bytes that do not fit fill the block up and go on in the next. */
#include "resp/reply.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

enum {
    HEAD_MAX = 1 + NUM_I64_MAX + 2, /* "$-9223372036854775808\r\n" */
    DOUBLE_MAX = 64,                /* what num_put_double() may need */
    COPY_MAX = 4096,                /* below, a copy is cheaper than a block mostly empty */
    ERROR_TEXT_MAX = 512,           /* of reply_errorf(), its NUL included */
    BEHIND_PROMISE = 128,
};

static struct block *add_block(struct reply *r, size_t size)
{
    /* Between promises there is little more than the length of the next one. */
    bool little = r->last && r->last->promise && size <= BEHIND_PROMISE;
    struct block *b = little ? block_small(r->pool, BEHIND_PROMISE) : block_new(r->pool, size);

    if (r->last)
        r->last->next = b;
    else
        r->first = b;
    r->last = b;
    return b;
}

/* Where the next `n` bytes go, in one piece. */
static inline uint8_t *room(struct reply *r, size_t n)
{
    struct block *b = r->last;

    if (!b || b->cap - b->len < n)
        b = add_block(r, n);
    return b->data + b->len;
}

/* They have been written, up to `end`. */
static inline void wrote(struct reply *r, const uint8_t *end)
{
    struct block *b = r->last;
    size_t len = (size_t)(end - b->data);

    r->bytes += len - b->len;
    b->len = len;
}

static inline uint8_t *put_crlf(uint8_t *p)
{
    p[0] = '\r';
    p[1] = '\n';
    return p + 2;
}

static inline uint8_t *put_bytes(uint8_t *p, struct slice bytes)
{
    if (bytes.len)
        memcpy(p, bytes.data, bytes.len);
    return p + bytes.len;
}

static inline uint8_t *put_head(uint8_t *p, uint8_t type, int64_t n)
{
    *p++ = type;
    if (n >= 0 && n < 10) {
        *p++ = (uint8_t)('0' + n);
    } else if (n >= 10 && n < 100) {
        *p++ = (uint8_t)('0' + n / 10);
        *p++ = (uint8_t)('0' + n % 10);
    } else {
        p += num_put_i64(p, n);
    }
    return put_crlf(p);
}

static inline void write_head(struct reply *r, uint8_t type, int64_t n)
{
    wrote(r, put_head(room(r, HEAD_MAX), type, n));
}

static void write_text(struct reply *r, const char *text, size_t len)
{
    wrote(r, put_bytes(room(r, len), slice_of(text, len)));
}

/* Fills the last block up and puts the rest into a new one, which has room for the
 * line end that may follow if it is not an ordinary one: copied once. */
static void write_bytes(struct reply *r, struct slice bytes)
{
    size_t left = r->last ? r->last->cap - r->last->len : 0;
    size_t n = bytes.len < left ? bytes.len : left;

    if (n)
        wrote(r, put_bytes(room(r, n), slice_of(bytes.data, n)));
    if (bytes.len > n) {
        struct slice rest = slice_of(bytes.data + n, bytes.len - n);
        uint8_t *p = room(r, rest.len > BLOCK_SIZE ? rest.len + 2 : rest.len);
        wrote(r, put_bytes(p, rest));
    }
}

/* Prefix and text on one line, whatever they hold. */
static void write_line(struct reply *r, const char *prefix, const char *text)
{
    uint8_t *line = room(r, strlen(prefix) + strlen(text) + 2);
    uint8_t *end = put_bytes(put_bytes(line, slice_str(prefix)), slice_str(text));

    for (uint8_t *c = line; c < end; c++) {
        if (*c == '\r' || *c == '\n')
            *c = ' ';
    }
    wrote(r, put_crlf(end));
}

void reply_init(struct reply *r, struct block_pool *pool, uint8_t proto)
{
    assert(proto == 2 || proto == 3);
    *r = (struct reply){ .pool = pool, .proto = proto };
}

void reply_clear(struct reply *r)
{
    struct block *b = r->first;

    while (b) {
        struct block *next = b->next;
        block_drop(r->pool, b);
        b = next;
    }
    r->first = NULL;
    r->last = NULL;
    r->bytes = 0;
    r->taken = 0;
}

void reply_ok(struct reply *r)
{
    uint8_t *p = room(r, 5);
    memcpy(p, "+OK\r\n", 5);
    wrote(r, p + 5);
}

void reply_status(struct reply *r, const char *text)
{
    write_line(r, "+", text);
}

void reply_int(struct reply *r, int64_t v)
{
    write_head(r, ':', v);
}

void reply_bulk(struct reply *r, struct slice bytes)
{
    uint8_t *p = put_head(room(r, HEAD_MAX), '$', (int64_t)bytes.len);
    struct block *b = r->last;

    if ((size_t)(b->data + b->cap - p) >= bytes.len + 2) {
        wrote(r, put_crlf(put_bytes(p, bytes)));
        return;
    }
    wrote(r, p);
    write_bytes(r, bytes);
    write_text(r, "\r\n", 2);
}

void reply_bulk_str(struct reply *r, const char *text)
{
    reply_bulk(r, slice_str(text));
}

void reply_bulk_int(struct reply *r, int64_t v)
{
    uint8_t digits[NUM_I64_MAX];
    reply_bulk(r, slice_of(digits, num_put_i64(digits, v)));
}

void reply_null(struct reply *r)
{
    if (r->proto == 2)
        write_text(r, "$-1\r\n", 5);
    else
        write_text(r, "_\r\n", 3);
}

void reply_null_array(struct reply *r)
{
    if (r->proto == 2)
        write_text(r, "*-1\r\n", 5);
    else
        write_text(r, "_\r\n", 3);
}

void reply_array(struct reply *r, size_t n)
{
    write_head(r, '*', (int64_t)n);
}

void reply_map(struct reply *r, size_t n)
{
    if (r->proto == 2)
        write_head(r, '*', (int64_t)(2 * n));
    else
        write_head(r, '%', (int64_t)n);
}

void reply_set(struct reply *r, size_t n)
{
    write_head(r, r->proto == 2 ? '*' : '~', (int64_t)n);
}

void reply_push(struct reply *r, size_t n)
{
    write_head(r, r->proto == 2 ? '*' : '>', (int64_t)n);
}

void reply_double(struct reply *r, double v)
{
    uint8_t text[DOUBLE_MAX];
    size_t n = num_put_double(text, v);

    if (r->proto == 2) {
        reply_bulk(r, slice_of(text, n));
        return;
    }
    uint8_t *p = room(r, 1 + n + 2);
    *p = ',';
    wrote(r, put_crlf(put_bytes(p + 1, slice_of(text, n))));
}

void reply_bool(struct reply *r, bool v)
{
    if (r->proto == 2)
        write_head(r, ':', v);
    else
        write_text(r, v ? "#t\r\n" : "#f\r\n", 4);
}

void reply_verbatim(struct reply *r, const char format[3], struct slice text)
{
    if (r->proto == 2) {
        reply_bulk(r, text);
        return;
    }
    write_head(r, '=', (int64_t)text.len + 4);
    write_text(r, format, 3);
    write_text(r, ":", 1);
    write_bytes(r, text);
    write_text(r, "\r\n", 2);
}

void reply_error(struct reply *r, const char *code, const char *text)
{
    size_t n = strlen(code);

    assert(n < sizeof r->error_code);
    memcpy(r->error_code, code, n + 1);
    r->errors++;
    char prefix[1 + sizeof r->error_code + 1];
    snprintf(prefix, sizeof prefix, "-%s ", code);
    write_line(r, prefix, text);
}

void reply_errorf(struct reply *r, const char *code, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply_error(r, code, text);
}

void reply_bulk_begin(struct reply *r, size_t len)
{
    write_head(r, '$', (int64_t)len);
}

static void append_block(struct reply *r, struct block *b)
{
    if (r->last)
        r->last->next = b;
    else
        r->first = b;
    r->last = b;
    r->bytes += b->len;
}

void reply_promise(struct reply *r, struct promise *p)
{
    assert(p->len > 0);
    append_block(r, block_promise(r->pool, p));
}

void reply_bulk_end(struct reply *r)
{
    write_text(r, "\r\n", 2);
}

unsigned reply_promises(const struct reply *r, size_t max_bytes, struct promise **out, unsigned max)
{
    unsigned n = 0;
    size_t left = max_bytes + r->taken;

    for (const struct block *b = r->first; b && n < max && left >= b->len; b = b->next) {
        left -= b->len;
        if (b->promise)
            out[n++] = b->promise;
    }
    return n;
}

size_t reply_memory(const struct reply *r)
{
    size_t sum = 0;

    for (const struct block *b = r->first; b; b = b->next)
        sum += BLOCK_HEADER + (!b->promise || b->promise->asked ? b->cap : 0);
    return sum;
}

void reply_raw(struct reply *r, struct slice bytes)
{
    write_bytes(r, bytes);
}

struct reply_mark reply_mark(const struct reply *r)
{
    return (struct reply_mark){ r->last, r->last ? r->last->len : 0, r->bytes, r->errors };
}

void reply_cut(struct reply *r, struct reply_mark mark)
{
    assert(mark.bytes <= r->bytes);
    if (!mark.last) {
        reply_clear(r);
        r->errors = mark.errors;
        return;
    }
    struct block *b = mark.last->next;
    while (b) {
        struct block *next = b->next;
        block_drop(r->pool, b);
        b = next;
    }
    assert(mark.len <= mark.last->len);
    mark.last->next = NULL;
    mark.last->len = mark.len;
    r->last = mark.last;
    r->bytes = mark.bytes;
    r->errors = mark.errors;
}

void reply_cut_to(struct reply *r, size_t bytes, uint64_t errors)
{
    struct reply_mark mark = { .bytes = bytes, .errors = errors };
    size_t left = bytes ? r->taken + bytes : 0;

    assert(bytes <= r->bytes);
    for (struct block *b = r->first; left > 0; b = b->next) {
        mark.last = b;
        mark.len = left < b->len ? left : b->len;
        left -= mark.len;
    }
    reply_cut(r, mark);
}

unsigned reply_parts(const struct reply *r, size_t max_bytes, struct slice *parts, unsigned max)
{
    size_t skip = r->taken;
    unsigned n = 0;

    for (const struct block *b = r->first; b && n < max && max_bytes > 0; b = b->next) {
        size_t len = b->len - skip;
        if (b->promise && !b->promise->bytes)
            break;
        if (len > max_bytes)
            len = max_bytes;
        parts[n++] = slice_of((b->promise ? b->promise->bytes : b->data) + skip, len);
        max_bytes -= len;
        skip = 0;
    }
    return n;
}

void reply_take(struct reply *r, size_t n)
{
    assert(n <= r->bytes);
    r->bytes -= n;
    while (n > 0) {
        struct block *b = r->first;
        assert(b);
        size_t left = b->len - r->taken;
        if (n < left) {
            r->taken += n;
            return;
        }
        n -= left;
        r->taken = 0;
        r->first = b->next;
        if (!r->first)
            r->last = NULL;
        block_drop(r->pool, b);
    }
}

/* The block changes hands. */
static void move_first(struct reply *to, struct reply *from)
{
    struct block *b = from->first;

    assert(to->pool == from->pool);
    from->first = b->next;
    if (!from->first)
        from->last = NULL;
    from->bytes -= b->len;
    b->next = NULL;
    append_block(to, b);
}

void reply_move(struct reply *to, struct reply *from, size_t n)
{
    assert(to != from && n <= from->bytes);
    while (n > 0) {
        struct slice part = { NULL, 0 };
        if (from->first->promise && from->taken == 0) {
            n -= from->first->len;
            move_first(to, from);
            continue;
        }
        reply_parts(from, n, &part, 1);
        write_bytes(to, part);
        reply_take(from, part.len);
        n -= part.len;
    }
}

void reply_copy(struct reply *to, const struct reply *from)
{
    size_t skip = from->taken;

    for (const struct block *b = from->first; b; b = b->next) {
        assert(!b->promise);
        write_bytes(to, slice_of(b->data + skip, b->len - skip));
        skip = 0;
    }
}

void reply_append(struct reply *to, struct reply *from)
{
    assert(to != from && to->pool == from->pool);
    to->errors += from->errors;
    from->errors = 0;
    if (from->bytes <= COPY_MAX || (from->taken && to->first)) {
        reply_move(to, from, from->bytes);
        return;
    }
    if (to->last) {
        to->last->next = from->first;
    } else {
        to->first = from->first;
        to->taken = from->taken;
    }
    to->last = from->last;
    to->bytes += from->bytes;
    from->first = NULL;
    from->last = NULL;
    from->bytes = 0;
    from->taken = 0;
}

bool reply_check(const struct reply *r)
{
    size_t bytes = 0;
    const struct block *last = NULL;

    for (const struct block *b = r->first; b; b = b->next) {
        if (b->len == 0 || b->len > b->cap || b->refs == 0)
            return false;
        bytes += b->len;
        last = b;
    }
    if (r->first ? r->taken >= r->first->len : r->taken != 0)
        return false;
    return last == r->last && bytes - r->taken == r->bytes && (r->proto == 2 || r->proto == 3);
}
