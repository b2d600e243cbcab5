/* seal.c: memtables become tables. */
#include "lsm/seal.h"

#include <assert.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/lsm_state.h"

enum {
    RETRY_US = 1000 * 1000,
    ORDER_SHIFT = 16, /* room for rewritten tables between two flushes */
    LOG_MEMTABLES = 4,
    LOG_SEGMENTS = 2,
};

void seal_init(struct seal *s, struct lsm *lsm)
{
    *s = (struct seal){ .lsm = lsm };
    if (lsm->version->levels[0].count)
        s->order = lsm->version->levels[0].tables[0].order;
}

void seal_deinit(struct seal *s)
{
    install_discard(&s->flush.edit); /* empty unless the pool is gone, and the job with it */
    s->flush.edit = (struct edit){ 0 };
    mem_free(s->stretches);
    memtable_free(s->old);
    s->stretches = NULL;
    s->old = NULL;
}

/* Bytes of the log behind the mark that the active memtable begins at. */
static uint64_t log_behind(const struct seal *s)
{
    const struct dataset *d = &s->lsm->data;
    uint64_t mark = d->sealed_count ? d->sealed[d->sealed_count - 1].mark.through
                                    : s->lsm->version->mark.through;

    return log_end(s->lsm->log) - mark;
}

bool seal_due(const struct seal *s)
{
    const struct lsm *lsm = s->lsm;
    uint64_t segments = LOG_SEGMENTS * (uint64_t)lsm->options.segment_size, behind;

    if (dataset_full(&lsm->data))
        return true;
    behind = log_behind(s);
    if (room_short(&lsm->room))
        return behind >= lsm->options.segment_size;
    return behind > segments && (behind - segments) / LOG_MEMTABLES >= lsm->options.memtable_size;
}

bool seal_now(struct seal *s)
{
    struct lsm *lsm = s->lsm;
    struct buf arcs = { 0 };
    struct log_mark mark;

    if (!dataset_can_seal(&lsm->data))
        return false;
    mark = lsm_mark(lsm, &arcs);
    dataset_seal(&lsm->data, &mark, &arcs);
    sweep_deinit(&lsm->sweep);
    pressure_update(&lsm->pressure);
    return true;
}

static void on_flushed(struct job *job);

/* What the table may leave out, and must say: every flush before its mark, which is durable
 * with the table, and those behind it that are. */
static void find_flushed(struct seal *s, const struct sealed *oldest)
{
    struct lsm *lsm = s->lsm;
    uint64_t *flushed = s->flush.flushed;

    lasting_look(&lsm->lasting, &lsm->data, log_synced(lsm->log), flushed);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if (PLANTED(flush_not_lasting))
            flushed[db] = undo_flushed_for_good(&lsm->undo, &lsm->data, (uint8_t)db);
        else if (flushed[db] < oldest->flushed[db])
            flushed[db] = oldest->flushed[db];
    }
}

static void start_flush(struct seal *s)
{
    struct lsm *lsm = s->lsm;
    struct sealed *oldest = &lsm->data.sealed[0];
    struct flush *f = &s->flush;
    size_t count;

    mem_free(s->stretches);
    s->stretches =
        log_stretches(lsm->log, lsm->version->mark.position, oldest->mark.through, &count);
    *f = (struct flush){ .env = lsm->env,
                         .dir = lsm->dir,
                         .ids = &lsm->ids,
                         .memtable = oldest->memtable,
                         .version = lsm->version,
                         .stretches = s->stretches,
                         .stretch_count = count,
                         .table = lsm_table_options(lsm),
                         .order = ((s->order >> ORDER_SHIFT) + 1) << ORDER_SHIFT,
                         .mark = PLANTED(mark_too_far) ? log_mark(lsm->log) : oldest->mark,
                         .arcs = buf_slice(&oldest->arcs),
                         .now_ms = lsm_applied_ms(lsm),
                         .rescue = s->rescue,
                         .err = err_ok() };
    find_flushed(s, oldest);
    version_hold(lsm->version);
    oldest->busy = true;
    s->busy = s->in_job = true;
    f->job = (struct job){ .run = flush_run, .done = on_flushed, .priority = JOB_FLUSH };
    pool_submit(lsm->env->pool, &f->job);
}

static void free_run(struct job *job)
{
    struct seal *s = list_item(job, struct seal, freeing);

    memtable_free(s->old);
    s->old = NULL;
}

static void free_done(struct job *job)
{
    struct seal *s = list_item(job, struct seal, freeing);

    s->freeing_busy = false;
    lsm_after_job(s->lsm);
}

static void free_old(struct seal *s, struct memtable *m)
{
    assert(!s->freeing_busy);
    s->old = m;
    s->freeing_busy = true;
    s->freeing = (struct job){ .run = free_run, .done = free_done, .priority = JOB_FLUSH };
    pool_submit(s->lsm->env->pool, &s->freeing);
}

/* Once everything that was in memory when the log failed is in tables, the log may
 * begin anew behind it. */
static void go_on_rescuing(struct seal *s)
{
    struct lsm *lsm = s->lsm;

    if (!s->rescue || log_state(lsm->log) != LOG_RESCUE)
        return;
    if (!s->rescue_sealed)
        s->rescue_sealed = seal_now(s);
    if (s->rescue_sealed && lsm->data.sealed_count == 0) {
        s->rescue = s->rescue_sealed = false;
        log_resume(lsm->log);
    }
}

/* Its table is part of the version. */
static void on_installed(void *owner, struct err e)
{
    struct seal *s = owner;
    struct lsm *lsm = s->lsm;

    s->busy = false;
    if (err_is(e)) {
        lsm->data.sealed[0].busy = false;
        return;
    }
    s->order = s->flush.order;
    free_old(s, dataset_unseal(&lsm->data));
    go_on_rescuing(s);
    if (!s->rescue)
        lsm_forget_log(lsm);
}

static void flush_failed(struct seal *s, struct err e)
{
    struct lsm *lsm = s->lsm;

    lsm->data.sealed[0].busy = false;
    s->busy = false;
    lsm->stats.failed_flushes++;
    trace_log(lsm->env->trace, TRACE_WARNING, "flush: %s (errno %d)", e.what, e.os);
    if (s->rescue && lsm->stopping) {
        if (log_state(lsm->log) == LOG_RESCUE) /* else something else has failed meanwhile */
            log_break(lsm->log, e);
        return;
    }
    if (e.code == ERR_NO_SPACE) {
        s->retry_us = clock_mono_us(lsm->env->clock) + RETRY_US;
        return;
    }
    if (s->failed)
        lsm_break(lsm, e, "a memtable cannot be written to a table, twice");
    s->failed = true; /* once more, to a new file */
}

static void on_flushed(struct job *job)
{
    struct seal *s = list_item(list_item(job, struct flush, job), struct seal, flush);
    struct lsm *lsm = s->lsm;
    struct flush *f = &s->flush;

    s->in_job = false;
    lsm_drop_version(lsm, f->version);
    f->version = NULL;
    if (err_is(f->err)) {
        flush_failed(s, f->err);
    } else {
        s->failed = false;
        lsm->stats.flushes++;
        lsm->stats.flushed_bytes += f->bytes;
        pressure_flushed(&lsm->pressure, memtable_bytes(f->memtable), f->us);
        install_submit(&lsm->install, &f->edit, on_installed, s);
    }
    lsm_after_job(lsm);
}

/* There is something to flush, and nothing but time may stand against it. */
static bool may_flush(const struct seal *s)
{
    const struct lsm *lsm = s->lsm;

    return !s->busy && !s->freeing_busy && lsm->data.sealed_count > 0 &&
           lsm->version->levels[0].count < LSM_L0_MOST &&
           (lsm_running(lsm) || (s->rescue && lsm->state != LSM_BROKEN));
}

void seal_pump(struct seal *s)
{
    struct lsm *lsm = s->lsm;
    const struct sealed *oldest = &lsm->data.sealed[0];

    if (!may_flush(s) || clock_mono_us(lsm->env->clock) < s->retry_us)
        return;
    if (log_state(lsm->log) == LOG_RESCUE && !s->rescue)
        return; /* seal_rescue() is about to be called */
    s->retry_us = 0;
    /* A table never holds what the log has not synced: else values in the log, and
     * older frames, could be gone when the table is not. */
    if (!s->rescue && log_synced(lsm->log) < oldest->mark.through && !PLANTED(flush_before_sync)) {
        log_want_sync(lsm->log, oldest->mark.through);
        return;
    }
    start_flush(s);
}

void seal_rescue(struct seal *s)
{
    s->rescue = true;
    s->rescue_sealed = false;
    go_on_rescuing(s);
    seal_pump(s);
}

void seal_stop(struct seal *s)
{
    if (!s->rescue)
        return;
    s->retry_us = 0;
    go_on_rescuing(s);
    seal_pump(s);
}

bool seal_idle(const struct seal *s)
{
    return !s->in_job && !s->freeing_busy;
}

uint64_t seal_deadline(const struct seal *s)
{
    return s->retry_us && may_flush(s) ? s->retry_us : UINT64_MAX;
}
