/* checkpoint.c: when a checkpoint begins, what is in it, and its end. */
#include "lsm/checkpoint.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "lsm/log_format.h"
#include "lsm/lsm_state.h"

enum { SECOND_US = 1000 * 1000 };

void checkpoint_init(struct checkpoint *c, struct lsm *lsm)
{
    *c =
        (struct checkpoint){ .lsm = lsm, .work = { .err = err_ok() }, .save = { .err = err_ok() } };
}

void checkpoint_deinit(struct checkpoint *c)
{
    checkpoint_job_deinit(&c->work);
}

bool checkpoint_idle(const struct checkpoint *c)
{
    return c->state != CHECKPOINT_WORKING;
}

const struct lsm_save *lsm_save(const struct lsm *lsm)
{
    return &lsm->checkpoint.save;
}

/* --- the end */

static void report(const struct checkpoint *c, struct err e, const char *at, uint64_t id)
{
    struct lsm *lsm = c->lsm;
    struct trace *trace = lsm->env->trace;

    if (err_is(e))
        trace_log(trace, TRACE_WARNING, "checkpoint failed: %s%s%s%s%s", at ? at : "",
                  at ? ": " : "", e.what, e.os ? ": " : "", e.os ? strerror(e.os) : "");
    else
        trace_log(trace, TRACE_NOTICE, "checkpoint: %s/checkpoints/checkpoint-%016llx, %zu files",
                  lsm->dir, (unsigned long long)id, c->work.count);
}

static void end(struct checkpoint *c, struct err e)
{
    struct lsm *lsm = c->lsm;
    struct lsm_save *save = &c->save;

    report(c, e, c->work.at, c->work.id);
    c->state = CHECKPOINT_IDLE;
    checkpoint_job_deinit(&c->work);
    janitor_rest(lsm->janitor, false);
    if (c->version)
        lsm_drop_version(lsm, c->version);
    c->version = NULL;
    save->busy = false;
    save->err = e;
    save->took_us = clock_mono_us(lsm->env->clock) - save->begun_us;
    if (!err_is(e)) {
        save->good++;
        save->good_wall_s = c->begun_wall_s;
        save->good_puts = c->begun_puts;
    }
    if (lsm->hooks.on_saved)
        lsm->hooks.on_saved(lsm->hooks.owner);
}

static void on_slice(struct job *job);

static void slice(struct checkpoint *c)
{
    c->work.job.run = checkpoint_job_run;
    c->work.job.done = on_slice;
    c->work.job.priority = JOB_LATER;
    c->work.stop = c->lsm->stopping;
    pool_submit(c->lsm->env->pool, &c->work.job);
}

static void on_slice(struct job *job)
{
    struct checkpoint *c =
        list_item(list_item(job, struct checkpoint_job, job), struct checkpoint, work);

    if (c->work.ended)
        end(c, c->work.err);
    else
        slice(c);
    lsm_after_job(c->lsm);
}

/* --- what is in it */

static void add_file(struct checkpoint_job *work, enum file_kind kind, uint64_t id)
{
    work->files[work->count++] = (struct checkpoint_file){ kind, id };
}

/* The segment that the log writes to is copied, as far as it is synced: a second name
 * would show what comes later. */
static void add_log(struct checkpoint *c, const struct log_stretch *part, size_t parts)
{
    uint64_t last = log_last_id(c->lsm->log);

    for (size_t i = 0; i < parts; i++) {
        if (part[i].id == last) {
            c->work.tail = last;
            c->work.tail_size = SEGMENT_FRAMES_START + (part[i].end - part[i].base);
        } else if (!version_blob(c->version, part[i].id)) {
            add_file(&c->work, FILE_SEGMENT, part[i].id);
        }
    }
}

static void add_version(struct checkpoint *c)
{
    const struct version *v = c->version;
    uint64_t last = log_last_id(c->lsm->log);

    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++)
            add_file(&c->work, FILE_TABLE, v->levels[level].tables[i].table->meta.id);
    }
    for (size_t i = 0; i < v->blob_count; i++) {
        const struct blob_file *b = v->blobs[i].blob;
        if (b->kind != FILE_SEGMENT || b->id != last) {
            add_file(&c->work, b->kind, b->id);
            continue;
        }
        c->work.tail = last; /* with the values that are in it, if no frame behind the mark is */
        if (c->work.tail_size < v->blobs[i].size)
            c->work.tail_size = v->blobs[i].size;
    }
}

static void add_files(struct checkpoint *c)
{
    const struct version *v = c->version;
    size_t parts, most = v->blob_count;
    struct log_stretch *part =
        log_stretches(c->lsm->log, v->mark.position, log_synced(c->lsm->log), &parts);

    for (unsigned level = 0; level < LEVELS; level++)
        most += v->levels[level].count;
    c->work.files = mem_alloc((most + parts + 1) * sizeof *c->work.files);
    add_log(c, part, parts);
    add_version(c);
    mem_free(part);
}

static void begin_work(struct checkpoint *c)
{
    struct lsm *lsm = c->lsm;

    c->state = CHECKPOINT_WORKING;
    c->version = lsm->version;
    version_hold(c->version);
    janitor_rest(lsm->janitor, true);
    c->work = (struct checkpoint_job){ .env = lsm->env,
                                       .dir = lsm->dir,
                                       .ids = &lsm->ids,
                                       .version = c->version,
                                       .keep = c->keep,
                                       .err = err_ok() };
    add_files(c);
    slice(c);
}

void checkpoint_pump(struct checkpoint *c)
{
    struct lsm *lsm = c->lsm;

    if (c->state != CHECKPOINT_SYNCING)
        return;
    if (lsm->state == LSM_BROKEN || lsm->stopping) {
        end(c, lsm->stopping ? err_make(ERR_BUSY, 0, "the store ends") : lsm->err);
        return;
    }
    if (c->position > log_end(lsm->log))
        c->position = log_end(lsm->log); /* what was behind it is undone */
    if (log_state(lsm->log) == LOG_RESCUE)
        return; /* the log begins anew soon */
    if (log_synced(lsm->log) < c->position)
        log_want_sync(lsm->log, c->position);
    else
        begin_work(c);
}

bool lsm_save_begin(struct lsm *lsm, unsigned keep)
{
    struct checkpoint *c = &lsm->checkpoint;

    if (!lsm_running(lsm) || c->state != CHECKPOINT_IDLE)
        return false;
    c->keep = keep;
    c->position = log_end(lsm->log);
    c->begun_wall_s = clock_wall_us(lsm->env->clock) / SECOND_US;
    c->begun_puts = lsm->stats.puts;
    c->save.busy = true;
    c->save.begun++;
    c->save.begun_us = clock_mono_us(lsm->env->clock);
    c->state = CHECKPOINT_SYNCING;
    checkpoint_pump(c);
    return true;
}
