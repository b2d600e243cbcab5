/* evict_test.c: a store with a bound on its files: as a cache it keeps what is used, and
 * as a store it refuses, and takes again what was deleted. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "cell/position.h"
#include "lsm/recency.h"
#include "lsm_world.h"
#include "zipf.h"

enum { KEYS = 20000, MAX = 1536 * 1024 };

static struct lsm_world w;
static struct prng prng;
static size_t value_size = 200;
static uint64_t expire_ms; /* of values put from now on; 0: none */

static void cache_world(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 65536;
    w.options.chunk_size = 4096;
    w.options.segment_size = 65536;
    w.options.value_separation = 1000;
    w.options.table_size = 65536;
    w.options.block_size = 1024;
    w.options.filter_bits = 10;
    w.options.cache_size = 262144;
    prng_init(&prng, 3);
    value_size = 200;
    expire_ms = 0;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static void end_world(void)
{
    if (w.lsm)
        lsm_world_close(&w);
    lsm_world_deinit(&w);
}

TestSuite(evict, .init = cache_world, .fini = end_world);

static const char *key_name(unsigned i)
{
    static char name[16];
    snprintf(name, sizeof name, "k%u", i);
    return name;
}

static struct cell_key key_of(unsigned i)
{
    const char *name = key_name(i);
    return (struct cell_key){ .position = position_of(slice_str(name)), .key = slice_str(name) };
}

static bool step(void)
{
    lsm_turn(w.lsm);
    if (lsm_world_step(&w))
        return true;
    lsm_world_tick(&w);
    return false;
}

/* False: it is full. */
static bool wait_for_room(size_t bytes)
{
    for (unsigned n = 0; n < 100000 && !lsm_full(w.lsm); n++) {
        if (lsm_can_put(w.lsm, bytes))
            return true;
        step();
    }
    cr_assert(lsm_full(w.lsm), "it waits for ever");
    return false;
}

static bool put(unsigned i)
{
    static uint8_t bytes[8192];
    struct cell c = { .key = key_of(i), .type = CELL_STRING, .stamp = ++w.stamp, .origin = 1 };

    if (!wait_for_room(value_size + 512))
        return false;
    memset(bytes, 'a' + (int)(i % 26), value_size);
    c.value = slice_of(bytes, value_size);
    c.flags = expire_ms ? CELL_EXPIRES : 0;
    c.expire_ms = expire_ms;
    lsm_put(w.lsm, &c);
    lsm_commit(w.lsm);
    return true;
}

static bool get(unsigned i)
{
    struct cell_key key = key_of(i);
    struct cell c;
    bool there = lsm_world_find(&w, &key, &c) && !(c.flags & CELL_TOMBSTONE);

    cr_assert(!err_is(w.fetch_err));
    if (there) {
        cr_assert_eq(c.value.data[0], 'a' + (int)(i % 26));
        lsm_touch(w.lsm, key.position);
    }
    return there;
}

/* Jobs and their pauses, until nothing moves. */
static void rest(void)
{
    for (unsigned n = 0; n < 20000; n++) {
        uint64_t before = w.now_us;
        if (!step() && w.now_us - before > 500000)
            return;
    }
    cr_assert_fail("it never rests");
}

/* --- exact LRU beside it */

struct lru {
    struct list order; /* newest first */
    struct lru_key {
        struct list link;
        bool there;
    } keys[KEYS];
    unsigned count;
    unsigned room;
};

static bool lru_get(struct lru *l, unsigned i)
{
    struct lru_key *k = &l->keys[i];
    bool there = k->there;

    if (there)
        list_remove(&k->link);
    list_push(&l->order, &k->link);
    k->there = true;
    l->count += !there;
    while (l->count > l->room) {
        struct lru_key *oldest = list_item(l->order.next, struct lru_key, link);
        list_remove(&oldest->link);
        oldest->there = false;
        l->count--;
    }
    return there;
}

static struct lru *lru_new(unsigned room)
{
    struct lru *l = mem_zalloc(1, sizeof *l);

    l->room = room;
    list_init(&l->order);
    for (unsigned i = 0; i < KEYS; i++)
        list_init(&l->keys[i].link);
    return l;
}

struct rates {
    double ours;
    double exact;
    double keys;      /* on average */
    uint64_t most;    /* bytes of disk */
    uint64_t leaving; /* ... of files to be removed */
};

/* Hits of an exact LRU of so many keys in the second half of a trace. */
static double exact_rate(const uint16_t *trace, unsigned length, unsigned room)
{
    struct lru *l = lru_new(room);
    unsigned hits = 0, measured = length - length / 2;

    for (unsigned n = 0; n < length; n++)
        hits += lru_get(l, trace[n]) && n >= length / 2;
    mem_free(l);
    return 100.0 * hits / measured;
}

/* Reads along a Zipf trace, puts what was missed.  The exact LRU beside it has room for as
 * many keys as the store had on average. */
static struct rates play(enum heat_policy policy, unsigned length)
{
    struct zipf *z = zipf_new(KEYS, 0.99);
    uint16_t *trace = mem_alloc(length * sizeof *trace);
    struct rates r = { 0 };
    unsigned hits = 0, measured = length - length / 2;

    lsm_set_room(w.lsm, MAX, policy, 1 << 18);
    for (unsigned n = 0; n < length; n++) {
        bool hit = get(trace[n] = (uint16_t)zipf_next(z, &prng));
        if (!hit)
            cr_assert(put(trace[n]));
        w.now_us += 2000;
        if (prng_one_in(&prng, 3))
            step();
        if (lsm_stats(w.lsm)->disk_bytes > r.most)
            r.most = lsm_stats(w.lsm)->disk_bytes;
        if (lsm_stats(w.lsm)->leaving_bytes > r.leaving)
            r.leaving = lsm_stats(w.lsm)->leaving_bytes;
        if (n >= length / 2) {
            hits += hit;
            r.keys += (double)lsm_count(w.lsm, 0);
        }
    }
    r.ours = 100.0 * hits / measured;
    r.keys /= measured;
    r.exact = exact_rate(trace, length, (unsigned)r.keys);
    cr_log_info("policy %d: %.1f %%, exact LRU %.1f %%, %.0f keys, %llu bytes", (int)policy, r.ours,
                r.exact, r.keys, (unsigned long long)r.most);
    mem_free(z);
    mem_free(trace);
    return r;
}

static void compare(enum heat_policy policy, double points)
{
    struct rates r = play(policy, 120000);

    cr_expect_leq(r.most, MAX + 65536, "the bound holds but for a segment");
    cr_expect_leq(r.leaving, MAX * 3 / 2, "what is replaced goes soon");
    cr_expect_gt(lsm_stats(w.lsm)->evicted_keys, 1000);
    cr_expect_lt(r.keys, KEYS * 0.6, "the trace does not fit");
    cr_expect_geq(r.ours, r.exact - points);
}

Test(evict, lru_hits_nearly_as_often_as_exact_lru)
{
    compare(HEAT_ALLKEYS_LRU, 5);
}

Test(evict, lfu_hits_nearly_as_often_as_exact_lru)
{
    compare(HEAT_ALLKEYS_LFU, 5);
}

Test(evict, random_evicts_too_and_hits_less)
{
    compare(HEAT_ALLKEYS_RANDOM, 15);
}

Test(evict, values_in_files_of_their_own_go_too)
{
    struct rates r;

    value_size = 4000;
    r = play(HEAT_ALLKEYS_LRU, 20000);
    cr_expect_leq(r.most, MAX + 65536);
    cr_expect_geq(r.keys, 120);
    cr_expect_geq(r.ours, r.exact - 5);
}

Test(evict, only_keys_with_an_expiry_go_under_a_volatile_policy)
{
    unsigned lasting = 0;

    lsm_set_room(w.lsm, MAX, HEAT_VOLATILE_LRU, 1 << 18);
    for (unsigned i = 0; i < 1000; i++)
        cr_assert(put(i));
    expire_ms = w.now_us / 1000 + 100000000;
    for (unsigned i = 1000; i < KEYS; i++) {
        cr_assert(put(i));
        step();
    }
    for (unsigned i = 0; i < 1000; i++)
        lasting += get(i);
    cr_expect_eq(lasting, 1000u);
    cr_expect_gt(lsm_stats(w.lsm)->evicted_keys, 10000u);
}

Test(evict, what_expires_soonest_goes_first_under_volatile_ttl)
{
    unsigned soon = 0, late = 0;

    lsm_set_room(w.lsm, MAX, HEAT_VOLATILE_TTL, 0);
    for (unsigned i = 0; i < 12000; i++) {
        expire_ms = w.now_us / 1000 + (i % 2 ? 100000 : 10000000);
        cr_assert(put(i));
        step();
    }
    for (unsigned i = 0; i < 6000; i++) {
        soon += i % 2 && get(i);
        late += i % 2 == 0 && get(i);
    }
    cr_log_info("%u soon, %u late", soon, late);
    cr_expect_gt(late, 4 * (soon + 1));
}

/* Nothing to evict, or nothing may be: writes are refused at the bound, and taken again
 * when there is room. */
static void fill_and_free(enum heat_policy policy)
{
    unsigned count = 0;

    lsm_set_room(w.lsm, MAX, policy, 1 << 16);
    while (count < KEYS && put(count))
        count++;
    cr_expect(lsm_full(w.lsm));
    cr_expect_lt(count, 10000u);
    cr_expect_eq(lsm_stats(w.lsm)->evicted_keys, 0u);
    for (unsigned i = 0; i < count; i += 97)
        cr_expect(get(i));
    for (unsigned i = 0; i < count; i++) {
        if (i % 3 == 0)
            continue;
        for (unsigned n = 0; n < 10000 && !lsm_can_put(w.lsm, 512); n++)
            step();
        lsm_world_put(&w, key_name(i), NULL);
        lsm_commit(w.lsm);
        step();
    }
    for (unsigned n = 0; n < 2000 && lsm_full(w.lsm); n++)
        rest();
    cr_expect(!lsm_full(w.lsm), "what is deleted gives its room back");
    for (unsigned i = 0; i < 500; i++)
        cr_assert(put(count + i));
    for (unsigned i = 0; i < count; i += 3)
        cr_assert(get(i), "key %u", i);
}

Test(evict, noeviction_refuses_and_recovers)
{
    fill_and_free(HEAT_NOEVICTION);
}

Test(evict, a_volatile_policy_with_nothing_volatile_refuses_and_recovers)
{
    fill_and_free(HEAT_VOLATILE_LRU);
}

Test(evict, a_policy_can_change_while_it_evicts)
{
    for (unsigned i = 0; i < KEYS; i++) {
        if (i % 500 == 0)
            lsm_set_room(w.lsm, MAX, (enum heat_policy)(1 + i / 500 % 3), 1 << 16);
        cr_assert(put(i));
        step();
    }
    cr_expect_gt(lsm_stats(w.lsm)->evicted_keys, 5000u);
}

Test(recency, remembers_the_last_use)
{
    struct recency *r = recency_new(1 << 16);
    unsigned wrong = 0;

    cr_expect_eq(recency_bytes(r), 1u << 16);
    cr_expect_eq(recency_last(r, 12345), 0u);
    for (uint32_t i = 1; i <= 2000; i++)
        recency_touch(r, (uint64_t)i * 0x9e3779b97f4a7c15u, i);
    for (uint32_t i = 1; i <= 2000; i++) {
        uint32_t last = recency_last(r, (uint64_t)i * 0x9e3779b97f4a7c15u);
        cr_assert_geq(last, i, "never too old");
        wrong += last != i;
    }
    cr_log_info("%u of 2000 too young", wrong);
    cr_expect_lt(wrong, 100u);
    recency_free(r);
}
