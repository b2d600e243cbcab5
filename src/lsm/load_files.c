/* load_files.c: listing, heads, cutting. */
#include "lsm/load_files.h"

#include <stdlib.h>

#include "base/mem.h"

enum { KEEP_STEP = 1024 * 1024 };

static void add_segment(struct load_files *f, uint64_t id)
{
    if (f->count == f->room) {
        f->room = f->room ? f->room * 2 : 16;
        f->file = mem_realloc(f->file, f->room * sizeof *f->file);
    }
    f->file[f->count++] = (struct load_file){ .id = id };
}

static void add_name(void *arg, const char *name)
{
    struct load_files *f = arg;
    enum file_kind kind;
    uint64_t id;

    if (!file_name_parse(name, &kind, &id))
        return;
    if (id > f->last_id)
        f->last_id = id;
    if (kind == FILE_SEGMENT) {
        add_segment(f, id);
        return;
    }
    if (f->other_count == f->other_room) {
        f->other_room = f->other_room ? f->other_room * 2 : 16;
        f->other = mem_realloc(f->other, f->other_room * sizeof *f->other);
    }
    f->other[f->other_count++] = (struct load_name){ kind, id };
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct load_file *)a)->id, y = ((const struct load_file *)b)->id;
    return x < y ? -1 : x > y;
}

struct err load_files_list(struct load_files *f, struct fs *fs, const char *dir)
{
    struct err e;

    *f = (struct load_files){ .fs = fs, .dir = dir };
    e = fs_list(fs, dir, add_name, f);
    if (f->count)
        qsort(f->file, f->count, sizeof *f->file, by_id);
    return e;
}

struct err load_file_open(const struct load_files *f, size_t i, struct fs_file **out)
{
    char *path = file_path(f->dir, FILE_SEGMENT, f->file[i].id);
    struct err e = fs_open(f->fs, path, FS_READ | FS_WRITE, out);

    mem_free(path);
    return e;
}

static struct err read_head(struct load_files *f, size_t i)
{
    struct load_file *file = &f->file[i];
    uint8_t bytes[SEGMENT_HEAD_SIZE] = { 0 };
    struct fs_file *handle;
    size_t got = 0;
    struct err e = load_file_open(f, i, &handle);

    if (err_is(e))
        return e;
    e = fs_size(handle, &file->size);
    if (!err_is(e))
        e = fs_read(handle, 0, bytes, sizeof bytes, &got);
    fs_close(handle);
    if (err_is(e))
        return e;
    if (file->size > SEGMENT_SIZE_MAX)
        return err_make(ERR_LIMIT, 0, "a segment is larger than any can be");
    file->state = segment_head_get(bytes, &file->head);
    if (file->state == SEGMENT_HEAD_GOOD &&
        (file->head.id != file->id || file->size < SEGMENT_FRAMES_START))
        file->state = SEGMENT_HEAD_DAMAGED;
    return err_ok();
}

struct err load_files_heads(struct load_files *f, size_t *failed)
{
    size_t kept = 0;

    for (size_t i = 0; i < f->count; i++) {
        struct err e = read_head(f, i);
        if (err_is(e)) {
            *failed = i;
            return e;
        }
    }
    for (size_t i = 0; i < f->count; i++) {
        if (f->file[i].size > 0)
            f->file[kept++] = f->file[i];
    }
    f->count = kept;
    return err_ok();
}

void load_files_deinit(struct load_files *f)
{
    mem_free(f->file);
    mem_free(f->other);
    *f = (struct load_files){ 0 };
}

/* Writes what is there from `at` to `end` once more, by way of KEEP_STEP `bytes`. */
static struct err write_again(struct fs_file *handle, uint64_t at, uint64_t end, uint8_t *bytes)
{
    struct err e = err_ok();

    while (!err_is(e) && at < end) {
        size_t got = 0;
        e = fs_read(handle, at, bytes, end - at < KEEP_STEP ? (size_t)(end - at) : KEEP_STEP, &got);
        if (!err_is(e) && got == 0)
            e = err_make(ERR_IO, 0, "read again what was read before");
        if (!err_is(e))
            e = fs_write(handle, at, slice_of(bytes, got));
        at += got;
    }
    return e;
}

struct err load_file_keep(const struct load_files *f, size_t i, uint64_t from)
{
    uint8_t *bytes;
    struct fs_file *handle;
    struct err e = load_file_open(f, i, &handle);

    if (err_is(e))
        return e;
    bytes = mem_alloc(KEEP_STEP);
    e = write_again(handle, 0, SEGMENT_FRAMES_START, bytes);
    if (!err_is(e))
        e = write_again(handle, SEGMENT_FRAMES_START + from, SEGMENT_FRAMES_START + f->file[i].used,
                        bytes);
    mem_free(bytes);
    if (!err_is(e))
        e = fs_sync(handle);
    fs_close(handle);
    return e;
}

struct err load_file_remove(struct load_files *f, size_t i)
{
    char *path = file_path(f->dir, FILE_SEGMENT, f->file[i].id);
    struct err e = fs_remove(f->fs, path);

    mem_free(path);
    f->file[i].removed = !err_is(e);
    return e;
}

struct err load_file_cut(struct load_files *f, size_t i)
{
    uint64_t size = SEGMENT_FRAMES_START + f->file[i].used;
    struct fs_file *handle;
    struct err e;

    if (f->file[i].size <= size)
        return err_ok();
    e = load_file_open(f, i, &handle);
    if (err_is(e))
        return e;
    e = fs_truncate(handle, size);
    if (!err_is(e))
        e = fs_sync(handle);
    if (!err_is(e))
        f->file[i].size = size;
    fs_close(handle);
    return e;
}
