/* expiry_test.c: what has expired is found by its timer wherever in memory it is, and
 * counts no more when it is in tables. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell/position.h"
#include "lsm_world.h"

static struct lsm_world w;
static unsigned found[1000]; /* how often each key was handed over */

static void small_world(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 131072;
    w.options.chunk_size = 4096;
    w.options.segment_size = 131072;
    w.options.table_size = 65536;
    w.options.block_size = 1024;
    w.options.filter_bits = 10;
    w.options.cache_size = 65536;
    memset(found, 0, sizeof found);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static void end_world(void)
{
    lsm_world_close(&w);
    lsm_world_deinit(&w);
}

TestSuite(expiry, .init = small_world, .fini = end_world);

static void put(unsigned i, uint64_t expire_ms, bool dead)
{
    char name[16];
    struct cell c = {
        .type = CELL_STRING, .stamp = ++w.stamp, .origin = 1, .expire_ms = expire_ms
    };

    snprintf(name, sizeof name, "k%u", i);
    c.key = (struct cell_key){ .position = position_of(slice_str(name)), .key = slice_str(name) };
    c.flags = dead ? CELL_TOMBSTONE : expire_ms ? CELL_EXPIRES : 0;
    c.type = dead ? CELL_NONE : CELL_STRING;
    c.value = slice_str(dead ? "" : "value");
    for (unsigned n = 0; n < 10000 && !lsm_can_put(w.lsm, 4096); n++) {
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
    lsm_put(w.lsm, &c);
    lsm_commit(w.lsm);
}

static void on_expired(void *arg, const uint8_t *encoded)
{
    struct cell c;
    char number[16] = "";

    (void)arg;
    cell_decode(encoded, &c);
    memcpy(number, c.key.key.data + 1, c.key.key.len - 1);
    found[atoi(number)]++;
}

/* Seals what is in the active memtable, and leaves it in memory; puts others that expire
 * then, or never (0). */
static void seal(uint64_t expire_ms)
{
    uint64_t sealed = lsm_stats(w.lsm)->sealed;

    for (unsigned i = 500; lsm_stats(w.lsm)->sealed == sealed; i = i < 998 ? i + 1 : 500)
        put(i, expire_ms, false);
}

Test(expiry, timers_find_the_newest_of_each_key_in_every_memtable)
{
    for (unsigned i = 0; i < 100; i++)
        put(i, 1000 + i, false);
    seal(0);
    put(7, 0, false);      /* does not expire any more */
    put(8, 5000, false);   /* later */
    put(9, 0, true);       /* is deleted */
    put(200, 1010, false); /* in the active memtable */
    cr_expect_eq(lsm_next_expiry(w.lsm), 1000u);
    cr_expect(!lsm_expire(w.lsm, 1000, 999, on_expired, NULL));
    cr_expect(lsm_expire(w.lsm, 10, 2000, on_expired, NULL), "there are more");
    cr_expect(!lsm_expire(w.lsm, 1000, 2000, on_expired, NULL));
    for (unsigned i = 0; i < 1000; i++)
        cr_expect_eq(found[i], (i < 100 && (i < 7 || i > 9)) || i == 200, "key %u", i);
    cr_expect_eq(lsm_next_expiry(w.lsm), 5000u);
    cr_expect(!lsm_expire(w.lsm, 1000, 5000, on_expired, NULL));
    cr_expect_eq(found[8], 1u);
    cr_expect_eq(lsm_next_expiry(w.lsm), UINT64_MAX);
}

static void on_elsewhere(void *arg, uint8_t db, uint64_t position)
{
    (void)arg;
    for (unsigned i = 0; db == 0 && i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%u", i);
        if (position_of(slice_str(name)) == position)
            found[i] += 100;
    }
}

Test(expiry, who_listens_hears_of_timers_whose_keys_are_in_tables)
{
    for (unsigned i = 0; i < 100; i++)
        put(i, 1000 + i, false);
    lsm_watch_expiry(w.lsm, on_elsewhere, NULL);
    seal(0);
    for (unsigned n = 0; n < 10000 && lsm_stats(w.lsm)->sealed; n++) {
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
    cr_assert_eq(lsm_stats(w.lsm)->sealed, 0u);
    put(7, 0, false); /* in memory, and does not expire */
    cr_expect(!lsm_expire(w.lsm, 1000, 2000, on_expired, NULL));
    for (unsigned i = 0; i < 100; i++)
        cr_expect_eq(found[i], i == 7 ? 0u : 100u, "key %u", i);
    lsm_watch_expiry(w.lsm, NULL, NULL);
    cr_expect_eq(lsm_next_expiry(w.lsm), UINT64_MAX);
}

Test(expiry, timers_are_there_after_a_restart)
{
    for (unsigned i = 0; i < 100; i++)
        put(i, 1000 + i, false);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_expect_eq(lsm_next_expiry(w.lsm), 1000u);
    cr_expect(!lsm_expire(w.lsm, 1000, 2000, on_expired, NULL));
    for (unsigned i = 0; i < 100; i++)
        cr_expect_eq(found[i], 1u);
}

Test(expiry, what_a_flush_hides_is_left_alone)
{
    for (unsigned i = 0; i < 100; i++)
        put(i, 1000 + i, false);
    lsm_flush(w.lsm, 0, ++w.stamp);
    lsm_commit(w.lsm);
    cr_expect(!lsm_expire(w.lsm, 1000, 2000, on_expired, NULL));
    for (unsigned i = 0; i < 100; i++)
        cr_expect_eq(found[i], 0u);
}

Test(expiry, keys_in_tables_count_until_they_expire)
{
    uint64_t now_ms = w.now_us / 1000, all;

    for (unsigned i = 0; i < 400; i++)
        put(i, now_ms + 1000000 + 1000 * i, false);
    seal(now_ms + 1400000);
    lsm_world_settle(&w);
    cr_assert_gt(lsm_stats(w.lsm)->tables, 0u);
    all = lsm_count_expiring(w.lsm, 0);
    cr_expect_geq(all, 396u);
    w.now_us += 1000000 * UINT64_C(1200);
    cr_expect_lt(lsm_count_expiring(w.lsm, 0), all * 6 / 10, "half of them, about");
    cr_expect_gt(lsm_count_expiring(w.lsm, 0), all * 4 / 10);
    w.now_us += 1000000 * UINT64_C(300);
    cr_expect_leq(lsm_count_expiring(w.lsm, 0), 10u, "but for those in the memtable");
}

static uint64_t average_ttl(unsigned db)
{
    uint64_t out[LIMIT_DATABASES];

    lsm_average_ttl(w.lsm, w.now_us / 1000, out);
    return out[db];
}

Test(expiry, what_is_left_on_average_is_about_known)
{
    uint64_t now_ms = w.now_us / 1000;

    cr_expect_eq(average_ttl(0), 0u, "of nothing");
    for (unsigned i = 0; i < 400; i++)
        put(i, now_ms + 1000000 + 1000 * i, false);
    cr_expect_gt(average_ttl(0), 1190000u, "%d", (int)average_ttl(0));
    cr_expect_lt(average_ttl(0), 1210000u, "%d", (int)average_ttl(0));
    cr_expect_eq(average_ttl(1), 0u);
    seal(now_ms + 1200000);
    lsm_world_settle(&w);
    cr_assert_gt(lsm_stats(w.lsm)->tables, 0u);
    cr_expect_gt(average_ttl(0), 1150000u, "%d", (int)average_ttl(0));
    cr_expect_lt(average_ttl(0), 1250000u, "%d", (int)average_ttl(0));
    w.now_us += 1000000 * UINT64_C(1200);
    cr_expect_gt(average_ttl(0), 50000u, "%d of those that are left", (int)average_ttl(0));
    cr_expect_lt(average_ttl(0), 150000u, "%d", (int)average_ttl(0));
}
