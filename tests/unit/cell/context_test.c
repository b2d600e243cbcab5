/* context_test.c: what descends from what; the field byte for byte; the text. */
#include "cell/context.h"

#include <criterion/criterion.h>

#include "base/prng.h"

static struct cell_version version(uint64_t stamp, uint32_t origin)
{
    return (struct cell_version){ stamp, origin };
}

static struct context context_of(size_t count, const struct cell_version *seen)
{
    struct context c = { 0 };

    for (size_t i = 0; i < count; i++)
        context_add(&c, seen[i]);
    return c;
}

static bool same(const struct context *a, const struct context *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!cell_version_equal(a->seen[i], b->seen[i]))
            return false;
    }
    return true;
}

Test(context, covers_what_was_seen_and_what_the_same_origin_wrote_before)
{
    struct context c = context_of(2, (struct cell_version[]){ { 70, 3 }, { 50, 1 } });

    cr_assert(context_covers(&c, version(70, 3)));
    cr_assert(context_covers(&c, version(1, 3)));
    cr_assert_not(context_covers(&c, version(71, 3)));
    cr_assert_not(context_covers(&c, version(51, 1)), "stamps of another origin do not count");
    cr_assert_not(context_covers(&c, version(1, 2)));
    cr_assert(context_covers(&c, version(0, 9)), "of nothing everything was seen");
}

Test(context, a_write_descends_from_what_its_writer_saw)
{
    struct context none = { 0 };
    struct context saw_a = context_of(1, (struct cell_version[]){ { 10, 1 } });
    struct context saw_b = context_of(1, (struct cell_version[]){ { 20, 2 } });
    struct cell_version a = version(10, 1), b = version(20, 2);

    cr_assert_eq(context_compare(a, &none, a, &none), CONTEXT_SAME);
    cr_assert_eq(context_compare(b, &saw_a, a, &none), CONTEXT_DESCENDS);
    cr_assert_eq(context_compare(a, &none, b, &saw_a), CONTEXT_DESCENDED);
    cr_assert_eq(context_compare(a, &none, b, &none), CONTEXT_CONCURRENT, "whatever the stamps");
    cr_assert_eq(context_compare(a, &saw_b, b, &none), CONTEXT_DESCENDS, "whatever the stamps");
    cr_assert_eq(context_compare(a, &saw_b, b, &saw_a), CONTEXT_DESCENDED, "a lie");
    cr_assert_eq(context_compare(b, &saw_a, a, &saw_b), CONTEXT_DESCENDS, "a lie");
}

static struct context random_context(struct prng *p, uint32_t origins, uint32_t count)
{
    struct context c = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        context_add(&c, version(1 + prng_below(p, 1000), (uint32_t)prng_below(p, origins)));
        cr_assert(context_check(&c));
    }
    return c;
}

static void expect_merges_agree(uint64_t seed, uint32_t origins, uint32_t count)
{
    struct prng p;

    prng_init(&p, seed);
    struct context a = random_context(&p, origins, count), b = random_context(&p, origins, count),
                   c = random_context(&p, origins, count), ab = a, ba = b, bc = b, twice;
    bool whole = context_merge(&ab, &b);
    context_merge(&ba, &a);
    context_merge(&bc, &c);
    cr_assert(same(&ab, &ba), "seed %lu", (unsigned long)seed);
    for (uint32_t i = 0; i < a.count && whole; i++)
        cr_assert(context_covers(&ab, a.seen[i]));
    for (uint32_t i = 0; i < ab.count; i++)
        cr_assert(context_covers(&a, ab.seen[i]) || context_covers(&b, ab.seen[i]));
    twice = ab;
    context_merge(&twice, &a);
    cr_assert(same(&twice, &ab));
    context_merge(&ab, &c);
    context_merge(&a, &bc);
    cr_assert(same(&ab, &a), "seed %lu", (unsigned long)seed);
    cr_assert(context_check(&ab));
}

Test(context, merging_knows_no_order_and_claims_nothing_nobody_saw)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        expect_merges_agree(seed, 5, 8);
        expect_merges_agree(seed, 200, 100); /* more than there is room for */
    }
}

Test(context, of_too_many_origins_the_oldest_goes)
{
    struct context c = { 0 };

    for (uint32_t i = 0; i < CONTEXT_MAX; i++)
        cr_assert(context_add(&c, version(1000 - i, i)));
    cr_assert_not(context_add(&c, version(5, 100)), "older than all");
    cr_assert_not(context_covers(&c, version(5, 100)));
    cr_assert_not(context_add(&c, version(2000, 100)));
    cr_assert(context_covers(&c, version(2000, 100)));
    cr_assert_not(context_covers(&c, version(1, CONTEXT_MAX - 1)));
    cr_assert(context_covers(&c, version(1000, 0)));
    cr_assert(context_add(&c, version(2001, 100)), "no new origin");
    cr_assert_eq(context_newest(&c), 2001);
}

Test(context, a_field_is_encoded_so)
{
    static const uint8_t want[] = {
        /* clang-format off */
        0x01, 0x02,
        0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x04, 0x03, 0x02, 0x01,
        0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 0x01, 0x00, 0x00, 0x00,
        0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31, 0xff, 0x00, 0x00, 0x00,
        /* clang-format on */
    };
    struct context c = context_of(
        2, (struct cell_version[]){ { 0x3132333435363738, 255 }, { 0x2122232425262728, 1 } });
    struct buf field = { 0 };

    context_encode(&c, version(0x1112131415161718, 0x01020304), &field);
    cr_assert(slice_equal(buf_slice(&field), slice_of(want, sizeof want)));
    field.len = 0;
    context_encode(&c, version(0, 0), &field);
    cr_assert(field.len == sizeof want - 12 && field.data[0] == 0 && field.data[1] == 2);
    cr_assert_eq(memcmp(field.data + 2, want + 14, field.len - 2), 0);
    buf_deinit(&field);
}

static void expect_field(const struct context *c, struct cell_version own)
{
    struct buf field = { 0 };
    struct cell_version own_back;
    struct context back;

    context_encode(c, own, &field);
    cr_assert_leq(field.len, CONTEXT_SIZE_MAX);
    cr_assert_not(err_is(context_decode_checked(buf_slice(&field), &back, &own_back)));
    cr_assert(same(c, &back) && cell_version_equal(own, own_back));
    for (size_t cut = 1; cut < field.len; cut++) {
        struct err e = context_decode_checked(slice_of(field.data, cut), &back, &own_back);
        cr_assert_eq(e.code, ERR_CORRUPT);
    }
    buf_append_byte(&field, 0);
    cr_assert(err_is(context_decode_checked(buf_slice(&field), &back, &own_back)));
    buf_deinit(&field);
}

Test(context, a_field_comes_back_and_a_cut_one_does_not)
{
    struct prng p;
    struct context none = { 0 }, back;
    struct cell_version own;

    prng_init(&p, 1);
    expect_field(&none, version(0, 0));
    expect_field(&none, version(7, 0));
    for (uint32_t n = 1; n < 120; n++) {
        struct context c = random_context(&p, n, n);
        expect_field(&c, version(n % 2 ? n : 0, 0));
    }
    cr_assert_not(err_is(context_decode_checked(slice_of(NULL, 0), &back, &own)));
    cr_assert(back.count == 0 && own.stamp == 0);
}

static bool decodes(struct buf *field)
{
    struct context c;
    struct cell_version own;
    bool good = !err_is(context_decode_checked(buf_slice(field), &c, &own));

    field->len = 0;
    return good;
}

Test(context, a_field_without_order_or_stamps_is_refused)
{
    struct context c = { 2, { { 5, 1 }, { 6, 2 } } };
    struct buf field = { 0 };

    context_encode(&c, version(9, 9), &field);
    cr_assert(decodes(&field));
    context_encode(&c, version(9, 9), &field);
    field.data[2] = 0;
    cr_assert_not(decodes(&field), "no stamp");
    context_encode(&c, version(0, 0), &field);
    field.data[2] = 0;
    cr_assert_not(decodes(&field), "no stamp");
    context_encode(&c, version(0, 0), &field);
    field.data[10] = 2;
    cr_assert_not(decodes(&field), "the same origin twice");
    context_encode(&c, version(0, 0), &field);
    field.data[10] = 3;
    cr_assert_not(decodes(&field), "no order");
    context_encode(&c, version(0, 0), &field);
    field.data[0] = 2;
    cr_assert_not(decodes(&field));
    buf_deinit(&field);
}

Test(context, clients_see_it_so)
{
    struct context c = context_of(1, (struct cell_version[]){ { 1700000000000000, 3 } }),
                   none = { 0 };
    struct buf text = { 0 };

    context_print(&c, &text);
    cr_assert(slice_equal(buf_slice(&text), slice_str("0100401e18240a06000300000008eb70f0")),
              "%.*s", (int)text.len, (const char *)text.data);
    text.len = 0;
    context_print(&none, &text);
    cr_assert(slice_equal(buf_slice(&text), slice_str("0152d016a0")), "%.*s", (int)text.len,
              (const char *)text.data);
    buf_deinit(&text);
}

static void expect_text(const struct context *c)
{
    struct buf text = { 0 };
    struct context back;

    context_print(c, &text);
    cr_assert_not(err_is(context_parse(buf_slice(&text), &back)));
    cr_assert(same(c, &back));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t was = text.data[i];

        text.data[i] = was == '0' ? '1' : '0';
        cr_assert_eq(context_parse(buf_slice(&text), &back).code, ERR_INVALID);
        text.data[i] = was;
        cr_assert_eq(context_parse(slice_of(text.data, i), &back).code, ERR_INVALID);
    }
    buf_deinit(&text);
}

Test(context, a_text_comes_back_and_a_changed_or_cut_one_is_refused)
{
    struct prng p;
    struct context c = { 0 };

    prng_init(&p, 2);
    expect_text(&c);
    for (uint32_t n = 1; n < 100; n += 9) {
        c = random_context(&p, n, n);
        expect_text(&c);
    }
}

Test(context, other_text_is_refused)
{
    static const char *const bad[] = { "",           "0",           "01",         "-",
                                       "0152D016A0", "0152d016a0 ", "0252d016a0", "x152d016a0" };
    struct context c;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(context_parse(slice_str(bad[i]), &c).code, ERR_INVALID, "%s", bad[i]);
    cr_assert_eq(context_parse(slice_of("01\0000000000", 10), &c).code, ERR_INVALID);
}

Test(cell_version, is_ordered_by_stamp_then_origin)
{
    cr_assert_lt(cell_version_compare(version(1, 9), version(2, 1)), 0);
    cr_assert_gt(cell_version_compare(version(2, 2), version(2, 1)), 0);
    cr_assert_eq(cell_version_compare(version(2, 2), version(2, 2)), 0);
}

Test(cell_version, is_stamp_and_origin_as_text)
{
    char text[CELL_VERSION_TEXT];
    struct cell_version v;
    size_t n = cell_version_print(version(1706436000000000, 4294967295), text);

    cr_assert(slice_equal(slice_of(text, n), slice_str("1706436000000000-4294967295")));
    cr_assert(cell_version_parse(slice_of(text, n), &v));
    cr_assert(cell_version_equal(v, version(1706436000000000, 4294967295)));
    cr_assert_not(cell_version_parse(slice_str(""), &v));
    cr_assert_not(cell_version_parse(slice_str("5"), &v));
    cr_assert_not(cell_version_parse(slice_str("0-1"), &v));
    cr_assert_not(cell_version_parse(slice_str("5-"), &v));
    cr_assert_not(cell_version_parse(slice_str("-5-1"), &v));
    cr_assert_not(cell_version_parse(slice_str("5--1"), &v));
    cr_assert_not(cell_version_parse(slice_str("5-4294967296"), &v));
}
