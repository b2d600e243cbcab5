/* life.c: how a store begins, goes on when a job ends, and ends.
 *
 *     lsm_new -> load job -> log, version, manifest -> READY
 *     lsm_stop -> jobs end, the log is closed -> closing job -> CLOSED
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/blob_file.h"
#include "lsm/lsm_fetch.h"
#include "lsm/lsm_state.h"
#include "lsm/part.h"

enum {
    JANITOR_PAUSE_US = 20 * 1000,
    L0_TABLES = 4,
    L0_MEMTABLES = 6, /* below what stops writers: pressure.c */
    LEVEL_RATIO = 10,
    BASE_MEMTABLES =
        16, /* a base no larger than what comes from L0 at once would only add a step */
};

static void enter(struct lsm *lsm, enum lsm_state state)
{
    if (lsm->state == state)
        return;
    lsm->state = state;
    lsm->hooks.on_state(lsm->hooks.owner);
}

/* --- files */

static void gone_table(void *owner, struct table *t)
{
    struct lsm *lsm = owner;

    cache_forget(lsm->cache, t->meta.id);
    janitor_take_table(lsm->janitor, t, true);
}

static void gone_blob(void *owner, struct blob_file *b)
{
    struct lsm *lsm = owner;

    cache_forget(lsm->cache, b->id);
    janitor_take_file(lsm->janitor, b->kind, b->id, b->file, b->size, true);
    mem_free(b);
}

void lsm_drop_version(struct lsm *lsm, struct version *v)
{
    struct version_gone gone = { lsm, gone_table, gone_blob };

    version_drop(v, &gone);
}

void lsm_drop_blob(struct lsm *lsm, struct blob_file *b)
{
    assert(b->refs > 0);
    if (--b->refs == 0)
        gone_blob(lsm, b);
}

bool lsm_pins(const struct lsm *lsm, uint64_t file)
{
    return !PLANTED(forget_pins) &&
           (uploads_pin(&lsm->uploads, file) || dataset_pins(&lsm->data, file));
}

void lsm_version_changed(struct lsm *lsm)
{
    const struct version *v = lsm->version;

    ahead_forget(&lsm->ahead);
    lsm->index_bytes = 0;
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++)
            lsm->index_bytes += table_memory(v->levels[level].tables[i].table);
    }
    lsm_count_tables(lsm);
    pressure_update(&lsm->pressure);
}

void lsm_forget_log(struct lsm *lsm)
{
    uint64_t mark = lsm->version->mark.position;
    struct log_part part;

    if (mark > lsm->retained)
        mark = lsm->retained;
    if (PLANTED(drop_log_early))
        mark = log_synced(lsm->log);
    while (log_forget(lsm->log, mark, &part)) {
        if (!version_blob(lsm->version, part.stretch.id))
            janitor_take_file(lsm->janitor, FILE_SEGMENT, part.stretch.id, NULL, part.size, true);
    }
}

/* --- the log's news */

void lsm_settle(struct lsm *lsm)
{
    undo_settle(&lsm->undo, &lsm->data, log_acked(lsm->log));
}

static void on_log_acked(void *owner)
{
    struct lsm *lsm = owner;

    lsm_settle(lsm);
    lsm->hooks.on_acked(lsm->hooks.owner);
    lsm_after_job(lsm);
}

static void on_log_failed(void *owner, struct err e)
{
    struct lsm *lsm = owner;

    lsm_settle(lsm);
    /* A frame that is undone may be whole in the file and replayed, behind a mark. */
    log_undone(lsm->log, lsm_acked_stamp(lsm));
    if (PLANTED(keep_undone))
        undo_settle(&lsm->undo, &lsm->data, UINT64_MAX);
    undo_revert(&lsm->undo, &lsm->data);
    lasting_undone(&lsm->lasting, &lsm->data, log_end(lsm->log));
    lsm_count_tables(lsm);
    tails_lost(&lsm->tails, log_end(lsm->log));
    for (unsigned i = 0; i < lsm->data.sealed_count; i++) {
        struct sealed *s = &lsm->data.sealed[i];
        if (s->mark.through <= log_end(lsm->log))
            continue;
        lsm_mark_again(lsm, s); /* what was behind it is undone */
    }
    lsm->put = false;
    lsm->err = e;
    lsm->hooks.on_failed(lsm->hooks.owner, e);
}

/* The log's files are others from here on: what is in memory alone is written again. */
static void on_log_resumed(void *owner)
{
    lsm_log_again(owner);
}

static void on_log_state(void *owner)
{
    struct lsm *lsm = owner;
    struct err e = log_error(lsm->log);

    if (lsm->broken && log_state(lsm->log) != LOG_CLOSED) {
        if (log_state(lsm->log) == LOG_RESCUE)
            log_break(lsm->log, e);
        return;
    }
    switch (log_state(lsm->log)) {
    case LOG_OPEN:
        lsm->err = err_ok();
        lsm->detail[0] = '\0';
        enter(lsm, LSM_READY);
        return;
    case LOG_RESCUE: /* writers wait; it takes as long as a flush */
        trace_log(lsm->env->trace, TRACE_WARNING, "log: what memory holds is written to new files");
        seal_rescue(&lsm->seal);
        return;
    case LOG_CLOSED:
        lsm_after_job(lsm);
        return;
    case LOG_NO_SPACE:
    case LOG_BROKEN:
        break;
    }
    lsm->err = e;
    snprintf(lsm->detail, sizeof lsm->detail, "the log in %s: %s%s%s", lsm->dir, e.what,
             e.os ? ": " : "", e.os ? strerror(e.os) : "");
    enter(lsm, log_state(lsm->log) == LOG_BROKEN ? LSM_BROKEN : LSM_NO_SPACE);
}

void lsm_break(struct lsm *lsm, struct err e, const char *what)
{
    if (lsm->state == LSM_BROKEN)
        return;
    if (log_state(lsm->log) == LOG_RESCUE) {
        log_break(lsm->log, e); /* says it by on_log_state() */
        return;
    }
    /* The log itself is well: what waits in it is written and answered. */
    lsm->broken = true;
    lsm->err = e;
    snprintf(lsm->detail, sizeof lsm->detail, "%s: %s: %s%s%s", lsm->dir, what, e.what,
             e.os ? ": " : "", e.os ? strerror(e.os) : "");
    enter(lsm, LSM_BROKEN);
}

/* --- going on */

static void closing_run(struct job *job);

static void closing_done(struct job *job)
{
    enter(list_item(job, struct lsm, ending), LSM_CLOSED);
}

static bool all_idle(const struct lsm *lsm)
{
    return log_state(lsm->log) == LOG_CLOSED && seal_idle(&lsm->seal) &&
           upkeep_idle(&lsm->upkeep) && install_idle(&lsm->install) && janitor_idle(lsm->janitor) &&
           uploads_idle(&lsm->uploads) && checkpoint_idle(&lsm->checkpoint) && !fetch_busy(lsm) &&
           !parts_busy(lsm) && !log_reads_busy(lsm);
}

void lsm_after_job(struct lsm *lsm)
{
    if (!lsm->log)
        return;
    lsm_settle(lsm);
    pressure_update(&lsm->pressure);
    /* Who could not seal in lsm_commit() may not get there again: writers wait. */
    if (log_state(lsm->log) == LOG_OPEN && !lsm->put && seal_due(&lsm->seal))
        seal_now(&lsm->seal);
    if (log_state(lsm->log) != LOG_CLOSED)
        seal_pump(&lsm->seal);
    upkeep_pump(&lsm->upkeep);
    uploads_pump(&lsm->uploads);
    checkpoint_pump(&lsm->checkpoint);
    if (!lsm->stopping || lsm->closing)
        return;
    if (log_state(lsm->log) == LOG_RESCUE && seal_idle(&lsm->seal) && install_idle(&lsm->install))
        log_break(lsm->log, log_error(lsm->log)); /* it had its last try */
    if (!all_idle(lsm) || lsm->closing)
        return;
    lsm->closing = true;
    uploads_leave(&lsm->uploads);
    parts_leave(lsm);
    lsm->ending = (struct job){ .run = closing_run, .done = closing_done, .priority = JOB_SOON };
    pool_submit(lsm->env->pool, &lsm->ending);
}

/* --- the beginning */

static bool below(void *arg, uint8_t db, uint64_t position)
{
    const struct lsm *lsm = arg;

    return version_may_hold(lsm->version, 0, db, position, lsm->data.flushed[db]);
}

static void on_janitor(void *owner)
{
    lsm_after_job(owner);
}

static void begin_store(struct lsm *lsm, struct load *l)
{
    struct log_hooks hooks = { lsm, on_log_acked, on_log_failed, on_log_state, on_log_resumed };
    uint64_t budget[CACHE_SHARES] = { lsm->options.cache_size - lsm->options.cache_size / 4,
                                      lsm->options.cache_size / 4 };

    lsm->version = l->version;
    lsm->data.below = lsm->version ? below : NULL;
    lsm->data.below_arg = lsm;
    lsm->log = log_new(lsm->env, &lsm->options, &l->start, &hooks, &lsm->stats);
    lsm->last_stamp = l->start.stamp;
    lsm->cache = cache_new(budget);
    lsm->janitor = janitor_new(lsm->env, lsm->dir, JANITOR_PAUSE_US);
    janitor_tell(lsm->janitor, on_janitor, lsm);
    install_init(&lsm->install, lsm, l->manifest);
    seal_init(&lsm->seal, lsm);
    upkeep_init(&lsm->upkeep, lsm);
    uploads_init(&lsm->uploads, lsm);
    checkpoint_init(&lsm->checkpoint, lsm);
    pressure_init(&lsm->pressure, lsm);
    lsm_version_changed(lsm);
}

static void on_loaded(struct job *job)
{
    struct load *l = list_item(job, struct load, job);
    struct lsm *lsm = l->owner;

    lsm->load = NULL;
    lsm->lock = l->lock;
    lsm->data = l->data;
    lsm->tails = l->tails;
    lsm->started = (struct lsm_start){ .boot = l->boot, .clean = l->clean };
    lsm->stats.replayed_frames = l->frames;
    lsm->stats.replayed_bytes = l->bytes;
    lsm->stats.torn_bytes = l->torn;
    lsm->stats.load_us = clock_mono_us(lsm->env->clock) - lsm->loaded_us;
    lsm->err = l->err;
    if (err_is(l->err)) {
        memcpy(lsm->detail, l->detail, sizeof lsm->detail);
        enter(lsm, lsm->stopping ? LSM_CLOSED : LSM_FAILED);
    } else {
        begin_store(lsm, l);
        on_log_state(lsm);
        if (lsm->stopping)
            log_stop(lsm->log);
        lsm_after_job(lsm);
    }
    mem_free(l);
}

struct lsm *lsm_new(struct env *env, const struct lsm_options *options,
                    const struct lsm_hooks *hooks)
{
    struct lsm *lsm = mem_zalloc(1, sizeof *lsm);
    struct load *l = mem_zalloc(1, sizeof *l);

    lsm->env = env;
    lsm->options = *options;
    lsm->dir = mem_strdup(options->dir);
    lsm->options.dir = lsm->dir;
    lsm->retained = options->keep_log ? 0 : UINT64_MAX;
    lsm->hooks = *hooks;
    lsm->err = err_ok();
    lsm->state = LSM_LOADING;
    lsm->load = l;
    lsm->loaded_us = clock_mono_us(env->clock);
    lsm->pick =
        (struct pick_options){ .l0_tables = L0_TABLES,
                               .l0_bytes = L0_MEMTABLES * (uint64_t)options->memtable_size,
                               .ratio = LEVEL_RATIO,
                               .base_size = BASE_MEMTABLES * (uint64_t)options->memtable_size,
                               .job_bytes_max = 25 * (uint64_t)options->table_size };
    room_init(&lsm->room, lsm);
    list_init(&lsm->fetches);
    list_init(&lsm->parts);
    list_init(&lsm->log_reads);
    l->owner = lsm;
    l->env = env;
    l->options = lsm->options;
    l->ids = &lsm->ids;
    l->job = (struct job){ .run = load_run, .done = on_loaded, .priority = JOB_SOON };
    pool_submit(env->pool, &l->job);
    return lsm;
}

/* --- the end */

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

/* Closes everything but the lock.  Nothing of it is in use any more. */
static void close_files(struct lsm *lsm)
{
    struct version_gone gone = { NULL, close_table, close_blob };
    struct version **held[] = { &lsm->version, &lsm->install.before, &lsm->seal.flush.version,
                                &lsm->upkeep.version, &lsm->checkpoint.version };

    uploads_deinit(&lsm->uploads);
    install_deinit(&lsm->install);
    upkeep_deinit(&lsm->upkeep);
    seal_deinit(&lsm->seal);
    checkpoint_deinit(&lsm->checkpoint);
    for (unsigned i = 0; i < sizeof held / sizeof *held; i++) {
        if (*held[i])
            version_drop(*held[i], &gone);
        *held[i] = NULL;
    }
    janitor_free(lsm->janitor);
    lsm->janitor = NULL;
}

static void closing_run(struct job *job)
{
    close_files(list_item(job, struct lsm, ending));
}

static void free_load(struct lsm *lsm)
{
    struct load *l = lsm->load;
    struct version_gone gone = { NULL, close_table, close_blob };

    lsm->lock = l->lock;
    lsm->data = l->data;
    tails_deinit(&l->tails);
    segment_close(l->start.current);
    log_parts_deinit(&l->start.parts);
    manifest_close(l->manifest);
    if (l->version)
        version_drop(l->version, &gone);
    mem_free(l);
}

void lsm_free(struct lsm *lsm)
{
    if (!lsm)
        return;
    if (lsm->load) /* the pool is gone, and the job with it */
        free_load(lsm);
    log_reads_drop(lsm);
    if (lsm->log) {
        fetch_drop_all(lsm);
        uploads_leave(&lsm->uploads);
        parts_leave(lsm);
        close_files(lsm);
        cache_free(lsm->cache);
    }
    log_free(lsm->log);
    undo_deinit(&lsm->undo);
    sweep_deinit(&lsm->sweep);
    room_deinit(&lsm->room);
    dataset_deinit(&lsm->data);
    tails_deinit(&lsm->tails);
    if (lsm->lock)
        fs_close(lsm->lock);
    mem_free(lsm->dir);
    mem_free(lsm);
}

static void nothing_run(struct job *job)
{
    (void)job;
}

void lsm_stop(struct lsm *lsm)
{
    if (lsm->stopping)
        return;
    lsm->stopping = true;
    if (lsm->log) {
        log_stop(lsm->log);
        seal_stop(&lsm->seal);
        lsm_after_job(lsm);
    } else if (!lsm->load) { /* FAILED: nothing to end, but never from within */
        lsm->ending =
            (struct job){ .run = nothing_run, .done = closing_done, .priority = JOB_SOON };
        pool_submit(lsm->env->pool, &lsm->ending);
    }
}
