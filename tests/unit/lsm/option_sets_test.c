/* option_sets_test.c: whatever the sizes of blocks, tables and memtables, filters,
 * compression, where values are kept and what the cache holds: the same calls have the same
 * answers, those of a plain array. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "cell/position.h"
#include "lsm_world.h"

enum { KEYS = 150, CALLS = 2500, DBS = 2 };

struct set {
    size_t memtable, chunk, segment, table, block, cache;
    uint32_t separation;
    unsigned filter_bits;
    bool compress;
};

static const struct set sets[] = {
    { 65536, 4096, 65536, 32768, 4096, 65536, 4096, 10, false },
    { 8192, 1024, 32768, 4096, 256, 0, 256, 1, false },
    { 8192, 1024, 32768, 4096, 512, 4096, 1000, 20, true },
    { 16384, 8192, 131072, 65536, 65536, 1 << 20, 1 << 20, 10, true },
    { 32768, 4096, 65536, 8192, 1024, 16384, 512, 5, false },
    { 1 << 22, 65536, 65536, 8192, 1024, 65536, 4096, 10, false }, /* nothing is ever flushed */
    { 4096, 512, 16384, 4096, 256, 65536, 256, 64, true },
};

struct value {
    bool there;
    unsigned size;
    int fill;
    uint64_t expire_ms;
};

static struct lsm_world w;
static struct value model[DBS][KEYS];

static void world_of(const struct set *s)
{
    lsm_world_init(&w);
    w.options.memtable_size = s->memtable;
    w.options.chunk_size = s->chunk;
    w.options.segment_size = s->segment;
    w.options.table_size = s->table;
    w.options.block_size = s->block;
    w.options.cache_size = s->cache;
    w.options.value_separation = s->separation;
    w.options.filter_bits = s->filter_bits;
    w.options.compress = s->compress;
    memset(model, 0, sizeof model);
}

static struct cell_key key_of(unsigned db, unsigned i, char name[32])
{
    snprintf(name, 32, i % 3 ? "key%u" : "{tag}key%u", i);
    return (struct cell_key){ .position = position_of(slice_str(name)),
                              .key = slice_str(name),
                              .db = (uint8_t)db };
}

static void wait_for_room(void)
{
    for (unsigned n = 0; n < 100000 && !lsm_can_put(w.lsm, 16384); n++) {
        lsm_turn(w.lsm);
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
    cr_assert(lsm_can_put(w.lsm, 16384));
}

static void put(struct prng *p, unsigned db, unsigned i, bool dead)
{
    static uint8_t bytes[8192];
    struct value *v = &model[db][i];
    char name[32];
    struct cell c = { .key = key_of(db, i, name), .stamp = ++w.stamp, .origin = 1 };

    *v = (struct value){ .there = !dead,
                         .size = (unsigned)prng_below(p, prng_one_in(p, 4) ? 6000 : 300),
                         .fill = 'a' + (int)prng_below(p, 26),
                         .expire_ms = prng_one_in(p, 4) ? w.now_us / 1000 + prng_below(p, 60000)
                                                        : 0 };
    memset(bytes, v->fill, v->size);
    c.type = dead ? CELL_NONE : CELL_STRING;
    c.flags = dead ? CELL_TOMBSTONE : v->expire_ms ? CELL_EXPIRES : 0;
    c.expire_ms = v->expire_ms;
    c.value = slice_of(bytes, dead ? 0 : v->size);
    lsm_put(w.lsm, &c);
}

static bool alive(const struct value *v)
{
    return v->there && (!v->expire_ms || v->expire_ms > w.now_us / 1000);
}

static void expect_key(const struct set *s, unsigned db, unsigned i)
{
    const struct value *v = &model[db][i];
    char name[32];
    struct cell_key key = key_of(db, i, name);
    struct cell c;
    bool there = lsm_world_find(&w, &key, &c) && !(c.flags & CELL_TOMBSTONE) &&
                 !cell_expired(&c, w.now_us / 1000);

    cr_assert(!err_is(w.fetch_err), "set %td: %s", s - sets, w.fetch_err.what);
    cr_assert_eq(there, alive(v), "set %td: db%u %s", s - sets, db, name);
    if (!there)
        return;
    cr_assert_eq(c.value.len, v->size);
    for (size_t n = 0; n < v->size; n++)
        cr_assert_eq(c.value.data[n], v->fill);
}

static void expect_all(const struct set *s)
{
    for (unsigned db = 0; db < DBS; db++) {
        for (unsigned i = 0; i < KEYS; i++)
            expect_key(s, db, i);
    }
    cr_assert(lsm_check(w.lsm, true));
}

static void call(struct prng *p, const struct set *s)
{
    unsigned db = (unsigned)prng_below(p, DBS), i = (unsigned)prng_below(p, KEYS);

    wait_for_room();
    switch (prng_below(p, 40)) {
    case 0:
        w.now_us += prng_below(p, 20000000); /* keys expire */
        break;
    case 1:
        if (!prng_one_in(p, 6))
            break;
        lsm_flush(w.lsm, (uint8_t)db, ++w.stamp);
        memset(model[db], 0, sizeof model[db]);
        break;
    case 2:
        lsm_world_settle(&w);
        break;
    case 3:
    case 4:
    case 5:
        put(p, db, i, true);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        expect_key(s, db, i);
        break;
    default:
        put(p, db, i, false);
    }
    lsm_commit(w.lsm);
}

/* The same calls for each set; jobs go on at their own pace. */
static void play(const struct set *s, uint64_t seed)
{
    struct prng calls, pace;

    prng_init(&calls, seed);
    prng_init(&pace, seed ^ 99);
    world_of(s);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    for (unsigned n = 1; n <= CALLS; n++) {
        call(&calls, s);
        lsm_turn(w.lsm);
        while (prng_one_in(&pace, 2))
            lsm_world_step(&w);
        if (n % 500 == 0)
            expect_all(s);
        if (n % 800 == 0) {
            if (prng_one_in(&pace, 2))
                lsm_world_kill(&w);
            else
                lsm_world_close(&w);
            cr_assert_eq(lsm_world_open(&w), LSM_READY);
            expect_all(s);
        }
    }
    lsm_world_settle(&w);
    expect_all(s);
    lsm_world_close(&w);
    lsm_world_deinit(&w);
}

Test(option_sets, have_the_same_answers, .timeout = 120)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
            play(&sets[i], seed);
    }
}
