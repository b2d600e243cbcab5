/* orphans_test.c: which files a start removes. */
#include "lsm/orphans.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "file_sets.h"
#include "lsm_world.h"

/* Tables 10 (L0) and 12 (L3), blob files 20 and 21, of which 20 is a segment; the mark
 * is 1000. */
static struct version *sample(void)
{
    struct version *v = version_new();
    struct edit e = { .has_mark = true, .mark = { 1000, 1, 1 } };

    edit_add_table(&e, 3, 0, table_fake(12, 0, 9));
    edit_add_table(&e, 0, 5, table_fake(10, 0, 9));
    edit_add_blob(&e, blob_fake(FILE_SEGMENT, 20));
    edit_add_blob(&e, blob_fake(FILE_BLOB, 21));
    version_change(&v, &e);
    return v;
}

static void end(struct version *v)
{
    struct version_gone gone = file_sets_gone(NULL);

    version_drop(v, &gone);
}

struct row {
    enum file_kind kind;
    uint64_t id;
    bool orphan;
    const char *what;
};

static const struct row rows[] = {
    { FILE_TABLE, 10, false, "of L0" },
    { FILE_TABLE, 11, true, "never installed" },
    { FILE_TABLE, 12, false, "of a level" },
    { FILE_TABLE, 13, true, "compacted away" },
    { FILE_TABLE, 20, true, "a table by the id of a segment" },
    { FILE_BLOB, 20, true, "a blob file by the id of a segment" },
    { FILE_BLOB, 21, false, "with values" },
    { FILE_BLOB, 22, true, "never installed" },
    { FILE_MANIFEST, 30, true, "an old one" },
    { FILE_MANIFEST, 31, false, "the one that counts" },
    { FILE_MANIFEST, 32, true, "begun and never finished" },
    { FILE_SEGMENT, 1, true, "long before the mark" },
    { FILE_SEGMENT, 2, true, "up to the mark" },
    { FILE_SEGMENT, 3, false, "the mark is in it" },
    { FILE_SEGMENT, 4, false, "behind the mark" },
    { FILE_SEGMENT, 5, false, "empty, at the mark: the log may go on there" },
    { FILE_SEGMENT, 6, true, "empty, before the mark" },
    { FILE_SEGMENT, 7, false, "nobody knows where it lies" },
    { FILE_SEGMENT, 20, false, "before the mark, with values" },
};

enum { ORPHANS = 10 };

static const struct log_stretch stretches[] = {
    { 4, 1500, 1600 }, { 1, 0, 400 },   { 3, 999, 1500 },  { 2, 700, 1000 },
    { 20, 400, 600 },  { 6, 700, 700 }, { 5, 1000, 1000 },
};

Test(orphans, are_what_nothing_names)
{
    struct version *v = sample();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file_list files = { .count = 0 }, out = { .count = 0 };
        file_list_add(&files, rows[i].kind, rows[i].id);
        orphans_find(v, 31, stretches, sizeof stretches / sizeof *stretches, &files, &out);
        cr_assert_eq(out.count, rows[i].orphan, "%s", rows[i].what);
        cr_assert(out.count == 0 ||
                  (out.file[0].kind == rows[i].kind && out.file[0].id == rows[i].id));
        file_list_deinit(&files);
        file_list_deinit(&out);
    }
    end(v);
}

Test(orphans, nothing_known_and_nothing_there_is_no_trouble)
{
    struct version *v = version_new();
    struct file_list files = { .count = 0 }, out = { .count = 0 };

    orphans_find(v, 1, NULL, 0, &files, &out);
    cr_assert_eq(out.count, 0);
    file_list_add(&files, FILE_SEGMENT, 3);
    file_list_add(&files, FILE_TABLE, 4);
    orphans_find(v, 1, NULL, 0, &files, &out);
    cr_assert_eq(out.count, 1, "the table");
    file_list_deinit(&files);
    file_list_deinit(&out);
    end(v);
}

/* A folder with all of the rows' files and some of other people. */
static void fill(struct lsm_world *w, struct file_list *orphans)
{
    struct file_list files = { .count = 0 };
    struct version *v = sample();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *path = file_path("/data", rows[i].kind, rows[i].id);
        memory_fs_add(&w->fs, path, slice_str("x"));
        mem_free(path);
    }
    memory_fs_add(&w->fs, "/data/lock", slice_str(""));
    memory_fs_add(&w->fs, "/data/table-1.tbl.old", slice_str(""));
    cr_assert_not(err_is(file_list_read(&files, &w->fs.fs, "/data")));
    cr_assert_eq(files.count, sizeof rows / sizeof *rows);
    orphans_find(v, 31, stretches, sizeof stretches / sizeof *stretches, &files, orphans);
    cr_assert_eq(orphans->count, ORPHANS);
    file_list_deinit(&files);
    end(v);
}

Test(orphans, are_removed_durably)
{
    struct lsm_world w;
    struct file_list orphans = { .count = 0 };

    lsm_world_init(&w);
    fill(&w, &orphans);
    unsigned calls = w.fs.calls;
    cr_assert_eq(orphans_remove(&w.env, "/data", &orphans), ORPHANS);
    cr_assert_eq(w.fs.calls, calls + ORPHANS + 1, "one sync for all");
    memory_fs_power_loss(&w.fs, NULL);
    cr_assert_eq(memory_fs_count(&w.fs, "/data/"), sizeof rows / sizeof *rows - ORPHANS + 2);
    cr_assert_eq(w.warnings, 0);
    orphans.count = 0;
    calls = w.fs.calls;
    cr_assert_eq(orphans_remove(&w.env, "/data", &orphans), 0);
    cr_assert_eq(w.fs.calls, calls, "nothing to sync");
    file_list_deinit(&orphans);
    lsm_world_deinit(&w);
}

Test(orphans, one_that_cannot_be_removed_is_reported_and_left)
{
    struct lsm_world w;
    struct file_list orphans = { .count = 0 };

    lsm_world_init(&w);
    fill(&w, &orphans);
    w.fs.fail_at = w.fs.calls + 3;
    cr_assert_eq(orphans_remove(&w.env, "/data", &orphans), ORPHANS - 1);
    cr_assert_eq(w.warnings, 1);
    file_list_deinit(&orphans);
    lsm_world_deinit(&w);
}
