/* lsm_load.c: the steps of a load, in their order.
 *
 *     lock the folder -> manifest, tables -> log from the mark on -> new manifest
 *     -> new segment -> what is no part of the store goes
 *
 * Nothing is removed before both say durably what the store is; what the log's tail
 * lost is cut when it is known to be a tail. */
#include "lsm/lsm_load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/file_name.h"
#include "lsm/blob_file.h"
#include "lsm/loading.h"

struct err loading_failed(struct loading *g, struct err e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(g->load->detail, sizeof g->load->detail, format, args);
    va_end(args);
    return e;
}

struct err loading_failed_file(struct loading *g, struct err e, enum file_kind kind, uint64_t id)
{
    char *path = file_path(g->load->options.dir, kind, id);

    loading_failed(g, e, "%s: %s%s%s", path, e.what, e.os ? ": " : "", e.os ? strerror(e.os) : "");
    mem_free(path);
    return e;
}

struct err loading_failed_segment(struct loading *g, struct err e, size_t i)
{
    return loading_failed_file(g, e, FILE_SEGMENT, g->files.file[i].id);
}

void loading_step(struct loading *g, uint64_t done)
{
    g->done = done;
    if (g->total)
        __atomic_store_n(&g->load->permille,
                         (unsigned)(done < g->total ? done * 999 / g->total : 999),
                         __ATOMIC_RELAXED);
}

/* Writes the path of the folder that `dir` is in. */
static void parent_of(const char *dir, char *out, size_t room)
{
    size_t len = strlen(dir);

    while (len > 1 && dir[len - 1] == '/')
        len--;
    while (len > 0 && dir[len - 1] != '/')
        len--;
    while (len > 1 && dir[len - 1] == '/')
        len--;
    snprintf(out, room, "%.*s", len ? (int)len : 1, len ? dir : ".");
}

/* The folder, its own name made durable, and the lock. */
static struct err take_dir(struct loading *g)
{
    struct load *l = g->load;
    const char *dir = l->options.dir;
    size_t room = strlen(dir) + sizeof "/lock";
    char *path = mem_alloc(room);
    struct err e = fs_make_dir(l->env->fs, dir);

    if (!err_is(e) && !PLANTED(forget_dirsync)) {
        parent_of(dir, path, room);
        e = fs_sync_dir(l->env->fs, path);
        if (e.os == EACCES) /* a folder we may not read is not ours to sync */
            e = err_ok();
    }
    if (!err_is(e)) {
        snprintf(path, room, "%s/lock", dir);
        e = fs_lock(l->env->fs, path, &l->lock);
    }
    mem_free(path);
    if (e.code == ERR_BUSY)
        return loading_failed(g, e, "%s is in use by another process", dir);
    if (err_is(e))
        return loading_failed(g, e, "%s: %s: %s", dir, e.what, strerror(e.os));
    return e;
}

static struct err list_files(struct loading *g)
{
    struct load *l = g->load;
    struct err e = load_files_list(&g->files, l->env->fs, l->options.dir);

    if (err_is(e))
        return loading_failed(g, e, "%s: %s: %s", l->options.dir, e.what, strerror(e.os));
    l->ids->next = g->files.last_id + 1;
    return err_ok();
}

static struct err load_all(struct loading *g)
{
    static struct err (*const steps[])(struct loading * g) = {
        take_dir, list_files, load_tree, load_log_heads, load_log, load_tree_begin, load_log_begin
    };
    struct err e = err_ok();

    for (size_t i = 0; i < sizeof steps / sizeof *steps && !err_is(e); i++)
        e = steps[i](g);
    return e;
}

static void close_table(void *owner, struct table *t)
{
    (void)owner;
    table_close(t);
}

static void close_blob(void *owner, struct blob_file *b)
{
    (void)owner;
    blob_file_close(b);
}

/* Closes here what the loop must not. */
static void give_up(struct load *l)
{
    struct version_gone gone = { NULL, close_table, close_blob };

    manifest_close(l->manifest);
    l->manifest = NULL;
    if (l->version)
        version_drop(l->version, &gone);
    l->version = NULL;
}

void load_run(struct job *job)
{
    struct load *l = list_item(job, struct load, job);
    struct loading g = { .load = l, .damage = err_ok() };

    dataset_init(&l->data, l->env->arenas,
                 &(struct dataset_options){ .chunk_size = l->options.chunk_size,
                                            .limit = l->options.memtable_size,
                                            .large_min = l->options.value_separation });
    g.replay.data = &l->data;
    g.replay.tails = &l->tails;
    l->err = load_all(&g);
    if (err_is(l->err)) {
        give_up(l);
    } else {
        load_log_clean(&g);
        load_tree_clean(&g);
    }
    l->frames = g.replay.frames;
    l->bytes = g.replay.end - g.mark.position;
    load_files_deinit(&g.files);
}
