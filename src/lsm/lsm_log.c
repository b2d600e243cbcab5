/* lsm_log.c: frames read back from the log: what a job needs to know is copied for it. */
#include <assert.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "lsm/log_reader.h"
#include "lsm/lsm_state.h"

struct lsm_log_read {
    struct job job;
    struct list link;
    struct lsm *lsm;
    struct log_reader reader;
    struct err err;
    size_t at; /* of the next frame that is shown */
    void (*done)(void *owner, struct err e);
    void *owner;
    bool busy;
    bool left; /* nobody waits for it */
};

static void run(struct job *job)
{
    struct lsm_log_read *r = list_item(job, struct lsm_log_read, job);

    r->err = log_reader_run(&r->reader);
}

static void end(struct lsm_log_read *r)
{
    list_remove(&r->link);
    log_reader_deinit(&r->reader);
    mem_free(r);
}

static void on_done(struct job *job)
{
    struct lsm_log_read *r = list_item(job, struct lsm_log_read, job);
    struct lsm *lsm = r->lsm;

    r->busy = false;
    if (r->left)
        end(r);
    else
        r->done(r->owner, r->err);
    lsm_after_job(lsm);
}

/* The log as far as it is written; lists that are on no disk yet. */
static void take_sources(struct lsm_log_read *r)
{
    const struct log *log = r->lsm->log;
    size_t count;
    struct log_stretch *stretch = log_stretches(log, log_begin(log), log_written(log), &count);

    r->reader.source = mem_zalloc(count + 1, sizeof *r->reader.source);
    r->reader.source_count = count;
    for (size_t i = 0; i < count; i++) {
        struct log_source *s = &r->reader.source[i];
        s->stretch = stretch[i];
        s->listed = log_runs(log, stretch[i].id, &s->list);
    }
    mem_free(stretch);
}

struct lsm_log_read *lsm_read_log(struct lsm *lsm, const struct lsm_log_want *wants, size_t count,
                                  size_t bytes, void (*done)(void *owner, struct err e),
                                  void *owner)
{
    struct lsm_log_read *r = mem_zalloc(1, sizeof *r);

    assert(lsm_open(lsm));
    r->lsm = lsm;
    r->done = done;
    r->owner = owner;
    r->reader.fs = lsm->env->fs;
    r->reader.dir = lsm->dir;
    r->reader.bytes_max = bytes;
    r->reader.want = mem_alloc(count * sizeof *wants);
    r->reader.want_count = count;
    for (size_t i = 0; i < count; i++) {
        assert(wants[i].from > 0 && (i == 0 || wants[i - 1].arc < wants[i].arc));
        r->reader.want[i] = wants[i];
    }
    take_sources(r);
    list_push(&lsm->log_reads, &r->link);
    r->busy = true;
    r->job = (struct job){ .run = run, .done = on_done, .priority = JOB_READ };
    pool_submit(lsm->env->pool, &r->job);
    return r;
}

bool lsm_log_next(struct lsm_log_read *read, struct lsm_frame *out)
{
    const struct buf *b = &read->reader.frames;
    struct frame_head head;
    const uint8_t *p;
    size_t cells;

    assert(!read->busy);
    if (read->at == b->len)
        return false;
    p = b->data + read->at;
    frame_head_get(p, &head);
    cells = frame_cells_size(&head);
    *out = (struct lsm_frame){ .arc = head.arc,
                               .ballot = head.ballot,
                               .previous = head.previous,
                               .index = head.index,
                               .committed = head.committed,
                               .stamp = head.stamp,
                               .count = head.cells,
                               .tag = head.tag,
                               .cells = slice_of(p + FRAME_HEAD_SIZE, cells),
                               .notes = slice_of(p + FRAME_HEAD_SIZE + cells, head.notes) };
    read->at += frame_size(p);
    return true;
}

const struct lsm_log_want *lsm_log_wants(const struct lsm_log_read *read)
{
    assert(!read->busy);
    return read->reader.want;
}

void lsm_log_read_end(struct lsm_log_read *read)
{
    if (read->busy)
        read->left = true;
    else
        end(read);
}

bool log_reads_busy(const struct lsm *lsm)
{
    list_for_each (at, &lsm->log_reads) {
        if (list_item(at, struct lsm_log_read, link)->busy)
            return true;
    }
    return false;
}

void log_reads_drop(struct lsm *lsm)
{
    while (!list_empty(&lsm->log_reads))
        end(list_item(lsm->log_reads.next, struct lsm_log_read, link));
}
