/* sim_disk.c: env/fs.h over inodes, with faults by plan. */
#include "sim/sim_disk.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "lsm/file_name.h"
#include "sim/sim_points.h"

/* Bytes of a disk without a quota. */
#define SPACE ((uint64_t)1 << 40)

struct sim_handle {
    struct fs_file file;
    struct sim_handle *next;
    struct sim_inode *inode;
    unsigned flags;
    bool is_lock;
};

static struct sim_disk *disk_of(struct fs *fs)
{
    return (struct sim_disk *)fs;
}

static struct sim_handle *handle_of(struct fs_file *file)
{
    return (struct sim_handle *)file;
}

static struct err gone(void)
{
    return err_make(ERR_IO, EIO, "use a disk after the process's end");
}

static bool strikes(struct sim_disk *d, unsigned one_in, enum sim_count count)
{
    if (!one_in || !prng_one_in(&d->prng, one_in))
        return false;
    d->counts->n[count]++;
    d->errors++;
    return true;
}

/* True if the process ends within this call. */
static bool cut_here(struct sim_disk *d, int family, enum sim_count count, const char *call)
{
    count = sim_point(family, d->place->priority, count);
    if (!d->cut_in || (d->cut_kind >= 0 && d->cut_kind != (int)count) || --d->cut_in)
        return false;
    d->cut = true;
    d->counts->n[d->loading ? COUNT_CUT_LOAD : count]++;
    sim_log_line(d->log, "disk: the process ends within %s", call);
    return true;
}

static void must_be_a_job(struct sim_disk *d, const char *call)
{
    if (!d->place->may_block)
        sim_log_fail(d->log, "shape", "the loop calls %s, which may block", call);
}

/* The folder of `path` and the name in it; NULL if there is none. */
static struct sim_inode *parent_of(struct sim_disk *d, const char *path, char name[SIM_NAME])
{
    struct sim_inode *dir = d->root;

    assert(path[0] == '/');
    for (;;) {
        const char *end;

        while (*path == '/')
            path++;
        end = strchr(path, '/');
        snprintf(name, SIM_NAME, "%.*s", (int)(end ? end - path : (long)strlen(path)), path);
        if (!end || end[1] == '\0')
            return dir;
        dir = sim_names_find(&dir->names, name);
        if (!dir || !dir->is_dir)
            return NULL;
        path = end;
    }
}

static struct sim_inode *inode_new(struct sim_disk *d, bool is_dir)
{
    struct sim_inode *f = sim_inode_new(is_dir);

    f->next = d->inodes;
    d->inodes = f;
    return f;
}

static struct fs_file *handle_new(struct sim_disk *d, struct sim_inode *inode, unsigned flags)
{
    struct sim_handle *h = mem_zalloc(1, sizeof *h);

    h->file.fs = &d->fs;
    h->inode = inode;
    h->flags = flags;
    h->next = d->handles;
    d->handles = h;
    return &h->file;
}

static struct err disk_open(struct fs *fs, const char *path, unsigned flags, struct fs_file **out)
{
    struct sim_disk *d = disk_of(fs);
    char name[SIM_NAME];
    struct sim_inode *dir = parent_of(d, path, name);
    struct sim_inode *inode = dir ? sim_names_find(&dir->names, name) : NULL;

    *out = NULL;
    must_be_a_job(d, "fs_open");
    if (d->cut || cut_here(d, sim_point_family(name), COUNT_CUT_ROLL, "open"))
        return gone();
    if (!dir || (!inode && !(flags & FS_CREATE)))
        return err_make(ERR_NOT_FOUND, ENOENT, "open a file");
    if (inode && (flags & FS_CREATE))
        return err_make(ERR_EXISTS, EEXIST, "create a file");
    if (!inode) {
        if (strikes(d, d->plan.allocate, COUNT_ALLOCATE_ERROR))
            return err_make(ERR_IO, EIO, "create a file");
        inode = inode_new(d, false);
        inode->family = sim_point_family(name);
        sim_inode_name(dir, "", name, inode);
        sim_log_line(d->log, "disk: created %s", path);
    }
    *out = handle_new(d, inode, flags);
    return err_ok();
}

static struct err disk_close(struct fs_file *file)
{
    struct sim_disk *d = disk_of(file->fs);
    struct sim_handle **at = &d->handles;

    while (*at && &(*at)->file != file)
        at = &(*at)->next;
    assert(*at);
    struct sim_handle *h = *at;
    *at = h->next;
    if (h->is_lock)
        h->inode->locked = false;
    mem_free(h);
    return err_ok();
}

static struct err disk_read(struct fs_file *file, uint64_t offset, void *to, size_t len,
                            size_t *got)
{
    struct sim_disk *d = disk_of(file->fs);
    struct sim_inode *f = handle_of(file)->inode;

    *got = 0;
    assert(handle_of(file)->flags & FS_READ);
    must_be_a_job(d, "fs_read");
    if (d->cut || cut_here(d, POINT_OTHER, COUNT_CUT_LOAD, "read"))
        return gone();
    if (strikes(d, d->plan.read, COUNT_READ_ERROR))
        return err_make(ERR_IO, EIO, "read");
    if (offset < f->now_len)
        *got = f->now_len - offset < len ? (size_t)(f->now_len - offset) : len;
    if (*got) {
        memcpy(to, f->now + offset, *got);
        sim_inode_cache(f, offset, *got);
    }
    return err_ok();
}

/* A cache may lose pages between any two reads. */
static struct err disk_read_now(struct fs_file *file, uint64_t offset, void *to, size_t len,
                                size_t *got)
{
    struct sim_disk *d = disk_of(file->fs);
    struct sim_inode *f = handle_of(file)->inode;

    *got = 0;
    assert(handle_of(file)->flags & FS_READ);
    if (d->cut)
        return gone();
    if (strikes(d, d->plan.read, COUNT_READ_ERROR))
        return err_make(ERR_IO, EIO, "read");
    if (prng_one_in(&d->cache_prng, 8))
        sim_inode_evict(f, &d->cache_prng);
    *got = sim_inode_cached(f, offset, len);
    if (*got)
        memcpy(to, f->now + offset, *got);
    d->counts->n[*got == len ? COUNT_NOW_WHOLE : *got ? COUNT_NOW_PART : COUNT_NOW_COLD]++;
    return err_ok();
}

static bool no_room(struct sim_disk *d, const struct sim_inode *f, uint64_t len)
{
    if (!d->quota || len <= f->now_len || sim_disk_used(d) + len - f->now_len <= d->quota)
        return false;
    d->counts->n[COUNT_NO_SPACE]++;
    return true;
}

static struct err write_some(struct sim_disk *d, struct sim_inode *f, uint64_t offset,
                             struct slice bytes)
{
    size_t part = (size_t)prng_below(&d->prng, bytes.len + 1);

    if (d->cut)
        return gone();
    if (cut_here(d, f->family, COUNT_CUT_WRITE, "write")) {
        sim_inode_write(f, offset, slice_of(bytes.data, part));
        return gone();
    }
    if (strikes(d, d->plan.write, COUNT_WRITE_ERROR))
        return err_make(ERR_IO, EIO, "write");
    if (strikes(d, d->plan.short_write, COUNT_SHORT_WRITE)) {
        sim_inode_write(f, offset, slice_of(bytes.data, part));
        return err_make(ERR_IO, EIO, "write the rest");
    }
    if (no_room(d, f, offset + bytes.len))
        return err_make(ERR_NO_SPACE, ENOSPC, "write");
    sim_inode_write(f, offset, bytes);
    return err_ok();
}

static struct err disk_write(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    struct sim_disk *d = disk_of(file->fs);

    assert(handle_of(file)->flags & FS_WRITE);
    must_be_a_job(d, "fs_write");
    return write_some(d, handle_of(file)->inode, offset, bytes);
}

/* Behind a sync of the same file it would wait for the device, and the loop with
 * it; a sync beside it would not say what it has synced. */
static struct err disk_write_now(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    struct sim_disk *d = disk_of(file->fs);
    struct sim_inode *f = handle_of(file)->inode;

    assert(handle_of(file)->flags & FS_WRITE);
    if (bytes.len > LIMIT_DIRECT_WRITE || offset + bytes.len > f->now_len)
        sim_log_fail(d->log, "shape", "a direct write of %zu bytes, or beyond the end", bytes.len);
    if (sim_place_open(d->place, f->sync_job))
        sim_log_fail(d->log, "shape", "a direct write while a sync of the file is under way");
    f->direct_order = ++d->place->order;
    return write_some(d, f, offset, bytes);
}

static struct err disk_sync(struct fs_file *file)
{
    struct sim_disk *d = disk_of(file->fs);
    struct sim_inode *f = handle_of(file)->inode;

    must_be_a_job(d, "fs_sync");
    if (d->cut)
        return gone();
    if (d->place->job && f->direct_order > d->place->job)
        sim_log_fail(d->log, "shape", "a direct write while a sync of the file was under way");
    f->sync_job = d->place->job;
    if (cut_here(d, f->family, COUNT_CUT_SYNC, "sync")) {
        sim_inode_write_back(f, &d->prng);
        return gone();
    }
    if (strikes(d, d->plan.sync, COUNT_SYNC_ERROR)) {
        sim_log_line(d->log, "disk: a sync fails");
        sim_inode_fail_sync(f, &d->prng);
        d->sync_errors++;
        return err_make(ERR_IO, EIO, "sync");
    }
    sim_inode_sync(f);
    return err_ok();
}

static struct err disk_allocate(struct fs_file *file, uint64_t len)
{
    struct sim_disk *d = disk_of(file->fs);
    struct sim_inode *f = handle_of(file)->inode;

    must_be_a_job(d, "fs_allocate");
    if (d->cut || cut_here(d, f->family, COUNT_CUT_ROLL, "allocate"))
        return gone();
    if (strikes(d, d->plan.allocate, COUNT_ALLOCATE_ERROR))
        return err_make(ERR_IO, EIO, "allocate");
    if (no_room(d, f, len))
        return err_make(ERR_NO_SPACE, ENOSPC, "allocate");
    if (len > f->now_len)
        sim_inode_resize(f, len);
    return err_ok();
}

static struct err disk_truncate(struct fs_file *file, uint64_t len)
{
    struct sim_disk *d = disk_of(file->fs);

    must_be_a_job(d, "fs_truncate");
    if (d->cut || cut_here(d, handle_of(file)->inode->family, COUNT_CUT_ROLL, "truncate"))
        return gone();
    if (strikes(d, d->plan.write, COUNT_WRITE_ERROR))
        return err_make(ERR_IO, EIO, "truncate");
    sim_inode_resize(handle_of(file)->inode, len);
    return err_ok();
}

static struct err disk_size(struct fs_file *file, uint64_t *len)
{
    struct sim_disk *d = disk_of(file->fs);

    must_be_a_job(d, "fs_size");
    if (d->cut)
        return gone();
    *len = handle_of(file)->inode->now_len;
    return err_ok();
}

static void disk_advise(struct fs_file *file, uint64_t offset, uint64_t len, enum fs_advice advice)
{
    struct sim_disk *d = disk_of(file->fs);

    (void)offset;
    (void)len;
    must_be_a_job(d, "fs_advise");
    if (!d->cut && advice == FS_ADVISE_DONTNEED)
        sim_inode_evict(handle_of(file)->inode, &d->cache_prng);
}

static struct err disk_rename(struct fs *fs, const char *from, const char *to)
{
    struct sim_disk *d = disk_of(fs);
    char old[SIM_NAME];
    char new[SIM_NAME];
    struct sim_inode *dir = parent_of(d, from, old);
    struct sim_inode *inode = dir ? sim_names_find(&dir->names, old) : NULL;

    must_be_a_job(d, "fs_rename");
    if (d->cut || cut_here(d, sim_point_family(old), COUNT_CUT_ROLL, "rename"))
        return gone();
    if (!inode)
        return err_make(ERR_NOT_FOUND, ENOENT, "rename");
    assert(parent_of(d, to, new) == dir);
    parent_of(d, to, new);
    sim_inode_name(dir, old, new, inode);
    sim_log_line(d->log, "disk: renamed %s to %s", from, to);
    return err_ok();
}

static struct err disk_link(struct fs *fs, const char *from, const char *to)
{
    struct sim_disk *d = disk_of(fs);
    char name[SIM_NAME];
    struct sim_inode *dir = parent_of(d, to, name);
    struct sim_inode *inode = sim_disk_find(d, from);

    must_be_a_job(d, "fs_link");
    if (d->cut || cut_here(d, POINT_OTHER, COUNT_CUT_ROLL, "link"))
        return gone();
    if (!dir || !inode)
        return err_make(ERR_NOT_FOUND, ENOENT, "link");
    if (sim_names_find(&dir->names, name))
        return err_make(ERR_EXISTS, EEXIST, "link");
    sim_inode_name(dir, "", name, inode);
    sim_log_line(d->log, "disk: linked %s to %s", from, to);
    return err_ok();
}

static enum sim_count removal_of(const char *name)
{
    return sim_point_family(name) == FILE_MANIFEST ? COUNT_CUT_MANIFEST_ROLL : COUNT_CUT_DROP;
}

static struct err disk_remove(struct fs *fs, const char *path)
{
    struct sim_disk *d = disk_of(fs);
    char name[SIM_NAME];
    struct sim_inode *dir = parent_of(d, path, name);
    struct sim_inode *f = dir ? sim_names_find(&dir->names, name) : NULL;

    must_be_a_job(d, "fs_remove");
    if (d->cut || cut_here(d, POINT_OTHER, removal_of(name), "remove"))
        return gone();
    if (!f || (f->is_dir && f->names.count))
        return err_make(f ? ERR_IO : ERR_NOT_FOUND, f ? ENOTEMPTY : ENOENT, "remove");
    sim_inode_name(dir, name, "", NULL);
    sim_log_line(d->log, "disk: removed %s", path);
    return err_ok();
}

static struct err disk_list(struct fs *fs, const char *dir,
                            void (*each)(void *arg, const char *name), void *arg)
{
    struct sim_disk *d = disk_of(fs);
    struct sim_inode *f = sim_disk_find(d, dir);

    must_be_a_job(d, "fs_list");
    if (d->cut || cut_here(d, POINT_OTHER, COUNT_CUT_LOAD, "list"))
        return gone();
    if (!f || !f->is_dir)
        return err_make(ERR_NOT_FOUND, ENOENT, "list a folder");
    if (strikes(d, d->plan.read, COUNT_READ_ERROR))
        return err_make(ERR_IO, EIO, "list a folder");
    for (size_t i = 0; i < f->names.count; i++)
        each(arg, f->names.items[i].name);
    return err_ok();
}

static struct err disk_make_dir(struct fs *fs, const char *path)
{
    struct sim_disk *d = disk_of(fs);
    char name[SIM_NAME];
    struct sim_inode *dir = parent_of(d, path, name);

    must_be_a_job(d, "fs_make_dir");
    if (d->cut || cut_here(d, POINT_OTHER, COUNT_CUT_ROLL, "make_dir"))
        return gone();
    if (!dir)
        return err_make(ERR_NOT_FOUND, ENOENT, "make a folder");
    if (!sim_disk_find(d, path))
        sim_inode_name(dir, "", name, inode_new(d, true));
    return err_ok();
}

static struct err disk_sync_dir(struct fs *fs, const char *path)
{
    struct sim_disk *d = disk_of(fs);
    struct sim_inode *dir = sim_disk_find(d, path);

    must_be_a_job(d, "fs_sync_dir");
    if (d->cut || cut_here(d, POINT_OTHER, COUNT_CUT_ROLL, "sync_dir"))
        return gone();
    if (!dir || !dir->is_dir)
        return err_make(ERR_NOT_FOUND, ENOENT, "sync a folder");
    if (strikes(d, d->plan.sync_dir, COUNT_SYNC_DIR_ERROR))
        return err_make(ERR_IO, EIO, "sync a folder");
    sim_inode_sync_names(dir);
    return err_ok();
}

static struct err disk_lock(struct fs *fs, const char *path, struct fs_file **out)
{
    struct sim_disk *d = disk_of(fs);
    char name[SIM_NAME];
    struct sim_inode *dir = parent_of(d, path, name);
    struct sim_inode *f = dir ? sim_names_find(&dir->names, name) : NULL;

    *out = NULL;
    must_be_a_job(d, "fs_lock");
    if (d->cut || cut_here(d, POINT_OTHER, COUNT_CUT_LOAD, "lock"))
        return gone();
    if (!dir)
        return err_make(ERR_NOT_FOUND, ENOENT, "lock");
    if (!f) {
        f = inode_new(d, false);
        sim_inode_name(dir, "", name, f);
    }
    if (f->locked)
        return err_make(ERR_BUSY, EAGAIN, "lock");
    f->locked = true;
    *out = handle_new(d, f, 0);
    handle_of(*out)->is_lock = true;
    return err_ok();
}

static struct err disk_space(struct fs *fs, const char *dir, uint64_t *free_bytes,
                             uint64_t *all_bytes)
{
    struct sim_disk *d = disk_of(fs);
    uint64_t used = sim_disk_used(d);

    must_be_a_job(d, "fs_space");
    *all_bytes = d->quota ? d->quota : SPACE;
    *free_bytes = used < *all_bytes ? *all_bytes - used : 0;
    if (d->cut)
        return gone();
    if (!sim_disk_find(d, dir))
        return err_make(ERR_NOT_FOUND, ENOENT, "ask for free space");
    return err_ok();
}

struct sim_disk *sim_disk_new(struct sim_log *log, struct sim_counts *counts,
                              struct sim_place *place, uint64_t seed)
{
    struct sim_disk *d = mem_zalloc(1, sizeof *d);

    d->fs = (struct fs){ .open = disk_open,
                         .close = disk_close,
                         .read = disk_read,
                         .read_now = disk_read_now,
                         .write = disk_write,
                         .write_now = disk_write_now,
                         .sync = disk_sync,
                         .allocate = disk_allocate,
                         .truncate = disk_truncate,
                         .size = disk_size,
                         .advise = disk_advise,
                         .rename = disk_rename,
                         .link = disk_link,
                         .remove = disk_remove,
                         .list = disk_list,
                         .make_dir = disk_make_dir,
                         .sync_dir = disk_sync_dir,
                         .lock = disk_lock,
                         .space = disk_space };
    d->log = log;
    d->counts = counts;
    d->place = place;
    prng_init(&d->prng, seed);
    prng_init(&d->cache_prng, ~seed);
    d->cut_kind = -1;
    d->root = inode_new(d, true);
    return d;
}

void sim_disk_free(struct sim_disk *d)
{
    sim_disk_process_end(d);
    while (d->inodes) {
        struct sim_inode *f = d->inodes;

        d->inodes = f->next;
        sim_inode_free(f);
    }
    mem_free(d);
}

void sim_disk_process_end(struct sim_disk *d)
{
    while (d->handles)
        disk_close(&d->handles->file);
    for (struct sim_inode *f = d->inodes; f; f = f->next)
        f->sync_job = f->direct_order = 0;
    d->cut = false;
    d->cut_in = 0;
    d->cut_kind = -1;
}

void sim_disk_power_loss(struct sim_disk *d)
{
    for (struct sim_inode *f = d->inodes; f; f = f->next) {
        if (f->is_dir)
            sim_inode_power_loss_names(f, &d->prng, d->counts);
        else if (sim_inode_power_loss(f, &d->prng, d->counts))
            d->counts->n[COUNT_LOST_BYTES]++;
    }
}

static uint64_t used_below(const struct sim_inode *dir, uint64_t count)
{
    uint64_t used = 0;

    for (size_t i = 0; i < dir->names.count; i++) {
        struct sim_inode *f = dir->names.items[i].inode;

        if (f->is_dir)
            used += used_below(f, count);
        else if (f->counted != count)
            used += f->now_len;
        f->counted = count;
    }
    return used;
}

uint64_t sim_disk_used(struct sim_disk *d)
{
    return used_below(d->root, ++d->used_counts);
}

void sim_disk_write_back(struct sim_disk *d)
{
    for (struct sim_inode *f = d->inodes; f; f = f->next) {
        if (!f->is_dir)
            sim_inode_write_back(f, &d->prng);
    }
}

void sim_disk_settle(struct sim_disk *d)
{
    for (struct sim_inode *f = d->inodes; f; f = f->next) {
        if (f->is_dir) {
            sim_inode_sync_names(f);
        } else if (f->now_len) {
            sim_inode_write(f, 0, slice_of(f->now, f->now_len));
            sim_inode_sync(f);
        }
    }
}

struct sim_inode *sim_disk_find(struct sim_disk *d, const char *path)
{
    char name[SIM_NAME];
    struct sim_inode *dir;

    if (strspn(path, "/") == strlen(path))
        return d->root;
    dir = parent_of(d, path, name);
    return dir ? sim_names_find(&dir->names, name) : NULL;
}
