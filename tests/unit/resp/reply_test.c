/* reply_test.c: the bytes of every reply in both protocols, and the list of blocks
 * against a flat buffer. */
#include "resp/reply.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/prng.h"

struct world {
    struct block_pool pool;
    struct reply reply;
};

static void world_init(struct world *w, uint8_t proto)
{
    block_pool_init(&w->pool, 4);
    reply_init(&w->reply, &w->pool, proto);
}

static void world_deinit(struct world *w)
{
    reply_clear(&w->reply);
    cr_assert_eq(w->pool.used_bytes, 0, "a block was not given back");
    block_pool_deinit(&w->pool);
}

/* All bytes of the reply, behind what `out` holds. */
static void read_all(const struct reply *r, struct buf *out)
{
    struct slice parts[4096];
    unsigned n = reply_parts(r, SIZE_MAX, parts, 4096);
    for (unsigned i = 0; i < n; i++)
        buf_append(out, parts[i]);
}

static void expect(struct world *w, const char *want)
{
    struct buf got = { 0 };
    read_all(&w->reply, &got);
    cr_assert(reply_check(&w->reply));
    cr_assert(slice_equal(buf_slice(&got), slice_str(want)), "got %.*s, want %s", (int)got.len,
              (char *)got.data, want);
    cr_assert_eq(w->reply.bytes, got.len);
    buf_deinit(&got);
    reply_clear(&w->reply);
}

Test(reply, what_is_the_same_in_both_protocols)
{
    for (uint8_t proto = 2; proto <= 3; proto++) {
        struct world w;
        world_init(&w, proto);
        reply_ok(&w.reply);
        expect(&w, "+OK\r\n");
        reply_status(&w.reply, "PONG");
        expect(&w, "+PONG\r\n");
        reply_status(&w.reply, "");
        expect(&w, "+\r\n");
        reply_status(&w.reply, "a\r\nb");
        expect(&w, "+a  b\r\n");
        reply_bulk(&w.reply, slice_str("hello"));
        expect(&w, "$5\r\nhello\r\n");
        reply_bulk(&w.reply, slice_of(NULL, 0));
        expect(&w, "$0\r\n\r\n");
        reply_bulk_str(&w.reply, "0123456789");
        expect(&w, "$10\r\n0123456789\r\n");
        reply_bulk_int(&w.reply, -12);
        expect(&w, "$3\r\n-12\r\n");
        reply_bulk_int(&w.reply, INT64_MIN);
        expect(&w, "$20\r\n-9223372036854775808\r\n");
        reply_array(&w.reply, 0);
        expect(&w, "*0\r\n");
        reply_array(&w.reply, 1048576);
        expect(&w, "*1048576\r\n");
        reply_raw(&w.reply, slice_str(":1\r\n"));
        expect(&w, ":1\r\n");
        reply_raw(&w.reply, slice_of(NULL, 0));
        expect(&w, "");
        world_deinit(&w);
    }
}

Test(reply, integers)
{
    struct world w;
    world_init(&w, 2);
    static const struct {
        int64_t v;
        const char *want;
    } rows[] = {
        { 0, ":0\r\n" },
        { 9, ":9\r\n" },
        { 10, ":10\r\n" },
        { 99, ":99\r\n" },
        { 100, ":100\r\n" },
        { -1, ":-1\r\n" },
        { -10, ":-10\r\n" },
        { INT64_MAX, ":9223372036854775807\r\n" },
        { INT64_MIN, ":-9223372036854775808\r\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reply_int(&w.reply, rows[i].v);
        expect(&w, rows[i].want);
    }
    world_deinit(&w);
}

Test(reply, what_resp2_has_no_word_for)
{
    struct world w;
    world_init(&w, 2);
    reply_null(&w.reply);
    expect(&w, "$-1\r\n");
    reply_null_array(&w.reply);
    expect(&w, "*-1\r\n");
    reply_map(&w.reply, 7);
    expect(&w, "*14\r\n");
    reply_set(&w.reply, 3);
    expect(&w, "*3\r\n");
    reply_push(&w.reply, 2);
    expect(&w, "*2\r\n");
    reply_bool(&w.reply, true);
    reply_bool(&w.reply, false);
    expect(&w, ":1\r\n:0\r\n");
    reply_verbatim(&w.reply, "txt", slice_str("Some string"));
    expect(&w, "$11\r\nSome string\r\n");
    reply_double(&w.reply, 1.5);
    expect(&w, "$3\r\n1.5\r\n");
    reply_double(&w.reply, 3);
    expect(&w, "$1\r\n3\r\n");
    reply_double(&w.reply, -HUGE_VAL);
    expect(&w, "$4\r\n-inf\r\n");
    world_deinit(&w);
}

Test(reply, what_resp3_has_words_for)
{
    struct world w;
    world_init(&w, 3);
    reply_null(&w.reply);
    expect(&w, "_\r\n");
    reply_null_array(&w.reply);
    expect(&w, "_\r\n");
    reply_map(&w.reply, 7);
    expect(&w, "%7\r\n");
    reply_set(&w.reply, 3);
    expect(&w, "~3\r\n");
    reply_push(&w.reply, 2);
    expect(&w, ">2\r\n");
    reply_bool(&w.reply, true);
    reply_bool(&w.reply, false);
    expect(&w, "#t\r\n#f\r\n");
    reply_verbatim(&w.reply, "txt", slice_str("Some string"));
    expect(&w, "=15\r\ntxt:Some string\r\n");
    reply_double(&w.reply, 1.5);
    expect(&w, ",1.5\r\n");
    reply_double(&w.reply, 0.1);
    expect(&w, ",0.10000000000000001\r\n");
    reply_double(&w.reply, 3);
    expect(&w, ",3\r\n");
    reply_double(&w.reply, -1e300);
    expect(&w, ",-1.0000000000000001e+300\r\n");
    reply_double(&w.reply, HUGE_VAL);
    reply_double(&w.reply, -HUGE_VAL);
    reply_double(&w.reply, NAN);
    expect(&w, ",inf\r\n,-inf\r\n,nan\r\n");
    world_deinit(&w);
}

Test(reply, the_protocol_may_change_between_values)
{
    struct world w;
    world_init(&w, 2);
    reply_null(&w.reply);
    w.reply.proto = 3;
    reply_null(&w.reply);
    expect(&w, "$-1\r\n_\r\n");
    world_deinit(&w);
}

Test(reply, an_error_is_one_line_and_is_counted)
{
    struct world w;
    world_init(&w, 3);
    cr_assert_eq(w.reply.errors, 0);
    reply_error(&w.reply, "ERR", "syntax error");
    cr_assert_str_eq(w.reply.error_code, "ERR");
    cr_assert_eq(w.reply.errors, 1);
    expect(&w, "-ERR syntax error\r\n");
    reply_error(&w.reply, "WRONGTYPE", "a\r\n+OK\r\nb\n");
    cr_assert_str_eq(w.reply.error_code, "WRONGTYPE");
    cr_assert_eq(w.reply.errors, 2);
    expect(&w, "-WRONGTYPE a  +OK  b \r\n");
    reply_errorf(&w.reply, "ERR", "unknown command '%.5s', %d%c", "foobarbaz", 7, '\n');
    expect(&w, "-ERR unknown command 'fooba', 7 \r\n");
    cr_assert_eq(w.reply.errors, 3);
    world_deinit(&w);
}

Test(reply, a_formatted_error_is_cut_at_511_bytes)
{
    struct world w;
    struct buf want = { 0 };
    world_init(&w, 2);
    reply_errorf(&w.reply, "ERR", "%0600d", 0);
    buf_printf(&want, "-ERR %0511d\r\n%c", 0, 0);
    expect(&w, (char *)want.data);
    buf_deinit(&want);
    world_deinit(&w);
}

Test(reply, long_errors_and_long_codes_fit)
{
    struct world w;
    struct buf text = { 0 };
    world_init(&w, 2);
    buf_printf(&text, "%040000d%c", 0, 0);
    reply_error(&w.reply, "ABCDEFGHIJKLMNOPQRSTUVW", (char *)text.data);
    cr_assert_str_eq(w.reply.error_code, "ABCDEFGHIJKLMNOPQRSTUVW");
    cr_assert_eq(w.reply.bytes, 1 + 23 + 1 + 40000 + 2);
    buf_deinit(&text);
    world_deinit(&w);
}

/* A bulk of every size around what is left in the block. */
Test(reply, bulks_of_every_size_come_out_whole)
{
    uint8_t bytes[3 * BLOCK_SIZE];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t begin = 0; begin < 40; begin += 13) {
        for (size_t len = BLOCK_SIZE - 80; len < BLOCK_SIZE + 80; len++) {
            struct world w;
            struct buf want = { 0 };
            struct buf got = { 0 };
            world_init(&w, 3);
            reply_raw(&w.reply, slice_of(bytes, begin));
            reply_bulk(&w.reply, slice_of(bytes, len));
            reply_verbatim(&w.reply, "txt", slice_of(bytes, len));
            reply_raw(&w.reply, slice_of(bytes, 2 * len));
            buf_append(&want, slice_of(bytes, begin));
            buf_printf(&want, "$%zu\r\n", len);
            buf_append(&want, slice_of(bytes, len));
            buf_printf(&want, "\r\n=%zu\r\ntxt:", len + 4);
            buf_append(&want, slice_of(bytes, len));
            buf_append(&want, slice_str("\r\n"));
            buf_append(&want, slice_of(bytes, 2 * len));
            read_all(&w.reply, &got);
            cr_assert(reply_check(&w.reply));
            cr_assert(slice_equal(buf_slice(&got), buf_slice(&want)), "%zu, %zu", begin, len);
            buf_deinit(&got);
            buf_deinit(&want);
            world_deinit(&w);
        }
    }
}

Test(reply, a_large_bulk_takes_one_block_of_its_size)
{
    enum { SIZE = 4 * 1024 * 1024 };
    struct world w;
    struct slice parts[8];
    uint8_t *bytes = mem_zalloc(SIZE, 1);
    world_init(&w, 2);
    reply_ok(&w.reply);
    reply_bulk(&w.reply, slice_of(bytes, SIZE));
    cr_assert_eq(reply_parts(&w.reply, SIZE_MAX, parts, 8), 2);
    cr_assert_eq(parts[0].len, BLOCK_SIZE);
    cr_assert_lt(w.pool.used_bytes, SIZE + 2 * BLOCK_SIZE);
    mem_free(bytes);
    world_deinit(&w);
}

Test(reply, parts_are_bounded_by_bytes_and_by_number)
{
    struct world w;
    struct slice parts[3];
    uint8_t bytes[BLOCK_SIZE] = { 0 };
    world_init(&w, 2);
    cr_assert_eq(reply_parts(&w.reply, 100, parts, 3), 0);
    for (int i = 0; i < 4; i++)
        reply_raw(&w.reply, slice_of(bytes, sizeof bytes));
    cr_assert_eq(reply_parts(&w.reply, SIZE_MAX, parts, 3), 3);
    cr_assert_eq(reply_parts(&w.reply, 0, parts, 3), 0);
    cr_assert_eq(reply_parts(&w.reply, SIZE_MAX, parts, 0), 0);
    cr_assert_eq(reply_parts(&w.reply, BLOCK_SIZE, parts, 3), 1);
    reply_take(&w.reply, 5);
    cr_assert_eq(reply_parts(&w.reply, BLOCK_SIZE, parts, 3), 2);
    cr_assert_eq(parts[0].len, BLOCK_SIZE - 5);
    cr_assert_eq(parts[1].len, 5);
    world_deinit(&w);
}

Test(reply, a_reply_that_was_taken_holds_no_block)
{
    struct world w;
    world_init(&w, 2);
    reply_ok(&w.reply);
    reply_take(&w.reply, 5);
    cr_assert_eq(w.pool.used_bytes, 0);
    cr_assert(reply_check(&w.reply));
    reply_ok(&w.reply);
    expect(&w, "+OK\r\n");
    world_deinit(&w);
}

Test(reply, a_cut_takes_back_bytes_and_errors)
{
    struct world w;
    struct reply_mark empty, mark;
    uint8_t bytes[2 * BLOCK_SIZE] = { 0 };
    world_init(&w, 2);
    empty = reply_mark(&w.reply);
    reply_error(&w.reply, "ERR", "one");
    mark = reply_mark(&w.reply);
    reply_error(&w.reply, "ERR", "two");
    reply_bulk(&w.reply, slice_of(bytes, sizeof bytes));
    reply_cut(&w.reply, mark);
    cr_assert_eq(w.reply.errors, 1);
    reply_ok(&w.reply);
    expect(&w, "-ERR one\r\n+OK\r\n");
    reply_ok(&w.reply);
    reply_cut(&w.reply, empty);
    cr_assert_eq(w.reply.errors, 0);
    cr_assert_eq(w.pool.used_bytes, 0);
    world_deinit(&w);
}

/* --- against a flat buffer --------------------------------------------------- */

struct model {
    struct world w;
    struct buf flat;
};

static void append_random(struct model *m, struct prng *p)
{
    static uint8_t bytes[40000];
    size_t len = (size_t)prng_below(p, prng_one_in(p, 8) ? sizeof bytes : 200);
    struct reply *r = &m->w.reply;

    memset(bytes, (int)('a' + prng_below(p, 26)), len);
    switch (prng_below(p, 5)) {
    case 0:
        reply_raw(r, slice_of(bytes, len));
        buf_append(&m->flat, slice_of(bytes, len));
        break;
    case 1:
        reply_bulk(r, slice_of(bytes, len));
        buf_printf(&m->flat, "$%zu\r\n", len);
        buf_append(&m->flat, slice_of(bytes, len));
        buf_append(&m->flat, slice_str("\r\n"));
        break;
    case 2:
        reply_int(r, (int64_t)len);
        buf_printf(&m->flat, ":%zu\r\n", len);
        break;
    case 3:
        reply_ok(r);
        buf_append(&m->flat, slice_str("+OK\r\n"));
        break;
    default:
        reply_error(r, "ERR", "no");
        buf_append(&m->flat, slice_str("-ERR no\r\n"));
        break;
    }
}

static void append_and_cut(struct model *m, struct prng *p)
{
    struct reply_mark mark = reply_mark(&m->w.reply);
    size_t len = m->flat.len;
    uint64_t errors = m->w.reply.errors;

    for (uint64_t n = prng_below(p, 8); n > 0; n--)
        append_random(m, p);
    reply_cut(&m->w.reply, mark);
    m->flat.len = len;
    cr_assert_eq(m->w.reply.errors, errors);
}

static void take_random(struct model *m, struct prng *p)
{
    size_t n = prng_one_in(p, 4) ? m->flat.len : (size_t)prng_below(p, m->flat.len + 1);

    reply_take(&m->w.reply, n);
    m->flat.len -= n;
    if (n)
        memmove(m->flat.data, m->flat.data + n, m->flat.len);
}

static void move_random(struct model *to, struct model *from, struct prng *p)
{
    size_t n = prng_one_in(p, 4) ? from->flat.len : (size_t)prng_below(p, from->flat.len + 1);

    reply_move(&to->w.reply, &from->w.reply, n);
    buf_append(&to->flat, slice_of(from->flat.data, n));
    from->flat.len -= n;
    if (n)
        memmove(from->flat.data, from->flat.data + n, from->flat.len);
}

static void compare(const struct model *m)
{
    struct buf got = { 0 };

    cr_assert(reply_check(&m->w.reply));
    read_all(&m->w.reply, &got);
    cr_assert(slice_equal(buf_slice(&got), buf_slice(&m->flat)));
    cr_assert_eq(m->w.reply.bytes, m->flat.len);
    buf_deinit(&got);
}

Test(reply, random_appends_cuts_takes_and_moves_equal_a_flat_buffer)
{
    struct model m[2] = { 0 };
    struct prng p;

    prng_init(&p, 7);
    world_init(&m[0].w, 2);
    world_init(&m[1].w, 2);
    for (int i = 0; i < 20000; i++) {
        struct model *one = &m[prng_below(&p, 2)];
        struct model *other = one == &m[0] ? &m[1] : &m[0];
        uint64_t what = prng_below(&p, 10);
        if (what < 5)
            append_random(one, &p);
        else if (what < 7)
            append_and_cut(one, &p);
        else if (what < 9)
            take_random(one, &p);
        else
            move_random(other, one, &p);
        compare(one);
        compare(other);
    }
    for (int i = 0; i < 2; i++) {
        world_deinit(&m[i].w);
        buf_deinit(&m[i].flat);
    }
}

static unsigned dropped;

static bool ask_never(struct promise *p, void (*done)(void *owner, struct promise *p, struct err e),
                      void *owner)
{
    (void)p;
    (void)done;
    (void)owner;
    return false;
}

static void count_drop(struct promise *p)
{
    (void)p;
    dropped++;
}

static struct promise promise_of(size_t len)
{
    return (struct promise){ .len = len, .ask = ask_never, .drop = count_drop };
}

Test(reply, promised_bytes_hold_up_what_follows_until_they_come)
{
    struct promise first = promise_of(3), second = promise_of(2), *next[4];
    struct slice parts[8];
    struct world w;

    dropped = 0;
    world_init(&w, 2);
    reply_ok(&w.reply);
    reply_bulk_begin(&w.reply, 5);
    reply_promise(&w.reply, &first);
    reply_promise(&w.reply, &second);
    reply_bulk_end(&w.reply);
    cr_assert(reply_check(&w.reply));
    cr_expect_eq(w.reply.bytes, strlen("+OK|$5|abcde|") + 3);
    cr_assert_eq(reply_parts(&w.reply, SIZE_MAX, parts, 8), 1);
    cr_expect(slice_equal(parts[0], slice_str("+OK\r\n$5\r\n")));
    cr_expect_eq(reply_promises(&w.reply, SIZE_MAX / 2, next, 4), 2);
    cr_expect(next[0] == &first && next[1] == &second);
    cr_expect_eq(reply_promises(&w.reply, 12, next, 4), 1, "those that may leave");
    reply_take(&w.reply, parts[0].len);
    promise_keep(&second, (const uint8_t *)"de");
    cr_expect_eq(reply_parts(&w.reply, SIZE_MAX, parts, 8), 0);
    promise_keep(&first, (const uint8_t *)"abc");
    cr_expect_eq(reply_promises(&w.reply, SIZE_MAX / 2, next, 4), 2, "kept ones too");
    reply_take(&w.reply, 1);
    cr_expect_eq(dropped, 0);
    expect(&w, "bcde\r\n");
    cr_expect_eq(dropped, 2);
    world_deinit(&w);
}

Test(reply, promises_are_cut_moved_and_joined_like_bytes)
{
    struct promise p[4] = { promise_of(3), promise_of(5000), promise_of(3), promise_of(1) };
    struct world w;
    struct reply other;

    dropped = 0;
    world_init(&w, 2);
    reply_init(&other, &w.pool, 2);
    reply_ok(&w.reply);
    struct reply_mark mark = reply_mark(&w.reply);
    reply_promise(&w.reply, &p[0]);
    reply_cut(&w.reply, mark);
    cr_expect_eq(dropped, 1);
    reply_promise(&w.reply, &p[1]);
    reply_cut_to(&w.reply, 5, 0);
    cr_expect_eq(dropped, 2);
    reply_promise(&other, &p[2]);
    reply_raw(&other, slice_str("x"));
    reply_append(&w.reply, &other);
    cr_expect_eq(other.bytes, 0);
    cr_assert(reply_check(&w.reply) && reply_check(&other));
    reply_promise(&w.reply, &p[3]);
    reply_move(&other, &w.reply, w.reply.bytes);
    cr_assert(reply_check(&w.reply) && reply_check(&other));
    promise_keep(&p[2], (const uint8_t *)"abc");
    promise_keep(&p[3], (const uint8_t *)"y");
    reply_append(&w.reply, &other);
    expect(&w, "+OK\r\nabcxy");
    cr_expect_eq(dropped, 4);
    reply_clear(&other);
    world_deinit(&w);
}

static void keep_nothing(struct promise *p)
{
    (void)p;
}

Test(reply, many_promises_take_little_memory_before_they_are_kept)
{
    struct block_pool pool;
    struct reply r;
    static struct promise promises[100];

    block_pool_init(&pool, 0);
    reply_init(&r, &pool, 2);
    for (int i = 0; i < 100; i++) {
        promises[i] = (struct promise){ .len = 100000, .drop = keep_nothing };
        reply_bulk_begin(&r, 100000);
        reply_promise(&r, &promises[i]);
        reply_bulk_end(&r);
    }
    cr_expect(reply_check(&r));
    cr_expect_eq(r.bytes, 100 * (strlen("$100000\r\n") + 100000 + 2));
    cr_expect_leq(pool.used_bytes, BLOCK_SIZE + 100 * 300);
    reply_clear(&r);
    block_pool_deinit(&pool);
}
