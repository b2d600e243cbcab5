/* string_set_test.c: writing whole strings. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

#define WRONGTYPE    "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define BAD_SET_TIME "-ERR invalid expire time in 'set' command|"

Test(string_set, set_without_conditions_is_blind)
{
    expect_lines((const struct line[]){
        { "SET k v", "+OK|" },
        { "@finds 0", "" },
        { "@puts 1", "" },
        { "SET k v EX 10", "+OK|" },
        { "@finds 0", "" },
        { "SETEX k 10 v", "+OK|" },
        { "@finds 0", "" },
        { "MSET a 1 b 2", "+OK|" },
        { "@finds 0", "" },
        { "SET k", "-ERR wrong number of arguments for 'set' command|" },
        { 0 },
    });
}

Test(string_set, set_replaces_any_type_and_drops_the_expiry)
{
    expect_lines((const struct line[]){
        { "@foreign k", "" },
        { "SET k v", "+OK|" },
        { "TYPE k", "+string|" },
        { "SET k v EX 100", "+OK|" },
        { "SET k w", "+OK|" },
        { "TTL k", ":-1|" },
        { "GET k", "$1|w|" },
        { 0 },
    });
}

Test(string_set, set_takes_each_kind_of_time)
{
    expect_lines((const struct line[]){
        { "SET k v EX 100", "+OK|" },
        { "PTTL k", ":100000|" },
        { "SET k v px 1500", "+OK|" },
        { "PTTL k", ":1500|" },
        { "SET k v EXAT 1700000100", "+OK|" },
        { "EXPIRETIME k", ":1700000100|" },
        { "SET k v PXAT 1700000100001", "+OK|" },
        { "PEXPIRETIME k", ":1700000100001|" },
        { "SET k v EX 10 EX 20", "+OK|" },
        { "TTL k", ":20|" },
        { "@wait 19999", "" },
        { "GET k", "$1|v|" },
        { "@wait 1", "" },
        { "GET k", "$-1|" },
        { 0 },
    });
}

Test(string_set, a_time_in_the_past_leaves_nothing)
{
    expect_lines((const struct line[]){
        { "SET k v", "+OK|" },
        { "SET k w PXAT 1700000000000", "+OK|" },
        { "@deleted k", "" },
        { "GET k", "$-1|" },
        { "DBSIZE", ":0|" },
        { "SET k v", "+OK|" },
        { "SET k w GET EXAT 1", "$1|v|" },
        { "EXISTS k", ":0|" },
        { 0 },
    });
}

Test(string_set, set_refuses_impossible_times)
{
    expect_lines((const struct line[]){
        { "SET k v EX 0", BAD_SET_TIME },
        { "SET k v EX -1", BAD_SET_TIME },
        { "SET k v PX 0", BAD_SET_TIME },
        { "SET k v EXAT 0", BAD_SET_TIME },
        { "SET k v PXAT -5", BAD_SET_TIME },
        { "SET k v EX 9223372036854775807", BAD_SET_TIME },
        { "SET k v EX 9223372036854775", BAD_SET_TIME },
        { "SET k v PX 9223372036854775807", BAD_SET_TIME },
        { "SET k v EXAT 9223372036854776", BAD_SET_TIME },
        { "SET k v EX a", "-ERR value is not an integer or out of range|" },
        { "SET k v PX 1.5", "-ERR value is not an integer or out of range|" },
        { "EXISTS k", ":0|" },
        { "SET k v PXAT 9223372036854775807", "+OK|" },
        { "PEXPIRETIME k", ":9223372036854775807|" },
        { "EXPIRETIME k", ":9223372036854776|" },
        { "SETEX k 0 v", "-ERR invalid expire time in 'setex' command|" },
        { "SETEX k a v", "-ERR value is not an integer or out of range|" },
        { "PSETEX k -1 v", "-ERR invalid expire time in 'psetex' command|" },
        { 0 },
    });
}

Test(string_set, nx_and_xx_decide_by_what_is_there)
{
    expect_lines((const struct line[]){
        { "SET k v XX", "$-1|" },
        { "EXISTS k", ":0|" },
        { "SET k v NX", "+OK|" },
        { "SET k w NX", "$-1|" },
        { "@puts 0", "" },
        { "GET k", "$1|v|" },
        { "SET k w XX EX 10", "+OK|" },
        { "TTL k", ":10|" },
        { "SET k x nx nx", "$-1|" },
        { "@foreign f", "" },
        { "SET f v NX", "$-1|" },
        { "SET f v XX", "+OK|" },
        { "GET f", "$1|v|" },
        { 0 },
    });
}

Test(string_set, get_answers_what_was_there_with_every_condition)
{
    expect_lines((const struct line[]){
        { "SET k v GET", "$-1|" },
        { "SET k w GET", "$1|v|" },
        { "SET k x NX GET", "$1|w|" },
        { "GET k", "$1|w|" },
        { "SET k x XX GET", "$1|w|" },
        { "GET k", "$1|x|" },
        { "SET n v XX GET", "$-1|" },
        { "EXISTS n", ":0|" },
        { "SET n v GET NX", "$-1|" },
        { "GET n", "$1|v|" },
        { "SET n w GET EX 10", "$1|v|" },
        { "TTL n", ":10|" },
        { "@foreign f", "" },
        { "SET f v GET", WRONGTYPE },
        { "SET f v NX GET", WRONGTYPE },
        { "TYPE f", "+unknown|" },
        { "SET f v GET EX 0", BAD_SET_TIME },
        { 0 },
    });
}

Test(string_set, keepttl_keeps_it)
{
    expect_lines((const struct line[]){
        { "SET k v KEEPTTL", "+OK|" },
        { "TTL k", ":-1|" },
        { "EXPIRE k 50", ":1|" },
        { "SET k w KEEPTTL", "+OK|" },
        { "TTL k", ":50|" },
        { "SET k x GET KEEPTTL XX", "$1|w|" },
        { "TTL k", ":50|" },
        { "GET k", "$1|x|" },
        { "@wait 50000", "" },
        { "SET k v KEEPTTL", "+OK|" },
        { "TTL k", ":-1|" },
        { 0 },
    });
}

Test(string_set, set_refuses_what_does_not_go_together)
{
    expect_lines((const struct line[]){
        { "SET k v NX XX", "-ERR syntax error|" },
        { "SET k v XX NX", "-ERR syntax error|" },
        { "SET k v EX", "-ERR syntax error|" },
        { "SET k v EX 10 PX 10", "-ERR syntax error|" },
        { "SET k v PXAT 10 EXAT 10", "-ERR syntax error|" },
        { "SET k v KEEPTTL EX 10", "-ERR syntax error|" },
        { "SET k v EX 10 KEEPTTL", "-ERR syntax error|" },
        { "SET k v PERSIST", "-ERR syntax error|" },
        { "SET k v foo", "-ERR syntax error|" },
        { "SET k v EX 0 foo", "-ERR syntax error|" },
        { "SET k v \"nx\\x00\"", "-ERR syntax error|" },
        { "EXISTS k", ":0|" },
        { "SET k v KEEPTTL KEEPTTL", "+OK|" },
        { 0 },
    });
}

Test(string_set, the_older_forms_of_set)
{
    expect_lines((const struct line[]){
        { "SETNX k v", ":1|" },
        { "SETNX k w", ":0|" },
        { "@puts 0", "" },
        { "GET k", "$1|v|" },
        { "@foreign f", "" },
        { "SETNX f v", ":0|" },
        { "SETEX k 10 w", "+OK|" },
        { "PTTL k", ":10000|" },
        { "PSETEX k 10 x", "+OK|" },
        { "PTTL k", ":10|" },
        { "GET k", "$1|x|" },
        { "SETEX f 10 v", "+OK|" },
        { "TYPE f", "+string|" },
        { "@wait 10", "" },
        { "SETNX k y", ":1|" },
        { 0 },
    });
}

Test(string_set, mset_sets_all_and_the_last_of_a_name_wins)
{
    expect_lines((const struct line[]){
        { "MSET a 1 b 2 a 3", "+OK|" },
        { "MGET a b", "*2|$1|3|$1|2|" },
        { "MSET a", "-ERR wrong number of arguments for 'mset' command|" },
        { "MSET a 1 b", "-ERR wrong number of arguments for 'mset' command|" },
        { "EXPIRE a 10", ":1|" },
        { "MSET a 1", "+OK|" },
        { "TTL a", ":-1|" },
        { 0 },
    });
}

Test(string_set, msetnx_sets_all_or_nothing)
{
    expect_lines((const struct line[]){
        { "MSETNX a 1 b 2 a 3", ":1|" },
        { "MGET a b", "*2|$1|3|$1|2|" },
        { "MSETNX c 1 a 9", ":0|" },
        { "@puts 0", "" },
        { "EXISTS c", ":0|" },
        { "@foreign f", "" },
        { "MSETNX f 1", ":0|" },
        { "MSETNX c 1 d", "-ERR wrong number of arguments for 'msetnx' command|" },
        { 0 },
    });
}
