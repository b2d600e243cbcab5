/* checkpoint_job.c: steps, each in slices. */
#include "lsm/checkpoint_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/manifest.h"

enum {
    FILES_A_SLICE = 64, /* linked or removed */
    COPY_STEP = 1024 * 1024,
    ROLL_SIZE = 1024 * 1024 * 1024, /* of a manifest nothing is added to */
};

static const char prefix[] = "checkpoint-";

enum step {
    STEP_CLEAN,
    STEP_FOLDER,
    STEP_FILES,
    STEP_MANIFEST,
    STEP_FINISH,
    STEP_PRUNE,
    STEP_END,
};

/* --- folders */

static char *path_in(const char *dir, const char *name)
{
    size_t room = strlen(dir) + strlen(name) + 2;
    char *path = mem_alloc(room);

    snprintf(path, room, "%s/%s", dir, name);
    return path;
}

static char *checkpoint_path(const char *shelf, uint64_t id)
{
    char name[sizeof prefix + 16];

    snprintf(name, sizeof name, "%s%016llx", prefix, (unsigned long long)id);
    return path_in(shelf, name);
}

struct names {
    char **name;
    size_t count;
};

static void take_name(void *arg, const char *name)
{
    struct names *n = arg;

    if ((n->count & (n->count - 1)) == 0)
        n->name = mem_realloc(n->name, (n->count ? 2 * n->count : 1) * sizeof *n->name);
    n->name[n->count++] = mem_strdup(name);
}

/* Removes up to `*files` files of a folder, counting them down, and the folder when it is
 * empty.  A folder that is not there is removed. */
static struct err remove_folder(struct fs *fs, const char *dir, size_t *files, bool *gone)
{
    struct names n = { 0 };
    struct err e = fs_list(fs, dir, take_name, &n);

    *gone = false;
    for (size_t i = 0; i < n.count; i++) {
        if (!err_is(e) && *files > 0) {
            char *path = path_in(dir, n.name[i]);
            e = fs_remove(fs, path);
            mem_free(path);
            --*files;
            if (i + 1 == n.count && !err_is(e))
                *gone = true;
        }
        mem_free(n.name[i]);
    }
    if (!err_is(e) && (*gone || n.count == 0)) {
        e = fs_remove(fs, dir);
        *gone = !err_is(e);
    }
    mem_free(n.name);
    if (e.code == ERR_NOT_FOUND) {
        *gone = true;
        e = err_ok();
    }
    return e;
}

static char *incomplete_path(const char *dir)
{
    char *shelf = path_in(dir, "checkpoints");
    char *path = path_in(shelf, "incomplete");

    mem_free(shelf);
    return path;
}

void checkpoint_clean(struct fs *fs, const char *dir)
{
    char *path = incomplete_path(dir);
    size_t all = SIZE_MAX;
    bool gone;

    remove_folder(fs, path, &all, &gone); /* else the next checkpoint tries, and says so */
    mem_free(path);
}

/* --- steps: each does a slice's worth and says if it is through */

static struct err fail_at(struct checkpoint_job *c, const char *path, struct err e)
{
    if (err_is(e) && !c->at)
        c->at = mem_strdup(path);
    return e;
}

static struct err step_clean(struct checkpoint_job *c, bool *through)
{
    size_t files = FILES_A_SLICE;

    if (!c->shelf) {
        c->shelf = path_in(c->dir, "checkpoints");
        c->into = path_in(c->shelf, "incomplete");
    }
    return fail_at(c, c->into, remove_folder(c->env->fs, c->into, &files, through));
}

static struct err step_folder(struct checkpoint_job *c, bool *through)
{
    struct err e = fs_make_dir(c->env->fs, c->shelf);

    *through = true;
    if (!err_is(e))
        e = fs_sync_dir(c->env->fs, c->dir);
    if (!err_is(e))
        e = fs_make_dir(c->env->fs, c->into);
    return fail_at(c, c->into, e);
}

static struct err copy_bytes(struct fs_file *from, struct fs_file *to, uint64_t size)
{
    uint8_t *bytes = mem_alloc(COPY_STEP);
    struct err e = err_ok();

    for (uint64_t at = 0; at < size && !err_is(e);) {
        size_t got = 0;
        e = fs_read(from, at, bytes, size - at < COPY_STEP ? (size_t)(size - at) : COPY_STEP, &got);
        if (!err_is(e) && got == 0)
            e = err_make(ERR_IO, 0, "the log is shorter than it was");
        if (!err_is(e))
            e = fs_write(to, at, slice_of(bytes, got));
        at += got;
    }
    mem_free(bytes);
    return err_is(e) || PLANTED(save_unsynced) ? e : fs_sync(to);
}

/* One segment at most, and mostly in the page cache: one slice. */
static struct err copy_file(struct checkpoint_job *c, const char *from, const char *to,
                            uint64_t size)
{
    struct fs_file *in, *out;
    struct err e = fs_open(c->env->fs, from, FS_READ, &in);

    if (err_is(e))
        return e;
    e = fs_open(c->env->fs, to, FS_WRITE | FS_CREATE, &out);
    if (!err_is(e)) {
        e = copy_bytes(in, out, size);
        fs_close(out);
    }
    fs_close(in);
    return e;
}

static struct err link_file(struct checkpoint_job *c, const struct checkpoint_file *f)
{
    char *from = file_path(c->dir, f->kind, f->id);
    char *to = file_path(c->into, f->kind, f->id);
    struct err e = fail_at(c, to, fs_link(c->env->fs, from, to));

    mem_free(from);
    mem_free(to);
    return e;
}

static struct err step_files(struct checkpoint_job *c, bool *through)
{
    struct err e = err_ok();

    for (size_t n = 0; n < FILES_A_SLICE && c->next < c->count && !err_is(e); n++)
        e = link_file(c, &c->files[c->next++]);
    *through = c->next == c->count;
    return e;
}

static struct err step_manifest(struct checkpoint_job *c, bool *through)
{
    struct manifest *m = NULL;
    struct err e = manifest_begin(&m, c->env->fs, c->into, c->ids, c->version, ROLL_SIZE);

    *through = true;
    if (!err_is(e))
        c->id = manifest_id(m);
    manifest_close(m);
    return fail_at(c, c->into, e);
}

/* The segment may have grown since: what came later is of another moment. */
static struct err copy_tail(struct checkpoint_job *c)
{
    char *from = file_path(c->dir, FILE_SEGMENT, c->tail);
    char *to = file_path(c->into, FILE_SEGMENT, c->tail);
    struct err e = copy_file(c, from, to, c->tail_size);

    fail_at(c, to, e);
    mem_free(from);
    mem_free(to);
    return e;
}

static struct err step_finish(struct checkpoint_job *c, bool *through)
{
    struct fs *fs = c->env->fs;
    char *path = checkpoint_path(c->shelf, c->id);
    struct err e = c->tail ? copy_tail(c) : err_ok();

    *through = true;
    if (!err_is(e))
        e = fs_sync_dir(fs, c->into);
    if (!err_is(e))
        e = fs_rename(fs, c->into, path);
    if (!err_is(e))
        e = fs_sync_dir(fs, c->shelf);
    fail_at(c, path, e);
    mem_free(path);
    return e;
}

static void take_old(void *arg, const char *name)
{
    struct checkpoint_job *c = arg;
    const char *digits = name + sizeof prefix - 1;
    uint64_t id;

    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || strlen(digits) != 16 ||
        strspn(digits, "0123456789abcdef") != 16)
        return;
    id = strtoull(digits, NULL, 16);
    if ((c->old_count & (c->old_count - 1)) == 0)
        c->old = mem_realloc(c->old, (c->old_count ? 2 * c->old_count : 1) * sizeof *c->old);
    c->old[c->old_count++] = id;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x > y ? -1 : x < y;
}

/* The new one is there, whatever becomes of this; said once, tried again next time. */
static struct err step_prune(struct checkpoint_job *c, bool *through)
{
    size_t files = FILES_A_SLICE;
    struct err e;

    c->old_count = 0;
    e = fs_list(c->env->fs, c->shelf, take_old, c);
    if (c->old_count)
        qsort(c->old, c->old_count, sizeof *c->old, newest_first);
    *through = true;
    for (size_t i = c->keep; i < c->old_count && !err_is(e) && *through; i++) {
        char *path = checkpoint_path(c->shelf, c->old[i]);
        e = remove_folder(c->env->fs, path, &files, through);
        if (err_is(e))
            trace_log(c->env->trace, TRACE_WARNING, "checkpoint: %s: %s (errno %d); it stays", path,
                      e.what, e.os);
        mem_free(path);
    }
    *through = *through || err_is(e);
    return err_ok();
}

/* It failed: what it made takes no more room.  What cannot be removed is left to the next
 * one, or the next start. */
static void undo(struct checkpoint_job *c)
{
    size_t files = FILES_A_SLICE;
    bool gone;
    struct err e = remove_folder(c->env->fs, c->into, &files, &gone);

    c->ended = gone || err_is(e) || c->stop;
}

void checkpoint_job_run(struct job *job)
{
    static struct err (*const steps[])(struct checkpoint_job * c,
                                       bool *through) = { step_clean,    step_folder, step_files,
                                                          step_manifest, step_finish, step_prune };
    struct checkpoint_job *c = list_item(job, struct checkpoint_job, job);
    bool through = false;

    if (err_is(c->err)) {
        undo(c);
        return;
    }
    if (c->stop && c->step < STEP_PRUNE)
        c->err = err_make(ERR_BUSY, 0, "the store ends");
    else
        c->err = steps[c->step](c, &through);
    c->step += through;
    c->ended = c->step == STEP_END || (c->stop && (err_is(c->err) || c->step == STEP_PRUNE));
}

void checkpoint_job_deinit(struct checkpoint_job *c)
{
    mem_free(c->files);
    mem_free(c->at);
    mem_free(c->into);
    mem_free(c->shelf);
    mem_free(c->old);
    *c = (struct checkpoint_job){ .err = err_ok() };
}
