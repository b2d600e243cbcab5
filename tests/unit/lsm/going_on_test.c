/* going_on_test.c: what must not end a store: a disk that was full for a while, a hot
 * key, a table that cannot be read. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/lsm_state.h"
#include "lsm/manifest.h"
#include "lsm_world.h"
#include "manifest_script.h"

static struct lsm_world w;

static void small_world(void)
{
    lsm_world_init(&w);
    w.options.sync = LSM_SYNC_ALWAYS;
    w.options.memtable_size = 4096;
    w.options.chunk_size = 2048;
    w.options.segment_size = 16384;
    w.options.value_separation = 1000;
    w.options.table_size = 2048;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 8192;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static void end_world(void)
{
    lsm_world_deinit(&w);
}

static void settle(void)
{
    while (lsm_world_step(&w))
        ;
}

static void rest(void)
{
    for (unsigned i = 0; i < 100; i++) {
        uint64_t then = w.now_us;
        settle();
        lsm_world_tick(&w);
        if (!w.jobs && w.now_us - then > 500000)
            return;
    }
}

/* False: it waited for a minute of its clock and more. */
static bool wait_for_room(size_t bytes)
{
    for (unsigned n = 0; n < 60 && !lsm_can_put(w.lsm, bytes); n++) {
        lsm_turn(w.lsm);
        settle();
        lsm_world_tick(&w);
    }
    return lsm_can_put(w.lsm, bytes);
}

static bool put_one(unsigned i)
{
    char key[16];

    if (!wait_for_room(2000))
        return false;
    snprintf(key, sizeof key, "k%u", i % 50);
    lsm_world_put_size(&w, key, i % 3 ? 400 : 1500, 'a' + (int)(i % 26));
    lsm_commit(w.lsm);
    settle();
    return true;
}

/* From the call `full_at` on not a byte more fits. */
static unsigned full_at;

static void fill(void *arg, const char *call, const char *name)
{
    uint64_t used = 1;

    (void)arg;
    (void)call;
    (void)name;
    if (w.fs.calls < full_at || w.fs.quota)
        return;
    for (struct memory_file *f = w.fs.files; f; f = f->next)
        used += f->named && !f->same ? f->len : 0;
    w.fs.quota = used;
}

Test(going_on, after_a_disk_that_was_full_at_any_call_has_room_again, .timeout = 120)
{
    unsigned runs = 0;
    bool reached = true;

    for (unsigned n = 1; reached; n += 17) {
        small_world();
        full_at = w.fs.calls + n;
        w.fs.on_call = fill;
        for (unsigned i = 0; i < 60 && put_one(i); i++) {
            if (i % 20 == 19)
                rest();
        }
        rest();
        reached = w.fs.calls >= full_at;
        w.fs.on_call = NULL;
        w.fs.quota = 0;
        for (unsigned i = 0; i < 100; i++)
            cr_assert(put_one(i), "full at call %u: %u puts, then none; state %d", n, i,
                      (int)lsm_state(w.lsm));
        runs += reached;
        lsm_world_kill(&w);
        end_world();
    }
    cr_assert_gt(runs, 15);
}

Test(going_on, a_manifest_that_met_a_full_disk_takes_the_same_edit_when_there_is_room)
{
    struct memory_fs fs;
    struct manifest *m;
    struct edit *edit;
    struct script s;

    script_init(&s);
    memory_fs_init(&fs);
    cr_assert(!err_is(manifest_begin(&m, &fs.fs, "/data", &s.ids, s.versions[0], 1 << 20)));
    edit = &s.edits[0];
    fs.fail_at = fs.calls + 1;
    fs.fail_as = ERR_NO_SPACE;
    fs.fail_count = 2;
    cr_assert(err_is(manifest_append(m, s.versions[0], &edit, 1)));
    fs.fail_at = 0;
    cr_assert(!err_is(manifest_append(m, s.versions[0], &edit, 1)));
    manifest_close(m);
    memory_fs_deinit(&fs);
    script_deinit(&s);
}

static void expect_short_log(unsigned bytes_put)
{
    uint64_t most = 8 * (w.options.memtable_size + w.options.segment_size);

    cr_assert_gt(bytes_put, 4 * most);
    cr_assert_lt(lsm_stats(w.lsm)->log_bytes, most);
}

Test(going_on, the_log_of_a_hot_key_does_not_grow_without_end, .init = small_world,
     .fini = end_world)
{
    for (unsigned i = 0; i < 4000; i++) {
        cr_assert(wait_for_room(1000));
        lsm_world_put_size(&w, "hot", 300, 'a' + (int)(i % 26));
        lsm_commit(w.lsm);
        settle();
    }
    expect_short_log(4000 * 300);
    cr_assert_eq(lsm_world_get(&w, "hot")[0], 'a' + 3999 % 26);
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_eq(lsm_world_get(&w, "hot")[0], 'a' + 3999 % 26);
}

static void nobody(void *arg, const uint8_t *cell)
{
    (void)arg;
    (void)cell;
}

Test(going_on, nor_that_of_keys_that_come_and_go, .init = small_world, .fini = end_world)
{
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert(wait_for_room(1000));
        lsm_world_put_size(&w, "guest", 900, 'g');
        lsm_world_put(&w, "guest", NULL);
        lsm_commit(w.lsm);
        settle();
        lsm_sweep(w.lsm, 100, 0, nobody, NULL);
    }
    expect_short_log(1000 * 900);
    cr_assert_null(lsm_world_get(&w, "guest"));
}

/* Flips a byte in every table's first block. */
static void damage_tables(void)
{
    for (struct memory_file *f = w.fs.files; f; f = f->next) {
        if (f->named && strstr(f->name, ".tbl"))
            f->data[20] ^= 1;
    }
}

Test(going_on, a_table_that_cannot_be_read_is_named_and_a_flush_of_all_ends_it, .init = small_world,
     .fini = end_world)
{
    const char *detail = "";
    unsigned i = 0;

    for (; lsm_stats(w.lsm)->l0_tables < 2; i++)
        cr_assert(put_one(i));
    damage_tables();
    for (; i < 3000 && !lsm_blocked(w.lsm, &detail); i++) {
        if (!put_one(i))
            break;
    }
    cr_assert(lsm_blocked(w.lsm, &detail), "nothing failed");
    cr_assert_not_null(strstr(detail, ".tbl"), "'%s' names no table", detail);
    cr_assert_eq(lsm_state(w.lsm), LSM_READY);
    cr_assert(lsm_can_put(w.lsm, 100), "a deletion is not taken");
    lsm_flush(w.lsm, CELL_DB_ALL, ++w.stamp);
    lsm_request(w.lsm);
    lsm_commit(w.lsm);
    rest();
    cr_assert_not(lsm_blocked(w.lsm, &detail), "%s", detail);
    for (unsigned n = 0; n < 100; n++) {
        cr_assert(wait_for_room(500));
        lsm_world_put_size(&w, "after", 400, 'z');
        lsm_commit(w.lsm);
    }
}

Test(going_on, a_broken_store_rests, .init = small_world, .fini = end_world)
{
    for (unsigned n = 0; n < 200 && !lsm_stats(w.lsm)->sealed; n++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", n);
        lsm_world_put_size(&w, key, 300, 'x');
        lsm_commit(w.lsm);
        while (!lsm_stats(w.lsm)->sealed && lsm_world_step(&w))
            ;
    }
    for (unsigned i = 0; i < 1000 && !w.lsm->seal.retry_us; i++) {
        if (w.lsm->seal.in_job && !w.fs.fail_at) {
            w.fs.fail_at = w.fs.calls + 1;
            w.fs.fail_as = ERR_NO_SPACE;
        }
        if (!lsm_world_step(&w))
            lsm_world_tick(&w);
    }
    cr_assert_gt(w.lsm->seal.retry_us, 0u, "no flush waits to be tried again");
    w.fs.fail_at = w.fs.calls + 1;
    w.fs.fail_as = ERR_IO;
    w.fs.fail_count = 1000;
    for (unsigned n = 0; n < 50 && lsm_state(w.lsm) == LSM_READY; n++) {
        if (lsm_can_put(w.lsm, 400)) {
            lsm_world_put_size(&w, "again", 300, 'z');
            lsm_commit(w.lsm);
        }
        settle();
    }
    cr_assert_eq(lsm_state(w.lsm), LSM_BROKEN);
    w.now_us += 5000000;
    lsm_tick(w.lsm, w.now_us);
    settle();
    cr_assert_gt(lsm_deadline(w.lsm), w.now_us, "the loop spins");
}

/* A log that larger memtables left becomes one table of many memtables' size. */
Test(going_on, with_smaller_memtables_than_before, .init = small_world, .fini = end_world)
{
    lsm_world_close(&w);
    w.options.memtable_size = 1 << 20;
    w.options.segment_size = 1 << 20;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    for (unsigned i = 0; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        lsm_world_put_size(&w, key, 900, 'l');
        lsm_commit(w.lsm);
    }
    settle();
    lsm_world_kill(&w);
    w.options.memtable_size = 1024;
    w.options.chunk_size = 512;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    for (unsigned i = 0; i < 100; i++)
        cr_assert(put_one(i), "%u puts, then none", i);
}
