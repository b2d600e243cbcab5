/* tree_test.c: a store larger than its memtables: sealed, flushed, compacted, read
 * back from everywhere, ended and begun again. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "lsm_world.h"

enum { KEYS = 400 };

static struct lsm_world w;
static unsigned generation[KEYS]; /* of each key's value; 0: none */

static void small_world(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 32768;
    w.options.chunk_size = 4096;
    w.options.segment_size = 65536;
    w.options.value_separation = 1000;
    w.options.table_size = 16384;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 65536;
    memset(generation, 0, sizeof generation);
}

static void end_world(void)
{
    lsm_world_deinit(&w);
}

TestSuite(tree, .init = small_world, .fini = end_world);

static size_t size_of(unsigned key, unsigned gen)
{
    return (key * 37 + gen * 101) % 7 == 0 ? 1000 + (key + gen) % 3000 : 20 + (key + gen) % 300;
}

/* Jobs and their pauses until nothing moves any more. */
static void rest(struct lsm_world *world)
{
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t before = world->now_us;
        lsm_world_settle(world);
        lsm_world_tick(world);
        if (!world->jobs && world->now_us - before > 500000)
            return;
    }
}

static void wait_for_room(struct lsm_world *world, size_t bytes)
{
    for (unsigned i = 0; i < 100000 && !lsm_can_put(world->lsm, bytes); i++) {
        lsm_turn(world->lsm);
        if (!lsm_world_step(world))
            lsm_world_tick(world);
    }
    cr_assert(lsm_can_put(world->lsm, bytes));
}

static void put_next(unsigned key)
{
    char name[16];

    snprintf(name, sizeof name, "k%u", key);
    wait_for_room(&w, 8192);
    generation[key]++;
    if (generation[key] % 5 == 0)
        lsm_world_put(&w, name, NULL);
    else
        lsm_world_put_size(&w, name, size_of(key, generation[key]),
                           'a' + (int)(generation[key] % 26));
    lsm_commit(w.lsm);
}

static void check_key(unsigned key)
{
    char name[16];
    const char *value;
    size_t size = size_of(key, generation[key]);

    snprintf(name, sizeof name, "k%u", key);
    value = lsm_world_get(&w, name);
    cr_assert(!err_is(w.fetch_err), "%s: %s", name, w.fetch_err.what);
    if (generation[key] % 5 == 0) {
        cr_assert_null(value, "%s is back", name);
        return;
    }
    cr_assert_not_null(value, "%s is gone", name);
    cr_assert_eq(strlen(value), size, "%s has another length", name);
    for (size_t i = 0; i < size; i++)
        cr_assert_eq(value[i], 'a' + (char)(generation[key] % 26), "%s is another value", name);
}

static void check_all(void)
{
    for (unsigned i = 0; i < KEYS; i++)
        check_key(i);
}

static void write_much(struct prng *p, unsigned writes)
{
    for (unsigned i = 0; i < writes; i++) {
        put_next((unsigned)prng_below(p, KEYS));
        for (unsigned n = 0; n < 3 && prng_one_in(p, 2); n++)
            lsm_world_step(&w);
    }
}

Test(tree, what_was_put_is_found_while_memtables_become_tables_and_tables_are_merged)
{
    struct prng p;

    prng_init(&p, 1);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    for (unsigned round = 0; round < 10; round++) {
        write_much(&p, 600);
        check_all();
    }
    rest(&w);
    check_all();
    cr_assert_gt(lsm_stats(w.lsm)->flushes, 10);
    cr_assert_gt(lsm_stats(w.lsm)->compactions, 3);
    cr_assert_leq(lsm_stats(w.lsm)->l0_tables, 4);
    cr_assert(lsm_check(w.lsm, true));
}

Test(tree, the_log_is_given_back_and_files_are_no_more_than_needed)
{
    struct prng p;

    prng_init(&p, 2);
    lsm_world_open(&w);
    write_much(&p, 6000);
    rest(&w);
    cr_assert_lt(lsm_stats(w.lsm)->segments, 6);
    cr_assert_lt(memory_fs_count(&w.fs, "/data/log-") + memory_fs_count(&w.fs, "/data/blob-"), 40);
    cr_assert_gt(lsm_stats(w.lsm)->rewrites, 0);
}

Test(tree, an_end_and_a_beginning_change_nothing)
{
    struct prng p;

    prng_init(&p, 3);
    lsm_world_open(&w);
    for (unsigned round = 0; round < 8; round++) {
        write_much(&p, 700);
        if (round % 3 == 0)
            lsm_world_close(&w);
        else
            lsm_world_kill(&w);
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
        check_all();
    }
}

Test(tree, a_walk_meets_every_key_once_in_order_wherever_it_is)
{
    struct prng p;

    prng_init(&p, 4);
    lsm_world_open(&w);
    write_much(&p, 3000);
    cr_assert(lsm_check(w.lsm, true));
}
