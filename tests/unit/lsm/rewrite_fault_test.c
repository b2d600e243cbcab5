/* rewrite_fault_test.c: rewrites that are given up, disks that fail, files that rot. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/log_format.h"
#include "rewrite_world.h"

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

Test(rewrite_fault, that_is_given_up_leaves_nothing)
{
    for (unsigned slices = 0; slices < 40; slices++) {
        uint64_t files[REWRITE_FILES];
        struct rewrite *r;
        unsigned tables;
        size_t n;

        rewrite_world_begin(8);
        rw.options.blob_size = 4000;
        rw.options.slice_bytes = 4096;
        tables = memory_fs_count(&rw.fs, "/d/table-");
        n = rewrite_world_files(files);
        r = rewrite_new(&rw.options, rw.version, files, n);
        for (unsigned i = 0; i < slices && !rewrite_ended(r); i++)
            rewrite_job(r)->run(rewrite_job(r));
        rewrite_free(r, true);
        cr_assert_eq(memory_fs_count(&rw.fs, "/d/blob-"), 0);
        cr_assert_eq(memory_fs_count(&rw.fs, "/d/table-"), tables);
        rewrite_world_expect_facts();
        rewrite_world_end();
    }
}

Test(rewrite_fault, leaves_a_damaged_file_alone_and_moves_the_others)
{
    uint64_t files[REWRITE_FILES];
    struct blob_file *bad;
    struct memory_file *f;
    struct rewrite *r;
    size_t n;
    char *path;

    rewrite_world_begin(9);
    n = rewrite_world_files(files);
    bad = version_blob(rw.version, files[2]);
    path = file_path("/d", bad->kind, bad->id);
    f = memory_fs_find(&rw.fs, path);
    f->data[f->len / 2] ^= 1;
    rewrite_world_run(&r, files, n);
    rewrite_world_take(r);
    f->data[f->len / 2] ^= 1;
    rewrite_world_expect_facts();
    cr_assert_eq(version_blob(rw.version, files[2]), bad);
    cr_assert(bad->stuck);
    cr_assert_eq(rw.warnings, 1);
    cr_assert_eq(rw.version->blob_count, 2);
    cr_assert_eq(rewrite_pick(rw.version, UINT64_MAX, 0, UINT64_MAX, files, 1), 1);
    cr_assert_neq(files[0], bad->id, "it is not tried again");
    mem_free(path);
    rewrite_world_end();
}

Test(rewrite_fault, of_damaged_files_alone_changes_nothing)
{
    uint64_t files[REWRITE_FILES];
    struct rewrite *r;
    struct edit e;

    rewrite_world_begin(10);
    rewrite_world_files(files);
    char *path = file_path("/d", FILE_SEGMENT, files[0]);
    memory_fs_find(&rw.fs, path)->data[SEGMENT_FRAMES_START + 5] ^= 64;
    rewrite_world_run(&r, files, 1);
    ok(rewrite_error(r));
    rewrite_take_edit(r, rw.version, &e);
    cr_assert(e.drop_blob_count == 0 && e.add_count == 0 && e.add_blob_count == 0);
    cr_assert_eq(rw.warnings, 1);
    edit_deinit(&e);
    rewrite_free(r, true);
    mem_free(path);
    rewrite_world_end();
}

/* A value that rots between the scan and the copy: its file stays, whatever of it
 * was moved already. */
Test(rewrite_fault, believes_a_scan_no_longer_than_it_must)
{
    uint64_t files[REWRITE_FILES];
    struct rewrite *r;
    struct memory_file *f;
    struct blob_file *bad;
    char *path;
    size_t n, stuck = 0;

    for (unsigned slices = 1; slices < 40; slices++) {
        rewrite_world_begin(11);
        rw.options.slice_bytes = 4096;
        n = rewrite_world_files(files);
        bad = version_blob(rw.version, files[REWRITE_SEGMENTS - 1]);
        path = file_path("/d", bad->kind, bad->id);
        f = memory_fs_find(&rw.fs, path);
        r = rewrite_new(&rw.options, rw.version, files, n);
        for (unsigned i = 0; !rewrite_ended(r); i++) {
            if (i == slices)
                f->data[f->len - f->len / 4] ^= 1;
            rewrite_job(r)->run(rewrite_job(r));
        }
        rewrite_world_take(r);
        if (version_blob(rw.version, files[REWRITE_SEGMENTS - 1])) {
            f->data[f->len - f->len / 4] ^= 1;
            cr_assert(bad->stuck);
            stuck++;
        }
        rewrite_world_expect_facts();
        mem_free(path);
        rewrite_world_end();
    }
    cr_assert(stuck > 3);
}

Test(rewrite_fault, survives_any_failing_call)
{
    for (unsigned n = 1;; n++) {
        uint64_t files[REWRITE_FILES];
        unsigned tables, blobs;
        struct rewrite *r;
        bool failed;
        size_t count;

        rewrite_world_begin(12);
        rw.options.blob_size = 6000;
        tables = memory_fs_count(&rw.fs, "/d/table-");
        blobs = memory_fs_count(&rw.fs, "/d/log-");
        count = rewrite_world_files(files);
        rw.fs.fail_at = rw.fs.calls + n;
        rewrite_world_run(&r, files, count);
        failed = rw.fs.calls >= rw.fs.fail_at;
        rw.fs.fail_at = 0;
        if (err_is(rewrite_error(r))) {
            cr_assert_eq(rewrite_error(r).code, ERR_IO);
            rewrite_free(r, true);
            cr_assert_eq(memory_fs_count(&rw.fs, "/d/table-"), tables, "call %u", n);
            cr_assert_eq(memory_fs_count(&rw.fs, "/d/log-"), blobs);
            cr_assert_eq(memory_fs_count(&rw.fs, "/d/blob-"), 0, "call %u", n);
        } else {
            rewrite_world_take(r);
        }
        rewrite_world_expect_facts();
        rewrite_world_end();
        if (!failed) {
            cr_assert_gt(n, 30);
            break;
        }
    }
}

Test(rewrite_fault, makes_its_files_durable_before_it_ends)
{
    uint64_t files[REWRITE_FILES];
    struct rewrite *r;
    size_t n;

    rewrite_world_begin(13);
    n = rewrite_world_files(files);
    rewrite_world_run(&r, files, n);
    for (struct memory_file *f = rw.fs.files; f; f = f->next) {
        if (strstr(f->name, "blob-") || strstr(f->name, "table-0000000000000014"))
            cr_assert(f->durable && f->synced_len == f->len, "%s", f->name);
    }
    rewrite_world_take(r);
    rewrite_world_end();
}
