/* block_test.c: blocks are counted, reused, and given back. */
#include "base/block.h"

#include <criterion/criterion.h>
#include <signal.h>

Test(block, an_ordinary_block_is_used_again)
{
    struct block_pool pool;
    block_pool_init(&pool, 2);
    struct block *a = block_new(&pool, 10);
    cr_assert_eq(a->cap, BLOCK_SIZE);
    cr_assert(a->len == 0 && a->refs == 1 && a->next == NULL);
    a->len = 7;
    a->next = a;
    block_drop(&pool, a);
    cr_assert_eq(pool.free_count, 1);
    struct block *b = block_new(&pool, BLOCK_SIZE);
    cr_assert_eq(a, b);
    cr_assert(b->len == 0 && b->refs == 1 && b->next == NULL);
    block_drop(&pool, b);
    block_pool_deinit(&pool);
}

Test(block, a_large_one_has_its_own_size_and_is_not_kept)
{
    struct block_pool pool;
    block_pool_init(&pool, 2);
    struct block *a = block_new(&pool, BLOCK_SIZE + 1);
    cr_assert_eq(a->cap, BLOCK_SIZE + 1);
    memset(a->data, 1, a->cap);
    cr_assert_geq(pool.used_bytes, BLOCK_SIZE + 1);
    block_drop(&pool, a);
    cr_assert_eq(pool.free_count, 0);
    cr_assert_eq(pool.used_bytes, 0);
    block_pool_deinit(&pool);
}

Test(block, no_more_are_kept_than_allowed)
{
    enum { MANY = 10 };
    struct block_pool pool;
    struct block *blocks[MANY];
    block_pool_init(&pool, 3);
    for (int i = 0; i < MANY; i++)
        blocks[i] = block_new(&pool, 1);
    cr_assert_eq(pool.used_bytes, MANY * (sizeof(struct block) + BLOCK_SIZE));
    for (int i = 0; i < MANY; i++)
        block_drop(&pool, blocks[i]);
    cr_assert_eq(pool.free_count, 3);
    cr_assert_eq(pool.used_bytes, 0);
    block_pool_deinit(&pool);
}

Test(block, the_last_reference_ends_it)
{
    struct block_pool pool;
    block_pool_init(&pool, 1);
    struct block *a = block_new(&pool, 1);
    cr_assert_eq(block_hold(a), a);
    block_drop(&pool, a);
    cr_assert_gt(pool.used_bytes, 0);
    block_drop(&pool, a);
    cr_assert_eq(pool.used_bytes, 0);
    block_drop(&pool, NULL);
    block_pool_deinit(&pool);
}

Test(block, a_pool_does_not_end_before_its_blocks, .signal = SIGABRT)
{
    struct block_pool pool;
    block_pool_init(&pool, 1);
    block_new(&pool, 1);
    block_pool_deinit(&pool);
}
