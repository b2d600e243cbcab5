/* install.c: the queue of edits. */
#include "lsm/install.h"

#include <assert.h>

#include "base/list.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/lsm_state.h"

enum { RETRY_US = 1000 * 1000 };

struct install_item {
    struct install_item *next;
    struct edit edit;
    void (*done)(void *owner, struct err e);
    void *owner;
};

void install_init(struct install *in, struct lsm *lsm, struct manifest *manifest)
{
    *in = (struct install){ .lsm = lsm, .manifest = manifest, .err = err_ok() };
}

void install_discard(struct edit *e)
{
    for (size_t i = 0; i < e->add_count; i++) {
        if (e->add[i].table->refs == 0)
            table_close(e->add[i].table);
    }
    for (size_t i = 0; i < e->add_blob_count; i++) {
        if (e->add_blobs[i].blob && e->add_blobs[i].blob->refs == 0)
            blob_file_close(e->add_blobs[i].blob);
    }
    edit_deinit(e);
}

static void discard_items(struct install_item *item)
{
    while (item) {
        struct install_item *next = item->next;
        install_discard(&item->edit);
        mem_free(item);
        item = next;
    }
}

void install_deinit(struct install *in)
{
    discard_items(in->first);
    discard_items(in->dead);
    in->first = in->last = in->dead = NULL;
    mem_free(in->edits);
    in->edits = NULL;
    manifest_close(in->manifest);
    in->manifest = NULL;
}

static void run(struct job *job)
{
    struct install *in = list_item(job, struct install, job);

    in->err = manifest_append(in->manifest, in->before, in->edits, in->under_way);
}

/* The version behind this edit is the one that counts now. */
static void apply(struct lsm *lsm, const struct edit *edit)
{
    struct version *now;
    struct err e = version_apply(lsm->version, edit, &now);

    assert(!err_is(e));
    (void)e;
    lsm_drop_version(lsm, lsm->version);
    lsm->version = now;
    lsm_version_changed(lsm);
}

static void done(struct job *job);

static void pump(struct install *in)
{
    size_t count = 0;

    if (in->busy || !in->first || in->broken)
        return;
    for (struct install_item *i = in->first; i; i = i->next)
        count++;
    in->edits = mem_realloc(in->edits, count * sizeof *in->edits);
    count = 0;
    for (struct install_item *i = in->first; i; i = i->next)
        in->edits[count++] = &i->edit;
    in->under_way = count;
    in->retry_us = 0;
    in->busy = true;
    in->before = in->lsm->version;
    version_hold(in->before);
    in->job = (struct job){ .run = run, .done = done, .priority = JOB_SOON };
    pool_submit(in->lsm->env->pool, &in->job);
}

/* Tells the owner of the oldest item what became of it. */
static void finish_first(struct install *in, struct err e)
{
    struct install_item *item = in->first;

    assert(item);
    in->first = item->next;
    if (!in->first)
        in->last = NULL;
    in->under_way--;
    item->done(item->owner, e);
    if (err_is(e)) { /* its files are closed at the end, by a job */
        item->next = in->dead;
        in->dead = item;
        return;
    }
    edit_deinit(&item->edit);
    mem_free(item);
}

static void done(struct job *job)
{
    struct install *in = list_item(job, struct install, job);
    struct lsm *lsm = in->lsm;
    size_t count = in->under_way;

    lsm_drop_version(lsm, in->before);
    in->before = NULL;
    if (in->err.code == ERR_NO_SPACE) {
        trace_log(lsm->env->trace, TRACE_WARNING, "manifest: no space; tried again");
        in->busy = false;
        in->under_way = 0;
        in->retry_us = clock_mono_us(lsm->env->clock) + RETRY_US;
        lsm_after_job(lsm);
        return;
    }
    if (err_is(in->err)) {
        in->broken = true;
        lsm_break(lsm, in->err, "the manifest cannot be written");
    } else {
        for (struct install_item *i = in->first; i && count > 0; i = i->next, count--)
            apply(lsm, &i->edit);
    }
    while (in->under_way > 0)
        finish_first(in, in->err); /* busy until here: what one of them submits waits */
    in->busy = false;
    if (in->retry_us == 0)
        pump(in);
    lsm_after_job(lsm);
}

void install_submit(struct install *in, struct edit *edit,
                    void (*on_done)(void *owner, struct err e), void *owner)
{
    struct install_item *item = mem_alloc(sizeof *item);

    *item = (struct install_item){ .edit = *edit, .done = on_done, .owner = owner };
    *edit = (struct edit){ 0 };
    if (in->broken) {
        item->next = in->dead;
        in->dead = item;
        on_done(owner, in->err);
        return;
    }
    if (in->last)
        in->last->next = item;
    else
        in->first = item;
    in->last = item;
    if (in->retry_us == 0)
        pump(in);
}

bool install_idle(const struct install *in)
{
    return !in->busy;
}

uint64_t install_deadline(const struct install *in)
{
    return in->busy || in->broken || in->retry_us == 0 ? UINT64_MAX : in->retry_us;
}

void install_tick(struct install *in, uint64_t mono_us)
{
    if (mono_us >= install_deadline(in))
        pump(in);
}
