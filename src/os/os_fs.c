/* os_fs.c: files of POSIX.
 *
 * Every short write is continued and every interruption repeated here, so that
 * callers know only whole successes and errors. */
#include "os/os.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

enum {
    FILE_MODE = 0640,
    DIR_MODE = 0750,
    ZEROS = 64 * 1024, /* written at a time where the file system cannot reserve */
};

struct os_fs {
    struct fs base;
    const struct os_loop *loop;
};

struct os_file {
    struct fs_file base;
    int fd;
    bool blind; /* the page cache cannot be asked here; the loop's alone */
};

/* A file call on the loop's thread would stop every client for as long as the
 * disk likes. */
static void check_thread(const struct fs *fs)
{
#ifdef HENGE_DEBUG
    const struct os_loop *loop = ((const struct os_fs *)fs)->loop;

    assert(!loop || !os_loop_inside(loop));
#else
    (void)fs;
#endif
}

static int fd_of(const struct fs_file *file)
{
    return ((const struct os_file *)file)->fd;
}

static struct err fail(int os, const char *what)
{
    switch (os) {
    case EMFILE: /* there may be, later, as with room */
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
        return err_make(ERR_NO_SPACE, os, what);
    case ENOENT:
        return err_make(ERR_NOT_FOUND, os, what);
    case EEXIST:
        return err_make(ERR_EXISTS, os, what);
    default:
        return err_make(ERR_IO, os, what);
    }
}

static int open_again(const char *path, int flags)
{
    int fd;

    do
        fd = open(path, flags | O_CLOEXEC, FILE_MODE);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static struct fs_file *file_new(struct fs *fs, int fd)
{
    struct os_file *file = mem_alloc(sizeof *file);

    file->base.fs = fs;
    file->fd = fd;
    file->blind = false;
    return &file->base;
}

static struct err file_open(struct fs *fs, const char *path, unsigned flags, struct fs_file **out)
{
    int mode = O_RDONLY;
    int fd;

    check_thread(fs);
    assert(flags & (FS_READ | FS_WRITE));
    *out = NULL;
    if (flags & FS_WRITE)
        mode = flags & FS_READ ? O_RDWR : O_WRONLY;
    if (flags & FS_CREATE)
        mode |= O_CREAT | O_EXCL;
    fd = open_again(path, mode);
    if (fd < 0)
        return fail(errno, flags & FS_CREATE ? "create a file" : "open a file");
    *out = file_new(fs, fd);
    return err_ok();
}

static struct err file_close(struct fs_file *file)
{
    int failed;

    check_thread(file->fs);
    failed = close(fd_of(file));
    mem_free(file);
    if (failed && errno != EINTR) /* on Linux the descriptor is closed then, too */
        return fail(errno, "close a file");
    return err_ok();
}

static struct err file_read(struct fs_file *file, uint64_t offset, void *to, size_t len,
                            size_t *got)
{
    check_thread(file->fs);
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd_of(file), (uint8_t *)to + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(errno, "read a file");
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return err_ok();
}

/* What the kernel has it gives, up to the first page it has not.  It may begin to
 * read that one, which the job that is to come then finds on its way. */
static struct err file_read_now(struct fs_file *file, uint64_t offset, void *to, size_t len,
                                size_t *got)
{
    struct os_file *f = (struct os_file *)file;
    struct iovec io = { to, len };
    ssize_t n;

    *got = 0;
    if (f->blind)
        return err_ok();
    do
        n = preadv2(f->fd, &io, 1, (off_t)offset, RWF_NOWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        *got = (size_t)n;
    else if (errno == EOPNOTSUPP || errno == ENOSYS)
        f->blind = true; /* asking again would only cost the loop time */
    else if (errno != EAGAIN)
        return fail(errno, "read a file");
    return err_ok();
}

static struct err write_all(int fd, uint64_t offset, struct slice bytes)
{
    size_t put = 0;

    while (put < bytes.len) {
        ssize_t n = pwrite(fd, bytes.data + put, bytes.len - put, (off_t)(offset + put));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(errno, "write a file");
        if (n == 0) /* never for a file; going on might never end */
            return fail(EIO, "write a file");
        put += (size_t)n;
    }
    return err_ok();
}

static struct err file_write(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    check_thread(file->fs);
    return write_all(fd_of(file), offset, bytes);
}

static struct err file_write_now(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    assert(bytes.len <= LIMIT_DIRECT_WRITE);
    return write_all(fd_of(file), offset, bytes);
}

static struct err file_sync(struct fs_file *file)
{
    check_thread(file->fs);
    while (fdatasync(fd_of(file))) {
        if (errno != EINTR) /* an interrupted sync has reported nothing yet */
            return fail(errno, "sync a file");
    }
    return err_ok();
}

/* Where nothing can be reserved, zeros are written: slower, the same promise. */
static struct err fill(int fd, uint64_t len)
{
    static const uint8_t zeros[ZEROS];
    struct stat st;

    if (fstat(fd, &st))
        return fail(errno, "read a file's size");
    for (uint64_t at = (uint64_t)st.st_size; at < len;) {
        size_t n = len - at < ZEROS ? (size_t)(len - at) : ZEROS;
        struct err e = write_all(fd, at, slice_of(zeros, n));
        if (err_is(e))
            return e;
        at += n;
    }
    return err_ok();
}

static struct err file_allocate(struct fs_file *file, uint64_t len)
{
    check_thread(file->fs);
    while (len && fallocate(fd_of(file), 0, 0, (off_t)len)) {
        if (errno == EINTR)
            continue;
        if (errno == EOPNOTSUPP || errno == ENOSYS)
            return fill(fd_of(file), len);
        return fail(errno, "reserve room for a file");
    }
    return err_ok();
}

static struct err file_truncate(struct fs_file *file, uint64_t len)
{
    check_thread(file->fs);
    while (ftruncate(fd_of(file), (off_t)len)) {
        if (errno != EINTR)
            return fail(errno, "cut a file");
    }
    return err_ok();
}

static struct err file_size(struct fs_file *file, uint64_t *len)
{
    struct stat st;

    check_thread(file->fs);
    *len = 0;
    if (fstat(fd_of(file), &st))
        return fail(errno, "read a file's size");
    *len = (uint64_t)st.st_size;
    return err_ok();
}

static void file_advise(struct fs_file *file, uint64_t offset, uint64_t len, enum fs_advice advice)
{
    int how = advice == FS_ADVISE_RANDOM ? POSIX_FADV_RANDOM : POSIX_FADV_DONTNEED;

    check_thread(file->fs);
    /* What goes wrong in either is said by the next fdatasync(). */
    if (advice == FS_ADVISE_SYNC)
        (void)sync_file_range(fd_of(file), (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
    else
        (void)posix_fadvise(fd_of(file), (off_t)offset, (off_t)len, how);
}

static struct err path_rename(struct fs *fs, const char *from, const char *to)
{
    check_thread(fs);
    if (rename(from, to))
        return fail(errno, "rename a file");
    return err_ok();
}

static struct err path_link(struct fs *fs, const char *from, const char *to)
{
    check_thread(fs);
    if (link(from, to))
        return fail(errno, "link a file");
    return err_ok();
}

static struct err path_remove(struct fs *fs, const char *path)
{
    check_thread(fs);
    if (remove(path))
        return fail(errno, "remove a file");
    return err_ok();
}

static struct err path_list(struct fs *fs, const char *path,
                            void (*each)(void *arg, const char *name), void *arg)
{
    struct err e = err_ok();
    DIR *dir;

    check_thread(fs);
    dir = opendir(path);
    if (!dir)
        return fail(errno, "open a folder");
    for (;;) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(dir);
        if (!entry) {
            if (errno)
                e = fail(errno, "read a folder");
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(arg, entry->d_name);
    }
    closedir(dir);
    return e;
}

static struct err path_make_dir(struct fs *fs, const char *dir)
{
    struct stat st;

    check_thread(fs);
    if (mkdir(dir, DIR_MODE) == 0)
        return err_ok();
    if (errno == EEXIST && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        return err_ok();
    return fail(errno, "make a folder");
}

static struct err path_sync_dir(struct fs *fs, const char *dir)
{
    struct err e = err_ok();
    int fd;

    check_thread(fs);
    fd = open_again(dir, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return fail(errno, "open a folder");
    while (fsync(fd)) {
        if (errno != EINTR) {
            e = fail(errno, "sync a folder");
            break;
        }
    }
    close(fd);
    return e;
}

static struct err path_lock(struct fs *fs, const char *path, struct fs_file **out)
{
    int fd;

    check_thread(fs);
    *out = NULL;
    fd = open_again(path, O_RDWR | O_CREAT);
    if (fd < 0)
        return fail(errno, "open a lock file");
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        int os = errno;

        if (os == EINTR)
            continue;
        close(fd);
        if (os == EWOULDBLOCK)
            return err_make(ERR_BUSY, os, "lock a file");
        return fail(os, "lock a file");
    }
    *out = file_new(fs, fd);
    return err_ok();
}

static struct err path_space(struct fs *fs, const char *dir, uint64_t *free_bytes,
                             uint64_t *all_bytes)
{
    struct statvfs st;

    check_thread(fs);
    *free_bytes = *all_bytes = 0;
    while (statvfs(dir, &st)) {
        if (errno != EINTR)
            return fail(errno, "ask for free space");
    }
    *free_bytes = (uint64_t)st.f_bavail * st.f_frsize; /* without what is root's alone */
    *all_bytes = (uint64_t)st.f_blocks * st.f_frsize;
    return err_ok();
}

struct fs *os_fs_new(const struct os_loop *loop)
{
    struct os_fs *fs = mem_alloc(sizeof *fs);

    fs->loop = loop;
    fs->base = (struct fs){
        .open = file_open,
        .close = file_close,
        .read = file_read,
        .read_now = file_read_now,
        .write = file_write,
        .write_now = file_write_now,
        .sync = file_sync,
        .allocate = file_allocate,
        .truncate = file_truncate,
        .size = file_size,
        .advise = file_advise,
        .rename = path_rename,
        .link = path_link,
        .remove = path_remove,
        .list = path_list,
        .make_dir = path_make_dir,
        .sync_dir = path_sync_dir,
        .lock = path_lock,
        .space = path_space,
    };
    return &fs->base;
}

void os_fs_free(struct fs *fs)
{
    mem_free(fs);
}
