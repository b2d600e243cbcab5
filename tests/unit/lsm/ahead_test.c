/* ahead_test.c: what is looked up ahead changes no answer, whatever happens between. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/prng.h"
#include "cell/position.h"
#include "lsm/lsm_state.h"
#include "lsm_world.h"

enum { KEYS = 600, TWINS = 64 /* cells of one position, in several blocks */ };

static struct lsm_world w;
static unsigned generation[KEYS];

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
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static void end_world(void)
{
    lsm_world_deinit(&w);
}

TestSuite(ahead, .init = small_world, .fini = end_world);

/* The first TWINS are elements of one key, and so of one position. */
static struct cell_key key_of(unsigned number, char name[16])
{
    struct cell_key key;

    snprintf(name, 16, "k%u", number);
    if (number >= TWINS)
        return cell_head_key(0, slice_of(name, strlen(name)));
    key = cell_head_key(0, slice_str("twins"));
    key.kind = CELL_FIELD;
    key.subkey = slice_of(name, strlen(name));
    return key;
}

static void put(unsigned number)
{
    char name[16], value[64];
    struct cell c = { .type = CELL_STRING, .stamp = ++w.stamp, .origin = 1 };

    for (unsigned i = 0; i < 100000 && !lsm_can_put(w.lsm, 200); i++) {
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
    generation[number]++;
    c.key = key_of(number, name);
    snprintf(value, sizeof value, "%u of %u with something behind it", generation[number], number);
    c.value = slice_of(value, strlen(value));
    lsm_put(w.lsm, &c);
    lsm_request(w.lsm);
}

static void expect(unsigned number)
{
    char name[16], value[64];
    struct cell_key key = key_of(number, name);
    struct cell c;

    if (generation[number] == 0) {
        cr_assert_not(lsm_world_find(&w, &key, &c), "%s was never put", name);
        return;
    }
    cr_assert(lsm_world_find(&w, &key, &c), "%s is gone: %s", name, w.fetch_err.what);
    snprintf(value, sizeof value, "%u of %u with something behind it", generation[number], number);
    cr_assert(slice_equal(c.value, slice_of(value, strlen(value))), "%s is another value", name);
}

static size_t look_ahead(struct prng *p, unsigned numbers[LIMIT_BATCH])
{
    struct lsm_coming coming[LIMIT_BATCH];
    size_t count = 1 + prng_below(p, LIMIT_BATCH);

    for (size_t i = 0; i < count; i++) {
        char name[16];
        numbers[i] = (unsigned)prng_below(p, KEYS);
        coming[i] = (struct lsm_coming){ key_of(numbers[i], name).position, !prng_one_in(p, 4) };
    }
    lsm_prefetch(w.lsm, coming, count);
    return count;
}

Test(ahead, what_is_looked_up_ahead_changes_no_answer)
{
    unsigned numbers[LIMIT_BATCH];
    struct prng p;

    prng_init(&p, 1);
    for (unsigned round = 0; round < 6000; round++) {
        size_t count = look_ahead(&p, numbers);
        for (size_t i = 0; i < count; i++) {
            if (prng_one_in(&p, 3))
                put((unsigned)prng_below(&p, KEYS - 50)); /* the last are never there */
            if (prng_one_in(&p, 8))
                lsm_world_step(&w); /* a version changes, or a memtable, within the turn */
            expect(numbers[i]);
        }
        lsm_commit(w.lsm);
        lsm_turn(w.lsm);
    }
    cr_assert_gt(lsm_stats(w.lsm)->compactions, 10);
}

/* Until memtables that are full are tables, within the turn. */
static void flush_within_turn(void)
{
    for (unsigned i = 0; i < 100; i++) {
        lsm_world_settle(&w);
        lsm_world_tick(&w);
    }
}

Test(ahead, a_key_that_was_nowhere_is_not_taken_for_absent_when_it_has_become_a_table)
{
    struct lsm_coming coming[LIMIT_BATCH];
    unsigned nowhere = 0;
    struct cell c;
    char name[16];

    for (unsigned i = 0; i < KEYS / 2; i++) /* so that there are tables */
        put(i);
    lsm_commit(w.lsm);
    seal_now(&w.lsm->seal);
    flush_within_turn();
    lsm_turn(w.lsm);
    for (unsigned i = 0; i < LIMIT_BATCH; i++)
        coming[i] = (struct lsm_coming){ key_of(KEYS / 2 + i, name).position, true };
    lsm_prefetch(w.lsm, coming, LIMIT_BATCH);
    for (unsigned i = 0; i < LIMIT_BATCH; i++)
        nowhere += ahead_find(&w.lsm->ahead, coming[i].position) != NULL;
    cr_assert_gt(nowhere, LIMIT_BATCH / 2);
    for (unsigned i = KEYS / 2; i < KEYS; i++)
        put(i);
    lsm_commit(w.lsm);
    seal_now(&w.lsm->seal);
    flush_within_turn();
    for (unsigned i = 0; i < LIMIT_BATCH; i++) {
        struct cell_key key = key_of(KEYS / 2 + i, name);
        cr_assert_null(dataset_find(&w.lsm->data, &key), "%s is in a memtable: nothing is tested",
                       name);
        cr_assert_neq(lsm_find(w.lsm, &key, WANT_CELL, &c), LSM_ABSENT, "%s", name);
    }
}

Test(ahead, what_is_remembered_ends_with_the_turn_and_with_the_version)
{
    struct prng p;
    unsigned numbers[LIMIT_BATCH];
    size_t remembered = 0, again = 0;

    prng_init(&p, 2);
    for (unsigned i = 0; i < KEYS; i++)
        put(i);
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    for (unsigned round = 0; round < 20; round++) {
        char name[16];
        size_t count = look_ahead(&p, numbers);
        for (size_t i = 0; i < count; i++)
            remembered += ahead_find(&w.lsm->ahead, key_of(numbers[i], name).position) != NULL;
        if (round % 2)
            lsm_turn(w.lsm);
        else
            lsm_version_changed(w.lsm);
        for (size_t i = 0; i < count; i++)
            again += ahead_find(&w.lsm->ahead, key_of(numbers[i], name).position) != NULL;
    }
    cr_assert_gt(remembered, 50);
    cr_assert_eq(again, 0);
}
