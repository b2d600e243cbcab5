/* Tests of load_files.c: what a load makes durable, on a disk that takes what a failed sync
 * has lost for clean. */
#include "lsm/load_files.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "memory_fs.h"

enum { USED = 10000, SIZE = SEGMENT_FRAMES_START + USED };

static struct memory_fs m;
static uint8_t bytes[SIZE];
static uint8_t written[SIZE]; /* since a sync has failed; 0 where nothing was */
static uint8_t durable[SIZE];
static struct err (*real_write)(struct fs_file *file, uint64_t offset, struct slice from);

static struct err note_write(struct fs_file *file, uint64_t offset, struct slice from)
{
    cr_assert_leq(offset + from.len, (uint64_t)SIZE);
    memcpy(written + offset, from.data, from.len);
    return real_write(file, offset, from);
}

static struct err keep_written(struct fs_file *file)
{
    (void)file;
    memcpy(durable, written, SIZE);
    return err_ok();
}

Test(load_files, what_is_kept_has_the_head_of_its_segment_too)
{
    struct load_file file = { .id = 7, .size = SIZE, .used = USED };
    struct load_files f = { .fs = &m.fs, .dir = "/d", .file = &file, .count = 1 };
    char *path = file_path("/d", FILE_SEGMENT, 7);

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(1 + i % 255);
    memory_fs_init(&m);
    memory_fs_add(&m, path, slice_of(bytes, SIZE));
    real_write = m.fs.write;
    m.fs.write = note_write;
    m.fs.sync = keep_written;
    cr_assert_not(err_is(load_file_keep(&f, 0, 8000)));
    cr_expect_eq(memcmp(durable, bytes, SEGMENT_FRAMES_START), 0, "the head");
    cr_expect_eq(memcmp(durable + SEGMENT_FRAMES_START + 8000, bytes + SEGMENT_FRAMES_START + 8000,
                        USED - 8000),
                 0, "the frames");
    mem_free(path);
    memory_fs_deinit(&m);
}
