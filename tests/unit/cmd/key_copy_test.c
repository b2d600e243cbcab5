/* key_copy_test.c: a value under another key, or in another database. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

#define LARGE "0123456789012345678901234567890123456789"

Test(key_rename, the_value_and_its_expiry_go)
{
    expect_lines((const struct line[]){
        { "SET a 1 PX 100", "+OK|" },
        { "SET b 2", "+OK|" },
        { "RENAME a b", "+OK|" },
        { "@puts 2", "" },
        { "GET a", "$-1|" },
        { "@deleted a", "" },
        { "GET b", "$1|1|" },
        { "PTTL b", ":100|" },
        { "SET b " LARGE, "+OK|" },
        { "RENAME b c", "+OK|" },
        { "GET c", "$40|" LARGE "|" },
        { "PTTL c", ":-1|" },
        { "EXISTS b", ":0|" },
        { "@foreign f", "" },
        { "RENAME f g", "+OK|" },
        { "TYPE g", "+unknown|" },
        { 0 },
    });
}

Test(key_rename, what_is_not_there_has_no_name)
{
    expect_lines((const struct line[]){
        { "RENAME a b", "-ERR no such key|" },
        { "RENAMENX a b", "-ERR no such key|" },
        { "RENAME a a", "-ERR no such key|" },
        { "SET a v PX 10", "+OK|" },
        { "@wait 10", "" },
        { "RENAME a b", "-ERR no such key|" },
        { "@puts 0", "" },
        { "RENAME a", "-ERR wrong number of arguments for 'rename' command|" },
        { 0 },
    });
}

Test(key_rename, to_its_own_name_nothing_happens)
{
    expect_lines((const struct line[]){
        { "SET a v", "+OK|" },
        { "RENAME a a", "+OK|" },
        { "@puts 0", "" },
        { "RENAMENX a a", ":0|" },
        { "@puts 0", "" },
        { "GET a", "$1|v|" },
        { 0 },
    });
}

Test(key_rename, nx_takes_no_name_that_is_taken)
{
    expect_lines((const struct line[]){
        { "MSET a 1 b 2", "+OK|" },
        { "RENAMENX a b", ":0|" },
        { "@puts 0", "" },
        { "MGET a b", "*2|$1|1|$1|2|" },
        { "PEXPIRE b 10", ":1|" },
        { "@wait 10", "" },
        { "RENAMENX a b", ":1|" },
        { "MGET a b", "*2|$-1|$1|1|" },
        { "PTTL b", ":-1|" },
        { 0 },
    });
}

Test(key_copy, the_value_and_its_expiry_are_there_twice)
{
    expect_lines((const struct line[]){
        { "SET a " LARGE " PX 100", "+OK|" },
        { "COPY a b", ":1|" },
        { "@puts 1", "" },
        { "MGET a b", "*2|$40|" LARGE "|$40|" LARGE "|" },
        { "PTTL b", ":100|" },
        { "SET c 3", "+OK|" },
        { "COPY a c", ":0|" },
        { "COPY a c REPLACE", ":1|" },
        { "GET c", "$40|" LARGE "|" },
        { "COPY x c REPLACE", ":0|" },
        { "GET c", "$40|" LARGE "|" },
        { "@foreign f", "" },
        { "COPY f g", ":1|" },
        { "TYPE g", "+unknown|" },
        { 0 },
    });
}

Test(key_copy, to_another_database)
{
    expect_lines((const struct line[]){
        { "SET a 1", "+OK|" },
        { "COPY a a DB 3", ":1|" },
        { "COPY a a db 3", ":0|" },
        { "COPY a b DB 3 replace", ":1|" },
        { "COPY a a REPLACE DB 0", "-ERR source and destination objects are the same|" },
        { "COPY a a", "-ERR source and destination objects are the same|" },
        { "COPY a b DB 16", "-ERR DB index is out of range|" },
        { "COPY a b DB -1", "-ERR DB index is out of range|" },
        { "COPY a b DB x", "-ERR value is not an integer or out of range|" },
        { "COPY a b DB", "-ERR syntax error|" },
        { "COPY a b FOO", "-ERR syntax error|" },
        { "DBSIZE", ":1|" },
        { "@db 3", "" },
        { "MGET a b", "*2|$1|1|$1|1|" },
        { 0 },
    });
}

Test(key_move, a_key_is_in_one_of_the_databases)
{
    expect_lines((const struct line[]){
        { "SET a 1 PX 100", "+OK|" },
        { "MOVE a 1", ":1|" },
        { "@puts 2", "" },
        { "@deleted a", "" },
        { "MOVE a 1", ":0|" },
        { "SET a 2", "+OK|" },
        { "MOVE a 1", ":0|" },
        { "@puts 0", "" },
        { "GET a", "$1|2|" },
        { "@db 1", "" },
        { "GET a", "$1|1|" },
        { "PTTL a", ":100|" },
        { "MOVE a 1", "-ERR source and destination objects are the same|" },
        { "MOVE a 16", "-ERR DB index is out of range|" },
        { "MOVE a x", "-ERR value is not an integer or out of range|" },
        { "MOVE a 4294967296",
          "-ERR value is out of range, value must between -2147483648 and 2147483647|" },
        { 0 },
    });
}
