/* cell_test.c: the encoding, byte for byte; the order; and that no damaged byte
 * is believed. */
#include "cell/cell.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/prng.h"
#include "cell/position.h"

static struct cell string_cell(const char *key, const char *value)
{
    return (struct cell){
        .key = cell_head_key(0, slice_str(key)),
        .stamp = 0x1122334455667788,
        .value = slice_str(value),
        .type = CELL_STRING,
    };
}

/* Every part there is. */
static struct cell full_cell(void)
{
    struct cell c = string_cell("foo", "value");
    c.key.db = 3;
    c.key.kind = CELL_FIELD;
    c.key.subkey = slice_str("fld");
    c.flags = CELL_EXPIRES | CELL_CONTEXT;
    c.expire_ms = 0x0102030405060708;
    c.context = slice_str("ctx");
    c.origin = 0xa1a2a3a4;
    c.type = CELL_NONE;
    return c;
}

static void expect_equal(const struct cell *a, const struct cell *b)
{
    cr_assert_eq(cell_key_compare(&a->key, &b->key), 0);
    cr_assert_eq(a->stamp, b->stamp);
    cr_assert_eq(a->expire_ms, b->expire_ms);
    cr_assert(slice_equal(a->context, b->context));
    cr_assert(slice_equal(a->value, b->value));
    cr_assert_eq(a->origin, b->origin);
    cr_assert_eq(a->flags, b->flags);
    cr_assert_eq(a->type, b->type);
}

/* The encoding, in memory of exactly its size, so that a sanitizer sees its end. */
static uint8_t *encode(const struct cell *c, size_t *size)
{
    *size = cell_size(c);
    uint8_t *p = mem_alloc(*size);
    memset(p, 0xee, *size);
    cell_encode(c, p);
    return p;
}

static void expect_bytes(const struct cell *c, const uint8_t *want, size_t want_size)
{
    size_t size = 0;
    uint8_t *p = encode(c, &size);
    cr_assert_eq(size, want_size);
    for (size_t i = 0; i < size; i++)
        cr_assert_eq(p[i], want[i], "byte %zu is %02x, not %02x", i, p[i], want[i]);
    mem_free(p);
}

Test(cell, a_string_is_encoded_so)
{
    static const uint8_t want[] = {
        /* clang-format off */
        0xf9, 0x1d, 0x90, 0x7d, 0xb9, 0xad, 0x5a, 0xbe,
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
        0x66, 0x6f, 0x6f, 0x62, 0x61, 0x72, 0x00, 0x00,
        /* clang-format on */
    };
    struct cell c = string_cell("foo", "bar");
    expect_bytes(&c, want, sizeof want);
}

Test(cell, a_cell_with_every_part_is_encoded_so)
{
    static const uint8_t want[] = {
        /* clang-format off */
        0xf9, 0x1d, 0x90, 0x7d, 0xb9, 0xad, 0x5a, 0xbe,
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        0x05, 0x00, 0x00, 0x00, 0xa4, 0xa3, 0xa2, 0xa1,
        0x03, 0x00, 0x03, 0x00, 0x03, 0x01, 0x06, 0x00,
        0x66, 0x6f, 0x6f, 0x66, 0x6c, 0x64, 0x08, 0x07,
        0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x03, 0x00,
        0x63, 0x74, 0x78, 0x76, 0x61, 0x6c, 0x75, 0x65,
        /* clang-format on */
    };
    struct cell c = full_cell();
    expect_bytes(&c, want, sizeof want);
}

static void expect_round_trip(const struct cell *c)
{
    size_t size = 0, used = 0;
    uint8_t *p = encode(c, &size);
    struct cell back;

    cr_assert_eq(size % 8, 0);
    cr_assert_eq(cell_encoded_size(p), size);
    cr_assert_eq(cell_encoded_position(p), c->key.position);
    cr_assert_eq(cell_encoded_stamp(p), c->stamp);
    cell_decode(p, &back);
    expect_equal(c, &back);
    struct err e = cell_decode_checked(slice_of(p, size), &back, &used);
    cr_assert_not(err_is(e), "%s", e.what);
    cr_assert_eq(used, size);
    expect_equal(c, &back);
    mem_free(p);
}

static struct cell random_cell(struct prng *p, const uint8_t *bytes)
{
    struct cell c = {
        .key = cell_head_key((uint8_t)prng_below(p, LIMIT_DATABASES),
                             slice_of(bytes, (size_t)prng_below(p, 40))),
        .stamp = prng_next(p),
        .origin = (uint32_t)prng_next(p),
        .flags = (uint8_t)prng_below(p, 8), /* those that any kind may have */
    };
    c.key.kind = (uint8_t)prng_below(p, CELL_CHUNK + 1);
    if (c.key.kind == CELL_HEAD)
        c.type = (uint8_t)prng_below(p, CELL_STRING + 1);
    else
        c.key.subkey = slice_of(bytes + 100, (size_t)prng_below(p, 20));
    if (c.flags & CELL_EXPIRES)
        c.expire_ms = prng_next(p);
    if (c.flags & CELL_CONTEXT)
        c.context = slice_of(bytes + 200, (size_t)prng_below(p, 20));
    if (!(c.flags & CELL_TOMBSTONE))
        c.value = slice_of(bytes + 300, (size_t)prng_below(p, 100));
    return c;
}

Test(cell, what_was_encoded_is_decoded)
{
    struct prng p;
    uint8_t bytes[400];
    prng_init(&p, 8);
    for (int i = 0; i < 20000; i++) {
        for (size_t k = 0; k < sizeof bytes; k += 50)
            bytes[k + prng_below(&p, 50)] = (uint8_t)prng_next(&p);
        struct cell c = random_cell(&p, bytes);
        expect_round_trip(&c);
    }
    struct cell full = full_cell();
    expect_round_trip(&full);
}

Test(cell, the_largest_parts_fit)
{
    uint8_t *bytes = mem_zalloc(1, 1024 * 1024);
    struct cell c = full_cell();
    c.key = cell_head_key(0, slice_of(bytes, LIMIT_KEY));
    c.key.kind = CELL_FIELD;
    c.key.subkey = slice_of(bytes, LIMIT_SUBKEY);
    c.context = slice_of(bytes, UINT16_MAX);
    c.value = slice_of(bytes, 1024 * 1024);
    expect_round_trip(&c);
    mem_free(bytes);
}

Test(cell, a_key_beyond_the_limit_is_not_encoded, .signal = SIGABRT)
{
    uint8_t *bytes = mem_zalloc(1, LIMIT_KEY + 1);
    uint8_t *out = mem_alloc(LIMIT_KEY + 100);
    struct cell c = string_cell("foo", "bar");
    c.key.key = slice_of(bytes, LIMIT_KEY + 1);
    cell_encode(&c, out);
}

Test(cell, a_flush_round_trips)
{
    struct cell c = { .key = { .kind = CELL_FLUSH, .db = CELL_DB_ALL }, .stamp = 5 };
    expect_round_trip(&c);
    c.key.db = 15;
    expect_round_trip(&c);
}

static bool decodes(const uint8_t *p, size_t n, struct cell *out, size_t *used)
{
    /* A copy of its exact size: reading behind it is seen. */
    uint8_t *copy = mem_alloc(n);
    if (n)
        memcpy(copy, p, n);
    struct err e = cell_decode_checked(slice_of(copy, n), out, used);
    cr_assert(e.code == ERR_NONE || e.code == ERR_CORRUPT);
    mem_free(copy);
    return !err_is(e);
}

Test(cell, no_truncation_is_taken_for_a_cell)
{
    struct prng p;
    uint8_t bytes[400] = { 0 };
    prng_init(&p, 9);
    for (int i = 0; i < 200; i++) {
        struct cell c = i ? random_cell(&p, bytes) : full_cell();
        struct cell back;
        size_t size = 0, used = 0;
        uint8_t *encoded = encode(&c, &size);
        for (size_t n = 0; n < size; n++)
            cr_assert_not(decodes(encoded, n, &back, &used), "%zu of %zu bytes", n, size);
        mem_free(encoded);
    }
}

/* A changed byte is either refused or is what the cell now says: no length is
 * trusted, nothing is ignored. */
static unsigned flip_every_byte(const struct cell *c)
{
    size_t size = 0;
    unsigned refused = 0;
    uint8_t *p = encode(c, &size);

    for (size_t i = 0; i < size; i++) {
        for (unsigned x = 1; x < 256; x++) {
            struct cell back;
            size_t used = 0;
            p[i] ^= (uint8_t)x;
            uint8_t *copy = mem_alloc(size);
            memcpy(copy, p, size);
            if (err_is(cell_decode_checked(slice_of(copy, size), &back, &used))) {
                refused++;
            } else {
                cr_assert(used <= size && used == cell_size(&back));
                uint8_t *again = mem_alloc(used);
                cell_encode(&back, again);
                cr_assert_eq(memcmp(again, p, used), 0, "byte %zu xor %02x", i, x);
                mem_free(again);
            }
            mem_free(copy);
            p[i] ^= (uint8_t)x;
        }
    }
    mem_free(p);
    return refused;
}

Test(cell, every_changed_byte_is_refused_or_means_what_it_says)
{
    struct cell full = full_cell();
    struct cell plain = string_cell("foo", "bar");
    struct cell gone = string_cell("foo", "");
    struct cell flush = { .key = { .kind = CELL_FLUSH, .db = CELL_DB_ALL }, .stamp = 5 };
    gone.flags = CELL_TOMBSTONE;
    cr_assert_gt(flip_every_byte(&full), 0);
    cr_assert_gt(flip_every_byte(&plain), 0);
    cr_assert_gt(flip_every_byte(&gone), 0);
    cr_assert_gt(flip_every_byte(&flush), 0);
}

/* The encoding of `c` with one byte changed. */
static bool decodes_with(const struct cell *c, size_t at, uint8_t byte)
{
    size_t size = 0, used = 0;
    struct cell back;
    uint8_t *p = encode(c, &size);
    p[at] = byte;
    bool ok = decodes(p, size, &back, &used);
    mem_free(p);
    return ok;
}

Test(cell, what_makes_no_sense_is_refused)
{
    struct cell c = string_cell("foo", "bar");
    struct cell field = full_cell();
    struct cell flush = { .key = { .kind = CELL_FLUSH, .db = 1 } };
    cr_assert(decodes_with(&c, 28, 15));
    cr_assert_not(decodes_with(&c, 0, 0), "position");
    cr_assert_not(decodes_with(&c, 28, 16), "database");
    cr_assert_not(decodes_with(&c, 28, CELL_DB_ALL), "every database, but no flush");
    cr_assert_not(decodes_with(&c, 29, CELL_CHUNK + 1), "kind");
    cr_assert_not(decodes_with(&c, 29, 255), "kind");
    cr_assert_not(decodes_with(&c, 30, 8), "flag");
    cr_assert_not(decodes_with(&c, 30, CELL_TOMBSTONE), "tombstone with a value");
    cr_assert_not(decodes_with(&field, 31, CELL_STRING), "type of a field");
    cr_assert_not(decodes_with(&c, 38, 1), "padding");
    cr_assert_not(decodes_with(&c, 39, 1), "padding");
    cr_assert_not(decodes_with(&c, 19, 0x20), "value over the limit");
    cr_assert_not(decodes_with(&flush, 28, 16), "database of a flush");
    cr_assert_not(decodes_with(&flush, 0, 1), "position of a flush");
    cr_assert_not(decodes_with(&flush, 30, CELL_TOMBSTONE), "flags of a flush");
    cr_assert_not(decodes_with(&flush, 31, CELL_STRING), "type of a flush");
}

Test(cell, bytes_behind_a_cell_are_not_its_own)
{
    struct cell c = string_cell("foo", "bar");
    struct cell back;
    uint8_t bytes[80];
    size_t used = 0;
    memset(bytes, 0xff, sizeof bytes);
    cell_encode(&c, bytes);
    cr_assert_not(err_is(cell_decode_checked(slice_of(bytes, sizeof bytes), &back, &used)));
    cr_assert_eq(used, cell_size(&c));
    expect_equal(&c, &back);
}

static void expect_below(const struct cell_key *a, const struct cell_key *b)
{
    cr_assert_lt(cell_key_compare(a, b), 0);
    cr_assert_gt(cell_key_compare(b, a), 0);
    cr_assert_eq(cell_key_compare(a, a), 0);
}

Test(cell, keys_sort_by_position_db_key_kind_subkey)
{
    const struct cell_key order[] = {
        { 1, slice_str("zz"), slice_str("zz"), 9, 9 },
        { 2, slice_str("b"), slice_str("b"), 0, 5 },
        { 2, slice_str(""), slice_str(""), 1, 0 },
        { 2, slice_str("a"), slice_str("z"), 1, 3 },
        { 2, slice_str("a"), slice_str("a"), 1, 4 },
        { 2, slice_str("a"), slice_str("ab"), 1, 4 },
        { 2, slice_str("a"), slice_str("b"), 1, 4 },
        { 2, slice_str("ab"), slice_str(""), 1, 0 },
        { 2, slice_str("\xff"), slice_str(""), 1, 0 },
        { UINT64_MAX, slice_str(""), slice_str(""), 0, 0 },
    };
    size_t n = sizeof order / sizeof order[0];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++)
            expect_below(&order[i], &order[k]);
    }
}

Test(cell, key_and_subkey_are_not_compared_as_joined_bytes)
{
    struct cell_key a = { 2, slice_str("a"), slice_str("bz"), 0, 1 };
    struct cell_key b = { 2, slice_str("ab"), slice_str("a"), 0, 1 };
    expect_below(&a, &b);
}

Test(cell, a_head_key_is_at_its_position)
{
    struct cell_key k = cell_head_key(7, slice_str("{foo}1"));
    cr_assert_eq(k.position, position_of(slice_str("{foo}1")));
    cr_assert_eq(k.db, 7);
    cr_assert_eq(k.kind, CELL_HEAD);
    cr_assert_eq(k.subkey.len, 0);
}

Test(cell, expires_at_its_millisecond)
{
    struct cell c = string_cell("foo", "bar");
    c.expire_ms = 100;
    cr_assert_not(cell_expired(&c, 1000), "it has no expiry");
    c.flags = CELL_EXPIRES;
    cr_assert_not(cell_expired(&c, 99));
    cr_assert(cell_expired(&c, 100));
    cr_assert(cell_expired(&c, 101));
}

static struct err stored(const struct cell *c)
{
    struct cell back;
    size_t size = 0, used = 0, measured = 0;
    uint8_t *p = encode(c, &size);
    struct err e = cell_decode_stored(slice_of(p, size), &back, &used);

    if (!err_is(e)) {
        cr_assert_eq(used, size);
        expect_equal(c, &back);
        cr_assert_not(err_is(cell_measure(slice_of(p, size), &measured)));
        cr_assert_eq(measured, size);
        cr_assert_eq(cell_measure(slice_of(p, size - 1), &measured).code, ERR_CORRUPT);
    }
    mem_free(p);
    return e;
}

Test(cell, a_reference_to_a_value_is_legal_in_tables_alone)
{
    struct blob_ref ref = { .file = 3, .offset = 4096, .length = 5000, .crc = 9 };
    uint8_t bytes[BLOB_REF_SIZE];
    struct cell c = string_cell("foo", ""), back;
    size_t size = 0, used = 0;

    blob_ref_put(bytes, &ref);
    c.flags = CELL_BLOB;
    c.value = slice_of(bytes, sizeof bytes);
    cr_assert_not(err_is(stored(&c)));
    cr_assert_eq(cell_value_length(&c), 5000);
    uint8_t *p = encode(&c, &size);
    cr_assert_eq(cell_decode_checked(slice_of(p, size), &back, &used).code, ERR_CORRUPT);
    wire_put32(p + 16, BLOB_REF_SIZE - 1); /* fits all the same */
    cr_assert_eq(cell_decode_stored(slice_of(p, size), &back, &used).code, ERR_CORRUPT);
    mem_free(p);
    ref.length = LIMIT_VALUE + 1;
    blob_ref_put(bytes, &ref);
    cr_assert_eq(stored(&c).code, ERR_CORRUPT);
}

Test(cell, a_flush_is_legal_in_the_log_alone)
{
    struct cell flush = { .key = { .kind = CELL_FLUSH, .db = 1 }, .stamp = 1 };

    cr_assert_eq(stored(&flush).code, ERR_CORRUPT);
}

/* A head whose value is in `count` pieces of 1000, 1001, ... bytes. */
static uint8_t *cell_in_pieces(size_t count, size_t *size)
{
    struct buf refs = { 0 };
    struct cell c = string_cell("foo", "");
    uint8_t *p;

    for (size_t i = 0; i < count; i++) {
        struct blob_ref ref = { 7 + i, 4096, (uint32_t)(1000 + i), 0x01020304 };
        blob_ref_put(buf_reserve(&refs, BLOB_REF_SIZE), &ref);
        refs.len += BLOB_REF_SIZE;
    }
    c.flags = CELL_PARTS;
    c.value = buf_slice(&refs);
    p = encode(&c, size);
    buf_deinit(&refs);
    return p;
}

Test(cell, a_value_may_be_in_pieces)
{
    struct blob_ref ref;
    struct cell c;
    size_t size = 0, used = 0;
    uint8_t *p = cell_in_pieces(3, &size);

    cr_assert_not(err_is(cell_decode_checked(slice_of(p, size), &c, &used)));
    cr_expect_eq(used, size);
    cr_expect_eq(cell_parts(&c), 3);
    cr_expect_eq(cell_value_length(&c), 3003);
    cell_part(&c, 2, &ref);
    cr_expect(ref.file == 9 && ref.offset == 4096 && ref.length == 1002 && ref.crc == 0x01020304);
    cr_assert_not(err_is(cell_decode_stored(slice_of(p, size), &c, &used)));
    mem_free(p);
}

Test(cell, pieces_that_make_no_value_are_refused)
{
    struct cell c;
    size_t size = 0, used = 0;
    uint8_t *p = cell_in_pieces(2, &size);

    p[29] = CELL_FIELD;
    cr_expect_eq(cell_decode_checked(slice_of(p, size), &c, &used).code, ERR_CORRUPT, "no head");
    p[29] = CELL_HEAD;
    p[16] = 47;
    cr_expect_eq(cell_decode_checked(slice_of(p, size), &c, &used).code, ERR_CORRUPT,
                 "half a piece");
    p[16] = 48;
    p[30] = CELL_PARTS | CELL_TOMBSTONE;
    cr_expect_eq(cell_decode_checked(slice_of(p, size), &c, &used).code, ERR_CORRUPT, "deleted");
    p[30] = CELL_PARTS | CELL_BLOB;
    cr_expect_eq(cell_decode_stored(slice_of(p, size), &c, &used).code, ERR_CORRUPT, "and a blob");
    p[30] = CELL_PARTS;
    wire_put32(p + CELL_FIXED_SIZE + 3 + 16, LIMIT_VALUE);
    cr_expect_eq(cell_decode_checked(slice_of(p, size), &c, &used).code, ERR_CORRUPT, "too long");
    mem_free(p);
}
