/* string_number_test.c: strings that hold numbers. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

#define WRONGTYPE      "-WRONGTYPE Operation against a key holding the wrong kind of value|"
#define NOT_AN_INTEGER "-ERR value is not an integer or out of range|"
#define NOT_A_FLOAT    "-ERR value is not a valid float|"
#define OVERFLOW       "-ERR increment or decrement would overflow|"

Test(string_number, incr_and_its_kin_count)
{
    expect_lines((const struct line[]){
        { "INCR n", ":1|" },
        { "INCR n", ":2|" },
        { "@finds 1", "" },
        { "INCRBY n 40", ":42|" },
        { "DECR n", ":41|" },
        { "DECRBY n 50", ":-9|" },
        { "INCRBY n -1", ":-10|" },
        { "DECRBY n -10", ":0|" },
        { "GET n", "$1|0|" },
        { "DECR m", ":-1|" },
        { "GET m", "$2|-1|" },
        { 0 },
    });
}

Test(string_number, integers_do_not_wrap_around)
{
    expect_lines((const struct line[]){
        { "SET n 9223372036854775806", "+OK|" },
        { "INCR n", ":9223372036854775807|" },
        { "INCR n", OVERFLOW },
        { "INCRBY n 1", OVERFLOW },
        { "DECRBY n -1", OVERFLOW },
        { "GET n", "$19|9223372036854775807|" },
        { "SET n -9223372036854775808", "+OK|" },
        { "DECR n", OVERFLOW },
        { "INCRBY n -1", OVERFLOW },
        { "INCRBY n 9223372036854775807", ":-1|" },
        { "DECRBY n -9223372036854775808", "-ERR decrement would overflow|" },
        { "INCRBY n -9223372036854775808", OVERFLOW },
        { "INCRBY z -9223372036854775808", ":-9223372036854775808|" },
        { 0 },
    });
}

Test(string_number, only_plain_integers_count)
{
    expect_lines((const struct line[]){
        { "SET n abc", "+OK|" },
        { "INCR n", NOT_AN_INTEGER },
        { "SET n \" 1\"", "+OK|" },
        { "INCR n", NOT_AN_INTEGER },
        { "SET n \"1 \"", "+OK|" },
        { "INCR n", NOT_AN_INTEGER },
        { "SET n +1", "+OK|" },
        { "INCR n", NOT_AN_INTEGER },
        { "SET n 01", "+OK|" },
        { "INCR n", NOT_AN_INTEGER },
        { "SET n \"\"", "+OK|" },
        { "DECR n", NOT_AN_INTEGER },
        { "SET n 9223372036854775808", "+OK|" },
        { "INCR n", NOT_AN_INTEGER },
        { "INCRBY n abc", NOT_AN_INTEGER },
        { "DECRBY n 9223372036854775808", NOT_AN_INTEGER },
        { "@foreign f", "" },
        { "INCR f", WRONGTYPE },
        { "INCRBY f abc", NOT_AN_INTEGER },
        { "DECRBY f -9223372036854775808", "-ERR decrement would overflow|" },
        { 0 },
    });
}

Test(string_number, counting_keeps_the_expiry)
{
    expect_lines((const struct line[]){
        { "SET n 5 PX 1500", "+OK|" },
        { "INCR n", ":6|" },
        { "PTTL n", ":1500|" },
        { "INCRBYFLOAT n 0.5", "$3|6.5|" },
        { "PTTL n", ":1500|" },
        { "@wait 1500", "" },
        { "INCR n", ":1|" },
        { "PTTL n", ":-1|" },
        { 0 },
    });
}

Test(string_number, incrbyfloat_prints_no_exponent_and_no_trailing_zeros)
{
    expect_lines((const struct line[]){
        { "INCRBYFLOAT f 10.50", "$4|10.5|" },
        { "INCRBYFLOAT f 0.1", "$4|10.6|" },
        { "INCRBYFLOAT f -5", "$3|5.6|" },
        { "GET f", "$3|5.6|" },
        { "SET f 5.0e3", "+OK|" },
        { "INCRBYFLOAT f 2.0e2", "$4|5200|" },
        { "SET f 3", "+OK|" },
        { "INCRBYFLOAT f -3", "$1|0|" },
        { "INCRBYFLOAT g -0", "$1|0|" },
        { "INCRBYFLOAT h 1e-20", "$1|0|" },
        { "INCRBYFLOAT i 1e20", "$21|100000000000000000000|" },
        { 0 },
    });
}

Test(string_number, incrbyfloat_refuses_what_is_no_finite_number)
{
    expect_lines((const struct line[]){
        { "SET s abc", "+OK|" },
        { "INCRBYFLOAT s 1", NOT_A_FLOAT },
        { "SET s \" 1\"", "+OK|" },
        { "INCRBYFLOAT s 1", NOT_A_FLOAT },
        { "SET s 1", "+OK|" },
        { "INCRBYFLOAT s abc", NOT_A_FLOAT },
        { "INCRBYFLOAT s nan", NOT_A_FLOAT },
        { "INCRBYFLOAT s \"\"", NOT_A_FLOAT },
        { "INCRBYFLOAT s inf", "-ERR increment would produce NaN or Infinity|" },
        { "INCRBYFLOAT s -inf", "-ERR increment would produce NaN or Infinity|" },
        { "GET s", "$1|1|" },
        { "@foreign f", "" },
        { "INCRBYFLOAT f abc", WRONGTYPE },
        { 0 },
    });
}
