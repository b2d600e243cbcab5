/* key_delete_test.c: deleting keys, and asking what there is. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

Test(key_delete, del_counts_what_was_there_and_a_name_once)
{
    expect_lines((const struct line[]){
        { "MSET a 1 b 2 c 3 d 4", "+OK|" },
        { "DEL a x", ":1|" },
        { "@puts 1", "" },
        { "GET a", "$-1|" },
        { "DEL a", ":0|" },
        { "@puts 0", "" },
        { "DEL b b c", ":2|" },
        { "@puts 2", "" },
        { "UNLINK d d", ":1|" },
        { "@foreign f", "" },
        { "DEL f", ":1|" },
        { "DBSIZE", ":0|" },
        { "DEL", "-ERR wrong number of arguments for 'del' command|" },
        { "UNLINK", "-ERR wrong number of arguments for 'unlink' command|" },
        { 0 },
    });
}

Test(key_delete, an_expired_key_was_not_there)
{
    expect_lines((const struct line[]){
        { "SET k v PX 10", "+OK|" },
        { "@wait 10", "" },
        { "DEL k", ":0|" },
        { "EXISTS k", ":0|" },
        { "TYPE k", "+none|" },
        { 0 },
    });
}

Test(key_exists, exists_and_touch_count_a_name_as_often_as_it_is_given)
{
    expect_lines((const struct line[]){
        { "MSET a 1 b 2", "+OK|" },
        { "@foreign f", "" },
        { "EXISTS a", ":1|" },
        { "EXISTS a a x f", ":3|" },
        { "TOUCH a a x b", ":3|" },
        { "TOUCH x", ":0|" },
        { "EXISTS", "-ERR wrong number of arguments for 'exists' command|" },
        { 0 },
    });
}

Test(key_exists, type_names_the_type)
{
    expect_lines((const struct line[]){
        { "SET k v", "+OK|" },
        { "TYPE k", "+string|" },
        { "TYPE x", "+none|" },
        { "@foreign f", "" },
        { "TYPE f", "+unknown|" },
        { "TYPE", "-ERR wrong number of arguments for 'type' command|" },
        { 0 },
    });
}
