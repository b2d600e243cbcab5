/* database_test.c: counting and emptying databases. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

Test(database, dbsize_counts_live_keys_of_one_database)
{
    expect_lines((const struct line[]){
        { "DBSIZE", ":0|" },
        { "MSET a 1 b 2", "+OK|" },
        { "SET c 3 PX 10", "+OK|" },
        { "DBSIZE", ":3|" },
        { "DEL a", ":1|" },
        { "@wait 10", "" },
        { "DBSIZE", ":1|" },
        { "@db 1", "" },
        { "DBSIZE", ":0|" },
        { "DBSIZE x", "-ERR wrong number of arguments for 'dbsize' command|" },
        { 0 },
    });
}

Test(database, flushdb_empties_one_and_flushall_every_database)
{
    expect_lines((const struct line[]){
        { "SET a 0", "+OK|" },
        { "@db 1", "" },
        { "SET a 1", "+OK|" },
        { "@db 2", "" },
        { "SET a 2", "+OK|" },
        { "FLUSHDB", "+OK|" },
        { "GET a", "$-1|" },
        { "@db 1", "" },
        { "GET a", "$1|1|" },
        { "FLUSHALL", "+OK|" },
        { "GET a", "$-1|" },
        { "@db 0", "" },
        { "GET a", "$-1|" },
        { 0 },
    });
}

Test(database, flushes_take_async_or_sync_alone)
{
    expect_lines((const struct line[]){
        { "FLUSHALL async", "+OK|" },
        { "FLUSHALL SYNC", "+OK|" },
        { "FLUSHDB ASYNC", "+OK|" },
        { "FLUSHDB sync", "+OK|" },
        { "SET a 1", "+OK|" },
        { "FLUSHDB foo", "-ERR syntax error|" },
        { "FLUSHALL async sync", "-ERR syntax error|" },
        { "DBSIZE", ":1|" },
        { 0 },
    });
}
