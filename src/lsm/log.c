/* log.c: what is written when, and what becomes of failures. */
#include "lsm/log.h"

#include <assert.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/frames.h"
#include "lsm/log_format.h"
#include "lsm/log_job.h"
#include "lsm/spare.h"

enum { SECOND_US = 1000000 };

struct log {
    struct env *env;
    struct lsm_stats *stats;
    struct log_hooks hooks;
    char *dir;
    size_t segment_size;
    size_t frame_max;
    enum lsm_sync sync;
    enum log_state state;
    struct err err;          /* why NO_SPACE or BROKEN */
    struct err doomed;       /* what waits cannot be written; dropped when the rest is synced */
    struct frames open;      /* what comes */
    struct frames flight;    /* what is being written, or waits for a segment */
    struct segment *current; /* NULL: to be taken from the spare */
    struct segment *sealed;  /* older ones not synced yet, oldest first */
    struct spare spare;
    struct log_job job;
    bool busy;   /* the job is under way */
    bool rescue; /* a write failed; the next segment is the last try */
    bool stuck;  /* what waits needs a segment that is not there */
    bool stopping;
    bool ending;      /* the last job was submitted */
    bool sync_due;    /* a second is over */
    uint64_t last_id; /* of the segment before the current one */
    uint64_t index;   /* of the last frame written */
    uint64_t end;     /* added */
    uint64_t written;
    uint64_t synced;
    uint64_t acked;
    uint64_t stamp;    /* of the last cell added */
    uint64_t sync_us;  /* when the last sync began */
    uint64_t spare_us; /* when the last attempt at a segment ended */
};

static void acknowledge(struct log *log)
{
    uint64_t to = log->written;

    if (log->state == LOG_BROKEN) /* what is not acknowledged was undone */
        return;
    if (log->sync == LSM_SYNC_ALWAYS && !PLANTED(ack_before_sync))
        to = log->synced;
    if (PLANTED(ack_before_write))
        to = log->end - frames_open_size(&log->open);
    if (to > log->acked)
        log->acked = to;
}

static bool unsynced(const struct log *log)
{
    return log->written > log->synced || log->sealed;
}

static bool sync_wanted(const struct log *log)
{
    if (!unsynced(log))
        return false;
    if (log->stopping || log->sync == LSM_SYNC_ALWAYS)
        return true;
    if (log->sync == LSM_SYNC_EVERYSEC)
        return log->sync_due && !PLANTED(lose_everysec);
    return log->sync_due && log->sealed;
}

/* Frames to be written next; `open` becomes `flight` when that is empty. */
static struct slice next_frames(struct log *log)
{
    struct slice rest = frames_rest(&log->flight);

    if (rest.len == 0 && log->open.cells == 0) {
        struct frames empty = log->flight;
        log->flight = log->open;
        log->open = empty;
        rest = frames_rest(&log->flight);
    }
    return rest;
}

/* No more is written to the current segment. */
static void seal_current(struct log *log)
{
    struct segment **last = &log->sealed;

    if (!log->current)
        return;
    while (*last)
        last = &(*last)->next;
    *last = log->current;
    log->last_id = log->current->id;
    log->current = NULL;
}

/* Goes on in the spare if there is one that takes a frame of `need` bytes. */
static bool roll(struct log *log, size_t need)
{
    uint64_t size = SEGMENT_FRAMES_START + (uint64_t)need;
    struct segment *next;

    if (size < log->segment_size)
        size = log->segment_size;
    next = spare_take(&log->spare, size);
    log->stuck = !next;
    if (!next) {
        spare_want(&log->spare, size);
        return false;
    }
    seal_current(log);
    next->base = log->written;
    next->end = log->written;
    log->current = next;
    log->stats->segments++;
    spare_want(&log->spare, log->segment_size);
    return true;
}

static struct frames_place place_now(const struct log *log)
{
    return (struct frames_place){ log->current ? log->current->id : 0, log->synced,
                                  log->index + 1 };
}

static struct segment_facts facts_now(const struct log *log)
{
    return (struct segment_facts){ log->last_id, log->synced, log->index + 1 };
}

/* `len` bytes of `flight` are in the current segment. */
static void wrote(struct log *log, size_t len)
{
    struct slice rest = frames_rest(&log->flight);

    log->index += frames_count(slice_of(rest.data, len));
    log->written += len;
    log->stats->written_bytes += len;
    log->rescue = false;
    frames_sent(&log->flight, len);
}

/* The segment is cut where the write began; the same bytes go to the next one,
 * once. */
static void write_failed(struct log *log, struct err e)
{
    log->stats->failed_writes++;
    trace_log(log->env->trace, TRACE_WARNING, "log: write to segment %llu failed: %s (errno %d)",
              (unsigned long long)log->current->id, e.what, e.os);
    seal_current(log);
    if (log->rescue)
        log->doomed = e;
    log->rescue = !log->rescue;
}

static void write_direct(struct log *log, size_t len)
{
    struct frames_place place = place_now(log);
    struct segment_facts facts = facts_now(log);
    uint8_t *bytes = log->flight.bytes.data + log->flight.sent;
    struct err e;

    frames_seal(bytes, len, &place);
    e = segment_write(log->current, &facts, slice_of(bytes, len), true);
    if (err_is(e)) {
        write_failed(log, e);
        return;
    }
    log->stats->direct_writes++;
    wrote(log, len);
}

static void on_job_done(struct job *job);

/* A job that writes `len` bytes of `flight` and syncs if that is wanted now. */
static void start_job(struct log *log, size_t len)
{
    struct log_job *j = &log->job;
    bool last = err_is(log->doomed); /* see sync_before_end() */
    bool always = log->sync == LSM_SYNC_ALWAYS && !PLANTED(ack_before_sync);
    bool sync = sync_wanted(log) || always || last;

    *j = (struct log_job){ .env = log->env,
                           .dir = log->dir,
                           .place = place_now(log),
                           .facts = facts_now(log),
                           .target = log->current,
                           .len = len,
                           .err = err_ok() };
    if (len)
        j->bytes = log->flight.bytes.data + log->flight.sent;
    if (sync) {
        j->sync = true;
        j->sealed = log->sealed;
        log->sealed = NULL;
        j->sync_target = log->current && (log->sync != LSM_SYNC_NO || log->stopping || last) &&
                         log->written + len > log->current->base;
        log->sync_due = false;
        log->sync_us = clock_mono_us(log->env->clock);
    }
    j->job = (struct job){ .run = log_job_run, .done = on_job_done, .priority = JOB_LOG };
    log->busy = true;
    pool_submit(log->env->pool, &j->job);
}

static void on_ended(struct job *job)
{
    struct log *log = list_item(list_item(job, struct log_job, job), struct log, job);

    log->busy = false;
    log->state = LOG_CLOSED;
    log->hooks.on_state(log->hooks.owner);
}

/* The last job, once nothing is left to do and no other is under way. */
static void end_if_done(struct log *log)
{
    struct log_job *j = &log->job;
    bool left = log_waiting(log) > 0 || unsynced(log);

    if (!log->stopping || log->ending || log->busy || log->spare.busy ||
        (left && log->state != LOG_BROKEN))
        return;
    *j = (struct log_job){ .env = log->env,
                           .dir = log->dir,
                           .place = place_now(log),
                           .facts = facts_now(log),
                           .target = log->current,
                           .sealed = log->sealed,
                           .unused = log->spare.segment,
                           .stamp = log->stamp,
                           .dead = log->state == LOG_BROKEN };
    log->current = NULL;
    log->sealed = NULL;
    log->spare.segment = NULL;
    j->job = (struct job){ .run = log_job_end, .done = on_ended, .priority = JOB_LOG };
    log->busy = true;
    log->ending = true;
    pool_submit(log->env->pool, &j->job);
}

/* What waits will not be written.  BROKEN also gives up what is not synced. */
static void give_up(struct log *log, enum log_state state, struct err e)
{
    frames_clear(&log->flight);
    frames_clear(&log->open);
    log->state = state;
    log->err = e;
    log->doomed = err_ok();
    log->stuck = false;
    log->rescue = false;
    log->end = state == LOG_BROKEN ? log->acked : log->written;
    log->hooks.on_failed(log->hooks.owner, e);
}

/* Starts whatever can be started. */
static void pump(struct log *log)
{
    while (!log->busy && log->state < LOG_BROKEN && !err_is(log->doomed)) {
        struct slice rest = next_frames(log);
        size_t fit = log->current ? frames_fit(rest, segment_room(log->current)) : 0;
        if (rest.len && !fit && roll(log, frame_size(rest.data)))
            continue;
        if (!fit && !sync_wanted(log))
            break;
        if (fit && fit <= LIMIT_DIRECT_WRITE && log->sync != LSM_SYNC_ALWAYS && !log->rescue)
            write_direct(log, fit);
        else
            start_job(log, fit);
    }
}

/* What was written before a write failed is synced first: nobody would do it
 * later. */
static bool sync_before_end(const struct log *log)
{
    return unsynced(log) && (log->sync == LSM_SYNC_ALWAYS || log->doomed.code != ERR_NO_SPACE);
}

/* The same from a done(), where hooks may be called. */
static void pump_done(struct log *log)
{
    pump(log);
    acknowledge(log);
    if (err_is(log->doomed) && !log->busy) {
        bool full = log->doomed.code == ERR_NO_SPACE;
        if (sync_before_end(log))
            start_job(log, 0);
        else
            give_up(log, full ? LOG_NO_SPACE : LOG_BROKEN, log->doomed);
    }
    end_if_done(log);
}

/* Final for that file, and so for what is not synced (fs_sync()). */
static void sync_failed(struct log *log, struct err e)
{
    log->stats->failed_syncs++;
    trace_log(log->env->trace, TRACE_WARNING, "log: sync failed: %s (errno %d)", e.what, e.os);
    acknowledge(log);
    give_up(log, LOG_BROKEN, e);
}

static void on_job_done(struct job *job)
{
    struct log *log = list_item(list_item(job, struct log_job, job), struct log, job);
    struct log_job *j = &log->job;
    enum log_state before = log->state;

    log->busy = false;
    log->stats->syncs += j->syncs;
    if (j->syncs) {
        log->stats->sync_us_last = j->sync_us;
        if (j->sync_us > log->stats->sync_us_max)
            log->stats->sync_us_max = j->sync_us;
    }
    if (j->sync) /* what it did not get to */
        log->sealed = j->sealed;
    j->sealed = NULL;
    if (j->failed == LOG_STEP_WRITE) {
        write_failed(log, j->err);
    } else {
        if (j->len)
            wrote(log, j->len);
        if (j->failed == LOG_STEP_SYNC)
            sync_failed(log, j->err);
        else if (j->sync)
            log->synced = j->sync_target || !log->current ? log->written : log->current->base;
    }
    pump_done(log);
    log->hooks.on_acked(log->hooks.owner);
    if (log->state != before)
        log->hooks.on_state(log->hooks.owner);
}

/* Bytes the current segment takes behind what is written, from numbers that are the
 * loop's also while a job has the segment. */
static uint64_t room_left(const struct log *log)
{
    if (!log->current)
        return 0;
    return log->current->size - SEGMENT_FRAMES_START - (log->written - log->current->base);
}

/* The current segment may not take another turn. */
static bool room_low(const struct log *log)
{
    uint64_t turn = log->segment_size / 4;

    if (turn > log->frame_max)
        turn = log->frame_max;
    return room_left(log) < turn;
}

static void on_spare(void *owner)
{
    struct log *log = owner;
    enum log_state before = log->state;
    struct err e = log->spare.err;

    if (err_is(e)) {
        log->spare_us = clock_mono_us(log->env->clock);
        trace_log(log->env->trace, TRACE_WARNING, "log: no new segment: %s (errno %d)", e.what,
                  e.os);
        if (log->state < LOG_BROKEN && log->stuck && !log->busy) {
            log->doomed = e;
        } else if (log->state == LOG_OPEN && room_low(log)) {
            log->state = LOG_NO_SPACE;
            log->err = e;
        }
    } else if (log->state == LOG_NO_SPACE) {
        log->state = LOG_OPEN;
        log->err = err_ok();
    }
    pump_done(log);
    log->hooks.on_acked(log->hooks.owner);
    if (log->state != before)
        log->hooks.on_state(log->hooks.owner);
}

struct log *log_new(struct env *env, const struct lsm_options *options,
                    const struct log_start *start, const struct log_hooks *hooks,
                    struct lsm_stats *stats)
{
    struct log *log = mem_zalloc(1, sizeof *log);

    assert(options->segment_size >= 2 * SEGMENT_FRAMES_START);
    log->env = env;
    log->stats = stats;
    log->hooks = *hooks;
    log->dir = mem_strdup(options->dir);
    log->segment_size = options->segment_size;
    log->frame_max = options->frame_max;
    log->sync = options->sync;
    log->current = start->current;
    log->last_id = start->last_id;
    log->index = start->index;
    log->stamp = start->stamp;
    log->end = log->written = log->synced = log->acked = start->end;
    log->spare_us = clock_mono_us(env->clock);
    spare_init(&log->spare, env, log->dir, start->next_id);
    log->spare.owner = log;
    log->spare.on_done = on_spare;
    if (start->current) {
        spare_want(&log->spare, log->segment_size);
    } else {
        log->state = LOG_NO_SPACE;
        log->err = start->no_space;
        log->spare.err = start->no_space;
    }
    return log;
}

static void close_list(struct segment *s)
{
    while (s) {
        struct segment *next = s->next;
        segment_close(s);
        s = next;
    }
}

void log_free(struct log *log)
{
    if (!log)
        return;
    if (log->busy) { /* the pool is gone, and the job with it */
        close_list(log->job.sealed);
        segment_close(log->job.unused);
        if (log->ending)
            segment_close(log->job.target);
    }
    close_list(log->sealed);
    segment_close(log->current);
    spare_deinit(&log->spare);
    frames_deinit(&log->open);
    frames_deinit(&log->flight);
    mem_free(log->dir);
    mem_free(log);
}

void log_stop(struct log *log)
{
    log->stopping = true;
    frames_close(&log->open);
    pump(log);
    end_if_done(log);
}

enum log_state log_state(const struct log *log)
{
    return log->state;
}

struct err log_error(const struct log *log)
{
    return log->err;
}

bool log_can_take(const struct log *log, size_t bytes)
{
    uint64_t waiting = log_waiting(log), most = 4 * (uint64_t)log->segment_size;

    if (log->state != LOG_OPEN || log->stopping || err_is(log->doomed))
        return false;
    if (waiting > (most < LIMIT_LOG_WAITING ? most : LIMIT_LOG_WAITING))
        return false;
    if (err_is(log->spare.err) && !spare_ready(&log->spare))
        return log->current && log_waiting(log) + bytes + FRAME_HEAD_SIZE <= room_left(log);
    return true;
}

uint8_t *log_add(struct log *log, size_t size, uint64_t stamp)
{
    size_t before;
    uint8_t *room;

    if (PLANTED(split_request))
        frames_close(&log->open);
    before = log->open.bytes.len;
    room = frames_add(&log->open, size, stamp);
    log->end += log->open.bytes.len - before;
    log->stamp = stamp;
    return room;
}

void log_request(struct log *log)
{
    if (frames_open_size(&log->open) >= log->frame_max)
        frames_close(&log->open);
}

void log_commit(struct log *log)
{
    frames_close(&log->open);
    pump(log);
    acknowledge(log);
}

uint64_t log_end(const struct log *log)
{
    return log->end;
}

uint64_t log_acked(const struct log *log)
{
    return log->acked;
}

uint64_t log_waiting(const struct log *log)
{
    return log->end > log->written ? log->end - log->written : 0;
}

void log_set_sync(struct log *log, enum lsm_sync sync)
{
    log->sync = sync;
    if (log->open.cells == 0)
        pump(log);
    acknowledge(log);
}

/* When a sync is due, if one is. */
static uint64_t sync_deadline(const struct log *log)
{
    bool some = log->sync == LSM_SYNC_NO ? log->sealed != NULL : unsynced(log);

    if (log->busy || log->state >= LOG_BROKEN || !some || PLANTED(lose_everysec))
        return UINT64_MAX;
    return log->sync_us + SECOND_US;
}

static uint64_t spare_deadline(const struct log *log)
{
    if (log->spare.busy || log->state >= LOG_BROKEN || log->stopping || !err_is(log->spare.err))
        return UINT64_MAX;
    return log->spare_us + SECOND_US;
}

uint64_t log_deadline(const struct log *log)
{
    uint64_t sync = sync_deadline(log), spare = spare_deadline(log);
    return sync < spare ? sync : spare;
}

void log_tick(struct log *log, uint64_t mono_us)
{
    if (mono_us >= sync_deadline(log)) {
        log->sync_due = true;
        pump(log);
    }
    if (mono_us >= spare_deadline(log))
        spare_try(&log->spare, log->segment_size);
}

bool log_check(const struct log *log)
{
    uint64_t waiting = log->flight.bytes.len - log->flight.sent + log->open.bytes.len;

    if (log->state >= LOG_BROKEN)
        return waiting == 0 && log->acked <= log->end;
    if (log->acked > log->end || log->synced > log->written || log->written > log->end)
        return false;
    if (log->current &&
        (log->current->base > log->written || (!log->busy && log->current->end != log->written)))
        return false;
    if (log->sync == LSM_SYNC_ALWAYS && !log->busy && !log->stuck && !err_is(log->doomed) &&
        log->acked < log->written && log->open.cells == 0)
        return false; /* nobody would sync it */
    return log->end - log->written == waiting;
}
