/* Tests of os_fs.c, against a real folder. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "unit/os/os_fixture.h"

struct disk {
    struct fixture f;
    struct fs *fs;
};

static void disk_init(struct disk *d)
{
    fixture_init(&d->f);
    d->fs = os_fs_new(d->f.loop);
}

static void disk_deinit(struct disk *d)
{
    os_fs_free(d->fs);
    fixture_deinit(&d->f);
}

static void ok(struct err e)
{
    cr_assert_eq(e.code, ERR_NONE, "cannot %s: %s", e.what, strerror(e.os));
}

static struct fs_file *disk_open(struct disk *d, const char *name, unsigned flags)
{
    struct fs_file *file = NULL;

    ok(fs_open(d->fs, fixture_path(&d->f, name), flags, &file));
    return file;
}

Test(os_fs, what_was_written_is_read_back_and_reading_stops_at_the_end)
{
    struct disk d;
    struct fs_file *file;
    char text[16] = { 0 };
    uint64_t size;
    size_t got;

    disk_init(&d);
    file = disk_open(&d, "a", FS_READ | FS_WRITE | FS_CREATE);
    ok(fs_write(file, 3, slice_str("hello")));
    ok(fs_write_now(file, 0, slice_str("oh ")));
    ok(fs_sync(file));
    ok(fs_size(file, &size));
    cr_assert_eq(size, 8);
    ok(fs_close(file));
    file = disk_open(&d, "a", FS_READ);
    ok(fs_read(file, 1, text, sizeof text, &got));
    cr_assert_eq(got, 7);
    cr_assert_str_eq(text, "h hello");
    ok(fs_read(file, 100, text, sizeof text, &got));
    cr_assert_eq(got, 0);
    cr_assert_eq(fs_write(file, 0, slice_str("x")).code, ERR_IO, "it was opened for reading");
    ok(fs_close(file));
    disk_deinit(&d);
}

Test(os_fs, a_file_that_is_created_must_not_exist_and_one_that_is_opened_must)
{
    struct disk d;
    struct fs_file *file;
    struct err e;

    disk_init(&d);
    e = fs_open(d.fs, fixture_path(&d.f, "a"), FS_WRITE, &file);
    cr_assert_eq(e.code, ERR_NOT_FOUND);
    cr_assert_null(file);
    ok(fs_close(disk_open(&d, "a", FS_WRITE | FS_CREATE)));
    e = fs_open(d.fs, fixture_path(&d.f, "a"), FS_WRITE | FS_CREATE, &file);
    cr_assert_eq(e.code, ERR_EXISTS);
    cr_assert_eq(e.os, EEXIST);
    cr_assert_str_eq(e.what, "create a file");
    disk_deinit(&d);
}

Test(os_fs, room_that_was_reserved_is_there_and_reads_as_zero)
{
    struct disk d;
    struct fs_file *file;
    struct stat st;
    uint64_t size;
    uint8_t bytes[4] = { 1, 1, 1, 1 };
    size_t got;

    disk_init(&d);
    file = disk_open(&d, "a", FS_READ | FS_WRITE | FS_CREATE);
    ok(fs_write(file, 0, slice_str("kept")));
    ok(fs_allocate(file, 3 * 1024 * 1024));
    ok(fs_size(file, &size));
    cr_assert_eq(size, 3 * 1024 * 1024);
    cr_assert_eq(stat(fixture_path(&d.f, "a"), &st), 0);
    cr_assert_geq(st.st_blocks * 512, 3 * 1024 * 1024, "blocks are reserved, not a hole");
    ok(fs_read(file, 3 * 1024 * 1024 - 4, bytes, 4, &got));
    cr_assert_eq(got, 4);
    cr_assert_arr_eq(bytes, "\0\0\0\0", 4);
    ok(fs_allocate(file, 10));
    ok(fs_size(file, &size));
    cr_assert_eq(size, 3 * 1024 * 1024, "it only ever grows");
    ok(fs_truncate(file, 4));
    ok(fs_size(file, &size));
    cr_assert_eq(size, 4);
    ok(fs_read(file, 0, bytes, 4, &got));
    cr_assert_arr_eq(bytes, "kept", 4);
    ok(fs_close(file));
    disk_deinit(&d);
}

Test(os_fs, a_write_the_kernel_takes_in_parts_is_finished_or_fails)
{
    struct disk d;
    struct fs_file *file;
    struct rlimit limit = { 100 * 1024, 100 * 1024 };
    char *big = calloc(1, 300 * 1024);
    uint64_t size;
    struct err e;

    disk_init(&d);
    file = disk_open(&d, "a", FS_WRITE | FS_CREATE);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    e = fs_write(file, 0, slice_of(big, 300 * 1024)); /* the first write(2) is short */
    cr_assert_eq(e.code, ERR_IO);
    cr_assert_eq(e.os, EFBIG);
    ok(fs_size(file, &size));
    cr_assert_eq(size, 100 * 1024);
    ok(fs_close(file));
    free(big);
    disk_deinit(&d);
}

Test(os_fs, a_full_disk_is_no_space)
{
    struct fs *fs = os_fs_new(NULL);
    struct fs_file *file;
    struct err e;

    ok(fs_open(fs, "/dev/full", FS_WRITE, &file));
    e = fs_write(file, 0, slice_str("x"));
    cr_assert_eq(e.code, ERR_NO_SPACE);
    cr_assert_eq(e.os, ENOSPC);
    ok(fs_close(file));
    os_fs_free(fs);
}

static void collect(void *arg, const char *name)
{
    unsigned *seen = arg;

    if (!strcmp(name, "b"))
        *seen |= 1;
    else if (!strcmp(name, "c"))
        *seen |= 2;
    else
        *seen |= 4;
}

Test(os_fs, names_are_listed_renamed_over_others_and_removed)
{
    struct disk d;
    unsigned seen = 0;
    char from[FIXTURE_PATH + 8];

    disk_init(&d);
    for (const char *name = "abc"; *name; name++) {
        char text[2] = { *name, 0 };
        struct fs_file *file = disk_open(&d, text, FS_WRITE | FS_CREATE);
        ok(fs_write(file, 0, slice_str(text)));
        ok(fs_close(file));
    }
    snprintf(from, sizeof from, "%s", fixture_path(&d.f, "a"));
    ok(fs_rename(d.fs, from, fixture_path(&d.f, "b")));
    ok(fs_sync_dir(d.fs, d.f.dir));
    ok(fs_list(d.fs, d.f.dir, collect, &seen));
    cr_assert_eq(seen, 1 | 2);
    ok(fs_remove(d.fs, fixture_path(&d.f, "b")));
    cr_assert_eq(fs_remove(d.fs, fixture_path(&d.f, "b")).code, ERR_NOT_FOUND);
    cr_assert_eq(fs_rename(d.fs, from, fixture_path(&d.f, "x")).code, ERR_NOT_FOUND);
    cr_assert_eq(fs_list(d.fs, from, collect, &seen).code, ERR_NOT_FOUND);
    cr_assert_eq(fs_sync_dir(d.fs, from).code, ERR_NOT_FOUND);
    disk_deinit(&d);
}

Test(os_fs, a_link_is_another_name_of_the_same_file)
{
    struct disk d;
    struct fs_file *file;
    char from[FIXTURE_PATH + 8];
    char text[4] = { 0 };
    size_t got;

    disk_init(&d);
    file = disk_open(&d, "a", FS_WRITE | FS_CREATE);
    snprintf(from, sizeof from, "%s", fixture_path(&d.f, "a"));
    ok(fs_link(d.fs, from, fixture_path(&d.f, "b")));
    cr_assert_eq(fs_link(d.fs, from, fixture_path(&d.f, "b")).code, ERR_EXISTS);
    ok(fs_write(file, 0, slice_str("abc")));
    ok(fs_close(file));
    ok(fs_remove(d.fs, from));
    cr_assert_eq(fs_link(d.fs, from, fixture_path(&d.f, "c")).code, ERR_NOT_FOUND);
    file = disk_open(&d, "b", FS_READ);
    ok(fs_read(file, 0, text, 3, &got));
    cr_assert_str_eq(text, "abc");
    ok(fs_close(file));
    disk_deinit(&d);
}

Test(os_fs, space_is_what_the_file_system_says_and_some_is_used)
{
    struct disk d;
    struct statvfs st;
    uint64_t left;
    uint64_t all;

    disk_init(&d);
    ok(fs_space(d.fs, d.f.dir, &left, &all));
    cr_assert_eq(statvfs(d.f.dir, &st), 0);
    cr_assert_eq(all, (uint64_t)st.f_blocks * st.f_frsize);
    cr_assert_gt(left, 0);
    cr_assert_lt(left, all);
    cr_assert_eq(fs_space(d.fs, fixture_path(&d.f, "no"), &left, &all).code, ERR_NOT_FOUND);
    cr_assert_eq(left, 0);
    disk_deinit(&d);
}

Test(os_fs, a_folder_is_made_once_and_not_in_place_of_a_file)
{
    struct disk d;

    disk_init(&d);
    ok(fs_make_dir(d.fs, fixture_path(&d.f, "sub")));
    ok(fs_make_dir(d.fs, fixture_path(&d.f, "sub")));
    cr_assert_eq(fs_make_dir(d.fs, fixture_path(&d.f, "no/sub")).code, ERR_NOT_FOUND);
    ok(fs_close(disk_open(&d, "file", FS_WRITE | FS_CREATE)));
    cr_assert_eq(fs_make_dir(d.fs, fixture_path(&d.f, "file")).code, ERR_EXISTS);
    disk_deinit(&d);
}

Test(os_fs, a_lock_is_held_by_one_until_it_is_closed)
{
    struct disk d;
    struct fs_file *mine;
    struct fs_file *other;

    disk_init(&d);
    ok(fs_lock(d.fs, fixture_path(&d.f, "lock"), &mine));
    cr_assert_eq(fs_lock(d.fs, fixture_path(&d.f, "lock"), &other).code, ERR_BUSY);
    cr_assert_null(other);
    ok(fs_close(mine));
    ok(fs_lock(d.fs, fixture_path(&d.f, "lock"), &other));
    ok(fs_close(other));
    disk_deinit(&d);
}

#ifdef HENGE_DEBUG
static bool open_on_loop(void *arg)
{
    struct disk *d = arg;
    struct fs_file *file;

    rmdir(d->f.dir);
    fs_open(d->fs, fixture_path(&d->f, "a"), FS_READ, &file);
    return true;
}

Test(os_fs, a_file_call_on_the_loop_is_a_bug, .signal = SIGABRT)
{
    struct disk d;

    disk_init(&d);
    fixture_run(&d.f, open_on_loop, &d);
}
#endif

struct direct {
    struct disk d;
    struct fs_file *file;
};

static bool write_on_loop(void *arg)
{
    struct direct *w = arg;

    ok(fs_write_now(w->file, 0, slice_str("direct")));
    return true;
}

Test(os_fs, the_loop_may_write_what_is_meant_for_it)
{
    struct direct w;
    uint64_t size;

    disk_init(&w.d);
    w.file = disk_open(&w.d, "a", FS_WRITE | FS_CREATE);
    fixture_run(&w.d.f, write_on_loop, &w);
    ok(fs_size(w.file, &size));
    cr_assert_eq(size, 6);
    ok(fs_close(w.file));
    disk_deinit(&w.d);
}

enum { PAGES = 64 * 1024 };

struct now {
    struct disk d;
    struct fs_file *file;
    char bytes[PAGES];
    size_t got;
};

static bool read_on_loop(void *arg)
{
    struct now *n = arg;

    memset(n->bytes, 0, sizeof n->bytes);
    ok(fs_read_now(n->file, 0, n->bytes, PAGES, &n->got));
    return true;
}

static void now_init(struct now *n)
{
    char bytes[PAGES];

    disk_init(&n->d);
    n->file = disk_open(&n->d, "a", FS_READ | FS_WRITE | FS_CREATE);
    memset(bytes, 'x', sizeof bytes);
    ok(fs_write(n->file, 0, slice_of(bytes, sizeof bytes)));
    ok(fs_sync(n->file));
}

static void now_deinit(struct now *n)
{
    ok(fs_close(n->file));
    disk_deinit(&n->d);
}

/* Whether the page cache of the test's folder can be asked at all. */
static bool page_cache_answers(struct now *n)
{
    fixture_run(&n->d.f, read_on_loop, n);
    if (n->got == 0)
        cr_log_warn("this file system does not know RWF_NOWAIT");
    return n->got != 0;
}

/* Begins as if nobody had read the file, whole pages apart. */
static void cool(struct now *n)
{
    fs_advise(n->file, 0, 0, FS_ADVISE_RANDOM);
    fs_advise(n->file, 0, 0, FS_ADVISE_DONTNEED);
    fs_advise(n->file, 0, 0, FS_ADVISE_SYNC);
}

Test(os_fs, the_loop_reads_what_is_in_the_page_cache_and_waits_for_nothing_else)
{
    static struct now n;
    size_t got;
    bool cold = false;

    now_init(&n);
    if (page_cache_answers(&n)) {
        cr_assert_eq(n.got, PAGES);
        cr_assert_eq(n.bytes[PAGES - 1], 'x');
        cool(&n);
        ok(fs_read(n.file, 0, n.bytes, 8192, &got));
        cr_assert_eq(got, 8192);
        fixture_run(&n.d.f, read_on_loop, &n);
        cr_assert_geq(n.got, 8192, "what is there comes, up to what is not");
        cr_assert_eq(n.bytes[8191], 'x');
        for (unsigned i = 0; i < 20 && !cold; i++) { /* the kernel begins to read at once */
            cool(&n);
            fixture_run(&n.d.f, read_on_loop, &n);
            cold = n.got == 0;
        }
        cr_assert(cold, "it waited for the device every time");
    }
    now_deinit(&n);
}

Test(os_fs, a_short_read_of_the_page_cache_ends_at_the_end_of_the_file)
{
    static struct now n;

    now_init(&n);
    ok(fs_truncate(n.file, 5000));
    if (page_cache_answers(&n))
        cr_assert_eq(n.got, 5000);
    now_deinit(&n);
}

Test(os_fs, a_file_that_cannot_be_read_fails_and_one_without_a_page_cache_gives_nothing)
{
    struct fs *fs = os_fs_new(NULL);
    struct disk d;
    struct fs_file *file;
    char byte;
    size_t got = 1;

    disk_init(&d);
    file = disk_open(&d, "a", FS_WRITE | FS_CREATE);
    cr_assert_eq(fs_read_now(file, 0, &byte, 1, &got).code, ERR_IO, "it is only to be written");
    cr_assert_eq(got, 0);
    ok(fs_close(file));
    ok(fs_open(fs, "/proc/self/stat", FS_READ, &file)); /* knows no RWF_NOWAIT */
    for (unsigned i = 0; i < 2; i++) {
        got = 1;
        ok(fs_read_now(file, 0, &byte, 1, &got));
        cr_assert_eq(got, 0);
    }
    ok(fs_read(file, 0, &byte, 1, &got));
    cr_assert_eq(got, 1);
    ok(fs_close(file));
    os_fs_free(fs);
    disk_deinit(&d);
}
