/* text_file_test.c: whole files, replaced: after a crash the old text or the new one. */
#include "session/text_file.h"

#include <criterion/criterion.h>

#include "unit/lsm/memory_fs.h"

static struct memory_fs disk;

static void setup(void)
{
    memory_fs_init(&disk);
}

static void teardown(void)
{
    memory_fs_deinit(&disk);
}

TestSuite(text_file, .init = setup, .fini = teardown);

Test(text_file, a_file_is_replaced_as_a_whole_whatever_call_fails)
{
    struct buf text = { 0 };
    bool done = false;

    for (unsigned n = 1; !done; n++) {
        struct err e;

        cr_assert_lt(n, 20);
        memory_fs_deinit(&disk);
        memory_fs_init(&disk);
        fs_make_dir(&disk.fs, "d");
        memory_fs_add(&disk, "d/users", slice_str("old"));
        disk.calls = 0;
        disk.fail_at = n;
        disk.fail_as = ERR_IO;
        e = text_file_replace(&disk.fs, "d/users", slice_str("new"));
        done = disk.calls < n;
        disk.fail_at = 0;
        cr_expect_eq(err_is(e), !done, "call %u", n);
        memory_fs_power_loss(&disk, NULL);
        text.len = 0;
        cr_assert(!err_is(text_file_read(&disk.fs, "d/users", 1024, &text)));
        cr_expect(slice_equal(buf_slice(&text), slice_str(done ? "new" : "old")), "call %u: %.*s",
                  n, (int)text.len, text.data);
    }
    cr_expect_null(memory_fs_find(&disk, "d/users.new"));
    buf_deinit(&text);
}

Test(text_file, what_an_end_within_a_save_left_is_no_hindrance)
{
    struct buf text = { 0 };

    fs_make_dir(&disk.fs, ".");
    memory_fs_add(&disk, "users.new", slice_str("half of something longer"));
    cr_expect(!err_is(text_file_replace(&disk.fs, "users", slice_str("new"))));
    cr_expect(!err_is(text_file_read(&disk.fs, "users", 1024, &text)));
    cr_expect(slice_equal(buf_slice(&text), slice_str("new")));
    buf_deinit(&text);
}

Test(text_file, a_file_that_is_too_large_is_not_read)
{
    struct buf text = { 0 };
    char much[1025] = { 0 };

    memory_fs_add(&disk, "users", slice_of(much, sizeof much));
    cr_expect_eq(text_file_read(&disk.fs, "users", 1024, &text).code, ERR_LIMIT);
    cr_expect_eq(text_file_read(&disk.fs, "nosuch", 1024, &text).code, ERR_NOT_FOUND);
    buf_deinit(&text);
}
