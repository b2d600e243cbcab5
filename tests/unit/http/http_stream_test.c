/* http_stream_test.c: an answer's body is the same, whatever pieces it is taken in. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "http/base64.h"
#include "http/http_stream.h"

enum { VALUE = 40000 }; /* three blocks of a reply, whose ends are no ends of groups */

struct fixture {
    struct block_pool pool;
    struct reply reply;
    struct http_stream stream;
    uint8_t value[VALUE];
};

static void begin(struct fixture *f, size_t len, bool base64)
{
    block_pool_init(&f->pool, 4);
    reply_init(&f->reply, &f->pool, 2);
    for (size_t i = 0; i < len; i++)
        f->value[i] = (uint8_t)(i * 31 + i / 251);
    reply_raw(&f->reply, slice_of(f->value, len));
    reply_raw(&f->reply, slice_str("\r\n")); /* stays behind */
    f->stream = (struct http_stream){ .value = &f->reply, .left = len, .base64 = base64 };
    buf_append(&f->stream.before, slice_str("before "));
    buf_append(&f->stream.after, slice_str(" after"));
}

static void end(struct fixture *f)
{
    http_stream_deinit(&f->stream);
    reply_clear(&f->reply);
    block_pool_deinit(&f->pool);
}

/* Reads all of it, `step` bytes at a time, and compares. */
static void expect(size_t len, bool base64, size_t step)
{
    struct fixture *f = mem_zalloc(1, sizeof *f);
    struct buf out = { 0 }, expected = { 0 };
    size_t n;

    begin(f, len, base64);
    buf_append(&expected, slice_str("before "));
    if (base64) {
        base64_encode(f->value, len, buf_reserve(&expected, (size_t)base64_length(len)));
        expected.len += (size_t)base64_length(len);
    } else {
        buf_append(&expected, slice_of(f->value, len));
    }
    buf_append(&expected, slice_str(" after"));
    cr_assert_eq(http_stream_length(&f->stream), expected.len);
    while ((n = http_stream_read(&f->stream, buf_reserve(&out, step), step)) > 0) {
        cr_assert_leq(n, step);
        out.len += n;
    }
    cr_expect(http_stream_ended(&f->stream));
    cr_expect(slice_equal(buf_slice(&out), buf_slice(&expected)), "%zu bytes by %zu", len, step);
    cr_expect_eq(f->reply.bytes, 2);
    buf_deinit(&out);
    buf_deinit(&expected);
    end(f);
    mem_free(f);
}

Test(http_stream, pieces_of_any_size_make_the_same)
{
    static const size_t lengths[] = { 0, 1, 2, 3, 4, 5, 100, VALUE - 2, VALUE - 1, VALUE };
    static const size_t steps[] = { 1, 2, 3, 4, 5, 7, 1000, 65536 };

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
            expect(lengths[i], false, steps[j]);
            expect(lengths[i], true, steps[j]);
        }
    }
}

/* --- bytes that come later */

static bool never_asked(struct promise *p,
                        void (*done)(void *owner, struct promise *p, struct err e), void *owner)
{
    (void)p;
    (void)done;
    (void)owner;
    return false;
}

static void dropped(struct promise *p)
{
    mem_free(p);
}

Test(http_stream, it_stops_at_what_has_not_come_and_goes_on_when_it_has)
{
    struct fixture *f = mem_zalloc(1, sizeof *f);
    struct promise *p = mem_zalloc(1, sizeof *p);
    uint8_t out[64];

    begin(f, 0, true);
    reply_clear(&f->reply);
    *p = (struct promise){ .len = 4, .ask = never_asked, .drop = dropped };
    reply_raw(&f->reply, slice_str("ab"));
    reply_promise(&f->reply, p);
    f->stream.left = 6;
    cr_assert_eq(http_stream_read(&f->stream, out, sizeof out), 7, "its first letters need three");
    cr_expect_not(http_stream_ended(&f->stream));
    cr_assert_eq(http_stream_read(&f->stream, out, sizeof out), 0);
    promise_keep(p, (const uint8_t *)"cdef");
    cr_assert_eq(http_stream_read(&f->stream, out, sizeof out), 8 + 6);
    cr_expect_eq(memcmp(out, "YWJjZGVm after", 14), 0);
    cr_expect(http_stream_ended(&f->stream));
    end(f);
    mem_free(f);
}
