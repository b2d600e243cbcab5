/* text_file.c: written beside the old one, synced, renamed over it. */
#include "session/text_file.h"

#include <string.h>

#include "base/mem.h"

struct err text_file_read(struct fs *fs, const char *path, size_t max, struct buf *text)
{
    struct fs_file *file;
    struct err e = fs_open(fs, path, FS_READ, &file), closed;
    uint64_t len = 0;
    size_t got = 0;

    if (err_is(e))
        return e;
    e = fs_size(file, &len);
    if (!err_is(e) && len > max)
        e = err_make(ERR_LIMIT, 0, "it is too large");
    if (!err_is(e))
        e = fs_read(file, 0, buf_reserve(text, (size_t)len), (size_t)len, &got);
    text->len += got;
    closed = fs_close(file);
    return err_is(e) ? e : closed;
}

static struct err write_new(struct fs *fs, const char *path, struct slice text)
{
    struct fs_file *file;
    struct err e, closed;

    e = fs_remove(fs, path); /* what an end within this left behind */
    if (err_is(e) && e.code != ERR_NOT_FOUND)
        return e;
    e = fs_open(fs, path, FS_WRITE | FS_CREATE, &file);
    if (err_is(e))
        return e;
    e = fs_write(file, 0, text);
    if (!err_is(e))
        e = fs_sync(file);
    closed = fs_close(file);
    return err_is(e) ? e : closed;
}

/* The folder a path is in; the caller's. */
static char *folder_of(const char *path)
{
    char *folder = mem_strdup(path);
    char *slash = strrchr(folder, '/');

    if (!slash) {
        mem_free(folder);
        return mem_strdup(".");
    }
    slash[slash == folder] = '\0';
    return folder;
}

struct err text_file_replace(struct fs *fs, const char *path, struct slice text)
{
    struct buf name = { 0 };
    char *folder = folder_of(path);
    struct err e;

    buf_printf(&name, "%s.new", path);
    buf_append_byte(&name, 0);
    e = write_new(fs, (const char *)name.data, text);
    if (!err_is(e))
        e = fs_rename(fs, (const char *)name.data, path);
    if (err_is(e))
        fs_remove(fs, (const char *)name.data);
    else
        e = fs_sync_dir(fs, folder);
    mem_free(folder);
    buf_deinit(&name);
    return e;
}
