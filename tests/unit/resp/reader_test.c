/* reader_test.c: what the reader makes of a stream, whole and in pieces. */
#include "resp/reader.h"

#include <criterion/criterion.h>

#include "base/limits.h"
#include "base/mem.h"

static const size_t BULK_MAX = 512 * 1024 * 1024;

/* What a stream says: "[set|k|v]" for a command, "-" for nothing, "!text" for an
 * error, "..." if it ends within a command. */
static void describe_command(struct reader *r, struct slice bytes, struct buf *out)
{
    struct slice *args = mem_alloc(r->count * sizeof *args);
    reader_args(r, bytes, args);
    buf_append_byte(out, '[');
    for (uint32_t i = 0; i < r->count; i++) {
        if (i)
            buf_append_byte(out, '|');
        buf_append(out, args[i]);
    }
    buf_append_byte(out, ']');
    mem_free(args);
}

/* Gives the reader `stream` with pauses: the first `cut` bytes, then `step` more
 * at a time (SIZE_MAX: all the rest).  Every piece is at an address of its own. */
static void describe(struct slice stream, size_t cut, size_t step, bool authenticated,
                     struct buf *out)
{
    struct reader r;
    size_t begin = 0;
    size_t have = cut < stream.len ? cut : stream.len;

    reader_init(&r, BULK_MAX);
    r.authenticated = authenticated;
    for (;;) {
        uint8_t *copy = mem_alloc(have - begin);
        memcpy(copy, stream.data + begin, have - begin);
        struct slice bytes = slice_of(copy, have - begin);
        enum reader_end end = reader_step(&r, bytes);
        if (end == READER_MORE)
            cr_assert_gt(r.need, bytes.len, "it had what it says it needs");
        else
            cr_assert(end == READER_ERROR || (r.used > 0 && r.used <= bytes.len));
        if (end == READER_COMMAND)
            describe_command(&r, bytes, out);
        else if (end == READER_EMPTY)
            buf_append_byte(out, '-');
        else if (end == READER_ERROR)
            buf_printf(out, "!%s", r.error);
        mem_free(copy);
        if (end == READER_ERROR)
            break;
        if (end != READER_MORE) {
            begin += r.used;
            reader_next(&r);
        } else if (have == stream.len) {
            if (begin < have)
                buf_append(out, slice_str("..."));
            break;
        } else {
            have = step < stream.len - have ? have + step : stream.len;
        }
    }
    reader_deinit(&r);
}

static void expect_cut(struct slice stream, size_t cut, size_t step, bool authenticated,
                       struct slice want)
{
    struct buf got = { 0 };
    describe(stream, cut, step, authenticated, &got);
    cr_assert(slice_equal(buf_slice(&got), want), "cut at %zu by %zu: got %.*s, want %.*s", cut,
              step, (int)got.len, (char *)got.data, (int)want.len, (const char *)want.data);
    buf_deinit(&got);
}

/* The same whole, cut in two at every byte, and byte by byte. */
static void expect_bytes(struct slice stream, bool authenticated, struct slice want)
{
    for (size_t cut = 0; cut <= stream.len; cut++)
        expect_cut(stream, cut, SIZE_MAX, authenticated, want);
    expect_cut(stream, 0, 1, authenticated, want);
}

static void expect(const char *stream, const char *want)
{
    expect_bytes(slice_str(stream), true, slice_str(want));
}

static void expect_stranger(const char *stream, const char *want)
{
    expect_bytes(slice_str(stream), false, slice_str(want));
}

Test(reader, arrays_of_bulks_are_commands)
{
    expect("*1\r\n$4\r\nPING\r\n", "[PING]");
    expect("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$0\r\n\r\n", "[set|k|]");
    expect("*2\r\n$3\r\nget\r\n$12\r\nkey-number-1\r\n", "[get|key-number-1]");
    expect("*01\r\n", "!Protocol error: invalid multibulk length");
    expect("*10\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n"
           "$1\r\n7\r\n$1\r\n8\r\n$1\r\n9\r\n",
           "[0|1|2|3|4|5|6|7|8|9]");
}

Test(reader, arguments_may_hold_any_byte)
{
    struct slice stream = slice_of("*2\r\n$4\r\n\r\n\0*\r\n$3\r\n$1\r\r\n", 23);
    expect_bytes(stream, true, slice_of("[\r\n\0*|$1\r]", 10));
}

Test(reader, pipelined_commands_come_one_by_one)
{
    expect("*1\r\n$4\r\nPING\r\nget k\r\n*0\r\n*2\r\n$3\r\nget\r\n$1\r\nk\r\n\r\nping\n",
           "[PING][get|k]-[get|k]-[ping]");
}

Test(reader, the_line_end_behind_a_bulk_is_not_looked_at)
{
    expect("*2\r\n$3\r\ngetxx$1\r\nkyy*1\rz$1\rzazz", "[get|k][a]");
}

Test(reader, empty_and_negative_arrays_are_skipped)
{
    expect("*0\r\n*-1\r\n*-9223372036854775808\r\nping\r\n", "---[ping]");
}

Test(reader, empty_lines_are_skipped)
{
    expect("\r\n\n   \r\n \t\nping\r\n", "----[ping]");
}

Test(reader, inline_commands_are_unquoted)
{
    expect("set \"a b\" 'c\\'d'\n", "[set|a b|c'd]");
    expect("set k \"\"\r\n", "[set|k|]");
    expect("ping\r\r\n", "[ping]");
    expect("set \"\\x41\" v\nset \"\\x42\" v\n", "[set|A|v][set|B|v]");
}

Test(reader, quotes_that_do_not_match_are_an_error)
{
    expect("ping\r\nset \"k v\r\n", "[ping]!Protocol error: unbalanced quotes in request");
    expect("set 'k'v\r\n", "!Protocol error: unbalanced quotes in request");
}

Test(reader, a_count_must_be_a_number_within_the_limit)
{
    const char *error = "!Protocol error: invalid multibulk length";
    expect("*\r\n", error);
    expect("*a\r\n", error);
    expect("*+1\r\n", error);
    expect("* 1\r\n", error);
    expect("*1 \r\n", error);
    expect("*-0\r\n", error);
    expect("*1\n\r\n", error);
    expect("*1048577\r\n", error);
    expect("*3000000000\r\n", error);
    expect("*9223372036854775808\r\n", error);
    expect("*99999999999999999999999999\r\n", error);
    expect("*1048576\r\n", "...");
}

Test(reader, a_bulk_must_begin_with_a_dollar)
{
    expect("*1\r\nfooz\r\n", "!Protocol error: expected '$', got 'f'");
    expect("*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "!Protocol error: expected '$', got 'f'");
    expect("*1\r\n:1\r\n", "!Protocol error: expected '$', got ':'");
    expect("*1\r\n\r\n", "!Protocol error: expected '$', got '\r'");
    expect("*1\r\nfoo", "...");
}

Test(reader, a_length_must_be_a_number_within_the_limit)
{
    const char *error = "!Protocol error: invalid bulk length";
    expect("*1\r\n$\r\n", error);
    expect("*1\r\n$a\r\n", error);
    expect("*1\r\n$1a\r\n", error);
    expect("*1\r\n$12345x\r\n", error);
    expect("*1\r\n$-1\r\n", error);
    expect("*1\r\n$+1\r\n", error);
    expect("*1\r\n$-0\r\n", error);
    expect("*1\r\n$00\r\n\r\n", error);
    expect("*1\r\n$01\r\na\r\n\r\n", error);
    expect("*1\r\n$536870913\r\n", error);
    expect("*1\r\n$2000000000\r\n", error);
    expect("*1\r\n$9223372036854775808\r\n", error);
    expect("*1\r\n$536870912\r\n", "...");
}

Test(reader, strangers_may_send_ten_arguments_of_16_kib)
{
    expect_stranger("*10\r\n$1\r\n", "...");
    expect_stranger("*11\r\n", "!Protocol error: unauthenticated multibulk length");
    expect_stranger("*1048577\r\n", "!Protocol error: invalid multibulk length");
    expect_stranger("*1\r\n$16384\r\n", "...");
    expect_stranger("*1\r\n$16385\r\n", "!Protocol error: unauthenticated bulk length");
    expect_stranger("*1\r\n$536870913\r\n", "!Protocol error: invalid bulk length");
}

Test(reader, strangers_limits_hold_for_bulks_that_are_there)
{
    struct buf stream = { 0 };
    struct buf got = { 0 };
    buf_printf(&stream, "*1\r\n$16384\r\n%016384d\r\n*1\r\n$16385\r\n%016385d\r\n", 0, 0);
    describe(buf_slice(&stream), stream.len, 1, false, &got);
    cr_assert_eq(got.len, 16386 + strlen("!Protocol error: unauthenticated bulk length"));
    cr_assert(slice_equal(slice_of(got.data + 16386, got.len - 16386),
                          slice_str("!Protocol error: unauthenticated bulk length")));
    buf_deinit(&stream);
    buf_deinit(&got);
}

/* `prefix`, then `fill` bytes 'a', then `suffix`: what comes of it, in pieces. */
static void expect_filled(const char *prefix, size_t fill, const char *suffix, const char *want)
{
    struct buf stream = { 0 };
    static const size_t steps[] = { SIZE_MAX, 1, 1000, 65536 };

    buf_append(&stream, slice_str(prefix));
    memset(buf_reserve(&stream, fill), 'a', fill);
    stream.len += fill;
    buf_append(&stream, slice_str(suffix));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct buf got = { 0 };
        /* Byte by byte copies would be quadratic: only the edge. */
        size_t cut = steps[i] == 1 ? stream.len - 6 : 0;
        describe(buf_slice(&stream), cut, steps[i], true, &got);
        if (*want)
            cr_assert(slice_equal(buf_slice(&got), slice_str(want)), "%.200s", (char *)got.data);
        else
            cr_assert_eq(got.len, fill + 2);
        buf_deinit(&got);
    }
    buf_deinit(&stream);
}

Test(reader, a_line_of_exactly_64_kib_is_not_too_big)
{
    expect_filled("", LIMIT_INLINE, "", "...");
    expect_filled("", LIMIT_INLINE, "\n", "");
    expect_filled("", LIMIT_INLINE - 1, "\r\n", "");
    expect_filled("", LIMIT_INLINE + 1, "", "!Protocol error: too big inline request");
    expect_filled("", LIMIT_INLINE + 1, "\n", "!Protocol error: too big inline request");
    expect_filled("", LIMIT_INLINE, "\r\n", "!Protocol error: too big inline request");
}

Test(reader, header_lines_have_the_same_limit)
{
    const char *mbulk = "!Protocol error: too big mbulk count string";
    const char *bulk = "!Protocol error: too big bulk count string";
    expect_filled("*", LIMIT_INLINE - 1, "", "...");
    expect_filled("*", LIMIT_INLINE, "", mbulk);
    expect_filled("*", LIMIT_INLINE - 1, "\r\n", "!Protocol error: invalid multibulk length");
    expect_filled("*1\r\n$", LIMIT_INLINE - 1, "", "...");
    expect_filled("*1\r\n$", LIMIT_INLINE, "", bulk);
    expect_filled("*1\r\n$", LIMIT_INLINE - 1, "\r\n", "!Protocol error: invalid bulk length");
    expect_filled("*1\r\n", LIMIT_INLINE + 1, "", bulk);
}

Test(reader, a_query_beyond_its_limit_is_refused_before_its_bytes_come)
{
    struct reader r;
    const char *stream = "*2\r\n$1\r\na\r\n$1073741799\r\n";
    const char *fits = "*2\r\n$1\r\na\r\n$1073741798\r\n";

    reader_init(&r, SIZE_MAX);
    r.authenticated = true;
    cr_assert_eq(reader_step(&r, slice_str(fits)), READER_MORE);
    cr_assert_eq(r.need, LIMIT_QUERY);
    reader_next(&r);
    cr_assert_eq(reader_step(&r, slice_str(stream)), READER_ERROR);
    cr_assert_str_eq(r.error, "Protocol error: too big query");
    reader_deinit(&r);
}

Test(reader, bulk_max_may_change_between_commands)
{
    struct reader r;
    struct slice stream = slice_str("*1\r\n$5\r\nhello\r\n");

    reader_init(&r, 5);
    cr_assert_eq(reader_step(&r, stream), READER_COMMAND);
    reader_next(&r);
    r.bulk_max = 4;
    cr_assert_eq(reader_step(&r, stream), READER_ERROR);
    cr_assert_str_eq(r.error, "Protocol error: invalid bulk length");
    reader_deinit(&r);
}

Test(reader, need_says_how_many_bytes_a_bulk_takes)
{
    struct reader r;
    struct slice stream = slice_str("*2\r\n$3\r\nget\r\n$100000\r\nab");

    reader_init(&r, BULK_MAX);
    r.authenticated = true;
    cr_assert_eq(reader_step(&r, slice_of(stream.data, 0)), READER_MORE);
    cr_assert_eq(r.need, 1);
    cr_assert_eq(reader_step(&r, slice_of(stream.data, 8)), READER_MORE);
    cr_assert_eq(r.need, 4 + 4 + 5);
    cr_assert_eq(reader_step(&r, stream), READER_MORE);
    cr_assert_eq(r.need, 4 + 9 + 9 + 100000 + 2);
    cr_assert_eq(r.used, 4 + 9 + 9);
    reader_deinit(&r);
}

Test(reader, no_byte_is_looked_at_twice)
{
    struct buf stream = { 0 };
    struct reader r;

    buf_printf(&stream, "*2\r\n$3\r\nget\r\n$%d\r\n", 1024 * 1024);
    size_t header = stream.len;
    memset(buf_reserve(&stream, 1024 * 1024 + 2), 'v', 1024 * 1024 + 2);
    stream.len += 1024 * 1024 + 2;
    reader_init(&r, BULK_MAX);
    r.authenticated = true;
    cr_assert_eq(reader_step(&r, slice_of(stream.data, header)), READER_MORE);
    /* What is settled may be overwritten: nobody reads it again.  A quadratic
     * reader would also take minutes here. */
    memset(stream.data, '?', header);
    for (size_t n = header; n < stream.len; n++)
        cr_assert_eq(reader_step(&r, slice_of(stream.data, n)), READER_MORE);
    cr_assert_eq(reader_step(&r, buf_slice(&stream)), READER_COMMAND);
    cr_assert_eq(r.count, 2);
    cr_assert_eq(r.used, stream.len);
    reader_deinit(&r);
    buf_deinit(&stream);
}

Test(reader, a_million_arguments_are_a_command_and_one_more_is_not)
{
    struct buf stream = { 0 };
    struct reader r;
    size_t have = 0;
    enum reader_end end = READER_MORE;

    buf_printf(&stream, "*%d\r\n", LIMIT_ARGS);
    for (int i = 0; i < LIMIT_ARGS; i++)
        buf_append(&stream, slice_str("$1\r\nx\r\n"));
    reader_init(&r, BULK_MAX);
    r.authenticated = true;
    while (have < stream.len) {
        cr_assert_eq(end, READER_MORE);
        have = stream.len - have > 16384 ? have + 16384 : stream.len;
        end = reader_step(&r, slice_of(stream.data, have));
    }
    cr_assert_eq(end, READER_COMMAND);
    cr_assert_eq(r.count, LIMIT_ARGS);
    cr_assert_eq(r.used, stream.len);
    struct slice *args = mem_alloc(r.count * sizeof *args);
    reader_args(&r, buf_slice(&stream), args);
    for (uint32_t i = 0; i < r.count; i++)
        cr_assert(args[i].len == 1 && args[i].data[0] == 'x');
    reader_next(&r);
    cr_assert_lt(r.cap, 1024, "its room was given back");
    mem_free(args);
    reader_deinit(&r);
    buf_deinit(&stream);
}

Test(reader, a_claim_of_many_arguments_takes_little_memory)
{
    struct reader r;
    reader_init(&r, BULK_MAX);
    r.authenticated = true;
    cr_assert_eq(reader_step(&r, slice_str("*1048576\r\n")), READER_MORE);
    cr_assert_leq(r.cap, 1024);
    reader_deinit(&r);
}

Test(reader, a_nul_in_a_line_is_a_byte)
{
    expect_bytes(slice_of("get a\0b\r\n", 9), true, slice_of("[get|a\0b]", 9));
    expect_bytes(slice_of("*1\r\n$1\0\r\n", 9), true,
                 slice_str("!Protocol error: invalid bulk length"));
}

Test(reader, a_command_may_be_begun_again_at_any_point)
{
    static const char *const streams[] = { "*1\r\n$4\r\nPING\r\n", "ping \"\n", "*1\r\nx\r\n" };
    struct reader r;
    reader_init(&r, BULK_MAX);
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        struct slice whole = slice_str(streams[i]);
        enum reader_end want = reader_step(&r, whole);
        reader_next(&r);
        for (size_t n = 0; n <= whole.len; n++) {
            reader_step(&r, slice_of(whole.data, n));
            reader_next(&r);
            cr_assert_eq(reader_step(&r, whole), want, "%s behind %zu bytes", streams[i], n);
            reader_next(&r);
        }
    }
    reader_deinit(&r);
}

Test(reader, a_large_argument_is_told_before_its_bytes_come)
{
    struct slice head = slice_str("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\n");
    struct slice args[3];
    struct reader r;

    reader_init(&r, SIZE_MAX);
    r.authenticated = true;
    r.bulk_min = 100;
    cr_assert_eq(reader_step(&r, slice_of(head.data, head.len - 1)), READER_MORE);
    cr_assert_eq(reader_step(&r, head), READER_BULK);
    cr_assert_eq(reader_step(&r, head), READER_BULK, "until it is decided");
    cr_expect(r.count == 2 && r.bulk_len == 100 && r.used == head.len);
    cr_expect_eq(r.bulk_at, head.len - strlen("$100\r\n"));
    reader_args(&r, head, args);
    cr_expect(slice_is(args[0], "set") && slice_is(args[1], "k"));
    reader_next(&r);
    cr_assert_eq(reader_step(&r, slice_str("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n")), READER_COMMAND);
    reader_deinit(&r);
}

Test(reader, a_large_argument_may_be_wanted_whole)
{
    struct buf bytes = { 0 };
    struct slice args[3];
    struct reader r;

    buf_printf(&bytes, "*3\r\n$3\r\nSET\r\n$100\r\n%0100d\r\n$200\r\n%0200d\r\n", 1, 2);
    reader_init(&r, SIZE_MAX);
    r.authenticated = true;
    r.bulk_min = 100;
    cr_assert_eq(reader_step(&r, buf_slice(&bytes)), READER_BULK);
    reader_whole(&r);
    cr_assert_eq(reader_step(&r, buf_slice(&bytes)), READER_COMMAND);
    reader_args(&r, buf_slice(&bytes), args);
    cr_expect(args[1].len == 100 && args[2].len == 200);
    reader_next(&r);
    cr_assert_eq(reader_step(&r, buf_slice(&bytes)), READER_BULK,
                 "the next command is asked about");
    reader_deinit(&r);
    buf_deinit(&bytes);
}
