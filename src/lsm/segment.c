/* segment.c: files of the log. */
#include "lsm/segment.h"

#include <assert.h>

#include "base/mem.h"
#include "base/planted.h"
#include "lsm/file_name.h"
#include "lsm/log_format.h"

enum { LAG = 4 * 1024 * 1024 };

static struct err prepare(struct fs *fs, const char *dir, struct fs_file *file, uint64_t size)
{
    struct err e = fs_allocate(file, size);

    if (!err_is(e))
        e = fs_sync(file);
    if (!err_is(e) && !PLANTED(forget_dirsync))
        e = fs_sync_dir(fs, dir);
    return e;
}

struct err segment_create(struct segment **out, struct fs *fs, const char *dir, uint64_t id,
                          uint64_t size)
{
    char *path = file_path(dir, FILE_SEGMENT, id);
    struct fs_file *file = NULL;
    struct err e = fs_open(fs, path, FS_READ | FS_WRITE | FS_CREATE, &file);

    if (err_is(e))
        goto out;
    e = prepare(fs, dir, file, size);
    if (err_is(e)) {
        fs_close(file);
        fs_remove(fs, path);
        goto out;
    }
    *out = mem_zalloc(1, sizeof **out);
    (*out)->file = file;
    (*out)->id = id;
    (*out)->size = size;
out:
    mem_free(path);
    return e;
}

struct err segment_grow(struct segment *s, uint64_t size)
{
    struct err e;

    assert(!s->headed);
    e = fs_allocate(s->file, size);
    if (!err_is(e))
        e = fs_sync(s->file);
    if (!err_is(e))
        s->size = size;
    return e;
}

uint64_t segment_room(const struct segment *s)
{
    return s->size - SEGMENT_FRAMES_START - (s->end - s->base);
}

static struct err write_at(struct segment *s, uint64_t offset, struct slice bytes, bool now)
{
    return now ? fs_write_now(s->file, offset, bytes) : fs_write(s->file, offset, bytes);
}

bool segment_lags(const struct segment *s)
{
    return s->end - s->base - s->begun >= LAG;
}

static void begin_sync(struct segment *s)
{
    uint64_t len = s->end - s->base;

    fs_advise(s->file, SEGMENT_FRAMES_START + s->begun, len - s->begun, FS_ADVISE_SYNC);
    s->begun = len;
}

struct err segment_write(struct segment *s, const struct segment_facts *facts, struct slice frames,
                         bool now)
{
    struct err e = err_ok();

    assert(frames.len <= segment_room(s));
    if (!s->headed) {
        uint8_t bytes[SEGMENT_HEAD_SIZE];
        struct segment_head head = { .version = LOG_FORMAT_VERSION,
                                     .id = s->id,
                                     .base = s->base,
                                     .previous = facts->previous,
                                     .synced = facts->synced,
                                     .index = facts->index,
                                     .boot = facts->boot };
        segment_head_put(bytes, &head);
        e = write_at(s, 0, slice_of(bytes, sizeof bytes), now);
        if (err_is(e))
            return e;
        s->headed = true;
    }
    if (frames.len)
        e = write_at(s, SEGMENT_FRAMES_START + (s->end - s->base), frames, now);
    if (err_is(e))
        return e;
    s->end += frames.len;
    if (!now && segment_lags(s))
        begin_sync(s);
    return e;
}

struct err segment_write_behind(struct segment *s, struct slice bytes)
{
    assert(s->headed);
    return fs_write(s->file, SEGMENT_FRAMES_START + (s->end - s->base), bytes);
}

void segment_close(struct segment *s)
{
    if (!s)
        return;
    fs_close(s->file);
    log_list_deinit(&s->list);
    mem_free(s);
}
