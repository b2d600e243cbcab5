/* fuzz_fs.c: what reading needs; the other calls are not there. */
#include "fuzz_fs.h"

#include <assert.h>

#include "base/mem.h"

static struct fuzz_fs *of(struct fs_file *file)
{
    return (struct fuzz_fs *)file->fs;
}

static struct err do_open(struct fs *fs, const char *path, unsigned flags, struct fs_file **out)
{
    assert(path[0] && flags == FS_READ);
    *out = mem_alloc(sizeof **out);
    (*out)->fs = fs;
    ((struct fuzz_fs *)fs)->open++;
    return err_ok();
}

static struct err do_close(struct fs_file *file)
{
    of(file)->open--;
    mem_free(file);
    return err_ok();
}

static struct err do_read(struct fs_file *file, uint64_t offset, void *to, size_t len, size_t *got)
{
    struct slice bytes = of(file)->bytes;

    *got = offset >= bytes.len ? 0 : bytes.len - (size_t)offset;
    if (*got > len)
        *got = len;
    if (*got)
        memcpy(to, bytes.data + offset, *got);
    return err_ok();
}

static struct err do_size(struct fs_file *file, uint64_t *len)
{
    *len = of(file)->bytes.len;
    return err_ok();
}

static void do_advise(struct fs_file *file, uint64_t offset, uint64_t len, enum fs_advice advice)
{
    (void)file;
    (void)offset;
    (void)len;
    (void)advice;
}

void fuzz_fs_init(struct fuzz_fs *f, struct slice bytes)
{
    *f = (struct fuzz_fs){ .fs = { .open = do_open,
                                   .close = do_close,
                                   .read = do_read,
                                   .read_now = do_read,
                                   .size = do_size,
                                   .advise = do_advise },
                           .bytes = bytes };
}

void fuzz_fs_deinit(struct fuzz_fs *f)
{
    assert(f->open == 0);
}
