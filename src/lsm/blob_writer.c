/* blob_writer.c: cells into frames, frames into a file. */
#include <assert.h>

#include "base/crc32c.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/blob_format.h"
#include "lsm/frames.h"
#include "lsm/log_format.h"

/* Synced as it goes, so that its end does not make everybody's syncs wait for a
 * hundred megabytes. */
enum { SYNC_STEP = 8 * 1024 * 1024 };

struct blob_writer {
    struct fs *fs;
    char *path;
    struct fs_file *file;
    uint64_t id;
    uint64_t written; /* bytes of the file */
    uint64_t synced;
    uint64_t index;       /* of the next frame */
    struct frames frames; /* the open one alone */
    struct err err;       /* the first */
};

struct err blob_writer_open(struct blob_writer **out, struct fs *fs, const char *dir, uint64_t id)
{
    uint8_t page[BLOB_FRAMES_START] = { 0 };
    char *path = file_path(dir, FILE_BLOB, id);
    struct blob_writer *w;
    struct fs_file *file;
    struct err e = fs_open(fs, path, FS_READ | FS_WRITE | FS_CREATE, &file);

    if (err_is(e)) {
        mem_free(path);
        return e;
    }
    w = mem_alloc(sizeof *w);
    *w = (struct blob_writer){ .fs = fs, .path = path, .file = file, .id = id, .index = 1 };
    blob_head_put(page, id);
    e = fs_write(file, 0, slice_of(page, sizeof page));
    if (err_is(e)) {
        blob_writer_abandon(w, true);
        return e;
    }
    w->written = sizeof page;
    *out = w;
    return err_ok();
}

/* Ends the open frame, if there is one, and writes it. */
static void write_frame(struct blob_writer *w)
{
    struct frames_place place = { .segment = w->id, .index = w->index };
    struct slice bytes;

    frames_close(&w->frames);
    bytes = frames_rest(&w->frames);
    if (bytes.len == 0 || err_is(w->err))
        return;
    w->index += frames_seal(w->frames.bytes.data, bytes.len, &place);
    w->err = fs_write(w->file, w->written, bytes);
    w->written += bytes.len;
    frames_sent(&w->frames, bytes.len);
    if (err_is(w->err) || w->written - w->synced < SYNC_STEP)
        return;
    w->err = fs_sync(w->file);
    w->synced = w->written;
}

struct err blob_writer_add(struct blob_writer *w, const struct cell *cell, struct blob_ref *ref)
{
    size_t size = cell_size(cell), open = frames_open_size(&w->frames);
    uint64_t stamp = cell->stamp;
    struct cell copy;
    uint8_t *out;

    assert(!(cell->flags & CELL_BLOB) && cell->key.kind != CELL_FLUSH);
    if (open && open + size > LIMIT_FRAME)
        write_frame(w);
    if (err_is(w->err))
        return w->err;
    if (w->frames.cells && w->frames.stamp > stamp)
        stamp = w->frames.stamp;
    out = frames_add(&w->frames, size, stamp);
    cell_encode(cell, out);
    out[30] &= (uint8_t)~CELL_OVER; /* as a log has it */
    cell_decode(out, &copy);
    *ref = (struct blob_ref){ .file = w->id,
                              .offset = w->written +
                                        (uint64_t)(copy.value.data - w->frames.bytes.data),
                              .length = (uint32_t)copy.value.len,
                              .crc = crc32c_extend(0, copy.value.data, copy.value.len) };
    return err_ok();
}

uint64_t blob_writer_size(const struct blob_writer *w)
{
    return w->written + frames_open_size(&w->frames);
}

struct err blob_writer_sync(struct blob_writer *w)
{
    write_frame(w);
    if (!err_is(w->err) && w->synced < w->written) {
        w->err = fs_sync(w->file);
        w->synced = w->written;
    }
    return w->err;
}

static void writer_free(struct blob_writer *w)
{
    frames_deinit(&w->frames);
    mem_free(w->path);
    mem_free(w);
}

struct err blob_writer_finish(struct blob_writer *w, struct blob_file **out)
{
    struct err e;

    write_frame(w);
    if (!err_is(w->err))
        w->err = fs_sync(w->file);
    e = w->err;
    if (err_is(e)) {
        blob_writer_abandon(w, true);
        return e;
    }
    fs_advise(w->file, 0, 0, FS_ADVISE_RANDOM);
    *out = mem_alloc(sizeof **out);
    **out =
        (struct blob_file){ .id = w->id, .kind = FILE_BLOB, .size = w->written, .file = w->file };
    writer_free(w);
    return err_ok();
}

void blob_writer_abandon(struct blob_writer *w, bool remove)
{
    if (!w)
        return;
    fs_close(w->file);
    if (remove)
        fs_remove(w->fs, w->path);
    writer_free(w);
}
