/* room_test.c: what makes writers slow down, as a share of what stops them. */
#include <criterion/criterion.h>

#include "lsm/room.h"

static double pressure(uint64_t max, uint64_t used, uint64_t leaving)
{
    struct room r = { .max = max, .used = used, .leaving = leaving };

    return (double)room_excess(&r) / (double)room_excess_most(&r);
}

Test(room, half_of_the_bound_in_files_to_be_removed_stops_writers_however_large_it_is)
{
    for (unsigned bits = 26; bits < 60; bits++) {
        uint64_t max = (uint64_t)1 << bits;
        cr_expect_float_eq(pressure(max, 0, max / 2), 1.0, 0.01, "a bound of 2^%u", bits);
        cr_expect_float_eq(pressure(max, 0, max / 4), 0.5, 0.01, "a bound of 2^%u", bits);
    }
}

Test(room, the_bound_itself_stops_them)
{
    for (unsigned bits = 26; bits < 60; bits++) {
        uint64_t max = (uint64_t)1 << bits;
        cr_expect_float_eq(pressure(max, max, 0), 1.0, 0.01, "a bound of 2^%u", bits);
        cr_expect_eq(pressure(max, max / 2, 0), 0.0);
    }
}
