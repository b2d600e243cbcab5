/* key_dump_test.c: values from and to a Redis.  The payloads are those of redis-server
 * 7.0.15, or made as its files have them. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/crc64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/prng.h"
#include "base/wire.h"
#include "cmd/rdb_value.h"
#include "unit/cmd/lines.h"

#define NO_INT   "-ERR value is not an integer or out of range|"
#define SYNTAX   "-ERR syntax error|"
#define BUSY     "-BUSYKEY Target key name already exists.|"
#define BAD_FOOT "-ERR DUMP payload version or checksum are wrong|"
/* DUMP of "200" by Redis 7.0 */
#define TWO_HUNDRED "\"\\x00\\xc1\\xc8\\x00\\x0a\\x00\\xed\\xe8\\xfd\\x6b\\x22\\x12\\x8c\\x07\""

Test(key_dump, what_redis_dumped_is_restored)
{
    expect_lines((const struct line[]){
        { "RESTORE a 0 \"\\x00\\x00\\x0a\\x00\\x5d\\x9b\\x5c\\x40\\x0f\\x7f\\xa2\\xda\"", "+OK|" },
        { "GET a", "$0||" },
        { "RESTORE b 0 " TWO_HUNDRED, "+OK|" },
        { "GET b", "$3|200|" },
        { "RESTORE c 0 \"\\x00\\xc2\\xff\\x7f\\xff\\xff\\x0a\\x00\\xae\\xe3LM\\x06\\xc6\\x856\"",
          "+OK|" },
        { "GET c", "$6|-32769|" },
        { "RESTORE d 0 \"\\x00\\x0b99999999999\\x0a\\x00#\\xb0H\\xfb\\x0e\\xdb\\xef\\x7f\"",
          "+OK|" },
        { "GET d", "$11|99999999999|" },
        { "RESTORE e 0 "
          "\"\\x00\\xc3\\x0a\\x18\\x02aba\\xe0\\x0a\\x01\\x01ab\\x0a\\x005\\x0b|a\\xd2\\x8f\\xf7<"
          "\"",
          "+OK|" },
        { "GET e", "$24|abababababababababababab|" },
        { "TTL a", ":-1|" },
        { 0 },
    });
}

Test(key_dump, the_options_say_when_it_expires_and_what_it_replaces)
{
    expect_lines((const struct line[]){
        { "RESTORE k 10000 " TWO_HUNDRED, "+OK|" },
        { "TTL k", ":10|" },
        { "RESTORE k 0 " TWO_HUNDRED, BUSY },
        { "RESTORE k 0 " TWO_HUNDRED " replace", "+OK|" },
        { "TTL k", ":-1|" },
        { "RESTORE k 1700000020499 " TWO_HUNDRED " ABSTTL REPLACE", "+OK|" },
        { "TTL k", ":20|" },
        { "RESTORE k 1 " TWO_HUNDRED " ABSTTL REPLACE", "+OK|" },
        { "EXISTS k", ":0|" },
        { "@deleted k", "" },
        { "RESTORE n 1 " TWO_HUNDRED " ABSTTL", "+OK|" },
        { "@puts 0", "" },
        { "RESTORE k 0 " TWO_HUNDRED " IDLETIME 5 IDLETIME 6", "+OK|" },
        { "RESTORE k 0 " TWO_HUNDRED " FREQ 255 REPLACE", "+OK|" },
        { 0 },
    });
}

Test(key_dump, what_is_wrong_is_told_in_the_order_of_redis)
{
    expect_lines((const struct line[]){
        { "SET s x", "+OK|" },
        { "RESTORE s x zzz BOGUS", SYNTAX },
        { "RESTORE s x zzz", BUSY },
        { "RESTORE n x zzz", NO_INT },
        { "RESTORE n -1 zzz", "-ERR Invalid TTL value, must be >= 0|" },
        { "RESTORE n 9223372036854775807 zzz", "-ERR invalid expire time in 'restore' command|" },
        { "RESTORE n 0 zzz", BAD_FOOT },
        { "RESTORE n 0 \"\"", BAD_FOOT },
        { "RESTORE n 0 zzz IDLETIME", SYNTAX },
        { "RESTORE n 0 zzz IDLETIME -1", "-ERR Invalid IDLETIME value, must be >= 0|" },
        { "RESTORE n 0 zzz IDLETIME x", NO_INT },
        { "RESTORE n 0 zzz FREQ 256", "-ERR Invalid FREQ value, must be >= 0 and <= 255|" },
        { "RESTORE n 0 zzz FREQ 1 IDLETIME 1", SYNTAX },
        { "RESTORE n 0 zzz IDLETIME 1 FREQ 1", SYNTAX },
        { "EXISTS n", ":0|" },
        { "DUMP n", "$-1|" },
        { "@foreign f", "" },
        { "DUMP f", "-ERR only strings can be dumped|" },
        { 0 },
    });
}

static void seal(struct buf *body, uint16_t version)
{
    wire_put16(buf_reserve(body, 2), version);
    body->len += 2;
    wire_put64(buf_reserve(body, 8), crc64_extend(0, body->data, body->len));
    body->len += 8;
}

static enum rdb_end read_body(const void *bytes, size_t len, struct buf *scratch,
                              struct slice *value)
{
    struct buf payload = { 0 };
    enum rdb_end end;

    buf_append(&payload, slice_of(bytes, len));
    seal(&payload, 11);
    cr_assert(rdb_value_foot_ok(buf_slice(&payload)));
    scratch->len = 0;
    end = rdb_value_read(buf_slice(&payload), scratch, value);
    if (end == RDB_OK && value->data != scratch->data) { /* it outlives the payload */
        buf_append(scratch, *value);
        *value = buf_slice(scratch);
    }
    buf_deinit(&payload);
    return end;
}

static void expect_read(const void *bytes, size_t len, const char *text)
{
    struct buf scratch = { 0 };
    struct slice value;

    cr_assert_eq(read_body(bytes, len, &scratch, &value), RDB_OK, "%s", text);
    cr_expect(slice_equal(value, slice_str(text)), "%.*s", (int)value.len, (char *)value.data);
    buf_deinit(&scratch);
}

#define READ(bytes, text) expect_read(bytes, sizeof bytes - 1, text)

Test(key_dump, every_way_a_string_may_be_kept_is_read)
{
    READ("\0\3abc", "abc");
    READ("\0\x40\3abc", "abc");
    READ("\0\x80\0\0\0\3abc", "abc");
    READ("\0\x81\0\0\0\0\0\0\0\3abc", "abc");
    READ("\0\xc0\xfb", "-5");
    READ("\0\xc1\xff\xff", "-1");
    READ("\0\xc2\0\0\0\x80", "-2147483648");
    READ("\0\xc3\4\3\2abc", "abc");
    /* references: one that runs into what it makes, and a long one */
    READ("\0\xc3\4\7\0a\x80\0", "aaaaaaa");
    READ("\0\xc3\5\x0c\0a\xe0\2\0", "aaaaaaaaaaaa");
}

static void expect_bad(const void *bytes, size_t len, enum rdb_end end)
{
    struct buf scratch = { 0 };
    struct slice value;

    cr_expect_eq(read_body(bytes, len, &scratch, &value), end, "%zu bytes", len);
    buf_deinit(&scratch);
}

#define BAD(bytes, end) expect_bad(bytes, sizeof bytes - 1, end)

Test(key_dump, what_is_damaged_or_no_string_is_refused)
{
    BAD("", RDB_BAD_BYTES);
    BAD("\0", RDB_BAD_BYTES);
    BAD("\0\4abc", RDB_BAD_BYTES);           /* cut off */
    BAD("\0\2abc", RDB_BAD_BYTES);           /* more than it says */
    BAD("\0\x82\0\0\0\3abc", RDB_BAD_BYTES); /* no such length */
    BAD("\0\xc4\0", RDB_BAD_BYTES);          /* nor code */
    BAD("\0\xc0", RDB_BAD_BYTES);
    BAD("\0\xc1\0", RDB_BAD_BYTES);
    BAD("\0\x81\xff\xff\xff\xff\xff\xff\xff\xff", RDB_BAD_BYTES);
    BAD("\0\xc3\x04\x80\x20\0\0\0\2abc", RDB_BAD_BYTES); /* more than LZF could hold */
    BAD("\0\xc3\2\0\0a", RDB_BAD_BYTES);                 /* nothing, compressed */
    BAD("\0\xc3\4\4\2abc", RDB_BAD_BYTES);               /* comes to less */
    BAD("\0\xc3\4\2\2abc", RDB_BAD_BYTES);               /* to more */
    BAD("\0\xc3\4\3\0a\x20\1", RDB_BAD_BYTES);           /* from before the beginning */
    BAD("\0\xc3\3\7\0a\x80", RDB_BAD_BYTES);             /* ends within a reference */
    BAD("\0\xc3\4\7\0a\xe0\1", RDB_BAD_BYTES);
    BAD("\0\xc3\xc0\7\0a\xe0\1", RDB_BAD_BYTES);
    BAD("\1\1\1a", RDB_OTHER_TYPE);
    BAD("\x15\1\1a", RDB_OTHER_TYPE);
    BAD("\x16\1\1a", RDB_BAD_BYTES);
    BAD("\x08\1\1a", RDB_BAD_BYTES);
}

Test(key_dump, the_foot_is_checked)
{
    struct buf payload = { 0 };
    struct slice all;

    rdb_value_write(&payload, slice_str("hello"));
    all = buf_slice(&payload);
    cr_expect(rdb_value_foot_ok(all));
    for (size_t i = 0; i < payload.len * 8; i++) {
        payload.data[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_expect_not(rdb_value_foot_ok(all), "bit %zu", i);
        payload.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t len = 0; len < payload.len; len++)
        cr_expect_not(rdb_value_foot_ok(slice_of(payload.data, len)));
    payload.len = 0;
    buf_append(&payload, slice_of("\0\1a", 3));
    seal(&payload, 12); /* of Redis 7.4 */
    cr_expect_not(rdb_value_foot_ok(buf_slice(&payload)));
    buf_deinit(&payload);
}

Test(key_dump, every_value_comes_back)
{
    static const char *const texts[] = { "",      "0",      "-1",          "127",        "128",
                                         "-129",  "32768",  "2147483647",  "2147483648", "-0",
                                         "007",   "1.5",    "-2147483648", "+1",         " 1",
                                         "12345", "-32768", "99999999999", "x" };
    static const size_t lengths[] = { 63, 64, 16383, 16384, 70000 };
    struct bench b;
    struct buf payload = { 0 }, scratch = { 0 };
    struct slice value;
    uint8_t *bytes = mem_zalloc(70000, 1);

    bench_init(&b, 2, false);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        payload.len = scratch.len = 0;
        rdb_value_write(&payload, slice_str(texts[i]));
        cr_expect_eq(rdb_value_read(buf_slice(&payload), &scratch, &value), RDB_OK);
        cr_expect(slice_equal(value, slice_str(texts[i])), "%s", texts[i]);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        payload.len = scratch.len = 0;
        rdb_value_write(&payload, slice_of(bytes, lengths[i]));
        cr_expect_leq(payload.len, lengths[i] + RDB_ROOM);
        cr_expect(rdb_value_foot_ok(buf_slice(&payload)));
        cr_expect_eq(rdb_value_read(buf_slice(&payload), &scratch, &value), RDB_OK);
        cr_expect(slice_equal(value, slice_of(bytes, lengths[i])));
    }
    mem_free(bytes);
    buf_deinit(&payload);
    buf_deinit(&scratch);
    bench_deinit(&b);
}

/* The bytes a client gets, and what is too long for one reply. */
Test(key_dump, a_dump_is_a_number_or_the_string_with_a_foot)
{
    struct bench b;
    struct buf got = { 0 };
    uint8_t *bytes = mem_zalloc(LIMIT_DUMP + 1, 1);
    const struct slice argv[] = { slice_str("SET"), slice_str("k"),
                                  slice_of(bytes, LIMIT_DUMP + 1) };

    bench_init(&b, 2, true);
    bench_line(&b, "SET k 200");
    bench_line(&b, "DUMP k");
    bench_reply(&b, &got);
    cr_expect_arr_eq(got.data, "$14\r\n\0\xc1\xc8\0\6\0", 11);
    bench_line(&b, "SET k abc");
    bench_line(&b, "DUMP k");
    bench_reply(&b, &got);
    cr_expect_arr_eq(got.data, "$15\r\n\0\3abc\6\0", 12);
    bench_run(&b, 3, argv);
    bench_line(&b, "DUMP k");
    cr_expect_str_eq(bench_reply(&b, &got), "-ERR DUMP takes values of at most 67108864 bytes\r\n");
    mem_free(bytes);
    buf_deinit(&got);
    bench_deinit(&b);
}
