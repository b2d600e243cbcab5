/* lsm_load.c: the steps of a load, in their order. */
#include "lsm/lsm_load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/file_name.h"
#include "lsm/load_files.h"
#include "lsm/replay.h"

/* What the steps share; on the job's stack. */
struct loading {
    struct load *load;
    struct load_files files;
    struct replay replay;
    struct buf bytes;  /* the file that was read last */
    uint64_t total;    /* bytes of all files */
    uint64_t before;   /* ... of those read before this one */
    size_t last;       /* the file the log ends in; `files.count` for none */
    struct err damage; /* found in a frame whose crc holds */
};

static struct err failed(struct load *l, struct err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static struct err failed(struct load *l, struct err e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(l->detail, sizeof l->detail, format, args);
    va_end(args);
    return e;
}

/* An error about one file. */
static struct err failed_file(struct loading *g, size_t i, struct err e)
{
    return failed(g->load, e, "%s/log-%016llx.seg: %s%s%s", g->load->options.dir,
                  (unsigned long long)g->files.file[i].id, e.what, e.os ? ": " : "",
                  e.os ? strerror(e.os) : "");
}

static void step(void *arg, uint64_t bytes)
{
    struct loading *g = arg;

    if (g->total)
        __atomic_store_n(&g->load->permille, (unsigned)((g->before + bytes) * 999 / g->total),
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
static struct err take_dir(struct load *l)
{
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
        return failed(l, e, "%s is in use by another process", dir);
    if (err_is(e))
        return failed(l, e, "%s: %s: %s", dir, e.what, strerror(e.os));
    return e;
}

static struct err read_heads(struct loading *g)
{
    struct load *l = g->load;
    size_t i;
    struct err e = load_files_read(&g->files, l->env->fs, l->options.dir, &i);

    if (err_is(e) && i < g->files.count)
        return failed_file(g, i, e);
    if (err_is(e))
        return failed(l, e, "%s: %s: %s", l->options.dir, e.what, strerror(e.os));
    for (i = 0; i < g->files.count; i++) {
        const struct load_file *f = &g->files.file[i];
        g->total += f->size;
        if (f->state == SEGMENT_HEAD_VERSION)
            return failed(l, err_make(ERR_INVALID, 0, "unknown format version"),
                          "%s/log-%016llx.seg has format version %u; this program knows %u",
                          l->options.dir, (unsigned long long)f->id, f->head.version,
                          (unsigned)LOG_FORMAT_VERSION);
    }
    return err_ok();
}

/* The next file behind `i` that has a good head, or the count. */
static size_t next_good(const struct loading *g, size_t i)
{
    while (i < g->files.count && g->files.file[i].state != SEGMENT_HEAD_GOOD)
        i++;
    return i;
}

static struct slice frames_of(const struct loading *g)
{
    if (g->bytes.len < SEGMENT_FRAMES_START)
        return slice_of(NULL, 0);
    return slice_of(g->bytes.data + SEGMENT_FRAMES_START, g->bytes.len - SEGMENT_FRAMES_START);
}

static bool follows(const struct loading *g, const struct segment_head *head)
{
    if (PLANTED(replay_past_cut) && g->last < g->files.count)
        return true;
    return head->base == g->replay.end && head->index == g->replay.index + 1;
}

/* Replays the segments for as long as each begins where the one before ended. */
static struct err replay_all(struct loading *g)
{
    g->last = g->files.count;
    for (size_t i = next_good(g, 0), next; i < g->files.count; i = next) {
        struct load_file *f = &g->files.file[i];
        size_t used;
        struct err e;
        next = next_good(g, i + 1);
        if (!follows(g, &f->head))
            return err_ok();
        e = load_file_get(&g->files, i, &g->bytes, step, g);
        if (err_is(e))
            return failed_file(g, i, e);
        g->before += f->size;
        g->last = i;
        g->replay.end = f->head.base;
        g->damage = replay_segment(
            &g->replay, &f->head, frames_of(g),
            next < g->files.count ? g->files.file[next].head.base : UINT64_MAX, &used);
        f->used = used;
        if (err_is(g->damage))
            return err_ok();
    }
    return err_ok();
}

/* Whether anything behind the last replayed frame proves that what is missing
 * there was durable once; sums what is behind it. */
static struct err look_behind(struct loading *g, bool *promised)
{
    uint64_t end = g->replay.end;
    size_t first = g->last < g->files.count ? g->last : 0;

    *promised = err_is(g->damage);
    for (size_t i = first; i < g->files.count; i++) {
        const struct load_file *f = &g->files.file[i];
        struct slice rest;
        struct err e = load_file_get(&g->files, i, &g->bytes, NULL, NULL);
        if (err_is(e))
            return failed_file(g, i, e);
        rest = buf_slice(&g->bytes);
        if (i == g->last) {
            size_t start = SEGMENT_FRAMES_START + (size_t)f->used;
            rest = slice_of(rest.data + start, rest.len - start);
        } else if (f->state == SEGMENT_HEAD_GOOD && f->head.synced > end) {
            *promised = true;
        }
        g->load->torn += replay_used(rest);
        *promised = *promised || replay_promised(rest, f->id, end);
    }
    return err_ok();
}

static struct err judge(struct loading *g)
{
    struct load *l = g->load;
    bool promised;
    struct err e = look_behind(g, &promised);
    size_t at = g->last < g->files.count ? g->last : 0;

    if (err_is(e) || !promised || PLANTED(skip_corruption))
        return e;
    failed(l, e,
           "%s/log-%016llx.seg is damaged at offset %llu: %s; \"force-start yes\" starts with what "
           "is before it",
           l->options.dir, (unsigned long long)g->files.file[at].id,
           (unsigned long long)(SEGMENT_FRAMES_START + g->files.file[at].used),
           err_is(g->damage) ? g->damage.what : "what was synced there is not readable");
    if (!l->options.force)
        return err_make(ERR_CORRUPT, 0, "the log is damaged");
    trace_log(l->env->trace, TRACE_WARNING, "log: %s: done so, %llu bytes are given up", l->detail,
              (unsigned long long)l->torn);
    l->detail[0] = '\0';
    return err_ok();
}

/* What was replayed is durable before anybody is told of it. */
static struct err keep_replayed(struct loading *g)
{
    for (size_t i = next_good(g, 0); g->last < g->files.count && i <= g->last;
         i = next_good(g, i + 1)) {
        const struct load_file *f = &g->files.file[i];
        uint64_t synced = g->replay.synced;
        struct err e = err_ok();

        if (f->head.base + f->used > synced)
            e = load_file_keep(&g->files, i, synced > f->head.base ? synced - f->head.base : 0);
        if (err_is(e))
            return failed_file(g, i, e);
    }
    return err_ok();
}

/* The log ends behind the last replayed frame, on disk too: later files go,
 * newest first, then the rest of that one. */
static struct err cut_tail(struct loading *g)
{
    struct fs *fs = g->load->env->fs;
    size_t keep = g->last < g->files.count ? g->last + 1 : 0;
    bool removed = false;
    struct err e = err_ok();

    for (size_t i = g->files.count; i-- > keep;) {
        e = load_file_remove(&g->files, i);
        if (err_is(e))
            return failed_file(g, i, e);
        removed = true;
    }
    if (removed)
        e = fs_sync_dir(fs, g->load->options.dir);
    if (err_is(e))
        return failed(g->load, e, "%s: %s", g->load->options.dir, e.what);
    if (keep) {
        e = load_file_cut(&g->files, g->last);
        if (err_is(e))
            return failed_file(g, g->last, e);
    }
    if (g->load->torn)
        trace_log(g->load->env->trace, TRACE_NOTICE,
                  "log: %llu bytes behind the last whole frame were cut off",
                  (unsigned long long)g->load->torn);
    return err_ok();
}

static void max_id(void *arg, const char *name)
{
    uint64_t *max = arg, id;
    enum file_kind kind;

    if (file_name_parse(name, &kind, &id) && id > *max)
        *max = id;
}

/* The segment the log goes on in; its head promises that all before is synced.
 * No room for one is no error: then the store begins read-only. */
static struct err begin_segment(struct loading *g)
{
    struct load *l = g->load;
    struct log_start *start = &l->start;
    struct segment *s = NULL;
    struct segment_facts facts;
    uint64_t id = 0;
    struct err e = fs_list(l->env->fs, l->options.dir, max_id, &id);

    *start = (struct log_start){ .end = g->replay.end,
                                 .index = g->replay.index,
                                 .stamp = g->replay.stamp,
                                 .ids = l->ids,
                                 .no_space = err_ok() };
    l->ids->next = id + 1;
    if (g->last < g->files.count)
        start->last_id = g->files.file[g->last].id;
    facts = (struct segment_facts){ start->last_id, start->end, start->index + 1 };
    if (!err_is(e))
        e = segment_create(&s, l->env->fs, l->options.dir, file_ids_take(l->ids),
                           l->options.segment_size);
    if (e.code == ERR_NO_SPACE) {
        start->no_space = e;
        return err_ok();
    }
    if (!err_is(e)) {
        s->base = s->end = start->end;
        e = segment_write(s, &facts, slice_of(NULL, 0), false);
        if (!err_is(e))
            e = fs_sync(s->file);
    }
    if (err_is(e)) {
        segment_close(s);
        return failed(l, e, "%s: cannot begin a new segment: %s: %s", l->options.dir, e.what,
                      strerror(e.os));
    }
    start->current = s;
    return err_ok();
}

static void add_part(struct loading *g, const struct load_file *f)
{
    uint64_t base = f->head.base;

    log_parts_add(&g->load->start.parts, (struct log_stretch){ f->id, base, base + f->used },
                  SEGMENT_FRAMES_START + f->used);
}

/* Segments without a frame, now that the new one makes their promise. */
static void remove_empty(struct loading *g)
{
    for (size_t i = 0; i < g->files.count; i++) {
        const struct load_file *f = &g->files.file[i];
        if (f->removed)
            continue;
        if (g->load->start.current && f->used == 0 &&
            (f->state == SEGMENT_HEAD_GOOD || f->state == SEGMENT_HEAD_BLANK))
            load_file_remove(&g->files, i);
        else if (f->state == SEGMENT_HEAD_GOOD)
            add_part(g, f);
    }
}

void load_run(struct job *job)
{
    struct load *l = list_item(job, struct load, job);
    struct loading g = { .load = l, .replay.data = &l->data, .damage = err_ok() };

    dataset_init(&l->data, l->env->arenas,
                 &(struct dataset_options){ .chunk_size = l->options.chunk_size,
                                            .limit = l->options.memtable_size,
                                            .large_min = l->options.value_separation });
    l->err = take_dir(l);
    if (!err_is(l->err))
        l->err = read_heads(&g);
    if (!err_is(l->err))
        l->err = replay_all(&g);
    if (!err_is(l->err))
        l->err = judge(&g);
    if (!err_is(l->err))
        l->err = keep_replayed(&g);
    if (!err_is(l->err))
        l->err = cut_tail(&g);
    if (!err_is(l->err))
        l->err = begin_segment(&g);
    if (!err_is(l->err))
        remove_empty(&g);
    l->frames = g.replay.frames;
    l->bytes = g.replay.end;
    buf_deinit(&g.bytes);
    load_files_deinit(&g.files);
}
