/* lsm.c: the parts put together: a load, then a dataset, a log, and what to undo
 * when the log fails. */
#include "lsm/lsm.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/dataset.h"
#include "lsm/log.h"
#include "lsm/log_format.h"
#include "lsm/lsm_load.h"
#include "lsm/sweep.h"
#include "lsm/undo.h"

struct lsm {
    struct env *env;
    struct lsm_options options;
    struct lsm_hooks hooks;
    char *dir;
    enum lsm_state state;
    struct err err;
    char detail[LOAD_DETAIL];
    struct load *load; /* while LOADING */
    struct fs_file *lock;
    struct dataset data;
    struct file_ids ids;
    struct log *log; /* NULL while LOADING and after FAILED */
    struct undo undo;
    struct sweep sweep;
    struct job nothing; /* so that lsm_stop() of a failed store ends by a done() */
    uint64_t last_stamp;
    uint64_t loaded_us; /* when loading began */
    bool stopping;
    bool put; /* something was, in this turn */
    struct lsm_stats stats;
};

static void enter(struct lsm *lsm, enum lsm_state state)
{
    if (lsm->state == state)
        return;
    lsm->state = state;
    lsm->hooks.on_state(lsm->hooks.owner);
}

static void settle(struct lsm *lsm)
{
    undo_settle(&lsm->undo, &lsm->data, log_acked(lsm->log));
}

static void on_log_acked(void *owner)
{
    struct lsm *lsm = owner;

    settle(lsm);
    lsm->hooks.on_acked(lsm->hooks.owner);
}

static void on_log_failed(void *owner, struct err e)
{
    struct lsm *lsm = owner;

    settle(lsm);
    if (PLANTED(keep_undone))
        undo_settle(&lsm->undo, &lsm->data, UINT64_MAX);
    undo_revert(&lsm->undo, &lsm->data);
    lsm->put = false;
    lsm->err = e;
    lsm->hooks.on_failed(lsm->hooks.owner, e);
}

static void on_log_state(void *owner)
{
    struct lsm *lsm = owner;
    struct err e = log_error(lsm->log);

    switch (log_state(lsm->log)) {
    case LOG_OPEN:
        lsm->err = err_ok();
        lsm->detail[0] = '\0';
        enter(lsm, LSM_READY);
        return;
    case LOG_CLOSED:
        enter(lsm, LSM_CLOSED);
        return;
    case LOG_RESCUE:
        log_break(lsm->log, e);
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

static void begin_log(struct lsm *lsm, const struct log_start *start)
{
    struct log_hooks hooks = { lsm, on_log_acked, on_log_failed, on_log_state };

    lsm->log = log_new(lsm->env, &lsm->options, start, &hooks, &lsm->stats);
    lsm->last_stamp = start->stamp;
}

static void on_loaded(struct job *job)
{
    struct load *l = list_item(job, struct load, job);
    struct lsm *lsm = l->owner;

    lsm->load = NULL;
    lsm->lock = l->lock;
    lsm->data = l->data;
    lsm->stats.replayed_frames = l->frames;
    lsm->stats.replayed_bytes = l->bytes;
    lsm->stats.torn_bytes = l->torn;
    lsm->stats.load_us = clock_mono_us(lsm->env->clock) - lsm->loaded_us;
    lsm->err = l->err;
    if (err_is(l->err)) {
        memcpy(lsm->detail, l->detail, sizeof lsm->detail);
        enter(lsm, lsm->stopping ? LSM_CLOSED : LSM_FAILED);
    } else {
        begin_log(lsm, &l->start);
        on_log_state(lsm);
        if (lsm->stopping)
            log_stop(lsm->log);
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
    lsm->hooks = *hooks;
    lsm->err = err_ok();
    lsm->state = LSM_LOADING;
    lsm->load = l;
    lsm->loaded_us = clock_mono_us(env->clock);
    l->owner = lsm;
    l->env = env;
    l->options = lsm->options;
    l->ids = &lsm->ids;
    l->job = (struct job){ .run = load_run, .done = on_loaded, .priority = JOB_SOON };
    pool_submit(env->pool, &l->job);
    return lsm;
}

void lsm_free(struct lsm *lsm)
{
    if (!lsm)
        return;
    if (lsm->load) { /* the pool is gone, and the job with it */
        lsm->lock = lsm->load->lock;
        lsm->data = lsm->load->data;
        segment_close(lsm->load->start.current);
        log_parts_deinit(&lsm->load->start.parts);
        mem_free(lsm->load);
    }
    log_free(lsm->log);
    undo_deinit(&lsm->undo);
    sweep_deinit(&lsm->sweep);
    dataset_deinit(&lsm->data);
    if (lsm->lock)
        fs_close(lsm->lock);
    mem_free(lsm->dir);
    mem_free(lsm);
}

static void nothing_run(struct job *job)
{
    (void)job;
}

static void nothing_done(struct job *job)
{
    enter(list_item(job, struct lsm, nothing), LSM_CLOSED);
}

void lsm_stop(struct lsm *lsm)
{
    if (lsm->stopping)
        return;
    lsm->stopping = true;
    if (lsm->log) {
        log_stop(lsm->log);
        settle(lsm);
    } else if (!lsm->load) { /* FAILED: nothing to end, but never from within */
        lsm->nothing =
            (struct job){ .run = nothing_run, .done = nothing_done, .priority = JOB_SOON };
        pool_submit(lsm->env->pool, &lsm->nothing);
    }
}

enum lsm_state lsm_state(const struct lsm *lsm)
{
    return lsm->state;
}

struct err lsm_error(const struct lsm *lsm, const char **detail)
{
    if (detail)
        *detail = lsm->detail;
    return lsm->err;
}

unsigned lsm_loaded_permille(const struct lsm *lsm)
{
    return lsm->load ? __atomic_load_n(&lsm->load->permille, __ATOMIC_RELAXED) : 1000;
}

bool lsm_can_put(const struct lsm *lsm, size_t bytes)
{
    return lsm->state == LSM_READY && log_can_take(lsm->log, bytes);
}

void lsm_prefetch(const struct lsm *lsm, uint64_t position)
{
    if (lsm->log)
        memtable_prefetch(lsm->data.active, position);
}

void lsm_prefetch_cell(const struct lsm *lsm, uint64_t position)
{
    if (lsm->log)
        memtable_prefetch_cell(lsm->data.active, position);
}

enum lsm_answer lsm_find(struct lsm *lsm, const struct cell_key *key, bool value, struct cell *out)
{
    const uint8_t *cell;

    (void)value;
    if (!lsm->log)
        return LSM_ABSENT;
    cell = dataset_find(&lsm->data, key);
    if (!cell || !dataset_visible(&lsm->data, cell))
        return LSM_ABSENT;
    cell_decode(cell, out);
    return LSM_HERE;
}

struct lsm_fetch *lsm_fetch(struct lsm *lsm, const struct want *wants, size_t count,
                            void (*done)(void *owner, struct err e), void *owner)
{
    (void)lsm, (void)wants, (void)count, (void)done, (void)owner;
    assert(false); /* everything is in memory: lsm_find() wants nothing */
    return NULL;
}

void lsm_fetch_end(struct lsm_fetch *fetch)
{
    (void)fetch;
}

void lsm_put(struct lsm *lsm, const struct cell *cell)
{
    size_t size = cell_size(cell);
    struct dataset_put put;
    uint8_t *bytes;

    assert(lsm->state == LSM_READY && cell->key.kind != CELL_FLUSH);
    assert(cell->stamp >= lsm->last_stamp && cell->key.db < LIMIT_DATABASES);
    bytes = log_add(lsm->log, size, cell->stamp);
    cell_encode(cell, bytes);
    put = dataset_put(&lsm->data, bytes, size, log_end(lsm->log) - size);
    undo_push_put(&lsm->undo, log_end(lsm->log), &put);
    lsm->last_stamp = cell->stamp;
    lsm->stats.puts++;
    lsm->put = true;
}

void lsm_request(struct lsm *lsm)
{
    if (lsm->log)
        log_request(lsm->log);
}

void lsm_flush(struct lsm *lsm, uint8_t db, uint64_t stamp)
{
    struct cell cell = { .key = { .db = db, .kind = CELL_FLUSH },
                         .stamp = stamp,
                         .origin = lsm->options.origin };
    struct dataset_flush flush;

    assert(lsm->state == LSM_READY && stamp >= lsm->last_stamp);
    assert(db < LIMIT_DATABASES || db == CELL_DB_ALL);
    cell_encode(&cell, log_add(lsm->log, cell_size(&cell), stamp));
    flush = dataset_flush(&lsm->data, db, stamp);
    undo_push_flush(&lsm->undo, log_end(lsm->log), &flush);
    lsm->last_stamp = stamp;
    lsm->put = true;
}

uint64_t lsm_flushed(const struct lsm *lsm, uint8_t db)
{
    return lsm->data.sums.flushed[db];
}

void lsm_commit(struct lsm *lsm)
{
    if (!lsm->put)
        return;
    lsm->put = false;
    lsm->stats.commits++;
    log_commit(lsm->log);
    settle(lsm);
}

uint64_t lsm_end(const struct lsm *lsm)
{
    return lsm->log ? log_end(lsm->log) : 0;
}

uint64_t lsm_acked(const struct lsm *lsm)
{
    return lsm->log ? log_acked(lsm->log) : 0;
}

uint64_t lsm_acked_stamp(const struct lsm *lsm)
{
    return undo_oldest_stamp(&lsm->undo, lsm->last_stamp + 1) - 1;
}

uint64_t lsm_last_stamp(const struct lsm *lsm)
{
    return lsm->last_stamp;
}

uint64_t lsm_count(const struct lsm *lsm, uint8_t db)
{
    return lsm->data.sums.heads[db];
}

uint64_t lsm_count_expiring(const struct lsm *lsm, uint8_t db)
{
    return lsm->data.sums.expiring[db];
}

enum lsm_walk_end lsm_walk(struct lsm *lsm, uint64_t from,
                           bool (*each)(void *arg, const uint8_t *cell), void *arg, uint64_t *at)
{
    struct cell_key key = { .position = from };
    struct memtable_iter it;

    (void)at;
    if (!lsm->log)
        return LSM_WALK_END;
    for (const uint8_t *cell = memtable_seek(lsm->data.active, &it, &key); cell;
         cell = memtable_next(&it)) {
        if (dataset_visible(&lsm->data, cell) && !each(arg, cell))
            return LSM_WALK_STOPPED;
    }
    return LSM_WALK_END;
}

size_t lsm_sweep(struct lsm *lsm, size_t visits, uint64_t now_ms,
                 void (*expired)(void *arg, const uint8_t *cell), void *arg)
{
    struct sweep_rules rules = {
        .now_ms = now_ms, .expired = expired, .arg = arg, .bottom = lsm->data.sealed_count == 0
    };

    if (!lsm->log)
        return 0;
    rules.stamp = lsm_acked_stamp(lsm);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        rules.flushed[db] = undo_flushed_for_good(&lsm->undo, &lsm->data, (uint8_t)db);
    return sweep_step(&lsm->sweep, &lsm->data, visits, &rules);
}

void lsm_set_sync(struct lsm *lsm, enum lsm_sync sync)
{
    lsm->options.sync = sync;
    if (!lsm->log)
        return;
    log_set_sync(lsm->log, sync);
    settle(lsm);
}

uint64_t lsm_deadline(const struct lsm *lsm)
{
    return lsm->log ? log_deadline(lsm->log) : UINT64_MAX;
}

void lsm_tick(struct lsm *lsm, uint64_t mono_us)
{
    if (!lsm->log)
        return;
    log_tick(lsm->log, mono_us);
    settle(lsm);
}

const struct lsm_stats *lsm_stats(const struct lsm *lsm)
{
    struct lsm_stats *s = &((struct lsm *)(uintptr_t)lsm)->stats;

    if (lsm->log) {
        s->buffer_bytes = log_waiting(lsm->log);
        s->memtable_bytes = dataset_bytes(&lsm->data);
        s->memtable_spare = dataset_spare(&lsm->data);
        s->memtable_live = memtable_live(lsm->data.active);
        s->memtable_cells = memtable_count(lsm->data.active);
    }
    return s;
}

bool lsm_check(const struct lsm *lsm, bool deep)
{
    if (!lsm->log)
        return true;
    return log_check(lsm->log) && dataset_check(&lsm->data, deep, true) &&
           (lsm->undo.count == 0 || lsm_acked(lsm) < lsm_end(lsm));
}
