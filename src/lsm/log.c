/* log.c: what the log's user calls. */
#include "lsm/log.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/log_format.h"
#include "lsm/log_state.h"

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
    log->boot = options->boot;
    log->sync = options->sync;
    log->current = start->current;
    log->last_id = start->last_id;
    log->index = start->index;
    log->stamp = start->stamp;
    log->closed = start->index;
    log->end = log->written = log->synced = log->acked = start->end;
    log->parts = start->parts;
    log->spare_us = clock_mono_us(env->clock);
    spare_init(&log->spare, env, log->dir, start->ids);
    log->spare.owner = log;
    log->spare.on_done = log_on_spare;
    if (start->current) {
        log_parts_add(&log->parts,
                      (struct log_stretch){ start->current->id, start->end, start->end },
                      start->current->size);
        spare_want(&log->spare, log->segment_size);
    } else {
        log->state = LOG_NO_SPACE;
        log->err = start->no_space;
        log->spare.err = start->no_space;
    }
    log_count_parts(log);
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
    log_parts_deinit(&log->parts);
    mem_free(log->dir);
    mem_free(log);
}

void log_stop(struct log *log)
{
    log->stopping = true;
    log_close_frame(log);
    log_pump(log);
    log_end_if_done(log);
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
        return log->current && log_waiting(log) + bytes + FRAME_HEAD_SIZE <= log_room_left(log);
    return true;
}

uint8_t *log_add(struct log *log, size_t size, uint64_t stamp)
{
    size_t before;
    uint8_t *room;

    if (PLANTED(split_request))
        log_close_frame(log);
    before = log->open.bytes.len;
    room = frames_add(&log->open, size, stamp);
    log->end += log->open.bytes.len - before;
    log->stamp = stamp;
    return room;
}

uint64_t log_append(struct log *log, const struct frame_head *head, struct slice cells,
                    struct slice notes)
{
    uint64_t at;

    log_close_frame(log);
    at = log->end;
    log->end += frames_put(&log->open, head, cells, notes);
    if (log->stamp < head->stamp)
        log->stamp = head->stamp;
    return at;
}

uint64_t log_closed(const struct log *log)
{
    return log->closed;
}

uint64_t log_written(const struct log *log)
{
    return log->written;
}

void log_request(struct log *log)
{
    if (frames_open_size(&log->open) >= log->frame_max)
        log_close_frame(log);
}

void log_commit(struct log *log)
{
    log_close_frame(log);
    log_pump(log);
    log_acknowledge(log);
}

uint64_t log_end(const struct log *log)
{
    return log->end;
}

uint64_t log_acked(const struct log *log)
{
    return log->acked;
}

uint64_t log_synced(const struct log *log)
{
    return log->synced;
}

void log_want_sync(struct log *log, uint64_t position)
{
    assert(position <= log->end);
    if (position <= log->wanted || log->state >= LOG_RESCUE)
        return;
    log->wanted = position;
    if (log->open.cells == 0)
        log_pump(log);
}

void log_undone(struct log *log, uint64_t stamp)
{
    if (log->stamp > stamp)
        log->stamp = stamp;
}

struct log_mark log_mark(struct log *log)
{
    uint64_t at;

    log_close_frame(log);
    at = log->state == LOG_RESCUE ? log->reached : log->end;
    return (struct log_mark){ at, log->closed, log->stamp, at };
}

struct log_stretch *log_stretches(const struct log *log, uint64_t from, uint64_t to, size_t *count)
{
    return log_parts_copy(&log->parts, from, to, count);
}

uint64_t log_begin(const struct log *log)
{
    return log->parts.count ? log->parts.part[0].stretch.base : log->written;
}

bool log_runs(const struct log *log, uint64_t id, struct log_list *out)
{
    const struct segment *s = log->current;

    if (!s || s->id != id) {
        for (s = log->sealed; s && s->id != id;)
            s = s->next;
    }
    if (!s)
        return false;
    log_list_copy(&s->list, out);
    return true;
}

uint64_t log_first_id(const struct log *log)
{
    return log->parts.count ? log->parts.part[0].stretch.id : UINT64_MAX;
}

uint64_t log_last_id(const struct log *log)
{
    return log->parts.count ? log->parts.part[log->parts.count - 1].stretch.id : 0;
}

bool log_forget(struct log *log, uint64_t mark, struct log_part *out)
{
    assert(mark <= log->synced);
    if (!log_parts_take(&log->parts, mark, log->current != NULL, out))
        return false;
    log_count_parts(log);
    return true;
}

void log_resume(struct log *log)
{
    assert(log->state == LOG_RESCUE && !log->current);
    log->end = log->written = log->synced = log->acked = log->reached;
    log->state = LOG_OPEN;
    log->err = err_ok();
    if (err_is(log->spare.err) && !spare_ready(&log->spare)) {
        log->state = LOG_NO_SPACE;
        log->err = log->spare.err;
    } else if (!log->stopping) {
        spare_want(&log->spare, log->segment_size);
    }
    if (log->hooks.on_resumed)
        log->hooks.on_resumed(log->hooks.owner);
    log_pump_done(log);
    log->hooks.on_state(log->hooks.owner);
}

void log_break(struct log *log, struct err e)
{
    assert(log->state == LOG_RESCUE && err_is(e));
    log->state = LOG_BROKEN;
    log->err = e;
    log_end_if_done(log);
    log->hooks.on_state(log->hooks.owner);
}

uint64_t log_waiting(const struct log *log)
{
    return log->end > log->written ? log->end - log->written : 0;
}

void log_set_sync(struct log *log, enum lsm_sync sync)
{
    log->sync = sync;
    if (log->open.cells == 0)
        log_pump(log);
    log_acknowledge(log);
}

/* When a sync is due, if one is. */
static uint64_t sync_deadline(const struct log *log)
{
    bool some = log->sync == LSM_SYNC_NO ? log->sealed != NULL : log_unsynced(log);

    if (log->busy || log->state >= LOG_RESCUE || !some || PLANTED(lose_everysec))
        return UINT64_MAX;
    return log->sync_us + LOG_SECOND_US;
}

static uint64_t spare_deadline(const struct log *log)
{
    if (log->spare.busy || log->state >= LOG_RESCUE || log->stopping || !err_is(log->spare.err))
        return UINT64_MAX;
    return log->spare_us + LOG_SECOND_US;
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
        log_pump(log);
    }
    if (mono_us >= spare_deadline(log))
        spare_try(&log->spare, log->segment_size);
}

bool log_check(const struct log *log)
{
    uint64_t waiting = log->flight.bytes.len - log->flight.sent + log->open.bytes.len;

    if (log->state >= LOG_RESCUE)
        return waiting == 0 && log->acked <= log->end &&
               (log->state == LOG_CLOSED || log->end <= log->reached);
    if (!log_parts_check(&log->parts) || log->closed < log->index)
        return false;
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
