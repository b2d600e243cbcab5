/* num_test.c: numbers as text, at their edges and there and back. */
#include "base/num.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/prng.h"

static bool get(const char *text, int64_t *out)
{
    return num_get_i64(slice_str(text), out);
}

Test(num, integers_are_read_exactly)
{
    int64_t v = 77;
    cr_assert(get("0", &v) && v == 0);
    cr_assert(get("9", &v) && v == 9);
    cr_assert(get("-1", &v) && v == -1);
    cr_assert(get("1234567890123", &v) && v == 1234567890123);
    cr_assert(get("9223372036854775807", &v) && v == INT64_MAX);
    cr_assert(get("-9223372036854775808", &v) && v == INT64_MIN);
}

Test(num, what_is_not_exactly_an_integer_is_refused_and_leaves_the_result_alone)
{
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "01",
        "-0",
        "-01",
        "00",
        "1a",
        "a",
        "1.0",
        "0x1",
        "1e3",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999",
        "100000000000000000000",
        "-99999999999999999999",
        "--1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t v = 77;
        cr_assert_not(get(bad[i], &v), "%s", bad[i]);
        cr_assert_eq(v, 77);
    }
    int64_t v = 77;
    cr_assert_not(num_get_i64(slice_of("1\0", 2), &v));
    cr_assert_not(num_get_i64(slice_of(NULL, 0), &v));
}

static void expect_i64(int64_t v)
{
    uint8_t out[NUM_I64_MAX];
    char want[32];
    int64_t back = 0;
    size_t n = num_put_i64(out, v);
    snprintf(want, sizeof want, "%lld", (long long)v);
    cr_assert(slice_equal(slice_of(out, n), slice_str(want)), "%s", want);
    cr_assert(num_get_i64(slice_of(out, n), &back) && back == v);
}

Test(num, integers_are_written_as_printf_does_and_read_back)
{
    struct prng p;
    prng_init(&p, 1);
    for (int i = 0; i < 64; i++) {
        expect_i64((int64_t)((uint64_t)1 << i));
        expect_i64((int64_t)(((uint64_t)1 << i) - 1));
        expect_i64((int64_t)(0 - ((uint64_t)1 << i)));
    }
    for (int i = 0; i < 20000; i++)
        expect_i64((int64_t)(prng_next(&p) >> prng_below(&p, 64)) * (prng_one_in(&p, 2) ? 1 : -1));
}

static void expect_decimal(const char *in, const char *want)
{
    uint8_t out[NUM_DOUBLE_MAX];
    long double v = 0;
    cr_assert(num_get_decimal(slice_str(in), &v), "%s", in);
    size_t n = num_put_decimal(out, v);
    cr_assert(slice_equal(slice_of(out, n), slice_str(want)), "%s gave %.*s", in, (int)n,
              (char *)out);
}

Test(num, decimals_are_written_without_exponent_or_trailing_zeros)
{
    expect_decimal("3", "3");
    expect_decimal("3.0", "3");
    expect_decimal("10.50", "10.5");
    expect_decimal("100", "100");
    expect_decimal("0.1", "0.1");
    expect_decimal("5.0e3", "5000");
    expect_decimal("-1.25", "-1.25");
    expect_decimal("-0", "0");
    expect_decimal("-0.0000000000000000001", "0");
    expect_decimal("1e-17", "0.00000000000000001");
    expect_decimal("0x10", "16");
    expect_decimal("+1", "1");
    expect_decimal("17179869184.5", "17179869184.5");
}

Test(num, the_longest_decimal_fits)
{
    uint8_t out[NUM_DOUBLE_MAX];
    size_t n = num_put_decimal(out, -LDBL_MAX);
    cr_assert_gt(n, 4900);
    cr_assert_lt(n, NUM_DOUBLE_MAX);
}

Test(num, what_is_not_a_decimal_is_refused)
{
    static const char *const bad[] = { "",        " 1",   "1 ",    "a",      "1a",
                                       "nan",     "-nan", "1.2.3", "1e9999", "-1e9999",
                                       "1e-9999", "--1",  "." };
    long double v = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(num_get_decimal(slice_str(bad[i]), &v), "%s", bad[i]);
    cr_assert_not(num_get_decimal(slice_of("1\0", 2), &v));
    cr_assert_eq(v, 77);
    cr_assert(num_get_decimal(slice_str("-inf"), &v));
    cr_assert(isinf(v) && v < 0);
}

Test(num, texts_longer_than_any_decimal_are_refused)
{
    static char digits[2 * NUM_DOUBLE_MAX];
    long double v = 77;
    double d = 77;
    memset(digits, '1', sizeof digits);
    cr_assert_not(num_get_decimal(slice_of(digits, NUM_DOUBLE_MAX), &v));
    cr_assert_not(num_get_decimal(slice_of(digits, sizeof digits), &v));
    cr_assert_not(num_get_double(slice_of(digits, sizeof digits), &d));
}

static void expect_double(double v, const char *want)
{
    uint8_t out[64];
    size_t n = num_put_double(out, v);
    cr_assert(slice_equal(slice_of(out, n), slice_str(want)), "%s, got %.*s", want, (int)n,
              (char *)out);
}

Test(num, doubles_are_written_as_redis_does)
{
    expect_double(0, "0");
    expect_double(-0.0, "-0");
    expect_double(1, "1");
    expect_double(-17, "-17");
    expect_double(1.5, "1.5");
    expect_double(0.1, "0.10000000000000001");
    expect_double(1e15, "1000000000000000");
    expect_double(4503599627370497.0, "4503599627370497");
    expect_double(1e17, "1e+17");
    expect_double(1e300, "1.0000000000000001e+300");
    expect_double(HUGE_VAL, "inf");
    expect_double(-HUGE_VAL, "-inf");
    expect_double(NAN, "nan");
    expect_double(-NAN, "nan");
}

Test(num, doubles_are_read_back_exactly)
{
    struct prng p;
    prng_init(&p, 2);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = prng_next(&p);
        double v, back = 0;
        uint8_t out[64];
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v) || fabs(v) < DBL_MIN)
            continue;
        size_t n = num_put_double(out, v);
        cr_assert(n <= 64 && num_get_double(slice_of(out, n), &back), "%.*s", (int)n, (char *)out);
        cr_assert_eq(memcmp(&v, &back, sizeof v), 0, "%.*s", (int)n, (char *)out);
    }
}

Test(num, what_is_not_a_double_is_refused)
{
    static const char *const bad[] = { "", " 1", "1 ", "a", "nan", "1e999", "-1e999", "1..2" };
    double v = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(num_get_double(slice_str(bad[i]), &v), "%s", bad[i]);
    cr_assert_eq(v, 77);
    cr_assert(num_get_double(slice_str("inf"), &v) && v > DBL_MAX);
    cr_assert(num_get_double(slice_str("-inf"), &v) && v < -DBL_MAX);
    cr_assert(num_get_double(slice_str("1e5"), &v) && v > 99999 && v < 100001);
}

Test(num, sizes_have_units)
{
    int64_t v = 0;
    cr_assert(num_get_size(slice_str("0"), &v) && v == 0);
    cr_assert(num_get_size(slice_str("100"), &v) && v == 100);
    cr_assert(num_get_size(slice_str("1b"), &v) && v == 1);
    cr_assert(num_get_size(slice_str("2k"), &v) && v == 2000);
    cr_assert(num_get_size(slice_str("2Kb"), &v) && v == 2048);
    cr_assert(num_get_size(slice_str("3m"), &v) && v == 3000000);
    cr_assert(num_get_size(slice_str("64MB"), &v) && v == 64 * 1024 * 1024);
    cr_assert(num_get_size(slice_str("1g"), &v) && v == 1000000000);
    cr_assert(num_get_size(slice_str("3gb"), &v) && v == (int64_t)3 << 30);
}

Test(num, what_is_not_a_size_is_refused)
{
    static const char *const bad[] = { "",
                                       "mb",
                                       "-1",
                                       "-1mb",
                                       "1tb",
                                       "1 mb",
                                       "1mb ",
                                       "1.5mb",
                                       "9223372036854775808",
                                       "8589934592gb",
                                       "1bb" };
    int64_t v = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(num_get_size(slice_str(bad[i]), &v), "%s", bad[i]);
    cr_assert_eq(v, 77);
}
