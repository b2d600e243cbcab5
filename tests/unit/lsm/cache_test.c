/* cache_test.c: the cache against what any cache must be, and against LRU. */
#include "lsm/cache.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/prng.h"

enum { KIB = 1024, OVERHEAD = 256 /* of an entry, at most, beyond a quarter of its length */ };

static struct cache *make(uint64_t blocks, uint64_t values)
{
    uint64_t budget[CACHE_SHARES] = { blocks, values };
    return cache_new(budget);
}

static uint8_t fill_of(uint64_t file, uint64_t offset)
{
    return (uint8_t)(file * 31 + offset * 7 + offset / 4096);
}

static struct cache_entry *insert(struct cache *c, uint64_t file, uint64_t offset, size_t len,
                                  bool pin)
{
    uint8_t *bytes = mem_alloc(len);

    memset(bytes, fill_of(file, offset), len);
    return cache_insert(c, CACHE_BLOCKS, file, offset, bytes, len, pin);
}

static bool has(struct cache *c, uint64_t file, uint64_t offset)
{
    size_t len;
    const uint8_t *bytes = cache_find(c, CACHE_BLOCKS, file, offset, &len);

    if (bytes)
        cr_assert(bytes[0] == fill_of(file, offset) && bytes[len - 1] == bytes[0]);
    return bytes;
}

static uint64_t bytes_of(const struct cache *c)
{
    return cache_stats(c, CACHE_BLOCKS)->bytes;
}

Test(cache, what_was_inserted_is_found_under_its_file_and_offset_alone)
{
    struct cache *c = make(100 * KIB, 0);
    size_t len = 0;

    insert(c, 7, 4096, 1000, false);
    cr_assert(has(c, 7, 4096));
    cr_assert_not(has(c, 7, 0));
    cr_assert_not(has(c, 8, 4096));
    cr_assert_null(cache_find(c, CACHE_VALUES, 7, 4096, &len), "shares are apart");
    cr_assert_not_null(cache_find(c, CACHE_BLOCKS, 7, 4096, &len));
    cr_assert_eq(len, 1000);
    cr_assert_eq(cache_stats(c, CACHE_BLOCKS)->hits, 2);
    cr_assert_eq(cache_stats(c, CACHE_BLOCKS)->misses, 2);
    cache_free(c);
}

Test(cache, a_second_insert_keeps_the_first_bytes)
{
    struct cache *c = make(100 * KIB, 0);
    struct cache_entry *e = insert(c, 1, 0, 100, false);
    size_t len;
    const uint8_t *bytes = cache_bytes(e, &len);

    cr_assert_eq(insert(c, 1, 0, 100, true), e);
    cr_assert_eq(cache_bytes(e, &len), bytes);
    cr_assert_eq(cache_stats(c, CACHE_BLOCKS)->inserts, 1);
    cache_unpin(c, e);
    cr_assert(has(c, 1, 0), "it is in its queue still");
    cr_assert(cache_check(c));
    cache_free(c);
}

Test(cache, a_pinned_entry_outlives_any_pressure)
{
    struct cache *c = make(64 * KIB, 0);
    struct cache_entry *e = insert(c, 1, 0, 4 * KIB, true);
    size_t len;
    const uint8_t *bytes = cache_bytes(e, &len);

    for (uint64_t i = 0; i < 200; i++) {
        insert(c, 2, i * 4096, 4 * KIB, false);
        cache_turn(c);
        cr_assert(cache_check(c));
    }
    cr_assert_eq(cache_find(c, CACHE_BLOCKS, 1, 0, &len), bytes);
    cr_assert(has(c, 1, 0));
    cache_unpin(c, e);
    cr_assert_not(has(c, 1, 0), "its time was over long ago");
    cr_assert_eq(bytes[0], fill_of(1, 0), "its bytes are good until the turn's end");
    cache_turn(c);
    cr_assert_leq(bytes_of(c), 64 * KIB);
    cache_free(c);
}

Test(cache, what_is_given_up_is_readable_until_the_turn_ends)
{
    struct cache *c = make(32 * KIB, 0);
    const uint8_t *bytes[40];
    size_t len;

    for (uint64_t i = 0; i < 40; i++)
        bytes[i] = cache_bytes(insert(c, 1, i * 4096, 4 * KIB, false), &len);
    for (uint64_t i = 0; i < 40; i++)
        cr_assert_eq(bytes[i][4095], fill_of(1, i * 4096));
    cr_assert_gt(bytes_of(c), 150 * KIB);
    cache_turn(c);
    cr_assert_leq(bytes_of(c), 32 * KIB);
    cr_assert(cache_check(c));
    cache_free(c);
}

Test(cache, an_entry_too_large_stays_while_it_is_pinned_or_the_turn_lasts)
{
    struct cache *c = make(64 * KIB, 0);
    struct cache_entry *e;

    insert(c, 1, 0, 4 * KIB, false);
    insert(c, 2, 0, 50 * KIB, false);
    cr_assert(has(c, 2, 0));
    cache_turn(c);
    cr_assert_not(has(c, 2, 0));
    e = insert(c, 2, 0, 50 * KIB, true);
    cache_turn(c);
    cr_assert(has(c, 2, 0));
    cr_assert(cache_check(c));
    cache_unpin(c, e);
    cache_turn(c);
    cr_assert_not(has(c, 2, 0));
    cr_assert(has(c, 1, 0), "nothing made room for it");
    cache_free(c);
}

Test(cache, an_entry_too_large_may_be_pinned_later)
{
    struct cache *c = make(64 * KIB, 0);
    struct cache_entry *e = insert(c, 2, 0, 50 * KIB, false);

    cache_pin(c, e);
    cache_turn(c);
    cr_assert(has(c, 2, 0));
    cr_assert_eq(insert(c, 2, 0, 50 * KIB, true), e);
    cache_unpin(c, e);
    cache_turn(c);
    cr_assert(has(c, 2, 0));
    cache_unpin(c, e);
    cache_turn(c);
    cr_assert_eq(bytes_of(c), 0);
    cache_free(c);
}

Test(cache, without_a_budget_nothing_stays)
{
    struct cache *c = make(0, 0);

    insert(c, 1, 0, 1, false);
    cache_turn(c);
    cr_assert_eq(bytes_of(c), 0);
    cr_assert_not(has(c, 1, 0));
    cache_free(c);
}

Test(cache, a_much_smaller_budget_gives_way_turn_by_turn)
{
    struct cache *c = make(100 * 1024 * KIB, 0);
    uint64_t before, turns = 0;

    for (uint64_t i = 0; i < 20000; i++)
        insert(c, 1, i * 4096, 4 * KIB, false);
    cache_turn(c);
    cache_set_budget(c, CACHE_BLOCKS, 128 * KIB);
    cr_assert(cache_gives_way(c));
    while (cache_gives_way(c)) {
        before = cache_stats(c, CACHE_BLOCKS)->entries;
        insert(c, 2, turns++ * 4096, 4 * KIB, false); /* takes another's place */
        cache_turn(c);
        cr_assert_leq(before - cache_stats(c, CACHE_BLOCKS)->entries, 1024);
        cr_assert_leq(cache_stats(c, CACHE_BLOCKS)->entries, before);
    }
    cr_expect_geq(turns, 19);
    cr_expect_leq(turns, 80);
    cr_expect_leq(bytes_of(c), 128 * KIB);
    cr_expect_geq(bytes_of(c), 100 * KIB);
    cr_expect(cache_check(c));
    cache_set_budget(c, CACHE_BLOCKS, 64 * KIB);
    cache_set_budget(c, CACHE_BLOCKS, 256 * KIB);
    cr_expect_not(cache_gives_way(c), "it may have more again");
    cache_free(c);
}

Test(cache, a_smaller_budget_gives_way_in_the_next_turn)
{
    struct cache *c = make(1024 * KIB, 0);

    for (uint64_t i = 0; i < 200; i++)
        insert(c, 1, i * 4096, 4 * KIB, false);
    cache_set_budget(c, CACHE_BLOCKS, 128 * KIB);
    cache_turn(c);
    cr_assert_leq(bytes_of(c), 128 * KIB);
    cr_assert_geq(bytes_of(c), 100 * KIB);
    cr_assert(cache_check(c));
    cache_free(c);
}

Test(cache, a_forgotten_files_entries_go_and_pinned_ones_last)
{
    struct cache *c = make(8 * 1024 * KIB, 0);
    struct cache_entry *pinned = insert(c, 1, 1 << 30, 4 * KIB, true);
    uint64_t other;

    insert(c, 2, 0, 4 * KIB, false);
    other = bytes_of(c);
    for (uint64_t i = 0; i < 1000; i++)
        insert(c, 1, i * 4096, 4 * KIB, false);
    cache_forget(c, 1);
    cache_forget(c, 3); /* of which there is nothing */
    cr_assert(cache_check(c));
    for (unsigned turn = 0; turn < 10; turn++) {
        cache_turn(c);
        cr_assert(cache_check(c));
    }
    cr_assert_eq(bytes_of(c), other);
    cr_assert(has(c, 2, 0));
    cr_assert(has(c, 1, 1 << 30));
    cache_unpin(c, pinned);
    cache_turn(c);
    cr_assert_not(has(c, 1, 1 << 30));
    cr_assert_eq(cache_stats(c, CACHE_BLOCKS)->evictions, 0);
    cache_free(c);
}

Test(cache, a_forgotten_file_gives_way_before_anything_else)
{
    struct cache *c = make(1024 * KIB, 0);

    for (uint64_t i = 0; i < 100; i++)
        insert(c, 1, i * 4096, 4 * KIB, false);
    for (uint64_t i = 0; i < 100; i++)
        insert(c, 2, i * 4096, 4 * KIB, false);
    cache_forget(c, 2);
    for (uint64_t i = 0; i < 120; i++)
        insert(c, 3, i * 4096, 4 * KIB, false);
    for (uint64_t i = 0; i < 100; i++)
        cr_assert(has(c, 1, i * 4096));
    cache_forget(c, 1);
    cache_free(c);
}

/* Every second access of a scan would be a hit if it flushed nothing. */
Test(cache, a_scan_of_cold_blocks_does_not_flush_the_hot_ones)
{
    struct cache *c = make(1024 * KIB, 0);
    struct prng prng;
    unsigned hits = 0, all = 0;

    prng_init(&prng, 1);
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t at = prng_below(&prng, 120) * 4096;
        if (!has(c, 1, at))
            insert(c, 1, at, 4 * KIB, false);
        cache_turn(c);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t at = prng_below(&prng, 120) * 4096;
        insert(c, 2, i * 4096, 4 * KIB, false);
        if (i % 4 == 0) {
            all++;
            if (has(c, 1, at))
                hits++;
            else
                insert(c, 1, at, 4 * KIB, false);
        }
        cache_turn(c);
    }
    cr_assert_geq(hits * 100, all * 97, "%u of %u", hits, all);
    cache_free(c);
}

/* A cold read is found again by the request that had it read. */
Test(cache, pinned_finds_are_not_uses)
{
    struct cache *c = make(256 * KIB, 0);

    for (uint64_t i = 0; i < 40; i++) { /* hot */
        insert(c, 1, i * 4096, 4 * KIB, false);
        has(c, 1, i * 4096);
        has(c, 1, i * 4096);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        struct cache_entry *e = insert(c, 2, i * 4096, 4 * KIB, true);
        for (unsigned again = 0; again < 4; again++)
            cr_assert(has(c, 2, i * 4096));
        cache_unpin(c, e);
        cache_turn(c);
    }
    for (uint64_t i = 0; i < 40; i++)
        cr_assert(has(c, 1, i * 4096), "block %llu", (unsigned long long)i);
    cache_free(c);
}

/* --- beside LRU, on a Zipf trace */

enum { ZIPF_KEYS = 20000, ZIPF_STEPS = 400000, ZIPF_WARM = 100000, LEN = 4000 };

struct zipf {
    double upto[ZIPF_KEYS];
};

static void zipf_init(struct zipf *z, double s)
{
    double sum = 0;

    for (unsigned i = 0; i < ZIPF_KEYS; i++)
        z->upto[i] = sum += 1 / pow(i + 1, s);
    for (unsigned i = 0; i < ZIPF_KEYS; i++)
        z->upto[i] /= sum;
}

static unsigned zipf_next(const struct zipf *z, struct prng *prng)
{
    double u = (double)(prng_next(prng) >> 11) / 9007199254740992.0;
    unsigned lo = 0, hi = ZIPF_KEYS - 1;

    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (z->upto[mid] < u)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Exact LRU of `room` items, as a ring of numbers. */
struct lru {
    unsigned next[ZIPF_KEYS + 1], prev[ZIPF_KEYS + 1];
    bool in[ZIPF_KEYS];
    unsigned count, room;
};

static void lru_cut(struct lru *l, unsigned key)
{
    l->next[l->prev[key]] = l->next[key];
    l->prev[l->next[key]] = l->prev[key];
}

static bool lru_use(struct lru *l, unsigned key)
{
    bool hit = l->in[key];

    if (hit) {
        lru_cut(l, key);
    } else if (l->count == l->room) {
        unsigned old = l->prev[ZIPF_KEYS];
        lru_cut(l, old);
        l->in[old] = false;
    } else {
        l->count++;
    }
    l->in[key] = true;
    l->next[key] = l->next[ZIPF_KEYS];
    l->prev[key] = ZIPF_KEYS;
    l->prev[l->next[ZIPF_KEYS]] = key;
    l->next[ZIPF_KEYS] = key;
    return hit;
}

/* Hit ratios in permille, ours and LRU's, with room for `room` entries. */
static void race(unsigned room, unsigned *ours, unsigned *lrus)
{
    struct zipf *z = mem_alloc(sizeof *z);
    struct lru *l = mem_zalloc(1, sizeof *l);
    struct cache *c;
    struct prng prng;
    unsigned hits = 0, lru_hits = 0;
    uint64_t charge;

    c = make(1 << 20, 0);
    insert(c, 1, 0, LEN, false);
    charge = bytes_of(c);
    cache_free(c);
    c = make(charge * room, 0);
    zipf_init(z, 0.99);
    l->next[ZIPF_KEYS] = l->prev[ZIPF_KEYS] = ZIPF_KEYS;
    l->room = room;
    prng_init(&prng, 7);
    for (unsigned i = 0; i < ZIPF_STEPS; i++) {
        unsigned key = zipf_next(z, &prng);
        size_t len;
        bool lru = lru_use(l, key), hit = cache_find(c, CACHE_BLOCKS, 1, key, &len);
        if (!hit)
            cache_insert(c, CACHE_BLOCKS, 1, key, mem_alloc(LEN), LEN, false);
        hits += i >= ZIPF_WARM && hit;
        lru_hits += i >= ZIPF_WARM && lru;
        cache_turn(c);
    }
    cr_assert(cache_check(c));
    *ours = hits * 10 / ((ZIPF_STEPS - ZIPF_WARM) / 100);
    *lrus = lru_hits * 10 / ((ZIPF_STEPS - ZIPF_WARM) / 100);
    cache_free(c);
    mem_free(l);
    mem_free(z);
}

Test(cache, it_hits_at_least_as_often_as_lru_on_a_zipf_trace)
{
    static const unsigned rooms[] = { 200, 1000, 4000 };

    for (unsigned i = 0; i < 3; i++) {
        unsigned ours, lrus;
        race(rooms[i], &ours, &lrus);
        cr_log_info("room %u: %u and %u permille", rooms[i], ours, lrus);
        cr_assert_geq(ours, lrus, "room %u: %u, LRU %u permille", rooms[i], ours, lrus);
    }
}

/* --- any history, against a map that forgets nothing */

enum { MODEL_FILES = 8, MODEL_OFFSETS = 200, MODEL_PINS = 16 };

struct model {
    struct cache *c;
    struct prng prng;
    uint32_t len[MODEL_FILES][MODEL_OFFSETS]; /* of what was last inserted; 0: never */
    struct {
        struct cache_entry *e;
        const uint8_t *bytes;
        uint64_t file, offset;
    } pins[MODEL_PINS];
    uint64_t budget;
    uint64_t base; /* of file ids; a forgotten one is not used again */
};

static uint64_t pinned_max(const struct model *m)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < MODEL_PINS; i++) {
        size_t len = 0;
        if (m->pins[i].e)
            cache_bytes(m->pins[i].e, &len);
        sum += len + len / 4 + OVERHEAD;
    }
    return sum;
}

static void model_find(struct model *m, uint64_t file, uint64_t offset)
{
    size_t len;
    const uint8_t *bytes = cache_find(m->c, CACHE_BLOCKS, m->base + file, offset, &len);

    if (!bytes)
        return;
    cr_assert_gt(m->len[file][offset], 0);
    cr_assert_eq(bytes[0], fill_of(m->base + file, offset));
    cr_assert_eq(bytes[len - 1], bytes[0]);
}

static void model_pin(struct model *m, unsigned i, uint64_t file, uint64_t offset, size_t len)
{
    if (m->pins[i].e)
        cache_unpin(m->c, m->pins[i].e);
    m->pins[i].e = insert(m->c, m->base + file, offset, len, true);
    m->pins[i].bytes = cache_bytes(m->pins[i].e, &len);
    m->pins[i].file = m->base + file;
    m->pins[i].offset = offset;
    m->len[file][offset] = (uint32_t)len;
}

static void model_turn(struct model *m)
{
    cache_turn(m->c);
    cr_assert_leq(bytes_of(m->c), m->budget + pinned_max(m));
    for (unsigned i = 0; i < MODEL_PINS; i++) {
        size_t len;
        if (!m->pins[i].e)
            continue;
        cr_assert_eq(cache_find(m->c, CACHE_BLOCKS, m->pins[i].file, m->pins[i].offset, &len),
                     m->pins[i].bytes);
        cr_assert_eq(m->pins[i].bytes[len - 1], fill_of(m->pins[i].file, m->pins[i].offset));
    }
}

static void model_step(struct model *m)
{
    uint64_t file = prng_below(&m->prng, MODEL_FILES), offset = prng_below(&m->prng, MODEL_OFFSETS);
    size_t len = 1 + (size_t)prng_below(&m->prng, prng_one_in(&m->prng, 20) ? 60000 : 6000);

    switch (prng_below(&m->prng, 40)) {
    case 0:
        m->budget = prng_below(&m->prng, 200000);
        cache_set_budget(m->c, CACHE_BLOCKS, m->budget);
        break;
    case 1:
        model_pin(m, (unsigned)prng_below(&m->prng, MODEL_PINS), file, offset, len);
        break;
    case 2:
        if (prng_one_in(&m->prng, 4)) {
            for (file = 0; file < MODEL_FILES; file++)
                cache_forget(m->c, m->base + file);
            m->base += MODEL_FILES;
            memset(m->len, 0, sizeof m->len);
        }
        break;
    case 3:
        model_turn(m);
        break;
    default:
        if (prng_one_in(&m->prng, 2)) {
            m->len[file][offset] = (uint32_t)len;
            insert(m->c, m->base + file, offset, len, false);
        } else {
            model_find(m, file, offset);
        }
    }
}

Test(cache, no_history_gives_wrong_bytes_or_passes_the_budget)
{
    for (unsigned seed = 0; seed < 8; seed++) {
        struct model *m = mem_zalloc(1, sizeof *m);
        prng_init(&m->prng, seed);
        m->budget = 100000;
        m->c = make(m->budget, 0);
        for (unsigned i = 0; i < 8000; i++) {
            model_step(m);
            if (i % 64 == 0)
                cr_assert(cache_check(m->c));
        }
        for (unsigned i = 0; i < MODEL_PINS; i++) {
            if (m->pins[i].e)
                cache_unpin(m->c, m->pins[i].e);
        }
        cr_assert(cache_check(m->c));
        cache_free(m->c);
        mem_free(m);
    }
}
