/* checkpoint_test.c: a checkpoint holds what was there when it was begun, whatever the
 * store does meanwhile, and nothing that fails on its way harms either. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/prng.h"
#include "cell/position.h"
#include "lsm/lsm_state.h"
#include "lsm_world.h"

enum { KEYS = 60 };

static struct lsm_world w;
static struct prng prng;
static bool small_only; /* no value stays in the log, so its segments go soon */
static int kept[KEYS];  /* what each key has: fill of its value, 0 for none */

static void small_world(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 16384;
    w.options.chunk_size = 4096;
    w.options.segment_size = 32768;
    w.options.value_separation = 1000;
    w.options.table_size = 16384;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 65536;
    prng_init(&prng, 11);
    memset(kept, 0, sizeof kept);
    small_only = false;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static void end_world(void)
{
    if (w.lsm)
        lsm_world_close(&w);
    lsm_world_deinit(&w);
}

TestSuite(checkpoint, .init = small_world, .fini = end_world);

static const char *key_name(unsigned i)
{
    static char name[16];
    snprintf(name, sizeof name, "key%u", i);
    return name;
}

static size_t size_of(unsigned i)
{
    return i % 5 == 0 && !small_only ? 2500 : 40 + 7 * i;
}

/* One put of a random key, when there is room; others have other fills than 0. */
static void put_one(int fill)
{
    unsigned i = (unsigned)prng_below(&prng, KEYS);

    for (unsigned n = 0; n < 10000 && !lsm_can_put(w.lsm, 4096); n++) {
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
    cr_assert(lsm_can_put(w.lsm, 4096));
    if (prng_one_in(&prng, 8)) {
        lsm_world_put(&w, key_name(i), NULL);
        kept[i] = 0;
    } else {
        lsm_world_put_size(&w, key_name(i), size_of(i), fill);
        kept[i] = fill;
    }
    lsm_commit(w.lsm);
}

static void expect_all(const int fill[KEYS], const char *where)
{
    for (unsigned i = 0; i < KEYS; i++) {
        const char *name = key_name(i);
        struct cell_key key = { .position = position_of(slice_str(name)), .key = slice_str(name) };
        struct cell cell;
        bool there = lsm_world_find(&w, &key, &cell) && !(cell.flags & CELL_TOMBSTONE);
        cr_assert_eq(there, fill[i] != 0, "%s: %s", where, name);
        if (!there)
            continue;
        cr_assert_eq(cell.value.len, size_of(i));
        for (size_t n = 0; n < cell.value.len; n++)
            cr_assert_eq(cell.value.data[n], fill[i], "%s: %s", where, name);
    }
}

/* The folder of the newest checkpoint; how many there are. */
static unsigned newest(char path[96])
{
    unsigned count = 0;

    path[0] = '\0';
    for (const struct memory_file *f = w.fs.files; f; f = f->next) {
        const char *name = strstr(f->name, "/checkpoints/checkpoint-");
        if (!f->named || !f->is_dir || !name)
            continue;
        count++;
        if (strcmp(f->name, path) > 0)
            snprintf(path, 96, "%s", f->name);
    }
    return count;
}

/* Opens the newest checkpoint beside the store's own folder, and expects that. */
static void expect_checkpoint(const int fill[KEYS])
{
    const char *dir = w.options.dir;
    char path[96];

    cr_assert_gt(newest(path), 0);
    w.options.dir = path;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    expect_all(fill, path);
    lsm_world_close(&w);
    w.options.dir = dir;
}

static void steps(unsigned n)
{
    while (n-- > 0) {
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
}

/* Goes on with puts until it has ended. */
static void finish_save(void)
{
    for (unsigned n = 0; n < 20000 && lsm_save(w.lsm)->busy; n++) {
        if (prng_one_in(&prng, 3))
            put_one(200);
        if (prng_one_in(&prng, 2))
            lsm_world_tick(&w); /* files that nobody needs any more could go */
        steps(1);
    }
    cr_assert(!lsm_save(w.lsm)->busy);
}

Test(checkpoint, has_what_was_there_and_no_more)
{
    for (unsigned round = 1; round < 40; round++) {
        int then[KEYS];
        for (unsigned n = (unsigned)prng_below(&prng, 150); n > 0; n--)
            put_one((int)round);
        steps((unsigned)prng_below(&prng, 30));
        memcpy(then, kept, sizeof then);
        cr_assert(lsm_save_begin(w.lsm, 2));
        cr_expect(!lsm_save_begin(w.lsm, 2), "one at a time");
        lsm_world_settle(&w); /* nothing is put meanwhile: it is exact */
        cr_expect_eq(lsm_save(w.lsm)->good, lsm_save(w.lsm)->begun);
        for (unsigned n = (unsigned)prng_below(&prng, 150); n > 0; n--)
            put_one(100);
        lsm_world_settle(&w);
        if (round % 2)
            lsm_world_close(&w);
        else
            lsm_world_kill(&w);
        expect_checkpoint(then);
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
        expect_all(kept, "the store");
    }
}

Test(checkpoint, is_a_moment_of_the_log_when_puts_go_on)
{
    char path[96];

    small_only = true;
    for (unsigned round = 1; round < 60; round++) {
        for (unsigned n = (unsigned)prng_below(&prng, 200); n > 0; n--) {
            put_one((int)round);
            steps((unsigned)prng_below(&prng, 2));
        }
        cr_assert(lsm_save_begin(w.lsm, 1));
        finish_save();
        cr_expect_eq(lsm_save(w.lsm)->good, lsm_save(w.lsm)->begun);
        cr_expect_eq(newest(path), 1u, "older ones are gone");
        lsm_world_settle(&w);
    }
    lsm_world_close(&w);
    w.options.dir = path;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    for (unsigned i = 0; i < KEYS; i++)
        (void)lsm_world_get(&w, key_name(i));
    cr_expect(!err_is(w.fetch_err), "every value is there");
}

Test(checkpoint, waits_for_the_sync_of_what_it_must_have)
{
    w.options.sync = LSM_SYNC_NO;
    lsm_set_sync(w.lsm, LSM_SYNC_NO);
    put_one(7);
    cr_assert(lsm_save_begin(w.lsm, 1));
    lsm_world_settle(&w);
    cr_expect_eq(lsm_save(w.lsm)->good, 1u);
    lsm_world_power_loss(&w, &prng);
    expect_checkpoint(kept);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static bool incomplete_there(void)
{
    for (const struct memory_file *f = w.fs.files; f; f = f->next) {
        if (f->named && strstr(f->name, "/checkpoints/incomplete"))
            return true;
    }
    return false;
}

/* Every call on its way fails once: it says so, the store goes on, and the next one is
 * whole. */
Test(checkpoint, fails_at_each_call_and_harms_nothing)
{
    unsigned calls, failed = 0;
    char path[96];

    for (unsigned n = 0; n < 150; n++)
        put_one(3);
    lsm_world_settle(&w);
    calls = w.fs.calls;
    cr_assert(lsm_save_begin(w.lsm, 1));
    lsm_world_settle(&w);
    calls = w.fs.calls - calls;
    for (unsigned at = 1; at <= calls; at++) {
        uint64_t good = lsm_save(w.lsm)->good;
        w.fs.fail_at = w.fs.calls + at;
        w.fs.fail_as = at % 2 ? ERR_IO : ERR_NO_SPACE;
        cr_assert(lsm_save_begin(w.lsm, 1));
        lsm_world_settle(&w);
        w.fs.fail_at = 0;
        failed += lsm_save(w.lsm)->good == good;
        cr_expect_eq(lsm_save(w.lsm)->good == good, err_is(lsm_save(w.lsm)->err));
        cr_assert_eq(lsm_state(w.lsm), LSM_READY, "call %u of %u", at, calls);
        cr_expect(!incomplete_there(), "call %u of %u", at, calls);
        cr_expect_geq(newest(path), 1u, "an older one stays until there is another");
        cr_assert(lsm_save_begin(w.lsm, 1));
        lsm_world_settle(&w);
        cr_assert(!err_is(lsm_save(w.lsm)->err), "call %u: the next one", at);
        cr_expect_eq(newest(path), 1u);
    }
    cr_expect_gt(failed, calls / 2);
    lsm_world_close(&w);
    expect_checkpoint(kept);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    expect_all(kept, "the store");
}

Test(checkpoint, a_kill_on_its_way_leaves_nothing_behind)
{
    unsigned left = 0;

    for (unsigned at = 0; at < 40; at++) {
        for (unsigned n = 0; n < 20; n++)
            put_one(4);
        cr_assert(lsm_save_begin(w.lsm, 1));
        for (unsigned n = 0; n < at && lsm_save(w.lsm)->busy; n++)
            steps(1);
        if (at % 2)
            lsm_world_half_step(&w);
        lsm_world_kill(&w);
        left += incomplete_there();
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
        cr_expect(!incomplete_there());
        expect_all(kept, "the store");
    }
    cr_expect_gt(left, 0u);
}

Test(checkpoint, ends_with_the_store)
{
    for (unsigned n = 0; n < 150; n++)
        put_one(5);
    cr_assert(lsm_save_begin(w.lsm, 1));
    lsm_world_close(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_expect(!incomplete_there());
    expect_all(kept, "the store");
}

/* Until what is in memory is a table and the log is synced to its end. */
static void flush_all(void)
{
    seal_now(&w.lsm->seal);
    for (unsigned i = 0; i < 50; i++) {
        lsm_world_settle(&w);
        lsm_world_tick(&w);
    }
}

Test(checkpoint, of_a_log_at_rest_has_nothing_of_what_is_put_and_flushed_while_it_is_made)
{
    struct job *first;
    int then[KEYS];

    for (unsigned i = 0; i < 30; i++)
        put_one('a');
    flush_all();
    memcpy(then, kept, sizeof then);
    cr_assert(lsm_save_begin(w.lsm, 1));
    first = w.jobs;
    cr_assert_not_null(first);
    cr_assert_null(first->next, "more than the checkpoint's job waits");
    w.jobs = NULL; /* it is slow */
    for (unsigned i = 0; i < 30; i++)
        put_one('c');
    flush_all();
    first->next = w.jobs;
    w.jobs = first;
    lsm_world_settle(&w);
    cr_assert_eq(lsm_save(w.lsm)->good, 1);
    lsm_world_close(&w);
    expect_checkpoint(then);
}
