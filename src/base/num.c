/* num.c: numbers as text, to Redis's rules. */
#include "base/num.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool num_get_i64(struct slice text, int64_t *out)
{
    const uint8_t *p = text.data;
    size_t n = text.len;
    bool negative;
    uint64_t v;

    if (n == 0 || n > NUM_I64_MAX)
        return false;
    if (n == 1 && p[0] >= '0' && p[0] <= '9') {
        *out = p[0] - '0';
        return true;
    }
    negative = p[0] == '-';
    if (negative) {
        p++;
        n--;
    }
    if (n == 0 || p[0] < '1' || p[0] > '9')
        return false;
    v = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)p[i] - '0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (v > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

static size_t digits_of(uint64_t v)
{
    for (size_t n = 1;; n += 4, v /= 10000) {
        if (v < 10)
            return n;
        if (v < 100)
            return n + 1;
        if (v < 1000)
            return n + 2;
        if (v < 10000)
            return n + 3;
    }
}

/* Two digits at a time: a reply has one or two such numbers. */
size_t num_put_i64(uint8_t *out, int64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    size_t end = (v < 0) + digits_of(rest);
    uint8_t *p = out + end;

    out[0] = '-';
    for (; rest >= 100; rest /= 100) {
        p -= 2;
        memcpy(p, pairs + rest % 100 * 2, 2);
    }
    if (rest < 10)
        p[-1] = (uint8_t)('0' + rest);
    else
        memcpy(p - 2, pairs + rest * 2, 2);
    return end;
}

bool num_get_decimal(struct slice text, long double *out)
{
    char copy[NUM_DOUBLE_MAX];
    char *end;
    long double v;

    if (text.len == 0 || text.len >= sizeof copy || is_space(text.data[0]))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    errno = 0;
    v = strtold(copy, &end);
    if ((size_t)(end - copy) != text.len || isnan(v) ||
        (errno == ERANGE && (v == HUGE_VALL || v == -HUGE_VALL || v == 0)) || errno == EINVAL)
        return false;
    *out = v;
    return true;
}

size_t num_put_decimal(uint8_t *out, long double v)
{
    int n = snprintf((char *)out, NUM_DOUBLE_MAX, "%.17Lf", v);
    size_t len = (size_t)n;

    if (memchr(out, '.', len)) {
        while (out[len - 1] == '0')
            len--;
        if (out[len - 1] == '.')
            len--;
    }
    if (len == 2 && out[0] == '-' && out[1] == '0') {
        out[0] = '0';
        len = 1;
    }
    return len;
}

bool num_get_double(struct slice text, double *out)
{
    char copy[256];
    char *end;
    double v;

    if (text.len == 0 || text.len >= sizeof copy || is_space(text.data[0]))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    errno = 0;
    v = strtod(copy, &end);
    if ((size_t)(end - copy) != text.len || isnan(v) ||
        (errno == ERANGE && (v == HUGE_VAL || v == -HUGE_VAL || v == 0)))
        return false;
    *out = v;
    return true;
}

size_t num_put_double(uint8_t *out, double v)
{
    if (isinf(v))
        return (size_t)snprintf((char *)out, 64, v > 0 ? "inf" : "-inf");
    if (isnan(v))
        return (size_t)snprintf((char *)out, 64, "nan");
    if (v == 0)
        return (size_t)snprintf((char *)out, 64, signbit(v) ? "-0" : "0");
    if (v > -4503599627370496.0 && v < 4503599627370496.0 && v == (double)(int64_t)v)
        return num_put_i64(out, (int64_t)v);
    return (size_t)snprintf((char *)out, 64, "%.17g", v);
}

bool num_get_size(struct slice text, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {
        { "", 1 },
        { "b", 1 },
        { "k", 1000 },
        { "kb", 1024 },
        { "m", 1000 * 1000 },
        { "mb", 1024 * 1024 },
        { "g", 1000 * 1000 * 1000 },
        { "gb", 1024 * 1024 * 1024 },
    };
    size_t digits = 0;
    int64_t v;

    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    if (!num_get_i64(slice_of(text.data, digits), &v))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (slice_is(slice_of(text.data + digits, text.len - digits), units[i].unit)) {
            if (v > INT64_MAX / units[i].factor)
                return false;
            *out = v * units[i].factor;
            return true;
        }
    }
    return false;
}
