/* log_pump.c: what is written when, and what becomes of failures. */
#include <assert.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/planted.h"
#include "lsm/log_format.h"
#include "lsm/log_state.h"

void log_acknowledge(struct log *log)
{
    uint64_t to = log->written;

    if (log->state >= LOG_RESCUE) /* what is not acknowledged was undone */
        return;
    if (log->sync == LSM_SYNC_ALWAYS && !PLANTED(ack_before_sync))
        to = log->synced;
    if (PLANTED(ack_before_write))
        to = log->end - frames_open_size(&log->open);
    if (to > log->acked)
        log->acked = to;
}

bool log_unsynced(const struct log *log)
{
    return log->written > log->synced || log->sealed;
}

void log_close_frame(struct log *log)
{
    if (log->open.cells == 0)
        return;
    frames_close(&log->open);
    log->closed++;
}

void log_count_parts(struct log *log)
{
    log->stats->segments = log->parts.count;
    log->stats->log_bytes = log->parts.bytes;
}

static bool sync_wanted(const struct log *log)
{
    if (!log_unsynced(log))
        return false;
    if (log->stopping || log->sync == LSM_SYNC_ALWAYS)
        return true;
    if (log->wanted > log->synced && log->wanted <= log->written)
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
    log_parts_add(&log->parts, (struct log_stretch){ next->id, next->base, next->end }, next->size);
    log_count_parts(log);
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
    return (struct segment_facts){ log->last_id, log->synced, log->index + 1, log->boot };
}

/* `len` bytes of `flight` are in the current segment. */
static void wrote(struct log *log, size_t len)
{
    struct slice rest = frames_rest(&log->flight);

    log->index += log_list_note(&log->current->list, slice_of(rest.data, len), log->written);
    log->written += len;
    log_parts_extend(&log->parts, log->written);
    log->stats->written_bytes += len;
    log->again = false;
    frames_sent(&log->flight, len);
}

/* The segment is cut where the write began; the same bytes go to the next one,
 * once. */
static void write_failed(struct log *log, struct err e)
{
    log->stats->failed_writes++;
    trace_log(log->env->trace, TRACE_WARNING, "log: write to segment %llu failed: %s (errno %d)",
              (unsigned long long)log->current->id, e.what, e.os);
    log->current->failed = true;
    seal_current(log);
    if (log->again)
        log->doomed = e;
    log->again = !log->again;
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

/* Whether a sync now has to reach the current segment too. */
static bool sync_current(const struct log *log, size_t len)
{
    if (!log->current || log->written + len == log->current->base)
        return false;
    return log->sync != LSM_SYNC_NO || log->stopping || err_is(log->doomed) ||
           log->wanted > log->current->base;
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
        j->sync_target = sync_current(log, len);
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

void log_end_if_done(struct log *log)
{
    struct log_job *j = &log->job;
    bool left = log_waiting(log) > 0 || log_unsynced(log);

    if (!log->stopping || log->ending || log->busy || log->spare.busy || log->state == LOG_RESCUE ||
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

/* What waits will not be written.  NO_SPACE keeps what is not synced yet. */
static void give_up(struct log *log, enum log_state state, struct err e)
{
    if (log->end > log->reached)
        log->reached = log->end;
    frames_clear(&log->flight);
    frames_clear(&log->open);
    log->state = state;
    log->err = e;
    log->doomed = err_ok();
    log->stuck = false;
    log->again = false;
    log->wanted = 0;
    log->closed = log->index;
    log->end = state == LOG_NO_SPACE ? log->written : log->acked;
    log->hooks.on_failed(log->hooks.owner, e);
}

void log_pump(struct log *log)
{
    while (!log->busy && log->state < LOG_RESCUE && !err_is(log->doomed)) {
        struct slice rest = next_frames(log);
        size_t fit = log->current ? frames_fit(rest, segment_room(log->current)) : 0;
        if (rest.len && !fit && roll(log, frame_size(rest.data)))
            continue;
        if (!fit && !sync_wanted(log))
            break;
        if (fit && fit <= LIMIT_DIRECT_WRITE && log->sync != LSM_SYNC_ALWAYS && !log->again &&
            !segment_lags(log->current))
            write_direct(log, fit);
        else
            start_job(log, fit);
    }
}

/* What was written before a write failed is synced first: nobody would do it
 * later. */
static bool sync_before_end(const struct log *log)
{
    return log_unsynced(log) && (log->sync == LSM_SYNC_ALWAYS || log->doomed.code != ERR_NO_SPACE);
}

void log_pump_done(struct log *log)
{
    log_pump(log);
    log_acknowledge(log);
    if (err_is(log->doomed) && !log->busy) {
        bool full = log->doomed.code == ERR_NO_SPACE;
        if (sync_before_end(log))
            start_job(log, 0);
        else
            give_up(log, full ? LOG_NO_SPACE : LOG_BROKEN, log->doomed);
    }
    log_end_if_done(log);
}

/* Final for that file, and so for what is not synced (fs_sync()): nothing more is
 * written to any of these segments, nor are they synced. */
static void sync_failed(struct log *log, struct err e)
{
    log->stats->failed_syncs++;
    trace_log(log->env->trace, TRACE_WARNING, "log: sync failed: %s (errno %d)", e.what, e.os);
    log_acknowledge(log);
    seal_current(log);
    give_up(log, LOG_RESCUE, e);
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
    log_pump_done(log);
    log->hooks.on_acked(log->hooks.owner);
    if (log->state != before)
        log->hooks.on_state(log->hooks.owner);
}

uint64_t log_room_left(const struct log *log)
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
    return log_room_left(log) < turn;
}

void log_on_spare(void *owner)
{
    struct log *log = owner;
    enum log_state before = log->state;
    struct err e = log->spare.err;

    if (err_is(e)) {
        log->spare_us = clock_mono_us(log->env->clock);
        trace_log(log->env->trace, TRACE_WARNING, "log: no new segment: %s (errno %d)", e.what,
                  e.os);
        if (log->state < LOG_RESCUE && log->stuck && !log->busy) {
            log->doomed = e;
        } else if (log->state == LOG_OPEN && room_low(log)) {
            log->state = LOG_NO_SPACE;
            log->err = e;
        }
    } else if (log->state == LOG_NO_SPACE) {
        log->state = LOG_OPEN;
        log->err = err_ok();
    }
    log_pump_done(log);
    log->hooks.on_acked(log->hooks.owner);
    if (log->state != before)
        log->hooks.on_state(log->hooks.owner);
}
