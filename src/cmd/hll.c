/* hll.c: registers, sparse and dense.  What runs a sparse one comes to have is visible to
 * clients: they are split and joined as Redis does it. */
#include "cmd/hll.h"

#include <assert.h>
#include <math.h>

#include "base/wire.h"

enum {
    INDEX_BITS = 14,
    HASH_BITS = 64 - INDEX_BITS, /* of which the zeros are counted */
    REGISTER_BITS = 6,
    REGISTER_MASK = (1 << REGISTER_BITS) - 1,
    ENCODING_AT = 4,
    COUNT_AT = 8,
    STALE_AT = 15, /* the count's highest byte ... */
    STALE = 0x80,  /* ... and bit */
    DENSE = 0,
    SPARSE = 1,
    ZERO_MAX = 64, /* registers of one run */
    LONG_ZERO_MAX = HLL_REGISTERS,
    VALUE_MAX = 32, /* the largest number a run can have */
    VALUE_RUN_MAX = 4,
    SPLIT_MAX = 5, /* bytes that a run may be split into */
    JOIN_STEPS = 5,
};

/* --- the header */

bool hll_is_dense(struct slice value)
{
    return value.data[ENCODING_AT] == DENSE;
}

bool hll_is_one(struct slice value)
{
    if (value.len < HLL_HEADER || memcmp(value.data, "HYLL", 4) != 0)
        return false;
    return value.data[ENCODING_AT] == SPARSE ||
           (value.data[ENCODING_AT] == DENSE && value.len == HLL_DENSE_SIZE);
}

bool hll_get_count(struct slice value, uint64_t *count)
{
    *count = wire_get64(value.data + COUNT_AT);
    return !(value.data[STALE_AT] & STALE);
}

void hll_put_count(struct buf *value, uint64_t count)
{
    wire_put64(value->data + COUNT_AT, count);
}

void hll_forget_count(struct buf *value)
{
    value->data[STALE_AT] |= STALE;
}

/* --- runs */

struct run {
    unsigned span;  /* registers */
    uint8_t value;  /* of each */
    uint8_t length; /* bytes */
};

/* The run at `p`, before `end`.  False: it is cut off. */
static bool read_run(const uint8_t *p, const uint8_t *end, struct run *run)
{
    if (p >= end)
        return false;
    if (*p & 0x80) {
        *run = (struct run){ (*p & 3u) + 1, (uint8_t)((*p >> 2 & 31) + 1), 1 };
        return true;
    }
    if (!(*p & 0x40)) {
        *run = (struct run){ *p + 1u, 0, 1 };
        return true;
    }
    if (end - p < 2)
        return false;
    *run = (struct run){ ((*p & 63u) << 8 | p[1]) + 1, 0, 2 };
    return true;
}

/* Writes a run, of no registers perhaps; returns where the next one goes. */
static uint8_t *write_run(uint8_t *p, unsigned span, uint8_t value)
{
    if (span == 0)
        return p;
    if (value) {
        *p++ = (uint8_t)(0x80 | (value - 1u) << 2 | (span - 1));
    } else if (span <= ZERO_MAX) {
        *p++ = (uint8_t)(span - 1);
    } else {
        *p++ = (uint8_t)(0x40 | (span - 1) >> 8);
        *p++ = (uint8_t)(span - 1);
    }
    return p;
}

void hll_begin(struct buf *out)
{
    uint8_t *p = buf_reserve(out, HLL_HEADER + 2);

    memset(p, 0, HLL_HEADER);
    memcpy(p, "HYLL", 4);
    p[ENCODING_AT] = SPARSE;
    write_run(p + HLL_HEADER, LONG_ZERO_MAX, 0);
    out->len += HLL_HEADER + 2;
}

/* --- dense */

/* The registers are numbers from bit 6 * index on; the last one ends with its byte. */
static uint8_t dense_get(const uint8_t *p, unsigned index)
{
    unsigned at = index * REGISTER_BITS >> 3, shift = index * REGISTER_BITS & 7;
    unsigned v = p[at];

    if (shift > 8 - REGISTER_BITS)
        v |= (unsigned)p[at + 1] << 8;
    return (uint8_t)(v >> shift & REGISTER_MASK);
}

static void dense_set(uint8_t *p, unsigned index, uint8_t count)
{
    unsigned at = index * REGISTER_BITS >> 3, shift = index * REGISTER_BITS & 7;

    p[at] = (uint8_t)((p[at] & ~(REGISTER_MASK << shift)) | count << shift);
    if (shift > 8 - REGISTER_BITS) {
        p[at + 1] = (uint8_t)((p[at + 1] & ~(REGISTER_MASK >> (8 - shift))) | count >> (8 - shift));
    }
}

static enum hll_end dense_raise(struct buf *value, unsigned index, uint8_t count)
{
    uint8_t *p = value->data + HLL_HEADER;

    if (dense_get(p, index) >= count)
        return HLL_SAME;
    dense_set(p, index, count);
    return HLL_CHANGED;
}

bool hll_make_dense(struct buf *value)
{
    uint8_t dense[HLL_DENSE_SIZE] = { 0 };
    const uint8_t *p = value->data + HLL_HEADER, *end = value->data + value->len;
    unsigned index = 0;
    struct run run;

    if (hll_is_dense(buf_slice(value)))
        return true;
    for (; read_run(p, end, &run) && run.span <= HLL_REGISTERS - index; p += run.length) {
        for (unsigned last = index + run.span; index < last; index++)
            dense_set(dense + HLL_HEADER, index, run.value);
    }
    if (index != HLL_REGISTERS || p != end)
        return false;
    memcpy(dense, value->data, HLL_HEADER);
    dense[ENCODING_AT] = DENSE;
    value->len = 0;
    buf_append(value, slice_of(dense, sizeof dense));
    return true;
}

/* --- sparse */

static enum hll_end promote(struct buf *value, unsigned index, uint8_t count)
{
    return hll_make_dense(value) ? dense_raise(value, index, count) : HLL_CORRUPT;
}

/* Joins runs of equal numbers, from `p` on, a few of them. */
static void join(struct buf *value, uint8_t *p)
{
    for (unsigned n = 0; n < JOIN_STEPS && p < value->data + value->len; n++) {
        uint8_t *end = value->data + value->len;
        struct run run, next;

        if (!read_run(p, end, &run))
            return;
        if (run.value == 0 || !read_run(p + 1, end, &next) || next.value != run.value ||
            run.span + next.span > VALUE_RUN_MAX) {
            p += run.length;
            continue;
        }
        write_run(p + 1, run.span + next.span, run.value);
        memmove(p, p + 1, (size_t)(end - p) - 1);
        value->len--;
    }
}

/* The run that has register `index`, and what is in front of it. */
struct place {
    uint8_t *prev; /* the run before it, or itself */
    uint8_t *at;
    unsigned first; /* register of the run */
    struct run run;
};

static bool find_run(struct buf *value, unsigned index, struct place *out)
{
    uint8_t *p = value->data + HLL_HEADER, *end = value->data + value->len;
    struct run run;

    *out = (struct place){ .prev = p };
    while (read_run(p, end, &run)) {
        out->at = p;
        out->run = run;
        if (index < out->first + run.span)
            return true;
        out->prev = p;
        out->first += run.span;
        p += run.length;
    }
    return false;
}

/* Replaces the run by up to three: what is before the register, it, what is behind. */
static enum hll_end split(struct buf *value, const struct place *place, unsigned index,
                          uint8_t count)
{
    const struct run *run = &place->run;
    uint8_t bytes[SPLIT_MAX], *p = bytes;
    size_t before = (size_t)(place->at - value->data), prev = (size_t)(place->prev - value->data);
    size_t length, behind;

    p = write_run(p, index - place->first, run->value);
    p = write_run(p, 1, count);
    p = write_run(p, place->first + run->span - 1 - index, run->value);
    length = (size_t)(p - bytes);
    if (length > run->length && value->len + length - run->length > HLL_SPARSE_MAX)
        return promote(value, index, count);
    behind = value->len - before - run->length;
    buf_reserve(value, SPLIT_MAX);
    memmove(value->data + before + length, value->data + before + run->length, behind);
    memcpy(value->data + before, bytes, length);
    value->len = before + length + behind;
    join(value, value->data + prev);
    return HLL_CHANGED;
}

enum hll_end hll_raise(struct buf *value, unsigned index, uint8_t count)
{
    struct place place;

    assert(index < HLL_REGISTERS && count > 0 && count <= REGISTER_MASK);
    if (hll_is_dense(buf_slice(value)))
        return dense_raise(value, index, count);
    if (count > VALUE_MAX)
        return promote(value, index, count);
    if (!find_run(value, index, &place))
        return HLL_CORRUPT;
    return place.run.value >= count ? HLL_SAME : split(value, &place, index, count);
}

/* --- all registers */

static void raise(uint8_t *r, uint8_t count)
{
    if (count > *r)
        *r = count;
}

static void merge_dense(uint8_t *registers, const uint8_t *p)
{
    for (unsigned i = 0; i < HLL_REGISTERS; i += 4, p += 3) {
        unsigned four = p[0] | (unsigned)p[1] << 8 | (unsigned)p[2] << 16;
        for (unsigned n = 0; n < 4; n++, four >>= REGISTER_BITS)
            raise(&registers[i + n], (uint8_t)(four & REGISTER_MASK));
    }
}

bool hll_merge(uint8_t registers[HLL_REGISTERS], struct slice value)
{
    const uint8_t *p = value.data + HLL_HEADER, *end = value.data + value.len;
    unsigned index = 0;
    struct run run;

    if (hll_is_dense(value)) {
        merge_dense(registers, p);
        return true;
    }
    for (; read_run(p, end, &run) && run.span <= HLL_REGISTERS - index; p += run.length) {
        for (unsigned last = index + run.span; index < last; index++)
            raise(&registers[index], run.value);
    }
    return index == HLL_REGISTERS && p == end;
}

/* Ertl's sigma and tau: the sums that registers of 0, and those as high as can be, are
 * worth. */
static double sigma(double x)
{
    double power = 1, sum = x, last;

    if (x == 1)
        return INFINITY;
    do {
        last = sum;
        x *= x;
        sum += x * power;
        power += power;
    } while (sum != last);
    return sum;
}

static double tau(double x)
{
    double power = 1, sum = 1 - x, last;

    if (x == 0 || x == 1)
        return 0;
    do {
        last = sum;
        x = sqrt(x);
        power *= 0.5;
        sum -= (1 - x) * (1 - x) * power;
    } while (sum != last);
    return sum / 3;
}

uint64_t hll_estimate(const uint8_t registers[HLL_REGISTERS])
{
    const double m = HLL_REGISTERS, alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
    unsigned of[REGISTER_MASK + 1] = { 0 };
    double sum;

    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        of[registers[i]]++;
    sum = m * tau((m - of[HASH_BITS + 1]) / m);
    for (unsigned i = HASH_BITS; i >= 1; i--)
        sum = (sum + of[i]) * 0.5;
    sum += m * sigma(of[0] / m);
    return (uint64_t)llround(alpha * m * m / sum);
}

/* --- elements */

/* MurmurHash64A (Appleby), of bytes as little-endian words. */
static uint64_t murmur64a(struct slice bytes, uint64_t seed)
{
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    const uint8_t *p = bytes.data, *end = p + (bytes.len & ~(size_t)7);
    uint64_t h = seed ^ bytes.len * m, tail = 0;

    for (; p != end; p += 8) {
        uint64_t k = wire_get64(p) * m;
        h = (h ^ (k ^ k >> 47) * m) * m;
    }
    for (size_t i = bytes.len & 7; i > 0; i--)
        tail = tail << 8 | p[i - 1];
    if (bytes.len & 7)
        h = (h ^ tail) * m;
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}

void hll_place(struct slice element, unsigned *index, uint8_t *count)
{
    uint64_t hash = murmur64a(element, 0xadc83b19);

    *index = (unsigned)(hash & (HLL_REGISTERS - 1));
    hash = hash >> INDEX_BITS | UINT64_C(1) << HASH_BITS; /* ends the run at the latest */
    *count = (uint8_t)(__builtin_ctzll(hash) + 1);
}
