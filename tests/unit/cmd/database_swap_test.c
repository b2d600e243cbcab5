/* database_swap_test.c: SWAPDB. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "unit/cmd/lines.h"

Test(database_swap, two_databases_change_places)
{
    expect_lines((const struct line[]){
        { "MSET a 1 b 2", "+OK|" },
        { "PEXPIRE b 100", ":1|" },
        { "@db 1", "" },
        { "MSET b 3 c 4", "+OK|" },
        { "@db 2", "" },
        { "SET d 5", "+OK|" },
        { "SWAPDB 0 1", "+OK|" },
        { "@puts 6", "" },
        { "GET d", "$1|5|" },
        { "@db 0", "" },
        { "MGET a b c", "*3|$-1|$1|3|$1|4|" },
        { "PTTL b", ":-1|" },
        { "@db 1", "" },
        { "MGET a b c", "*3|$1|1|$1|2|$-1|" },
        { "PTTL b", ":100|" },
        { "SWAPDB 1 7", "+OK|" },
        { "DBSIZE", ":0|" },
        { "@db 7", "" },
        { "DBSIZE", ":2|" },
        { "SWAPDB 7 7", "+OK|" },
        { "@puts 0", "" },
        { "DBSIZE", ":2|" },
        { 0 },
    });
}

Test(database_swap, what_it_refuses)
{
    expect_lines((const struct line[]){
        { "SWAPDB x 1", "-ERR invalid first DB index|" },
        { "SWAPDB 0 x", "-ERR invalid second DB index|" },
        { "SWAPDB 0 4294967296", "-ERR invalid second DB index|" },
        { "SWAPDB 0 16", "-ERR DB index is out of range|" },
        { "SWAPDB -1 0", "-ERR DB index is out of range|" },
        { "SWAPDB 0", "-ERR wrong number of arguments for 'swapdb' command|" },
        { 0 },
    });
}

Test(database_swap, large_ones_stay)
{
    struct bench b;
    struct buf text = { 0 };

    bench_init(&b, 2, false);
    buf_printf(&text, "SET a %0*d", LIMIT_SWAP_BYTES, 1);
    buf_append_byte(&text, 0);
    bench_line(&b, (char *)text.data);
    bench_line(&b, "SET b 1");
    bench_line(&b, "SWAPDB 1 0");
    cr_expect_str_eq(bench_reply(&b, &text),
                     "-ERR SWAPDB works only while both databases are small\r\n");
    bench_line(&b, "DBSIZE");
    cr_expect_str_eq(bench_reply(&b, &text), ":2\r\n");
    buf_deinit(&text);
    bench_deinit(&b);
}
