/* num.h: numbers as text, to Redis's rules. */
#ifndef HENGE_BASE_NUM_H
#define HENGE_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    NUM_I64_MAX = 20,      /* longest int64 as text: "-9223372036854775808" */
    NUM_DOUBLE_MAX = 5120, /* room num_put_decimal() may need */
};

/* Exactly one integer: an optional '-', no '+', no space, no leading zero, in
 * range.  False leaves *out alone. */
bool num_get_i64(struct slice text, int64_t *out);

/* Writes `v` to `out` (room for NUM_I64_MAX) and returns its length; no NUL. */
size_t num_put_i64(uint8_t *out, int64_t v);

/* A long double as INCRBYFLOAT accepts it: strtold over the whole text, no
 * leading space, no NaN; "inf" is accepted (the caller refuses results). */
bool num_get_decimal(struct slice text, long double *out);

/* As INCRBYFLOAT prints it: 17 decimals, trailing zeros and a bare point cut,
 * never an exponent, "-0" as "0".  Room NUM_DOUBLE_MAX; returns the length. */
size_t num_put_decimal(uint8_t *out, long double v);

/* A double as RESP3 and ZADD accept it ("inf", "-inf", "1e5"); no NaN. */
bool num_get_double(struct slice text, double *out);

/* As Redis prints a double: %.17g, integers without a point, inf, -inf, nan.
 * Room 64; returns the length. */
size_t num_put_double(uint8_t *out, double v);

/* A memory size as redis.conf writes it: digits and b, k, kb, m, mb, g, gb in
 * either case (k is 1000, kb is 1024). */
bool num_get_size(struct slice text, int64_t *out);

#endif
