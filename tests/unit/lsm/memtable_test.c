/* memtable_test.c: a memtable against a sorted array. */
#include "lsm/memtable.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "cell/position.h"
#include "lsm/chunks.h"
#include "lsm_world.h"

enum { MODEL_MAX = 4096, LARGE_MIN = 80 };

struct entry {
    uint64_t position;
    char key[24];
    const uint8_t *cell;
    uint64_t stamp;
    bool tombstone;
};

struct model {
    struct plain_arenas arenas;
    struct memtable *m;
    struct entry entries[MODEL_MAX];
    size_t count;
    uint64_t stamp;
};

static struct cell_key key_of(const struct entry *e)
{
    return (struct cell_key){ .position = e->position, .key = slice_str(e->key) };
}

static int order(const void *a, const void *b)
{
    struct cell_key x = key_of(a), y = key_of(b);
    return cell_key_compare(&x, &y);
}

static const uint8_t *put(struct memtable *m, const struct entry *e, size_t value_len,
                          const uint8_t **replaced)
{
    static const uint8_t value[2000];
    uint8_t bytes[2200];
    struct cell c = { .key = key_of(e), .stamp = e->stamp, .type = CELL_STRING };

    c.value = slice_of(value, value_len);
    if (e->tombstone) {
        c.flags = CELL_TOMBSTONE;
        c.value.len = 0;
    }
    cell_encode(&c, bytes);
    return memtable_put(m, bytes, cell_size(&c), e->stamp * 3, replaced);
}

static void model_init(struct model *t)
{
    plain_arenas_init(&t->arenas);
    t->m = memtable_new(&t->arenas.base, 64 * 1024, LARGE_MIN);
    t->count = 0;
    t->stamp = 0;
}

static void model_deinit(struct model *t)
{
    memtable_free(t->m);
    plain_arenas_deinit(&t->arenas);
}

static struct entry *model_find(struct model *t, const struct entry *e)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->entries[i].position == e->position && strcmp(t->entries[i].key, e->key) == 0)
            return &t->entries[i];
    }
    return NULL;
}

static void model_put(struct model *t, struct entry *e, size_t value_len)
{
    struct entry *old = model_find(t, e);
    const uint8_t *replaced;

    e->stamp = ++t->stamp;
    e->cell = put(t->m, e, value_len, &replaced);
    cr_assert_eq(replaced, old ? old->cell : NULL);
    if (replaced)
        memtable_give(t->m, replaced);
    if (!old)
        old = &t->entries[t->count++];
    *old = *e;
}

static void model_remove(struct model *t, size_t i)
{
    memtable_remove(t->m, t->entries[i].cell);
    t->entries[i] = t->entries[--t->count];
}

/* Order, finding, seeking. */
static void model_check(struct model *t, struct prng *p)
{
    struct cell_key zero = { 0 };
    struct memtable_iter it;
    const uint8_t *cell;
    size_t tombstones = 0;

    cr_assert(memtable_check(t->m, true));
    cr_assert_eq(memtable_count(t->m), t->count);
    qsort(t->entries, t->count, sizeof t->entries[0], order);
    cell = memtable_seek(t->m, &it, &zero);
    for (size_t i = 0; i < t->count; i++, cell = memtable_next(&it)) {
        struct cell_key key = key_of(&t->entries[i]);
        cr_assert_eq(cell, t->entries[i].cell);
        cr_assert_eq(memtable_find(t->m, &key), cell);
        cr_assert_eq(cell_encoded_stamp(cell), t->entries[i].stamp);
        if (memtable_is_large(t->m, cell))
            cr_assert_eq(memtable_place(t->m, cell), t->entries[i].stamp * 3);
        tombstones += t->entries[i].tombstone;
    }
    cr_assert_null(cell);
    cr_assert_eq(memtable_tombstones(t->m), tombstones);
    for (unsigned n = 0; n < 50; n++) {
        struct cell_key key = { .position = prng_next(p) };
        size_t i = 0;
        if (t->count && prng_one_in(p, 2))
            key.position = t->entries[prng_below(p, t->count)].position + prng_below(p, 2);
        while (i < t->count && t->entries[i].position < key.position)
            i++;
        cell = memtable_seek(t->m, &it, &key);
        cr_assert_eq(cell, i < t->count ? t->entries[i].cell : NULL);
    }
}

/* Positions of a seed's kind: spread, of few slots, equal, or near one another. */
static uint64_t some_position(struct prng *p, unsigned kind)
{
    switch (kind) {
    case 0:
        return prng_next(p);
    case 1:
        return prng_below(p, 4) << 60 | prng_below(p, 16);
    case 2:
        return prng_below(p, 3);
    case 3:
        return 0x1234567800000000u | prng_below(p, 1000) << (prng_below(p, 3) * 10);
    default:
        return (uint64_t)-1 - (prng_one_in(p, 2) ? (uint64_t)1 << prng_below(p, 64) : 0);
    }
}

Test(memtable, it_agrees_with_a_sorted_array)
{
    static struct model t;
    struct prng p;

    for (unsigned seed = 0; seed < 40; seed++) {
        prng_init(&p, seed);
        model_init(&t);
        for (unsigned i = 0; i < 3000; i++) {
            struct entry e = { .position = some_position(&p, seed % 5) };
            snprintf(e.key, sizeof e.key, "%u", (unsigned)prng_below(&p, seed % 2 ? 4 : 400));
            e.tombstone = prng_one_in(&p, 4);
            if (t.count && (t.count == MODEL_MAX || prng_one_in(&p, i / 1000 % 2 ? 2 : 5)))
                model_remove(&t, prng_below(&p, t.count));
            else
                model_put(&t, &e, prng_below(&p, prng_one_in(&p, 10) ? 2000 : 100));
            if (i % 500 == 499)
                model_check(&t, &p);
        }
        while (t.count)
            model_remove(&t, t.count - 1);
        model_check(&t, &p);
        model_deinit(&t);
    }
}

Test(memtable, a_restore_is_exact)
{
    static struct model t;
    struct {
        struct entry e;
        const uint8_t *now, *was;
    } log[500];
    struct prng p;

    prng_init(&p, 7);
    model_init(&t);
    for (unsigned i = 0; i < 1000; i++) {
        struct entry e = { .position = some_position(&p, i % 5) };
        snprintf(e.key, sizeof e.key, "%u", i % 10);
        model_put(&t, &e, 50);
    }
    size_t live = memtable_live(t.m);
    for (unsigned i = 0; i < 500; i++) {
        log[i].e = (struct entry){ .position = some_position(&p, i % 5), .stamp = 5000 + i };
        if (i % 2)
            log[i].e = t.entries[prng_below(&p, t.count)];
        else
            snprintf(log[i].e.key, sizeof log[i].e.key, "%u", i % 10);
        log[i].now = put(t.m, &log[i].e, 10 + i, &log[i].was);
    }
    for (unsigned i = 500; i-- > 0;)
        memtable_restore(t.m, log[i].now, log[i].was);
    model_check(&t, &p);
    cr_assert_eq(memtable_live(t.m), live);
    model_deinit(&t);
}

Test(memtable, only_a_large_value_has_a_place_and_it_is_counted)
{
    static struct model t;
    struct entry e = { .key = "k", .stamp = 5 };
    const uint8_t *replaced, *now, *small;
    size_t live;

    model_init(&t);
    small = put(t.m, &e, LARGE_MIN - 1, &replaced);
    cr_assert_not(memtable_is_large(t.m, small));
    live = memtable_live(t.m);
    cr_assert_eq(live, cell_encoded_size(small));
    e.stamp = 6;
    now = put(t.m, &e, LARGE_MIN, &replaced);
    cr_assert_eq(replaced, small);
    cr_assert(memtable_is_large(t.m, now));
    cr_assert_eq(memtable_place(t.m, now), 18);
    cr_assert_eq(memtable_live(t.m), cell_encoded_size(now) + 8);
    memtable_restore(t.m, now, replaced);
    cr_assert_eq(memtable_live(t.m), live);
    memtable_remove(t.m, small);
    cr_assert_eq(memtable_live(t.m), 0);
    model_deinit(&t);
}

Test(memtable, a_tombstone_that_is_undone_no_longer_counts)
{
    static struct model t;
    struct entry e = { .key = "k", .stamp = 1 };
    const uint8_t *replaced, *now;

    model_init(&t);
    put(t.m, &e, 10, &replaced);
    e.tombstone = true;
    now = put(t.m, &e, 0, &replaced);
    cr_assert_eq(memtable_tombstones(t.m), 1);
    memtable_restore(t.m, now, replaced);
    cr_assert_eq(memtable_tombstones(t.m), 0);
    now = put(t.m, &e, 0, &replaced);
    memtable_give(t.m, replaced);
    memtable_remove(t.m, now);
    cr_assert_eq(memtable_tombstones(t.m), 0);
    model_deinit(&t);
}

Test(memtable, a_thousand_keys_of_one_position_stay_in_order)
{
    static struct model t;
    struct prng p;

    prng_init(&p, 1);
    model_init(&t);
    for (unsigned n = 0; n < 1000; n++) {
        struct entry e = { .position = 0x8000000000000001u };
        snprintf(e.key, sizeof e.key, "%u", (unsigned)prng_below(&p, 100000));
        model_put(&t, &e, 20);
        if (n == 64)
            model_check(&t, &p);
    }
    struct entry near = { .position = 0x8000000000000000u, .key = "near" };
    model_put(&t, &near, 20); /* parts from the others at the last bit */
    model_check(&t, &p);
    model_deinit(&t);
}

Test(memtable, a_million_keys_of_one_hash_tag_are_found_quickly, .timeout = 60)
{
    enum { KEYS = 1000000 };
    static struct plain_arenas arenas;
    struct memtable *m;
    char key[32];

    plain_arenas_init(&arenas);
    m = memtable_new(&arenas.base, 1024 * 1024, LARGE_MIN);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < KEYS; i++) {
            uint8_t bytes[128];
            const uint8_t *replaced;
            struct cell c = { .stamp = 1, .type = CELL_STRING };
            snprintf(key, sizeof key, "{tag}%u", i);
            c.key = cell_head_key(0, slice_str(key));
            if (round == 1) {
                cr_assert(memtable_find(m, &c.key));
                continue;
            }
            cell_encode(&c, bytes);
            memtable_put(m, bytes, cell_size(&c), 0, &replaced);
            cr_assert_null(replaced);
        }
    }
    cr_assert(memtable_check(m, true));
    cr_assert_lt(memtable_bytes(m), (size_t)KEYS * (48 + 32), "bytes a key: %zu",
                 memtable_bytes(m) / KEYS);
    memtable_free(m);
    plain_arenas_deinit(&arenas);
}

Test(memtable, overwriting_the_same_keys_does_not_grow)
{
    static struct model t;
    struct prng p;
    size_t after = 0;

    prng_init(&p, 3);
    model_init(&t);
    for (unsigned i = 0; i < 200000; i++) {
        struct entry e = { .position = prng_below(&p, 100) << 56 };
        model_put(&t, &e, prng_below(&p, 1000));
        if (i == 20000)
            after = memtable_bytes(t.m);
    }
    cr_assert_leq(memtable_bytes(t.m), after + after / 4);
    model_deinit(&t);
}

Test(memtable, a_large_cell_is_given_back_whole)
{
    static struct plain_arenas arenas;
    static uint8_t bytes[100100];
    const uint8_t *replaced, *now;
    struct cell c = { .stamp = 1, .type = CELL_STRING, .value = { bytes, 100000 } };
    static uint8_t encoded[100200];

    plain_arenas_init(&arenas);
    struct memtable *m = memtable_new(&arenas.base, 64 * 1024, LARGE_MIN);
    size_t before = memtable_bytes(m);
    c.key = cell_head_key(0, slice_str("k"));
    cell_encode(&c, encoded);
    now = memtable_put(m, encoded, cell_size(&c), 77, &replaced);
    cr_assert_gt(memtable_bytes(m), before + 100000);
    cr_assert_eq(memtable_place(m, now), 77);
    memtable_remove(m, now);
    cr_assert_leq(memtable_bytes(m), before + 128 * 1024);
    memtable_free(m);
    plain_arenas_deinit(&arenas);
}

Test(chunks, blocks_do_not_overlap_and_are_reused)
{
    static struct plain_arenas arenas;
    struct {
        uint8_t *p;
        size_t size;
    } block[300];
    struct chunks c;
    struct prng p;

    prng_init(&p, 5);
    plain_arenas_init(&arenas);
    unsigned id = arenas_acquire(&arenas.base);
    chunks_init(&c, &arenas.base, id, 8192);
    for (unsigned i = 0; i < 300; i++)
        block[i].p = NULL;
    for (unsigned i = 0; i < 20000; i++) {
        unsigned k = (unsigned)prng_below(&p, 300);
        if (block[k].p) {
            for (size_t b = 0; b < block[k].size; b++)
                cr_assert_eq(block[k].p[b], (uint8_t)k);
            chunks_give(&c, block[k].p, block[k].size);
        }
        block[k].size = 8 + prng_below(&p, prng_one_in(&p, 20) ? 5000 : 300);
        block[k].p = chunks_take(&c, block[k].size);
        cr_assert_eq((uintptr_t)block[k].p % 16, 0);
        memset(block[k].p, (int)k, block[k].size);
    }
    cr_assert_lt(c.bytes, 1024 * 1024);
    arenas_release(&arenas.base, id);
    plain_arenas_deinit(&arenas);
}
