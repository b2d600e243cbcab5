/* upkeep.c: what is next, and its slices. */
#include "lsm/upkeep.h"

#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/lsm_state.h"

enum {
    SLICE_BYTES = 4 * 1024 * 1024,
    RETRY_US = 1000 * 1000,
    RETRY_US_MAX = 60 * 1000 * 1000,
    REST_US = 20 * 1000,
    REST_FILES = 64, /* from so many on looking for work costs too much for every job that ends */
    GARBAGE_PERCENT = 50,
    GARBAGE_PERCENT_SHORT = 10, /* when room is short */
    FILES_WAITING_MOST = 1000,  /* to be removed: more would be disk and open files without end */
    L0_FOR_REWRITE = 3,         /* a rewrite adds a table to L0: not while it is filling */
};

void upkeep_init(struct upkeep *u, struct lsm *lsm)
{
    *u = (struct upkeep){ .lsm = lsm };
}

void upkeep_deinit(struct upkeep *u)
{
    compact_free(u->compact, false); /* what it made, the next start removes */
    rewrite_free(u->rewrite, false);
    heat_drop(u->evict.heat);
    u->evict.heat = NULL;
    u->compact = NULL;
    u->rewrite = NULL;
}

static void slice(struct upkeep *u, struct job *job, void (*done)(struct job *job))
{
    u->in_job = true;
    u->slice_us = clock_mono_us(u->lsm->env->clock);
    job->done = done;
    job->priority = JOB_LATER;
    pool_submit(u->lsm->env->pool, job);
}

/* --- the end of one */

static void free_run(struct job *job)
{
    struct upkeep *u = list_item(job, struct upkeep, freeing);

    compact_free(u->compact, true);
    rewrite_free(u->rewrite, true);
    u->compact = NULL;
    u->rewrite = NULL;
}

static void free_done(struct job *job)
{
    struct upkeep *u = list_item(job, struct upkeep, freeing);

    u->state = UPKEEP_IDLE;
    u->in_job = false;
    u->lsm->stats.rewrite_bytes = 0;
    heat_drop(u->evict.heat); /* one that was given up */
    u->evict.heat = NULL;
    if (u->version)
        lsm_drop_version(u->lsm, u->version);
    u->version = NULL;
    lsm_after_job(u->lsm);
}

static void end(struct upkeep *u)
{
    u->state = UPKEEP_FREEING;
    u->in_job = true;
    u->freeing = (struct job){ .run = free_run, .done = free_done, .priority = JOB_LATER };
    pool_submit(u->lsm->env->pool, &u->freeing);
}

static void on_installed(void *owner, struct err e)
{
    struct upkeep *u = owner;

    (void)e; /* the store is broken then; who installs has said so */
    if (u->compact || u->rewrite)
        end(u);
    else
        u->state = UPKEEP_IDLE;
}

static void install(struct upkeep *u, struct edit *edit)
{
    u->state = UPKEEP_INSTALLING;
    install_submit(&u->lsm->install, edit, on_installed, u);
}

/* Its inputs are as they were; later, and later still, it is tried again.  `table`: the
 * one that cannot be read, or 0. */
static void failed(struct upkeep *u, const char *what, struct err e, uint64_t table)
{
    uint64_t wait = RETRY_US;
    char *path = table ? file_path(u->lsm->dir, FILE_TABLE, table) : NULL;

    for (unsigned i = 0; i < u->failures && wait < RETRY_US_MAX; i++)
        wait *= 2;
    u->failures++;
    u->lsm->stats.failed_compactions++;
    u->next_us = clock_mono_us(u->lsm->env->clock) + wait;
    snprintf(u->detail, sizeof u->detail, "%s%s%s: %s", what, path ? " of " : "", path ? path : "",
             e.what);
    mem_free(path);
    trace_log(u->lsm->env->trace, TRACE_WARNING, "%s (errno %d); tried again in %llu s", u->detail,
              e.os, (unsigned long long)(wait / 1000000));
    end(u);
}

/* --- slices */

static void pause_for(struct upkeep *u)
{
    uint64_t now = clock_mono_us(u->lsm->env->clock);

    u->next_us = now + pace_pause_us(u->lsm->pressure.now, now - u->slice_us);
}

static void on_compacted(struct job *job)
{
    struct upkeep *u = compact_owner(job);
    struct lsm *lsm = u->lsm;
    const struct compact_sums *sums = compact_sums(u->compact);
    struct edit edit = { 0 };

    u->in_job = false;
    if (compact_ended(u->compact) && u->evict.heat)
        room_evicted(&lsm->room, &u->evict, sums->read_bytes,
                     err_is(compact_error(u->compact)) || lsm->stopping);
    if (!compact_ended(u->compact)) {
        pause_for(u);
    } else if (err_is(compact_error(u->compact))) {
        failed(u, "compaction", compact_error(u->compact), compact_unreadable(u->compact));
    } else if (lsm->stopping) {
        end(u);
    } else {
        u->failures = 0;
        lsm->stats.compactions++;
        lsm->stats.compacted_read_bytes += sums->read_bytes;
        lsm->stats.compacted_bytes += sums->written_bytes;
        lsm->stats.compacted_expired += sums->expired;
        compact_take_edit(u->compact, &edit);
        install(u, &edit);
    }
    lsm_after_job(lsm);
}

/* Files that are busy keep their values where they are. */
static void mark_busy(const struct lsm *lsm)
{
    const struct version *v = lsm->version;

    for (size_t i = 0; i < v->blob_count; i++)
        v->blobs[i].blob->busy = lsm_pins(lsm, v->blobs[i].blob->id);
}

static void on_rewritten(struct job *job)
{
    struct upkeep *u = rewrite_owner(job);
    struct lsm *lsm = u->lsm;
    struct edit edit = { 0 };

    u->in_job = false;
    lsm->stats.rewrite_bytes = rewrite_bytes(u->rewrite);
    if (!rewrite_ended(u->rewrite)) {
        pause_for(u);
    } else if (err_is(rewrite_error(u->rewrite))) {
        failed(u, "rewrite", rewrite_error(u->rewrite), 0);
    } else if (lsm->stopping) {
        end(u);
    } else {
        u->failures = 0;
        lsm->stats.rewrites++;
        lsm->stats.rewritten_bytes += rewrite_written(u->rewrite);
        mark_busy(lsm);
        rewrite_take_edit(u->rewrite, lsm->version, &edit);
        install(u, &edit);
    }
    lsm_after_job(lsm);
}

/* --- the beginning of one */

static void hold(struct upkeep *u)
{
    u->version = u->lsm->version;
    version_hold(u->version);
}

static void begin_compaction(struct upkeep *u, struct pick *pick, bool evict)
{
    struct lsm *lsm = u->lsm;
    struct compact_options o = { .env = lsm->env,
                                 .dir = lsm->dir,
                                 .ids = &lsm->ids,
                                 .table = lsm_table_options(lsm),
                                 .table_size = lsm->options.table_size,
                                 .slice_bytes = SLICE_BYTES,
                                 .now_ms = lsm_applied_ms(lsm),
                                 .evict = evict ? &u->evict : NULL };

    if (evict)
        room_begin(&lsm->room, &u->evict);
    hold(u);
    u->compact = compact_new(&o, u->version, pick);
    compact_set_owner(u->compact, u);
    u->state = UPKEEP_COMPACTING;
    slice(u, compact_job(u->compact), on_compacted);
}

static void move_tables(struct upkeep *u, const struct pick *pick)
{
    struct edit edit = { 0 };

    pick_edit(pick, &edit);
    u->lsm->stats.moved_tables += pick->kind == PICK_MOVE ? pick->upper_count : 0;
    u->lsm->stats.dropped_tables += pick->kind == PICK_DROP ? pick->upper_count : 0;
    install(u, &edit);
}

/* Takes the pick. */
static void begin_pick(struct upkeep *u, struct pick *pick, bool evict)
{
    if (pick->kind == PICK_MERGE) {
        begin_compaction(u, pick, evict);
        return;
    }
    move_tables(u, pick);
    pick_deinit(pick);
}

/* A compaction, a move or a drop, if the levels want one. */
static bool compact_next(struct upkeep *u)
{
    struct lsm *lsm = u->lsm;
    struct pick pick;

    pick_next(lsm->version, &lsm->pick, u->cursor, lsm_applied_ms(lsm), &pick);
    if (pick.kind == PICK_NOTHING)
        return false;
    begin_pick(u, &pick, false);
    return true;
}

/* Every cell of it was flushed. */
static bool all_flushed(const struct table *t, const uint64_t flushed[LIMIT_DATABASES])
{
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if ((t->meta.databases >> db & 1) && t->meta.max_stamp > flushed[db])
            return false;
    }
    return true;
}

/* Tables that FLUSHALL or FLUSHDB emptied go unread. */
static bool drop_flushed(struct upkeep *u)
{
    struct lsm *lsm = u->lsm;
    const struct version *v = lsm->version;
    uint64_t flushed[LIMIT_DATABASES], wanted;
    struct edit edit = { 0 };
    bool more = false;

    wanted = lasting_look(&lsm->lasting, &lsm->data, log_synced(lsm->log), flushed);
    if (wanted)
        log_want_sync(lsm->log, wanted);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        edit.flushed[db] = flushed[db] > v->flushed[db] ? flushed[db] : 0;
        flushed[db] = edit.flushed[db] ? flushed[db] : v->flushed[db];
        more = more || edit.flushed[db];
    }
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++) {
            const struct table *t = v->levels[level].tables[i].table;
            if (!all_flushed(t, flushed))
                continue;
            edit_drop_table(&edit, t->meta.id);
            for (uint32_t b = 0; b < t->meta.blob_count; b++)
                edit_live(&edit, t->meta.blobs[b].file, -(int64_t)t->meta.blobs[b].bytes);
        }
    }
    if (!more && edit.drop_count == 0)
        return false;
    lsm->stats.dropped_tables += edit.drop_count;
    install(u, &edit);
    return true;
}

/* Files of values that nothing refers to any more. */
static bool drop_dead(struct upkeep *u)
{
    struct lsm *lsm = u->lsm;
    const struct version *v = lsm->version;
    uint64_t log_first = log_first_id(lsm->log);
    struct edit edit = { 0 };

    for (size_t i = 0; i < v->blob_count; i++) {
        const struct blob_place *b = &v->blobs[i];
        if ((b->live == 0 || PLANTED(drop_values)) &&
            (b->blob->kind == FILE_BLOB || b->blob->id < log_first) && !lsm_pins(lsm, b->blob->id))
            edit_drop_blob(&edit, b->blob->id);
    }
    if (edit.drop_blob_count == 0)
        return false;
    install(u, &edit);
    return true;
}

static bool rewrite_next(struct upkeep *u, unsigned percent)
{
    struct lsm *lsm = u->lsm;
    uint64_t victims[REWRITE_VICTIMS];
    size_t count;
    struct rewrite_options o = { .env = lsm->env,
                                 .dir = lsm->dir,
                                 .ids = &lsm->ids,
                                 .table = lsm_table_options(lsm),
                                 .slice_bytes = SLICE_BYTES,
                                 .now_ms = lsm_applied_ms(lsm) };

    if (lsm->version->levels[0].count > L0_FOR_REWRITE)
        return false;
    mark_busy(lsm);
    count = rewrite_pick(lsm->version, log_first_id(lsm->log), percent,
                         lsm->options.memtable_size * 4, victims, REWRITE_VICTIMS);
    if (count == 0)
        return false;
    /* Behind every table there is, before every flush to come; another rewrite may be
     * between them. */
    if (u->order < lsm->seal.order)
        u->order = lsm->seal.order;
    o.order = ++u->order;
    if (PLANTED(rewrite_stale))
        o.order = u->order += 1u << 20;
    /* Only what no crash undoes: a file that is gone must not be asked for again. */
    memcpy(o.flushed, lsm->version->flushed, sizeof o.flushed);
    hold(u);
    u->rewrite = rewrite_new(&o, u->version, victims, count);
    rewrite_set_owner(u->rewrite, u);
    u->state = UPKEEP_REWRITING;
    slice(u, rewrite_job(u->rewrite), on_rewritten);
    return true;
}

/* What room_short() asks for, every second time before what the levels want. */
static bool make_room(struct upkeep *u)
{
    struct room *r = &u->lsm->room;
    struct pick pick;
    bool evicts;

    if (!room_short(r))
        return false;
    if (room_wants_rewrite(r) && rewrite_next(u, GARBAGE_PERCENT_SHORT))
        return true;
    if (!room_pick(r, &pick, &evicts))
        return false;
    begin_pick(u, &pick, evicts);
    return true;
}

static size_t files(const struct version *v)
{
    size_t count = v->blob_count;

    for (unsigned level = 0; level < LEVELS; level++)
        count += v->levels[level].count;
    return count;
}

static void begin_next(struct upkeep *u)
{
    bool begun;

    if (janitor_waiting(u->lsm->janitor) > FILES_WAITING_MOST)
        return; /* it goes on as they are removed */
    u->room_first = !u->room_first;
    begun = drop_flushed(u) || (u->room_first && make_room(u)) || compact_next(u) || drop_dead(u) ||
            (!u->room_first && make_room(u)) || rewrite_next(u, GARBAGE_PERCENT);
    u->rest_version = begun || files(u->lsm->version) < REST_FILES ? 0
                                                                   : u->lsm->version->number + 1;
    u->rest_until_us = clock_mono_us(u->lsm->env->clock) + REST_US;
}

/* While what failed waits for its next try: a flush of everything helps at once, for
 * what it emptied is dropped unread. */
static void begin_beside_failure(struct upkeep *u)
{
    if (u->state != UPKEEP_IDLE || !drop_flushed(u))
        return;
    u->next_us = 0;
    u->failures = 0;
}

/* Goes on with a slice, or begins what is next. */
static void step(struct upkeep *u)
{
    switch (u->state) {
    case UPKEEP_IDLE:
        if (!u->lsm->stopping)
            begin_next(u);
        return;
    case UPKEEP_COMPACTING:
        if (u->lsm->stopping)
            end(u);
        else
            slice(u, compact_job(u->compact), on_compacted);
        return;
    case UPKEEP_REWRITING:
        if (u->lsm->stopping)
            end(u);
        else
            slice(u, rewrite_job(u->rewrite), on_rewritten);
        return;
    case UPKEEP_INSTALLING:
    case UPKEEP_FREEING:
        return;
    }
}

void upkeep_pump(struct upkeep *u)
{
    uint64_t now = clock_mono_us(u->lsm->env->clock);

    if (u->in_job || u->lsm->state == LSM_BROKEN)
        return;
    if (u->state == UPKEEP_IDLE && u->rest_version == u->lsm->version->number + 1 &&
        now < u->rest_until_us && !u->lsm->stopping) {
        u->asked = true;
        return;
    }
    u->asked = false;
    if (!u->lsm->stopping && u->next_us && now < u->next_us) {
        if (u->failures)
            begin_beside_failure(u);
        return;
    }
    u->next_us = 0;
    step(u);
}

bool upkeep_idle(const struct upkeep *u)
{
    return !u->in_job;
}

uint64_t upkeep_deadline(const struct upkeep *u)
{
    if (u->in_job || u->lsm->state == LSM_BROKEN)
        return UINT64_MAX;
    if (u->asked)
        return u->rest_until_us;
    return u->next_us ? u->next_us : UINT64_MAX;
}
