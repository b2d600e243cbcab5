/* lcs_test.c: in steps of any size it is what the table of numbers, filled cell by cell,
 * says. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/prng.h"
#include "cmd/lcs.h"

enum { LONGEST = 200 };

struct model {
    unsigned table[LONGEST + 1][LONGEST + 1];
    uint8_t text[LONGEST];
    size_t length;
    struct lcs_match matches[LONGEST];
    size_t count;
};

/* By definition, and back from the end: aslant over what is the same, up where the table
 * says more than to the left. */
static void model_find(struct model *m, struct slice a, struct slice b)
{
    bool within = false;

    memset(m, 0, sizeof *m);
    for (size_t i = 1; i <= a.len; i++) {
        for (size_t j = 1; j <= b.len; j++) {
            unsigned up = m->table[i - 1][j], left = m->table[i][j - 1];
            m->table[i][j] = up > left ? up : left;
            if (a.data[i - 1] == b.data[j - 1])
                m->table[i][j] = m->table[i - 1][j - 1] + 1;
        }
    }
    m->length = m->table[a.len][b.len];
    for (size_t i = a.len, j = b.len, left = m->length; i && j;) {
        if (a.data[i - 1] != b.data[j - 1]) {
            if (m->table[i - 1][j] > m->table[i][j - 1])
                i--;
            else
                j--;
            within = false;
            continue;
        }
        i--;
        j--;
        m->text[--left] = a.data[i];
        if (!within)
            m->matches[m->count++] = (struct lcs_match){ 0, (uint32_t)i, 0, (uint32_t)j };
        m->matches[m->count - 1].a_first = (uint32_t)i;
        m->matches[m->count - 1].b_first = (uint32_t)j;
        within = true;
    }
}

static void expect_same(struct lcs *l, const struct model *m)
{
    size_t count;
    const struct lcs_match *matches = lcs_matches(l, &count);

    cr_assert_eq(lcs_length(l), m->length);
    cr_assert(slice_equal(lcs_text(l), slice_of(m->text, m->length)));
    cr_assert_eq(count, m->count);
    cr_assert(count == 0 || memcmp(matches, m->matches, count * sizeof *matches) == 0);
}

static struct slice draw(struct prng *p, uint8_t *bytes, unsigned kinds)
{
    size_t len = (size_t)prng_below(p, prng_one_in(p, 4) ? LONGEST + 1 : 10);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)prng_below(p, kinds); /* zeros too: the padding is zeros */
    return slice_of(bytes, len);
}

Test(lcs, it_is_what_the_table_says)
{
    struct model *m = mem_zalloc(1, sizeof *m);
    struct prng p;

    prng_init(&p, 5);
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t a_bytes[LONGEST], b_bytes[LONGEST];
        unsigned kinds = 1 + (unsigned)prng_below(&p, 5);
        struct slice a = draw(&p, a_bytes, kinds), b = draw(&p, b_bytes, kinds);
        size_t cells = 1 + (size_t)prng_below(&p, 3000);
        struct lcs *l = lcs_new(a, b, false), *length = lcs_new(a, b, true);

        model_find(m, a, b);
        while (!lcs_step(l, cells))
            ;
        while (!lcs_step(length, cells))
            ;
        expect_same(l, m);
        cr_assert_eq(lcs_length(length), m->length);
        lcs_free(l);
        lcs_free(length);
    }
    mem_free(m);
}

/* A step goes no further than it was told, whatever the table's shape. */
Test(lcs, a_step_is_a_part_of_the_work)
{
    static const struct {
        size_t a, b;
    } shapes[] = { { 10000, 10000 }, { LIMIT_LCS_STRING, 100 }, { 100, LIMIT_LCS_STRING } };

    for (size_t n = 0; n < sizeof shapes / sizeof shapes[0]; n++) {
        uint8_t *bytes = mem_zalloc(LIMIT_LCS_STRING, 1);
        struct lcs *l;
        size_t steps = 1, cells = shapes[n].a * shapes[n].b;

        for (size_t i = 0; i < LIMIT_LCS_STRING; i++)
            bytes[i] = (uint8_t)(i * i / 7);
        l = lcs_new(slice_of(bytes, shapes[n].a), slice_of(bytes, shapes[n].b), false);
        while (!lcs_step(l, LIMIT_LCS_SLICE))
            steps++;
        cr_expect_geq(steps, cells / LIMIT_LCS_SLICE);
        cr_expect_leq(steps, 3 * cells / LIMIT_LCS_SLICE + 20, "%zu steps", steps);
        cr_expect_eq(lcs_length(l), shapes[n].a < shapes[n].b ? shapes[n].a : shapes[n].b);
        lcs_free(l);
        mem_free(bytes);
    }
}
