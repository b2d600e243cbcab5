/* janitor.c: a queue; a job takes what is only to be closed, up to the first file to be
 * removed, or the first few when many wait. */
#include "lsm/janitor.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "lsm/table.h"

enum {
    BATCH = 32,     /* files of one job at most */
    EASY = 16,      /* so many waiting are removed at leisure; more go faster */
    BATCH_STEP = 64 /* ... with another one a job for each so many */
};

struct item {
    struct item *next;
    struct table *table;  /* to be closed, or */
    struct fs_file *file; /* ... this, or neither */
    enum file_kind kind;
    uint64_t id;
    uint64_t size;
    bool remove;
    struct err err; /* of the removal */
};

struct janitor {
    struct job job;
    struct env *env;
    char *dir;
    uint64_t pause_us;
    struct item *first; /* oldest */
    struct item *last;
    struct item *batch; /* the job's, while there is one */
    uint64_t waiting;   /* both lists */
    uint64_t next_us;   /* no job before */
    uint64_t bytes;     /* of those to be removed */
    bool rest;
    bool hurry;
    void (*on_idle)(void *owner);
    void *owner;
};

static void remove_file(struct janitor *j, struct item *item)
{
    char *path = file_path(j->dir, item->kind, item->id);

    item->err = fs_remove(j->env->fs, path);
    mem_free(path);
}

static void close_item(struct item *item)
{
    table_close(item->table);
    if (item->file)
        fs_close(item->file);
    item->table = NULL;
    item->file = NULL;
}

static void run(struct job *job)
{
    struct janitor *j = list_item(job, struct janitor, job);

    for (struct item *item = j->batch; item; item = item->next) {
        close_item(item);
        if (item->remove)
            remove_file(j, item);
    }
}

static void report(struct janitor *j, const struct item *item)
{
    char *path;

    if (!err_is(item->err) || item->err.code == ERR_NOT_FOUND)
        return;
    path = file_path(j->dir, item->kind, item->id);
    trace_log(j->env->trace, TRACE_WARNING, "%s: %s%s%s; it is left to the next start", path,
              item->err.what, item->err.os ? ": " : "", item->err.os ? strerror(item->err.os) : "");
    mem_free(path);
}

static void done(struct job *job)
{
    struct janitor *j = list_item(job, struct janitor, job);

    while (j->batch) {
        struct item *item = j->batch;
        j->batch = item->next;
        report(j, item);
        j->bytes -= item->remove ? item->size : 0;
        mem_free(item);
        j->waiting--;
    }
    j->next_us = clock_mono_us(j->env->clock);
    if (!j->hurry)
        j->next_us += j->waiting > EASY ? j->pause_us * EASY / j->waiting : j->pause_us;
    if (j->on_idle)
        j->on_idle(j->owner);
}

void janitor_tell(struct janitor *j, void (*on_idle)(void *owner), void *owner)
{
    j->on_idle = on_idle;
    j->owner = owner;
}

bool janitor_idle(const struct janitor *j)
{
    return !j->batch;
}

struct janitor *janitor_new(struct env *env, const char *dir, uint64_t pause_us)
{
    struct janitor *j = mem_zalloc(1, sizeof *j);

    j->env = env;
    j->dir = mem_strdup(dir);
    j->pause_us = pause_us;
    j->job = (struct job){ .run = run, .done = done, .priority = JOB_LATER };
    return j;
}

static void free_items(struct item *item)
{
    while (item) {
        struct item *next = item->next;
        close_item(item);
        mem_free(item);
        item = next;
    }
}

void janitor_free(struct janitor *j)
{
    if (!j)
        return;
    free_items(j->batch);
    free_items(j->first);
    mem_free(j->dir);
    mem_free(j);
}

static void take(struct janitor *j, const struct item *what)
{
    struct item *item = mem_alloc(sizeof *item);

    *item = *what;
    item->err = err_ok();
    if (j->last)
        j->last->next = item;
    else
        j->first = item;
    j->last = item;
    j->waiting++;
    j->bytes += item->remove ? item->size : 0;
}

void janitor_take_table(struct janitor *j, struct table *t, bool remove)
{
    take(j, &(struct item){ .table = t,
                            .kind = FILE_TABLE,
                            .id = t->meta.id,
                            .size = t->meta.size,
                            .remove = remove });
}

void janitor_take_file(struct janitor *j, enum file_kind kind, uint64_t id, struct fs_file *file,
                       uint64_t size, bool remove)
{
    if (file || remove)
        take(j, &(struct item){
                    .file = file, .kind = kind, .id = id, .size = size, .remove = remove });
}

uint64_t janitor_waiting(const struct janitor *j)
{
    return j->waiting;
}

uint64_t janitor_bytes(const struct janitor *j)
{
    return j->bytes;
}

void janitor_hurry(struct janitor *j, bool hurry)
{
    j->hurry = hurry;
    if (hurry)
        j->next_us = 0;
}

uint64_t janitor_deadline(const struct janitor *j)
{
    return j->first && !j->batch && !j->rest ? j->next_us : UINT64_MAX;
}

void janitor_rest(struct janitor *j, bool rest)
{
    j->rest = rest;
}

void janitor_tick(struct janitor *j, uint64_t mono_us)
{
    struct item *end = j->first;
    uint64_t removals = j->hurry ? BATCH : 1 + j->waiting / BATCH_STEP;

    if (!j->first || j->batch || j->rest || mono_us < j->next_us)
        return;
    for (unsigned n = 1; n < BATCH && end->next; n++) {
        if (end->remove && --removals == 0)
            break;
        end = end->next;
    }
    j->batch = j->first;
    j->first = end->next;
    end->next = NULL;
    if (!j->first)
        j->last = NULL;
    pool_submit(j->env->pool, &j->job);
}
