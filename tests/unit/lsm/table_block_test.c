/* table_block_test.c: a block gives back the cells it was built of, finds them, and
 * takes nothing for one that is not. */
#include "lsm/table_block.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "cell_list.h"

static void build(const struct cell_list *l, struct buf *out)
{
    struct block_builder builder = { .cells = { 0 } };

    for (size_t i = 0; i < l->count; i++)
        block_builder_add(&builder, l->cells[i], cell_encoded_size(l->cells[i]));
    size_t size = block_builder_size(&builder);
    block_builder_finish(&builder, out);
    cr_assert_eq(out->len, size);
    cr_assert_eq(builder.cells.len, 0);
    block_builder_deinit(&builder);
}

Test(table_block, answers_as_the_array_it_was_made_of)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct cell_list l = { .count = 0 };
        struct buf payload = { 0 };
        struct table_block b;
        struct prng prng;
        uint8_t room[64];
        prng_init(&prng, seed);
        cell_list_fill(&l, &prng, 1 + prng_below(&prng, 200));
        build(&l, &payload);
        cr_assert_not(err_is(table_block_check(buf_slice(&payload))));
        cr_assert_not(err_is(table_block_open(buf_slice(&payload), &b)));
        cr_assert_eq(b.count, l.count);
        for (unsigned i = 0; i < 300; i++) {
            struct cell_key key = cell_list_pick(&l, &prng, room);
            size_t want = cell_list_seek(&l, &key);
            cr_assert_eq(table_block_seek(&b, &key), want);
            const uint8_t *found = table_block_find(&b, &key);
            cr_assert(!found || found == table_block_cell(&b, (uint32_t)want));
            struct cell c;
            if (want < l.count)
                cell_decode(l.cells[want], &c);
            cr_assert_eq(found != NULL, want < l.count && cell_key_compare(&c.key, &key) == 0);
        }
        buf_deinit(&payload);
        cell_list_deinit(&l);
    }
}

/* A payload that is right but for one change is not. */
static void expect_refused(struct slice right, size_t at, uint8_t change, const char *why)
{
    uint8_t *copy = mem_alloc(right.len);

    memcpy(copy, right.data, right.len);
    copy[at] ^= change;
    struct err e = table_block_check(slice_of(copy, right.len));
    cr_assert_eq(e.code, ERR_CORRUPT, "%s", why);
    mem_free(copy);
}

Test(table_block, says_what_is_wrong_without_a_checksum)
{
    struct cell_list l = { .count = 0 };
    struct buf payload = { 0 };
    struct cell a = { .key = cell_head_key(1, slice_str("a")), .stamp = 1, .type = CELL_STRING };
    struct cell b = a;

    b.key.db = 2;
    cell_list_add(&l, &a);
    cell_list_add(&l, &b);
    build(&l, &payload);
    struct slice right = buf_slice(&payload);
    cr_assert_not(err_is(table_block_check(right)));
    expect_refused(right, 28, 1 ^ 3, "cells out of order");
    expect_refused(right, 28, 1 ^ 2, "a cell twice");
    expect_refused(right, 28, 16, "a database that is not");
    expect_refused(right, 16, 8, "a value that is not there");
    expect_refused(right, right.len - 8 - 4, 8, "an offset");
    expect_refused(right, right.len - 8 - 8 - 8, 1, "a position");
    expect_refused(right, right.len - 8, 1, "a count");
    expect_refused(right, right.len - 1, 1, "zeros");
    for (size_t len = 0; len < right.len; len++)
        cr_assert(err_is(table_block_check(slice_of(right.data, len))), "cut at %zu", len);
    buf_deinit(&payload);
    cell_list_deinit(&l);
}
