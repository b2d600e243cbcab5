/* load_files.c: listing, reading, cutting. */
#include "lsm/load_files.h"

#include <stdlib.h>

#include "base/mem.h"
#include "lsm/file_name.h"

enum { READ_STEP = 1024 * 1024 };

static void add_name(void *arg, const char *name)
{
    struct load_files *f = arg;
    enum file_kind kind;
    uint64_t id;

    if (!file_name_parse(name, &kind, &id) || kind != FILE_SEGMENT)
        return;
    if (f->count == f->room) {
        f->room = f->room ? f->room * 2 : 16;
        f->file = mem_realloc(f->file, f->room * sizeof *f->file);
    }
    f->file[f->count++] = (struct load_file){ .id = id };
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct load_file *)a)->id, y = ((const struct load_file *)b)->id;
    return x < y ? -1 : x > y;
}

static struct err open_file(const struct load_files *f, size_t i, struct fs_file **out)
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
    struct err e = open_file(f, i, &handle);

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

struct err load_files_read(struct load_files *f, struct fs *fs, const char *dir, size_t *failed)
{
    struct err e;
    size_t kept = 0;

    *f = (struct load_files){ .fs = fs, .dir = dir };
    e = fs_list(fs, dir, add_name, f);
    *failed = f->count;
    if (err_is(e) || f->count == 0)
        return e;
    qsort(f->file, f->count, sizeof *f->file, by_id);
    for (size_t i = 0; i < f->count; i++) {
        e = read_head(f, i);
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
    *failed = kept;
    return err_ok();
}

void load_files_deinit(struct load_files *f)
{
    mem_free(f->file);
    *f = (struct load_files){ 0 };
}

struct err load_file_get(const struct load_files *f, size_t i, struct buf *out,
                         void (*step)(void *arg, uint64_t bytes), void *arg)
{
    uint64_t size = f->file[i].size;
    struct fs_file *handle;
    size_t got = 1;
    struct err e = open_file(f, i, &handle);

    if (err_is(e))
        return e;
    out->len = 0;
    buf_reserve(out, (size_t)size);
    while (!err_is(e) && got > 0 && out->len < size) {
        size_t want = size - out->len < READ_STEP ? (size_t)size - out->len : READ_STEP;
        e = fs_read(handle, out->len, out->data + out->len, want, &got);
        out->len += err_is(e) ? 0 : got;
        if (step)
            step(arg, out->len);
    }
    fs_close(handle);
    return e;
}

struct err load_file_keep(const struct load_files *f, size_t i, uint64_t from)
{
    uint64_t at = from ? SEGMENT_FRAMES_START + from : 0;
    uint64_t end = SEGMENT_FRAMES_START + f->file[i].used;
    uint8_t *bytes;
    struct fs_file *handle;
    struct err e = open_file(f, i, &handle);

    if (err_is(e))
        return e;
    bytes = mem_alloc(READ_STEP);
    while (!err_is(e) && at < end) {
        size_t got = 0;
        e = fs_read(handle, at, bytes, end - at < READ_STEP ? (size_t)(end - at) : READ_STEP, &got);
        if (!err_is(e) && got == 0)
            e = err_make(ERR_IO, 0, "read again what was read before");
        if (!err_is(e))
            e = fs_write(handle, at, slice_of(bytes, got));
        at += got;
    }
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

struct err load_file_cut(const struct load_files *f, size_t i)
{
    uint64_t size = SEGMENT_FRAMES_START + f->file[i].used;
    struct fs_file *handle;
    struct err e;

    if (f->file[i].size == size)
        return err_ok();
    e = open_file(f, i, &handle);
    if (err_is(e))
        return e;
    e = fs_truncate(handle, size);
    if (!err_is(e))
        e = fs_sync(handle);
    fs_close(handle);
    return e;
}
