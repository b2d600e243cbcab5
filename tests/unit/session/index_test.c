/* index_test.c: what is added is found, whatever the size the table grew to and shrank from. */
#include "session/index.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/prng.h"

enum { ITEMS = 20000 };

struct item {
    struct index_link link;
    bool in;
};

static struct item items[ITEMS];

static bool finds(const struct index *x, const struct item *item, uint64_t hash)
{
    const struct index_link *l = index_first(x, hash);

    while (l && l != &item->link)
        l = index_again(l);
    return l != NULL;
}

static uint64_t hash_of(size_t i)
{
    return (i / 3) * UINT64_C(0x9e3779b97f4a7c15); /* three items share one */
}

Test(index, everything_is_found_while_it_grows_and_shrinks)
{
    struct index x = { 0 };
    struct prng prng;
    size_t count = 0;

    prng_init(&prng, 5);
    for (unsigned step = 0; step < 8 * ITEMS; step++) {
        size_t i = prng_below(&prng, ITEMS);
        bool fill = step % (2 * ITEMS) < ITEMS;

        if (items[i].in != fill) {
            if (fill)
                index_add(&x, &items[i].link, hash_of(i));
            else
                index_remove(&x, &items[i].link);
            items[i].in = fill;
            count += fill ? 1 : (size_t)-1;
        }
        cr_assert_eq(x.count, count);
        cr_assert_eq(finds(&x, &items[i], hash_of(i)), fill);
        cr_assert(x.buckets <= count + 1 && x.buckets >= count);
        if (step % 5000 == 0)
            cr_assert(index_check(&x));
    }
    for (size_t i = 0; i < ITEMS; i++)
        cr_assert_eq(finds(&x, &items[i], hash_of(i)), items[i].in);
    index_deinit(&x);
}

Test(index, an_empty_one_owns_nothing)
{
    struct index x = { 0 };
    struct item one = { .in = false };

    cr_expect_null(index_first(&x, 7));
    index_add(&x, &one.link, 7);
    cr_expect_eq(index_first(&x, 7), &one.link);
    cr_expect_null(index_again(&one.link));
    index_remove(&x, &one.link);
    cr_expect_eq(x.buckets, 0u);
    cr_expect_null(x.segments);
    cr_expect(index_check(&x));
}
