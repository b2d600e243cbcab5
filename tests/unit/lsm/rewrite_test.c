/* rewrite_test.c: what a rewrite of files of values changes, and what it may not. */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "lsm/blob_format.h"
#include "lsm/log_format.h"
#include "rewrite_world.h"

Test(rewrite, moves_what_is_visible_and_nothing_else)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        uint64_t files[REWRITE_FILES];
        struct rewrite *r;
        size_t n;

        rewrite_world_begin(seed);
        rewrite_world_expect_facts();
        n = rewrite_world_files(files);
        cr_assert_eq(n, REWRITE_SEGMENTS);
        cr_assert_geq(rewrite_world_run(&r, files, n), 5, "in slices");
        cr_assert_gt(rewrite_written(r), 0);
        rewrite_world_take(r);
        rewrite_world_expect_facts();
        cr_assert_eq(rewrite_world_expect_no_garbage(), rewrite_world_visible());
        cr_assert_eq(rw.version->blob_count, 1);
        cr_assert_eq(memory_fs_count(&rw.fs, "/d/log-"), 0, "space is given back");
        rewrite_world_end();
    }
}

/* Again and again, of any files, with more written between. */
Test(rewrite, may_follow_a_rewrite_of_some_of_the_files)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct prng prng;

        rewrite_world_begin(seed);
        prng_init(&prng, seed);
        for (unsigned round = 0; round < 6; round++) {
            uint64_t all[REWRITE_FILES], some[REWRITE_FILES];
            size_t n = rewrite_world_files(all), count = 0;
            struct rewrite *r;
            for (size_t i = 0; i < n; i++) {
                if (prng_one_in(&prng, 2))
                    some[count++] = all[i];
            }
            rw.options.order = rw.version->levels[0].tables[0].order + 1;
            rewrite_world_run(&r, some, count);
            rewrite_world_take(r);
            rewrite_world_expect_facts();
            rewrite_world_segment(&prng, 0, (REWRITE_SEGMENTS + round) * 16);
            rewrite_world_expect_facts();
        }
        rewrite_world_end();
    }
}

Test(rewrite, loses_to_a_flush_that_came_meanwhile)
{
    uint64_t files[REWRITE_FILES];
    struct rewrite *r;
    struct prng prng;
    size_t n;

    rewrite_world_begin(5);
    prng_init(&prng, 77);
    n = rewrite_world_files(files);
    rewrite_world_run(&r, files, n);
    rw.held = rw.version;
    version_hold(rw.held);
    rewrite_world_segment(&prng, 0, REWRITE_SEGMENTS * 16);
    rewrite_world_take(r);
    rewrite_world_expect_facts();
    rewrite_world_end();
}

Test(rewrite, begins_another_file_when_one_is_large)
{
    uint64_t files[REWRITE_FILES];
    struct rewrite *r;
    size_t n;

    rewrite_world_begin(6);
    rw.options.blob_size = 6000;
    n = rewrite_world_files(files);
    rewrite_world_run(&r, files, n);
    rewrite_world_take(r);
    rewrite_world_expect_facts();
    cr_assert_eq(rewrite_world_expect_no_garbage(), rewrite_world_visible());
    cr_assert_geq(rw.version->blob_count, 2);
    rewrite_world_end();
}

/* The most memory a rewrite of the first file takes. */
static uint64_t most_bytes(uint64_t keys_bytes)
{
    uint64_t files[REWRITE_FILES], most = 0;
    struct rewrite *r;

    rewrite_world_begin(1);
    rw.options.keys_bytes = keys_bytes;
    rw.options.slice_bytes = 1;
    rewrite_world_files(files);
    r = rewrite_new(&rw.options, rw.version, files, 1);
    while (!rewrite_ended(r)) {
        rewrite_job(r)->run(rewrite_job(r));
        most = rewrite_bytes(r) > most ? rewrite_bytes(r) : most;
    }
    rewrite_free(r, true);
    rewrite_world_end();
    return most;
}

/* A segment may have millions of small cells beside its large values. */
Test(rewrite, notes_the_keys_of_a_victim_in_parts)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        uint64_t files[REWRITE_FILES];
        struct rewrite *r;
        size_t n;

        rewrite_world_begin(seed);
        rw.options.keys_bytes = 1;
        n = rewrite_world_files(files);
        rewrite_world_run(&r, files, n);
        rewrite_world_take(r);
        rewrite_world_expect_facts();
        cr_assert_eq(rewrite_world_expect_no_garbage(), rewrite_world_visible());
        rewrite_world_end();
    }
    cr_assert_lt(most_bytes(1) + 2000, most_bytes(0));
}

Test(rewrite, of_pure_garbage_writes_nothing)
{
    uint64_t files[REWRITE_FILES];
    struct rewrite *r;
    struct edit e;
    size_t n;

    rewrite_world_begin(7);
    n = rewrite_world_files(files);
    for (unsigned db = 0; db < 5; db++)
        rw.options.flushed[db] = rw.stamp;
    rewrite_world_run(&r, files, n);
    cr_assert_not(err_is(rewrite_error(r)));
    cr_assert_eq(rewrite_written(r), 0);
    rewrite_take_edit(r, rw.version, &e);
    cr_assert(e.drop_blob_count == n && e.add_count == 0 && e.add_blob_count == 0);
    edit_deinit(&e);
    rewrite_free(r, true);
    cr_assert_eq(memory_fs_count(&rw.fs, "/d/blob-"), 0);
    rewrite_world_end();
}

/* --- what to rewrite */

/* Whether it is a blob file, bytes of its frames, bytes alive. */
static struct version *shape(const uint64_t (*files)[3], size_t count)
{
    struct version *v = version_new();

    v->blobs = mem_zalloc(count, sizeof *v->blobs);
    v->blob_count = count;
    for (size_t i = 0; i < count; i++) {
        v->blobs[i].blob = mem_zalloc(1, sizeof *v->blobs[i].blob);
        v->blobs[i].blob->id = i + 1;
        v->blobs[i].blob->kind = files[i][0] ? FILE_BLOB : FILE_SEGMENT;
        v->blobs[i].blob->size = BLOB_FRAMES_START + files[i][1];
        v->blobs[i].blob->refs = 1;
        v->blobs[i].live = files[i][2];
    }
    return v;
}

static void shape_free(struct version *v)
{
    for (size_t i = 0; i < v->blob_count; i++)
        mem_free(v->blobs[i].blob);
    v->blob_count = 0;
    version_drop(v, NULL);
}

Test(rewrite, picks_the_files_with_the_least_alive)
{
    static const uint64_t files[][3] = {
        { 0, 1000, 600 }, /* 1: 40 % dead */
        { 0, 1000, 500 }, /* 2: 50 % */
        { 0, 1000, 100 }, /* 3: 90 % */
        { 0, 1000, 0 },   /* 4: goes unread */
        { 1, 4000, 200 }, /* 5: 95 % */
        { 1, 1000, 300 }, /* 6: 70 % */
        { 0, 1000, 10 },  /* 7: 99 %, the log's */
        { 1, 1000, 50 },  /* 8: 95 %, a blob file is never the log's */
        { 1, 1000, 2000 } /* 9: refs that overlap; not dead at all */
    };
    struct version *v = shape(files, 9);
    uint64_t out[9];

    cr_assert_eq(rewrite_pick(v, 7, 50, UINT64_MAX, out, 9), 5);
    cr_assert(out[0] == 5 && out[1] == 8 && out[2] == 3 && out[3] == 6 && out[4] == 2);
    cr_assert_eq(rewrite_pick(v, 7, 50, UINT64_MAX, out, 2), 2);
    cr_assert(out[0] == 5 && out[1] == 8, "room for the two best");
    cr_assert_eq(rewrite_pick(v, 7, 50, 349, out, 9), 2, "250 alive");
    cr_assert_eq(rewrite_pick(v, 7, 50, 350, out, 9), 3);
    cr_assert_eq(rewrite_pick(v, 7, 50, 1, out, 9), 1, "one in any case");
    cr_assert_eq(rewrite_pick(v, 8, 97, 1, out, 9), 1);
    cr_assert_eq(out[0], 7, "not the log's any more");
    cr_assert_eq(rewrite_pick(v, 7, 96, 1, out, 9), 0);
    v->blobs[4].blob->stuck = true;
    cr_assert_eq(rewrite_pick(v, 7, 50, 1, out, 9), 1);
    cr_assert_eq(out[0], 8);
    shape_free(v);
}

Test(rewrite, leaves_a_file_alone_that_it_has_just_written)
{
    static const uint64_t files[][3] = { { 1, FRAME_HEAD_SIZE + 96 + 4096, 4096 } };
    struct version *v = shape(files, 1);
    uint64_t out[1];

    cr_assert_eq(rewrite_pick(v, 7, 50, UINT64_MAX, out, 1), 0, "most of it is the head's page");
    shape_free(v);
}
