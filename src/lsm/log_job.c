/* log_job.c: runs on a thread of the pool. */
#include "lsm/log_job.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/file_name.h"
#include "lsm/log_format.h"

static bool sync_one(struct log_job *j, struct segment *s)
{
    uint64_t start = clock_mono_us(j->env->clock), took;

    j->err = fs_sync(s->file);
    if (err_is(j->err) && PLANTED(retry_fsync))
        j->err = fs_sync(s->file);
    if (err_is(j->err)) {
        j->failed = LOG_STEP_SYNC;
        return false;
    }
    took = clock_mono_us(j->env->clock) - start;
    j->sync_us = took > j->sync_us ? took : j->sync_us;
    j->syncs++;
    return true;
}

/* For feeds, which do without if it is not there. */
static void write_list(struct segment *s)
{
    struct buf frame = { 0 };

    if (s->list.count && !s->failed) {
        log_list_put(&s->list, s->id, &frame);
        segment_write_behind(s, buf_slice(&frame));
    }
    buf_deinit(&frame);
}

/* A segment of which everything is synced already is only closed: perhaps it is
 * here because a write to it failed. */
static bool sync_sealed(struct log_job *j)
{
    while (j->sealed) {
        struct segment *s = j->sealed;
        write_list(s);
        if (s->end > j->place.synced && s->end > s->base && !sync_one(j, s))
            return false;
        j->sealed = s->next;
        segment_close(s);
    }
    return true;
}

void log_job_run(struct job *job)
{
    struct log_job *j = list_item(job, struct log_job, job);

    j->err = err_ok();
    j->failed = LOG_STEP_NONE;
    if (j->len) {
        frames_seal(j->bytes, j->len, &j->place);
        j->err = segment_write(j->target, &j->facts, slice_of(j->bytes, j->len), false);
        if (err_is(j->err)) {
            j->failed = LOG_STEP_WRITE;
            return;
        }
    }
    if (sync_sealed(j) && j->sync_target)
        sync_one(j, j->target);
}

/* Without it, damage at the very end could pass for a torn tail, and a start would not
 * know that nothing is forgotten.  It is no part of the log: nothing can follow it. */
static void write_end(struct log_job *j)
{
    struct segment *t = j->target;
    uint8_t bytes[FRAME_HEAD_SIZE];
    struct frame_head head = {
        .segment = t->id, .synced = t->end, .stamp = j->stamp, .kind = FRAME_END
    };

    frame_head_put(bytes, &head);
    frame_seal(bytes);
    if (err_is(segment_write(t, &j->facts, slice_of(NULL, 0), false)) ||
        err_is(segment_write_behind(t, slice_of(bytes, sizeof bytes))))
        return;
    fs_truncate(t->file, SEGMENT_FRAMES_START + (t->end - t->base) + sizeof bytes);
    fs_sync(t->file);
}

static void remove_unused(struct log_job *j)
{
    char *path = file_path(j->dir, FILE_SEGMENT, j->unused->id);

    segment_close(j->unused);
    j->unused = NULL;
    if (!j->dead)
        fs_remove(j->env->fs, path);
    mem_free(path);
}

/* Nothing acknowledged depends on any of this: everything is synced before. */
void log_job_end(struct job *job)
{
    struct log_job *j = list_item(job, struct log_job, job);
    struct segment *t = j->target;

    while (j->sealed) {
        struct segment *s = j->sealed;
        j->sealed = s->next;
        segment_close(s);
    }
    if (t && !j->dead)
        write_end(j);
    segment_close(t);
    j->target = NULL;
    if (j->unused)
        remove_unused(j);
}
