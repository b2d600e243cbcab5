/* memory_fs.c: one list of files; folders are files whose names others begin with. */
#include "memory_fs.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { SPACE = 1 << 30 }; /* bytes of a disk without a quota */

struct handle {
    struct fs_file base;
    struct memory_file *file;
    bool lock;
};

static struct memory_fs *of(struct fs *fs)
{
    return (struct memory_fs *)fs;
}

static bool cut(struct memory_fs *m)
{
    return m->cut_at && m->calls >= m->cut_at;
}

/* Counts a call; an error if this one is to fail. */
static struct err called(struct memory_fs *m, const char *call, const char *name)
{
    unsigned n = ++m->calls, count = m->fail_count ? m->fail_count : 1;

    if (m->on_call)
        m->on_call(m->on_call_arg, call, name);
    if (cut(m))
        return err_make(ERR_IO, 5, "the process is gone");
    if (m->fail_at && n >= m->fail_at && n - m->fail_at < count)
        return err_make(m->fail_as ? m->fail_as : ERR_IO, 5, "told to fail");
    return err_ok();
}

/* Whether some name leads to the bytes of `f`. */
static bool reachable(const struct memory_fs *m, const struct memory_file *f)
{
    bool named = f->named;
    for (const struct memory_file *other = m->files; other; other = other->next)
        named = named || (other->named && other->same == f);
    return named;
}

static uint64_t used(const struct memory_fs *m)
{
    uint64_t n = 0;
    for (struct memory_file *f = m->files; f; f = f->next)
        n += !f->same && reachable(m, f) ? f->len : 0;
    return n;
}

/* What is left of the quota for a file to grow. */
static uint64_t room(const struct memory_fs *m)
{
    uint64_t n = m->quota ? used(m) : 0, all = m->quota ? m->quota : SPACE;
    return n < all ? all - n : 0;
}

static void resize(struct memory_file *f, size_t len)
{
    f->data = mem_realloc(f->data, len);
    if (len > f->len)
        memset(f->data + f->len, 0, len - f->len);
    f->len = len;
}

static struct memory_file *find_name(struct memory_fs *m, const char *name)
{
    for (struct memory_file *f = m->files; f; f = f->next) {
        if (f->named && strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

struct memory_file *memory_fs_find(struct memory_fs *m, const char *name)
{
    struct memory_file *f = find_name(m, name);
    return f && f->same ? f->same : f;
}

static struct memory_file *make(struct memory_fs *m, const char *name)
{
    struct memory_file *f = mem_zalloc(1, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", name);
    f->named = true;
    f->next = m->files;
    m->files = f;
    return f;
}

struct memory_file *memory_fs_add(struct memory_fs *m, const char *name, struct slice bytes)
{
    struct memory_file *f = make(m, name);

    f->durable = true;
    resize(f, bytes.len);
    if (bytes.len)
        memcpy(f->data, bytes.data, bytes.len);
    f->synced = mem_realloc(f->synced, bytes.len);
    if (bytes.len)
        memcpy(f->synced, bytes.data, bytes.len);
    f->synced_len = bytes.len;
    return f;
}

static struct fs_file *handle_new(struct memory_fs *m, struct memory_file *f, bool lock)
{
    struct handle *h = mem_zalloc(1, sizeof *h);
    h->base.fs = &m->fs;
    h->file = f;
    h->lock = lock;
    return &h->base;
}

static struct err do_open(struct fs *fs, const char *path, unsigned flags, struct fs_file **out)
{
    struct memory_fs *m = of(fs);
    struct memory_file *f = memory_fs_find(m, path);
    struct err e = called(m, "open", path);

    if (err_is(e))
        return e;
    if (f && (flags & FS_CREATE))
        return err_make(ERR_EXISTS, 17, "create a file");
    if (!f && !(flags & FS_CREATE))
        return err_make(ERR_NOT_FOUND, 2, "open a file");
    *out = handle_new(m, f ? f : make(m, path), false);
    return err_ok();
}

static struct err do_close(struct fs_file *file)
{
    struct handle *h = (struct handle *)file;
    if (h->lock)
        h->file->locked = false;
    mem_free(h);
    return err_ok();
}

/* How much of `len` bytes at `offset` there is. */
static size_t part(const struct memory_file *f, uint64_t offset, size_t len)
{
    if (offset >= f->len)
        return 0;
    return f->len - (size_t)offset < len ? f->len - (size_t)offset : len;
}

static struct err do_read(struct fs_file *file, uint64_t offset, void *to, size_t len, size_t *got)
{
    struct memory_file *f = ((struct handle *)file)->file;
    struct err e = called(of(file->fs), "read", f->name);

    *got = 0;
    if (err_is(e))
        return e;
    of(file->fs)->reads++;
    *got = part(f, offset, len);
    if (*got)
        memcpy(to, f->data + offset, *got);
    return err_ok();
}

static struct err do_read_now(struct fs_file *file, uint64_t offset, void *to, size_t len,
                              size_t *got)
{
    struct memory_fs *m = of(file->fs);
    struct memory_file *f = ((struct handle *)file)->file;
    struct err e = called(m, "read_now", f->name);

    *got = 0;
    if (err_is(e))
        return e;
    m->reads_now++;
    if (!m->cold)
        *got = part(f, offset, len);
    if (m->tepid && prng_one_in(m->tepid, 2))
        *got = (size_t)prng_below(m->tepid, *got + 1);
    if (*got)
        memcpy(to, f->data + offset, *got);
    return err_ok();
}

static struct err put(struct fs_file *file, const char *call, uint64_t offset, struct slice bytes)
{
    struct memory_fs *m = of(file->fs);
    struct memory_file *f = ((struct handle *)file)->file;
    struct err e = called(m, call, f->name);
    size_t end = (size_t)offset + bytes.len;

    if (cut(m) && !(m->cut_torn && m->calls == m->cut_at))
        return e;
    if (m->fail_write && !err_is(e))
        e = err_make(ERR_IO, 5, "told to fail");
    if (err_is(e))
        bytes.len /= 2; /* any part may be there */
    if (end > f->len && end - f->len > room(m)) {
        size_t fits = f->len + (size_t)room(m);
        bytes.len = fits < offset                       ? 0
                    : fits - (size_t)offset < bytes.len ? fits - (size_t)offset
                                                        : bytes.len;
        if (!err_is(e))
            e = err_make(ERR_NO_SPACE, 28, "write");
    }
    if (bytes.len) {
        if (offset + bytes.len > f->len)
            resize(f, (size_t)offset + bytes.len);
        memcpy(f->data + offset, bytes.data, bytes.len);
    }
    return e;
}

static struct err do_write(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    of(file->fs)->writes++;
    return put(file, "write", offset, bytes);
}

static struct err do_write_now(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    assert(!of(file->fs)->forbid_direct);
    of(file->fs)->direct++;
    return put(file, "write_now", offset, bytes);
}

static struct err do_sync(struct fs_file *file)
{
    struct memory_fs *m = of(file->fs);
    struct memory_file *f = ((struct handle *)file)->file;
    struct err e = called(m, "sync", f->name);

    if (!err_is(e) && m->fail_sync)
        e = err_make(ERR_IO, 5, "told to fail");
    if (err_is(e))
        return e;
    m->syncs++;
    f->synced = mem_realloc(f->synced, f->len);
    if (f->len)
        memcpy(f->synced, f->data, f->len);
    f->synced_len = f->len;
    return e;
}

static struct err do_allocate(struct fs_file *file, uint64_t len)
{
    struct memory_fs *m = of(file->fs);
    struct memory_file *f = ((struct handle *)file)->file;
    struct err e = called(m, "allocate", f->name);

    if (err_is(e))
        return e;
    if (len > f->len && len - f->len > room(m))
        return err_make(ERR_NO_SPACE, 28, "allocate");
    if (len > f->len)
        resize(f, (size_t)len);
    return e;
}

static struct err do_truncate(struct fs_file *file, uint64_t len)
{
    struct memory_file *f = ((struct handle *)file)->file;
    struct err e = called(of(file->fs), "truncate", f->name);

    if (!err_is(e))
        resize(f, (size_t)len);
    return e;
}

static struct err do_size(struct fs_file *file, uint64_t *len)
{
    struct err e = called(of(file->fs), "size", ((struct handle *)file)->file->name);

    *len = ((struct handle *)file)->file->len;
    return e;
}

static void do_advise(struct fs_file *file, uint64_t offset, uint64_t len, enum fs_advice advice)
{
    (void)file, (void)offset, (void)len, (void)advice;
}

/* With all that is in it, if it is a folder; as durable as it was.  The file it takes the
 * place of is there again after a power loss until the folder is synced. */
static struct err do_rename(struct fs *fs, const char *from, const char *to)
{
    struct memory_fs *m = of(fs);
    size_t n = strlen(from);
    struct err e = called(m, "rename", to);

    if (err_is(e))
        return e;
    if (!find_name(m, from))
        return err_make(ERR_NOT_FOUND, 2, "rename");
    if (find_name(m, to))
        find_name(m, to)->named = false;
    for (struct memory_file *f = m->files; f; f = f->next) {
        char name[sizeof f->name];
        if (!f->named || strncmp(f->name, from, n) != 0 || (f->name[n] && f->name[n] != '/'))
            continue;
        snprintf(name, sizeof name, "%s%s", to, f->name + n);
        memcpy(f->name, name, sizeof name);
    }
    return e;
}

/* Handles and links point at the file with the bytes, so those never move. */
static struct err do_link(struct fs *fs, const char *from, const char *to)
{
    struct memory_fs *m = of(fs);
    struct memory_file *f = memory_fs_find(m, from);
    struct err e = called(m, "link", to);

    if (err_is(e))
        return e;
    if (!f)
        return err_make(ERR_NOT_FOUND, 2, "link a file");
    if (find_name(m, to))
        return err_make(ERR_EXISTS, 17, "link a file");
    make(m, to)->same = f;
    return e;
}

static struct err do_remove(struct fs *fs, const char *path)
{
    struct memory_file *f = find_name(of(fs), path);
    struct err e = called(of(fs), "remove", path);

    if (err_is(e))
        return e;
    if (!f)
        return err_make(ERR_NOT_FOUND, 2, "remove a file");
    f->named = false;
    return e;
}

/* Whether `name` is directly in `dir`. */
static bool inside(const char *name, const char *dir)
{
    size_t n = strlen(dir);

    if (strcmp(dir, "/") == 0)
        return strchr(name + 1, '/') == NULL;
    return strncmp(name, dir, n) == 0 && name[n] == '/' && strchr(name + n + 1, '/') == NULL;
}

static struct err do_list(struct fs *fs, const char *dir, void (*each)(void *arg, const char *name),
                          void *arg)
{
    struct err e = called(of(fs), "list", dir);
    size_t n = strlen(dir);

    if (err_is(e))
        return e;
    for (struct memory_file *f = of(fs)->files; f; f = f->next) {
        if (f->named && inside(f->name, dir))
            each(arg, f->name + n + 1);
    }
    return e;
}

static struct err do_make_dir(struct fs *fs, const char *dir)
{
    struct err e = called(of(fs), "make_dir", dir);

    if (!err_is(e) && !memory_fs_find(of(fs), dir))
        make(of(fs), dir)->is_dir = true;
    return e;
}

static struct err do_sync_dir(struct fs *fs, const char *dir)
{
    struct err e = called(of(fs), "sync_dir", dir);

    if (err_is(e))
        return e;
    for (struct memory_file *f = of(fs)->files; f; f = f->next) {
        if (inside(f->name, dir))
            f->durable = f->named;
    }
    return e;
}

static struct err do_lock(struct fs *fs, const char *path, struct fs_file **out)
{
    struct err e = called(of(fs), "lock", path);
    struct memory_file *f = memory_fs_find(of(fs), path);

    if (err_is(e))
        return e;
    if (!f)
        f = make(of(fs), path);
    if (f->locked)
        return err_make(ERR_BUSY, 11, "lock");
    f->locked = true;
    *out = handle_new(of(fs), f, true);
    return e;
}

static struct err do_space(struct fs *fs, const char *dir, uint64_t *free_bytes,
                           uint64_t *all_bytes)
{
    struct memory_fs *m = of(fs);
    struct err e = called(m, "space", dir);

    (void)dir;
    *all_bytes = m->quota ? m->quota : SPACE;
    *free_bytes = room(m);
    return e;
}

void memory_fs_init(struct memory_fs *m)
{
    *m = (struct memory_fs){ .fs = { .open = do_open,
                                     .close = do_close,
                                     .read = do_read,
                                     .read_now = do_read_now,
                                     .write = do_write,
                                     .write_now = do_write_now,
                                     .sync = do_sync,
                                     .allocate = do_allocate,
                                     .truncate = do_truncate,
                                     .size = do_size,
                                     .advise = do_advise,
                                     .rename = do_rename,
                                     .link = do_link,
                                     .remove = do_remove,
                                     .list = do_list,
                                     .make_dir = do_make_dir,
                                     .sync_dir = do_sync_dir,
                                     .lock = do_lock,
                                     .space = do_space } };
}

void memory_fs_deinit(struct memory_fs *m)
{
    while (m->files) {
        struct memory_file *f = m->files;
        m->files = f->next;
        mem_free(f->data);
        mem_free(f->synced);
        mem_free(f);
    }
}

void memory_fs_kill(struct memory_fs *m)
{
    for (struct memory_file *f = m->files; f; f = f->next)
        f->locked = false;
    m->fail_at = m->cut_at = m->calls = 0;
    m->fail_write = m->fail_sync = m->forbid_direct = m->cut_torn = false;
}

/* Each sector is the old one or, if the dice say so, the new one. */
static void lose(struct memory_file *f, struct prng *prng)
{
    size_t len = f->synced_len;
    uint8_t *kept;

    if (prng && f->len != f->synced_len && prng_one_in(prng, 2))
        len = f->len;
    kept = mem_zalloc(1, len);
    for (size_t at = 0; at < len; at += 512) {
        bool fresh = prng && prng_one_in(prng, 2);
        const uint8_t *from = fresh ? f->data : f->synced;
        size_t from_len = fresh ? f->len : f->synced_len;
        size_t n = len - at < 512 ? len - at : 512;
        if (at < from_len)
            memcpy(kept + at, from + at, from_len - at < n ? from_len - at : n);
    }
    mem_free(f->data);
    f->data = kept;
    f->len = len;
    f->synced = mem_realloc(f->synced, len);
    if (len)
        memcpy(f->synced, kept, len);
    f->synced_len = len;
}

void memory_fs_power_loss(struct memory_fs *m, struct prng *prng)
{
    memory_fs_kill(m);
    for (struct memory_file *f = m->files; f; f = f->next) {
        if (!f->same)
            lose(f, prng);
        if (!prng || prng_one_in(prng, 2))
            f->named = f->durable;
        if (f->named && find_name(m, f->name) != f)
            f->named = false; /* a newer file of that name is there */
        f->durable = f->named;
    }
}

struct memory_file *memory_fs_last(struct memory_fs *m, const char *prefix)
{
    struct memory_file *last = NULL;

    for (struct memory_file *f = m->files; f; f = f->next) {
        if (f->named && strncmp(f->name, prefix, strlen(prefix)) == 0 &&
            (!last || strcmp(f->name, last->name) > 0))
            last = f;
    }
    return last && last->same ? last->same : last;
}

unsigned memory_fs_count(struct memory_fs *m, const char *prefix)
{
    unsigned n = 0;

    for (struct memory_file *f = m->files; f; f = f->next)
        n += f->named && strncmp(f->name, prefix, strlen(prefix)) == 0;
    return n;
}

/* The file of `to` that stands where `f` stands in `from`. */
static struct memory_file *twin(const struct memory_fs *to, const struct memory_fs *from,
                                const struct memory_file *f)
{
    struct memory_file *copy = to->files;

    for (const struct memory_file *at = from->files; at && at != f; at = at->next) {
        assert(copy);
        copy = copy->next;
    }
    return copy;
}

static uint8_t *copy_bytes(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = mem_zalloc(1, len);

    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

void memory_fs_copy(struct memory_fs *to, const struct memory_fs *from)
{
    struct memory_file **last = &to->files;

    memory_fs_init(to);
    for (const struct memory_file *f = from->files; f; f = f->next) {
        struct memory_file *copy = mem_alloc(sizeof *copy);
        *copy = *f;
        copy->next = NULL;
        copy->data = copy_bytes(f->data, f->len);
        copy->synced = copy_bytes(f->synced, f->synced_len);
        *last = copy;
        last = &copy->next;
    }
    for (struct memory_file *f = to->files; f; f = f->next)
        f->same = f->same ? twin(to, from, f->same) : NULL;
}
