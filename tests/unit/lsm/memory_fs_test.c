/* memory_fs_test.c: what the tests of protocols lean on: bytes and names that
 * are lost unless they were synced, and a page cache that may have less. */
#include <criterion/criterion.h>
#include <string.h>

#include "memory_fs.h"

static struct memory_fs m;

static void begin(void)
{
    memory_fs_init(&m);
}

static void end(void)
{
    memory_fs_deinit(&m);
}

TestSuite(memory_fs, .init = begin, .fini = end);

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "cannot %s", e.what);
}

/* A new file with `text`, nothing of it durable. */
static struct fs_file *make(const char *name, const char *text)
{
    struct fs_file *file = NULL;

    ok(fs_open(&m.fs, name, FS_READ | FS_WRITE | FS_CREATE, &file));
    ok(fs_write(file, 0, slice_str(text)));
    return file;
}

static bool reads(const char *name, const char *text)
{
    const struct memory_file *f = memory_fs_find(&m, name);

    return f && slice_equal(slice_of(f->data, f->len), slice_str(text));
}

Test(memory_fs, the_page_cache_has_everything_nothing_or_any_beginning)
{
    struct fs_file *file = make("/d/a", "0123456789");
    struct prng dice;
    unsigned seen = 0;
    char bytes[10];
    size_t got;

    ok(fs_read_now(file, 4, bytes, 10, &got));
    cr_assert_eq(got, 6);
    cr_assert_arr_eq(bytes, "456789", 6);
    m.cold = true;
    ok(fs_read_now(file, 0, bytes, 10, &got));
    cr_assert_eq(got, 0);
    ok(fs_read(file, 0, bytes, 10, &got));
    cr_assert_eq(got, 10, "only the loop's reads are short of anything");
    m.cold = false;
    prng_init(&dice, 1);
    m.tepid = &dice;
    for (unsigned i = 0; i < 200; i++) {
        ok(fs_read_now(file, 0, bytes, 10, &got));
        cr_assert_arr_eq(bytes, "0123456789", got);
        seen |= 1u << got;
    }
    cr_assert_eq(seen, (1u << 11) - 1);
    cr_assert_eq(m.reads_now, 202);
    cr_assert_eq(m.reads, 1);
    ok(fs_close(file));
}

Test(memory_fs, a_read_of_the_page_cache_may_fail_and_is_a_call_like_others)
{
    struct fs_file *file = make("/d/a", "x");
    size_t got = 1;
    char byte;

    m.fail_at = m.calls + 1;
    cr_assert_eq(fs_read_now(file, 0, &byte, 1, &got).code, ERR_IO);
    cr_assert_eq(got, 0);
    ok(fs_read_now(file, 0, &byte, 1, &got));
    ok(fs_close(file));
}

Test(memory_fs, a_link_is_a_name_of_its_own_for_the_same_bytes)
{
    struct fs_file *file = make("/d/a", "old");
    struct memory_fs copy;

    ok(fs_link(&m.fs, "/d/a", "/d/b"));
    cr_assert_eq(fs_link(&m.fs, "/d/a", "/d/b").code, ERR_EXISTS);
    cr_assert_eq(fs_link(&m.fs, "/d/no", "/d/c").code, ERR_NOT_FOUND);
    ok(fs_write(file, 0, slice_str("new")));
    ok(fs_close(file));
    cr_assert(reads("/d/b", "new"));
    ok(fs_remove(&m.fs, "/d/a"));
    cr_assert_null(memory_fs_find(&m, "/d/a"));
    cr_assert(reads("/d/b", "new"));
    cr_assert_eq(memory_fs_count(&m, "/d/"), 1);
    cr_assert_eq(memory_fs_last(&m, "/d/"), memory_fs_find(&m, "/d/b"));
    memory_fs_copy(&copy, &m);
    cr_assert_neq(memory_fs_find(&copy, "/d/b"), memory_fs_find(&m, "/d/b"));
    cr_assert_arr_eq(memory_fs_find(&copy, "/d/b")->data, "new", 3);
    memory_fs_deinit(&copy);
}

Test(memory_fs, a_link_is_durable_with_its_folder_and_its_bytes_with_the_file)
{
    struct fs_file *file = make("/d/a", "old");

    ok(fs_sync(file));
    ok(fs_sync_dir(&m.fs, "/d"));
    ok(fs_link(&m.fs, "/d/a", "/d/lost"));
    memory_fs_power_loss(&m, NULL);
    cr_assert_null(memory_fs_find(&m, "/d/lost"));
    ok(fs_link(&m.fs, "/d/a", "/d/kept"));
    ok(fs_sync_dir(&m.fs, "/d"));
    ok(fs_write(file, 0, slice_str("new")));
    memory_fs_power_loss(&m, NULL);
    cr_assert(reads("/d/kept", "old"));
    ok(fs_close(file));
}

Test(memory_fs, a_full_disk_takes_what_fits_and_says_how_much_that_is)
{
    struct fs_file *file = make("/d/a", "12345");
    uint64_t left, all;

    m.quota = 8;
    ok(fs_link(&m.fs, "/d/a", "/d/b"));
    ok(fs_space(&m.fs, "/d", &left, &all));
    cr_assert_eq(left, 3);
    cr_assert_eq(all, 8);
    cr_assert_eq(fs_write(file, 5, slice_str("6789")).code, ERR_NO_SPACE);
    cr_assert(reads("/d/a", "12345678"));
    ok(fs_write(file, 0, slice_str("abc")));
    cr_assert_eq(fs_allocate(file, 9).code, ERR_NO_SPACE);
    ok(fs_space(&m.fs, "/d", &left, &all));
    cr_assert_eq(left, 0);
    ok(fs_remove(&m.fs, "/d/a"));
    cr_assert_eq(fs_write(file, 8, slice_str("9")).code, ERR_NO_SPACE, "the other name is there");
    ok(fs_remove(&m.fs, "/d/b"));
    ok(fs_space(&m.fs, "/d", &left, &all));
    cr_assert_eq(left, 8);
    ok(fs_close(file));
}

Test(memory_fs, a_sync_told_to_fail_makes_nothing_durable)
{
    struct fs_file *file = make("/d/a", "x");

    ok(fs_sync_dir(&m.fs, "/d"));
    m.fail_sync = true;
    cr_assert_eq(fs_sync(file).code, ERR_IO);
    memory_fs_power_loss(&m, NULL);
    cr_assert(reads("/d/a", ""));
    ok(fs_close(file));
}

Test(memory_fs, one_of_two_files_of_a_name_is_left_by_a_power_loss)
{
    struct prng dice;

    prng_init(&dice, 7);
    for (unsigned i = 0; i < 100; i++) {
        struct fs_file *file;
        memory_fs_add(&m, "/d/a", slice_str("old"));
        ok(fs_remove(&m.fs, "/d/a"));
        file = make("/d/a", "new");
        ok(fs_close(file));
        memory_fs_power_loss(&m, &dice);
        cr_assert_leq(memory_fs_count(&m, "/d/a"), 1);
        memory_fs_deinit(&m);
        memory_fs_init(&m);
    }
}
