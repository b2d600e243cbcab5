/* buf_test.c: bytes that grow keep what they held. */
#include "base/buf.h"

#include <criterion/criterion.h>

#include "base/prng.h"

Test(buf, an_empty_one_owns_nothing)
{
    struct buf b;
    buf_init(&b);
    cr_assert(b.data == NULL && b.len == 0 && b.cap == 0);
    buf_append(&b, slice_of(NULL, 0));
    cr_assert_null(b.data);
    buf_deinit(&b);
}

Test(buf, appended_bytes_stand_in_order)
{
    struct buf b = { 0 };
    buf_append(&b, slice_of("a\0b", 3));
    buf_append_byte(&b, 'c');
    buf_printf(&b, "%s-%d", "def", 42);
    buf_printf(&b, "%s", "");
    cr_assert(slice_equal(buf_slice(&b), slice_of("a\0bcdef-42", 10)));
    buf_deinit(&b);
    cr_assert(b.data == NULL && b.len == 0 && b.cap == 0);
}

Test(buf, reserving_makes_room_and_no_bytes)
{
    struct buf b = { 0 };
    buf_append(&b, slice_str("x"));
    memset(buf_reserve(&b, 1000), 'y', 1000);
    cr_assert_eq(b.len, 1);
    cr_assert_geq(b.cap, 1001);
    cr_assert_eq(b.data[0], 'x');
    buf_deinit(&b);
}

Test(buf, a_long_printf_is_whole)
{
    struct buf b = { 0 };
    buf_printf(&b, "%05000d|", 7);
    cr_assert_eq(b.len, 5001);
    cr_assert_eq(b.data[4999], '7');
    cr_assert_eq(b.data[5000], '|');
    buf_deinit(&b);
}

Test(buf, random_appends_equal_a_flat_array)
{
    static uint8_t flat[200000];
    size_t len = 0;
    struct buf b = { 0 };
    struct prng p;
    prng_init(&p, 4);
    while (len < sizeof flat - 400) {
        size_t n = (size_t)prng_below(&p, 400);
        for (size_t i = 0; i < n; i++)
            flat[len + i] = (uint8_t)prng_next(&p);
        if (n == 1)
            buf_append_byte(&b, flat[len]);
        else
            buf_append(&b, slice_of(flat + len, n));
        len += n;
    }
    cr_assert(slice_equal(buf_slice(&b), slice_of(flat, len)));
    buf_deinit(&b);
}
