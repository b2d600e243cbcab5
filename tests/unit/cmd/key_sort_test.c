/* key_sort_test.c: SORT, while there is nothing to sort. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "base/mem.h"
#include "unit/cmd/lines.h"

#define WRONGTYPE "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define NO_INT    "-ERR value is not an integer or out of range|"
#define SYNTAX    "-ERR syntax error|"

Test(key_sort, an_absent_key_has_no_elements)
{
    expect_lines((const struct line[]){
        { "SORT none", "*0|" },
        { "SORT_RO none", "*0|" },
        { "SORT none BY w_* GET # GET o_* LIMIT 0 -1 DESC ALPHA asc", "*0|" },
        { "SORT none STORE none", ":0|" },
        { "@puts 0", "" },
        { "SET d 1", "+OK|" },
        { "SORT none STORE d", ":0|" },
        { "@deleted d", "" },
        { "SET d 1", "+OK|" },
        { "SORT none STORE d STORE other", ":0|" },
        { "EXISTS d", ":1|" },
        { 0 },
    });
}

Test(key_sort, other_keys_and_other_words_are_refused)
{
    expect_lines((const struct line[]){
        { "SET s 1", "+OK|" },
        { "SORT s", WRONGTYPE },
        { "SORT_RO s BY x", WRONGTYPE },
        { "SORT s STORE s", WRONGTYPE },
        { "EXISTS s", ":1|" },
        { "SORT s BOGUS", SYNTAX },
        { "SORT s BY", SYNTAX },
        { "SORT s GET", SYNTAX },
        { "SORT s STORE", SYNTAX },
        { "SORT s LIMIT 1", SYNTAX },
        { "SORT s LIMIT x 1", NO_INT },
        { "SORT s LIMIT 1 x BOGUS", NO_INT },
        { "SORT_RO s STORE d", SYNTAX },
        { 0 },
    });
}

Test(key_sort, a_key_to_store_in_is_a_key)
{
    struct bench b;
    struct buf got = { 0 };
    uint8_t *bytes = mem_zalloc(LIMIT_KEY + 1, 1);
    struct slice argv[4] = { slice_str("SORT"), slice_str("k"), slice_str("STORE"),
                             slice_of(bytes, LIMIT_KEY + 1) };

    bench_init(&b, 2, false);
    bench_run(&b, 4, argv);
    cr_expect_str_eq(bench_reply(&b, &got), "-ERR key is longer than 65535 bytes\r\n");
    argv[3].len--;
    bench_run(&b, 4, argv);
    cr_expect_str_eq(bench_reply(&b, &got), ":0\r\n");
    mem_free(bytes);
    buf_deinit(&got);
    bench_deinit(&b);
}
