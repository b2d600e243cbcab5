/* key_object_test.c: OBJECT. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

Test(key_object, the_encoding_is_what_redis_would_choose)
{
    expect_lines((const struct line[]){
        { "SET a 123", "+OK|" },
        { "OBJECT ENCODING a", "$3|int|" },
        { "SET a -9223372036854775808", "+OK|" },
        { "OBJECT ENCODING a", "$3|int|" },
        { "SET a 9223372036854775808", "+OK|" },
        { "OBJECT ENCODING a", "$6|embstr|" },
        { "SET a 012", "+OK|" },
        { "OBJECT ENCODING a", "$6|embstr|" },
        { "SET a \"\"", "+OK|" },
        { "OBJECT ENCODING a", "$6|embstr|" },
        { "SET a 01234567890123456789012345678901234567890123", "+OK|" },
        { "OBJECT ENCODING a", "$6|embstr|" },
        { "SET a 012345678901234567890123456789012345678901234", "+OK|" },
        { "object encoding a", "$3|raw|" },
        { "OBJECT ENCODING x", "$-1|" },
        { "@foreign f", "" },
        { "OBJECT ENCODING f", "$7|unknown|" },
        { 0 },
    });
}

Test(key_object, the_rest_of_it)
{
    expect_lines((const struct line[]){
        { "SET a v", "+OK|" },
        { "OBJECT REFCOUNT a", ":1|" },
        { "OBJECT REFCOUNT x", "$-1|" },
        { "OBJECT FREQ x", "$-1|" },
        { "OBJECT FREQ a",
          "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
          "Please note that when switching between policies at runtime LRU and LFU data will take "
          "some time to adjust.|" },
        { "OBJECT IDLETIME x", "$-1|" },
        { 0 },
    });
}

Test(key_object, it_is_idle_since_it_was_written)
{
    struct bench b;
    struct buf text = { 0 };
    struct cell cell;

    bench_init(&b, 2, false);
    bench_line(&b, "SET a v");
    cr_assert(fake_view_get(&b.view, 0, "a", &cell));
    b.now_us = cell.stamp + 2999999;
    bench_line(&b, "OBJECT IDLETIME a");
    cr_expect_str_eq(bench_reply(&b, &text), ":2\r\n");
    b.now_us = 0;
    bench_line(&b, "OBJECT IDLETIME a");
    cr_expect_str_eq(bench_reply(&b, &text), ":0\r\n", "a stamp from ahead");
    buf_deinit(&text);
    bench_deinit(&b);
}
