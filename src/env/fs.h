/* fs.h: files, as an interface: real ones or a simulated disk.
 *
 * Every call but fs_write_now() and fs_read_now() may block for as long as a disk
 * likes and is for jobs (and for tools, and for opening before the loop runs): the
 * real implementation asserts in debug builds that the loop's thread does not make
 * it.  What is written is safe from a power loss only after fs_sync(); a name that
 * was created, renamed or removed only after fs_sync_dir() of its folder. Paths
 * are C strings.  A file is used by one thread at a time, except that fs_read()
 * may run beside anything. */
#ifndef HENGE_ENV_FS_H
#define HENGE_ENV_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum fs_flags {
    FS_READ = 1,   /* to be read */
    FS_WRITE = 2,  /* to be written */
    FS_CREATE = 4, /* must not exist yet: ERR_EXISTS */
};

/* How a file is going to be used, for the system's read-ahead and page cache. */
enum fs_advice {
    FS_ADVISE_RANDOM,   /* single pieces: no read-ahead */
    FS_ADVISE_DONTNEED, /* these bytes need not stay in the page cache */
    FS_ADVISE_SYNC,     /* these bytes will be synced soon: the device may begin with them now */
};

struct fs;

/* An open file; the implementation's own struct begins with it. */
struct fs_file {
    struct fs *fs;
};

struct fs {
    struct err (*open)(struct fs *fs, const char *path, unsigned flags, struct fs_file **out);
    struct err (*close)(struct fs_file *file);
    struct err (*read)(struct fs_file *file, uint64_t offset, void *to, size_t len, size_t *got);
    struct err (*read_now)(struct fs_file *file, uint64_t offset, void *to, size_t len,
                           size_t *got);
    struct err (*write)(struct fs_file *file, uint64_t offset, struct slice bytes);
    struct err (*write_now)(struct fs_file *file, uint64_t offset, struct slice bytes);
    struct err (*sync)(struct fs_file *file);
    struct err (*allocate)(struct fs_file *file, uint64_t len);
    struct err (*truncate)(struct fs_file *file, uint64_t len);
    struct err (*size)(struct fs_file *file, uint64_t *len);
    void (*advise)(struct fs_file *file, uint64_t offset, uint64_t len, enum fs_advice advice);
    struct err (*rename)(struct fs *fs, const char *from, const char *to);
    struct err (*link)(struct fs *fs, const char *from, const char *to);
    struct err (*remove)(struct fs *fs, const char *path);
    struct err (*list)(struct fs *fs, const char *dir, void (*each)(void *arg, const char *name),
                       void *arg);
    struct err (*make_dir)(struct fs *fs, const char *dir);
    struct err (*sync_dir)(struct fs *fs, const char *dir);
    struct err (*lock)(struct fs *fs, const char *path, struct fs_file **out);
    struct err (*space)(struct fs *fs, const char *dir, uint64_t *free_bytes, uint64_t *all_bytes);
};

/* Opens `path` with `flags` of enum fs_flags.  On success *out is the caller's,
 * to end with fs_close(). */
static inline struct err fs_open(struct fs *fs, const char *path, unsigned flags,
                                 struct fs_file **out)
{
    return fs->open(fs, path, flags, out);
}

/* Ends the handle also when it fails; syncs nothing. */
static inline struct err fs_close(struct fs_file *file)
{
    return file->fs->close(file);
}

/* Reads up to `len` bytes at `offset`; *got < len only at the end of the file. */
static inline struct err fs_read(struct fs_file *file, uint64_t offset, void *to, size_t len,
                                 size_t *got)
{
    return file->fs->read(file, offset, to, len, got);
}

/* The same, for the loop: what of it is in the page cache, from `offset` on;
 * *got 0 if nothing is, or if this file system cannot say.  Never waits for the
 * device. */
static inline struct err fs_read_now(struct fs_file *file, uint64_t offset, void *to, size_t len,
                                     size_t *got)
{
    return file->fs->read_now(file, offset, to, len, got);
}

/* Writes all of `bytes` at `offset`; after an error any part may be there. */
static inline struct err fs_write(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    return file->fs->write(file, offset, bytes);
}

/* The same, for the loop: into the page cache of a preallocated file nobody is
 * syncing, at most LIMIT_DIRECT_WRITE bytes. */
static inline struct err fs_write_now(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    return file->fs->write_now(file, offset, bytes);
}

/* Makes the contents durable (fdatasync).  After one failure nothing about the
 * unsynced contents is known, and trying again proves nothing. */
static inline struct err fs_sync(struct fs_file *file)
{
    return file->fs->sync(file);
}

/* Reserves room for the file's first `len` bytes and makes its size at least
 * that; the new bytes read as zero.  ERR_NO_SPACE when they are not to be had. */
static inline struct err fs_allocate(struct fs_file *file, uint64_t len)
{
    return file->fs->allocate(file, len);
}

static inline struct err fs_truncate(struct fs_file *file, uint64_t len)
{
    return file->fs->truncate(file, len);
}

static inline struct err fs_size(struct fs_file *file, uint64_t *len)
{
    return file->fs->size(file, len);
}

/* A hint, without a result; `len` 0 means to the end. */
static inline void fs_advise(struct fs_file *file, uint64_t offset, uint64_t len,
                             enum fs_advice advice)
{
    file->fs->advise(file, offset, len, advice);
}

/* Replaces `to` if it exists. */
static inline struct err fs_rename(struct fs *fs, const char *from, const char *to)
{
    return fs->rename(fs, from, to);
}

/* A second name for the same file (a hard link); ERR_EXISTS if `to` is there. */
static inline struct err fs_link(struct fs *fs, const char *from, const char *to)
{
    return fs->link(fs, from, to);
}

/* A file, or an empty folder. */
static inline struct err fs_remove(struct fs *fs, const char *path)
{
    return fs->remove(fs, path);
}

/* Calls `each` with every name in `dir` but "." and "..", in no order. */
static inline struct err fs_list(struct fs *fs, const char *dir,
                                 void (*each)(void *arg, const char *name), void *arg)
{
    return fs->list(fs, dir, each, arg);
}

/* Succeeds also when the folder is there already; its parent must be. */
static inline struct err fs_make_dir(struct fs *fs, const char *dir)
{
    return fs->make_dir(fs, dir);
}

/* Makes the names in `dir` durable. */
static inline struct err fs_sync_dir(struct fs *fs, const char *dir)
{
    return fs->sync_dir(fs, dir);
}

/* Creates `path` if need be and locks it against other processes until
 * fs_close(); ERR_BUSY when somebody else has it. */
static inline struct err fs_lock(struct fs *fs, const char *path, struct fs_file **out)
{
    return fs->lock(fs, path, out);
}

/* Bytes free for us, and altogether, on the file system `dir` is on. */
static inline struct err fs_space(struct fs *fs, const char *dir, uint64_t *free_bytes,
                                  uint64_t *all_bytes)
{
    return fs->space(fs, dir, free_bytes, all_bytes);
}

#endif
