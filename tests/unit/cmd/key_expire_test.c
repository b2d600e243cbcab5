/* key_expire_test.c: setting, removing and reading expiries.  The clock of
 * expect_lines() starts at 1700000000000 ms. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

#define NX_CLASH    "-ERR NX and XX, GT or LT options at the same time are not compatible|"
#define GT_LT_CLASH "-ERR GT and LT options at the same time are not compatible|"

Test(key_expire, each_command_has_its_unit_and_origin)
{
    expect_lines((const struct line[]){
        { "EXPIRE k 10", ":0|" },
        { "SET k v", "+OK|" },
        { "EXPIRE k 10", ":1|" },
        { "PTTL k", ":10000|" },
        { "PEXPIRE k 1234", ":1|" },
        { "PTTL k", ":1234|" },
        { "EXPIREAT k 1700000020", ":1|" },
        { "PTTL k", ":20000|" },
        { "PEXPIREAT k 1700000030001", ":1|" },
        { "PEXPIRETIME k", ":1700000030001|" },
        { "GET k", "$1|v|" },
        { "@wait 30001", "" },
        { "GET k", "$-1|" },
        { 0 },
    });
}

Test(key_expire, an_expiry_does_not_change_value_or_type)
{
    struct bench b;
    struct cell head;
    bench_init(&b, 2, true);
    fake_view_put(&b.view, 0, "f", 99, "header");
    bench_line(&b, "EXPIRE f 10");
    cr_assert(fake_view_get(&b.view, 0, "f", &head));
    cr_assert_eq(head.type, 99);
    cr_assert(slice_is(head.value, "header"));
    cr_assert_eq(head.expire_ms, UINT64_C(1700000010000));
    bench_line(&b, "PERSIST f");
    cr_assert(fake_view_get(&b.view, 0, "f", &head));
    cr_assert_eq(head.type, 99);
    cr_assert(slice_is(head.value, "header"));
    cr_assert_eq(head.flags, 0);
    bench_deinit(&b);
}

Test(key_expire, a_past_time_deletes_and_answers_one)
{
    expect_lines((const struct line[]){
        { "SET k v", "+OK|" },
        { "EXPIRE k 0", ":1|" },
        { "GET k", "$-1|" },
        { "SET k v", "+OK|" },
        { "PEXPIRE k -1", ":1|" },
        { "EXISTS k", ":0|" },
        { "SET k v", "+OK|" },
        { "EXPIREAT k 1", ":1|" },
        { "EXISTS k", ":0|" },
        { "SET k v", "+OK|" },
        { "PEXPIREAT k 1700000000000", ":1|" },
        { "@deleted k", "" },
        { "EXISTS k", ":0|" },
        { "SET k v", "+OK|" },
        { "PEXPIREAT k -9223372036854775808", ":1|" },
        { "DBSIZE", ":0|" },
        { "EXPIRE k -1", ":0|" },
        { 0 },
    });
}

Test(key_expire, conditions_compare_with_the_old_expiry)
{
    expect_lines((const struct line[]){
        { "SET k v", "+OK|" },
        { "EXPIRE k 100 XX", ":0|" },
        { "EXPIRE k 100 GT", ":0|" },
        { "TTL k", ":-1|" },
        { "EXPIRE k 100 NX", ":1|" },
        { "EXPIRE k 200 NX", ":0|" },
        { "EXPIRE k 200 XX", ":1|" },
        { "EXPIRE k 200 GT", ":0|" },
        { "EXPIRE k 100 GT", ":0|" },
        { "EXPIRE k 300 gt", ":1|" },
        { "EXPIRE k 300 LT", ":0|" },
        { "EXPIRE k 400 LT", ":0|" },
        { "EXPIRE k 250 LT", ":1|" },
        { "EXPIRE k 260 XX GT", ":1|" },
        { "EXPIRE k 240 LT XX", ":1|" },
        { "TTL k", ":240|" },
        { "PERSIST k", ":1|" },
        { "EXPIRE k 50 LT XX", ":0|" },
        { "EXPIRE k 50 LT", ":1|" },
        { "TTL k", ":50|" },
        { "EXPIRE k -1 GT", ":0|" },
        { "EXPIRE k -1 NX", ":0|" },
        { "EXPIRE k -1 LT", ":1|" },
        { "EXISTS k", ":0|" },
        { 0 },
    });
}

Test(key_expire, conditions_that_clash_are_refused)
{
    expect_lines((const struct line[]){
        { "EXPIRE k 10 NX XX", NX_CLASH },
        { "EXPIRE k 10 NX GT", NX_CLASH },
        { "EXPIRE k 10 LT NX", NX_CLASH },
        { "EXPIRE k 10 GT LT", GT_LT_CLASH },
        { "PEXPIREAT k 10 NX GT LT", NX_CLASH },
        { "EXPIRE k 10 foo", "-ERR Unsupported option foo|" },
        { "EXPIRE k 10 NX XX Foo", "-ERR Unsupported option Foo|" },
        { "EXPIRE k a NX XX", NX_CLASH },
        { "EXPIRE k a", "-ERR value is not an integer or out of range|" },
        { "EXPIRE k", "-ERR wrong number of arguments for 'expire' command|" },
        { "SET k v", "+OK|" },
        { "EXPIRE k 10 NX NX", ":1|" },
        { 0 },
    });
}

Test(key_expire, times_that_overflow_are_refused)
{
    expect_lines((const struct line[]){
        { "EXPIRE k 9223372036854775807", "-ERR invalid expire time in 'expire' command|" },
        { "EXPIRE k 9223372036854775", "-ERR invalid expire time in 'expire' command|" },
        { "EXPIRE k -9223372036854775808", "-ERR invalid expire time in 'expire' command|" },
        { "PEXPIRE k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command|" },
        { "EXPIREAT k 9223372036854776", "-ERR invalid expire time in 'expireat' command|" },
        { "PEXPIREAT k 9223372036854775807", ":0|" },
        { "PEXPIRE k -9223372036854775808", ":0|" },
        { "SET k v", "+OK|" },
        { "PEXPIREAT k 9223372036854775807", ":1|" },
        { "PEXPIRETIME k", ":9223372036854775807|" },
        { "EXPIRETIME k", ":9223372036854776|" },
        { 0 },
    });
}

Test(key_expire, persist_removes_an_expiry_that_is_there)
{
    expect_lines((const struct line[]){
        { "PERSIST k", ":0|" },
        { "SET k v", "+OK|" },
        { "PERSIST k", ":0|" },
        { "@puts 0", "" },
        { "EXPIRE k 10", ":1|" },
        { "PERSIST k", ":1|" },
        { "TTL k", ":-1|" },
        { "GET k", "$1|v|" },
        { 0 },
    });
}

Test(key_ttl, seconds_are_rounded_to_the_nearest)
{
    expect_lines((const struct line[]){
        { "TTL k", ":-2|" },         { "PTTL k", ":-2|" },
        { "EXPIRETIME k", ":-2|" },  { "PEXPIRETIME k", ":-2|" },
        { "SET k v", "+OK|" },       { "TTL k", ":-1|" },
        { "PTTL k", ":-1|" },        { "EXPIRETIME k", ":-1|" },
        { "PEXPIRETIME k", ":-1|" }, { "PEXPIRE k 1499", ":1|" },
        { "TTL k", ":1|" },          { "PEXPIRE k 1500", ":1|" },
        { "TTL k", ":2|" },          { "EXPIRETIME k", ":1700000002|" },
        { "@wait 1001", "" },        { "TTL k", ":0|" },
        { "PTTL k", ":499|" },       { "@foreign f", "" },
        { "TTL f", ":-1|" },         { 0 },
    });
}
