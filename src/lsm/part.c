/* part.c: a reference to a file, and one job. */
#include "lsm/part.h"

#include <assert.h>

#include "base/list.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/lsm_state.h"

struct part {
    struct list link; /* in lsm->parts */
    struct lsm *lsm;  /* NULL: it is gone */
    struct blob_file *blob;
    struct blob_ref ref;
    uint8_t *bytes;
    struct job job;
    struct err err;
    bool busy;
    bool closed; /* while busy */
    bool read;
    void (*done)(void *owner, struct err e);
    void *owner;
};

struct part *part_open(struct lsm *lsm, const struct blob_ref *ref)
{
    struct blob_file *b = lsm_open(lsm) ? version_blob(lsm->version, ref->file) : NULL;
    struct part *p;

    if (!b || err_is(blob_file_holds(b, ref)))
        return NULL;
    p = mem_zalloc(1, sizeof *p);
    p->lsm = lsm;
    p->blob = b;
    p->ref = *ref;
    b->refs++;
    list_push(&lsm->parts, &p->link);
    return p;
}

static void run(struct job *job)
{
    struct part *p = list_item(job, struct part, job);

    p->bytes = mem_alloc(p->ref.length);
    p->err = blob_file_read(p->blob, &p->ref, p->bytes);
}

static void done(struct job *job)
{
    struct part *p = list_item(job, struct part, job);
    struct lsm *lsm = p->lsm;

    p->busy = false;
    p->read = !err_is(p->err);
    if (p->closed) {
        part_close(p);
    } else {
        if (!p->read) {
            lsm->stats.failed_reads++;
            trace_log(lsm->env->trace, TRACE_WARNING, "a read failed: %s (errno %d)", p->err.what,
                      p->err.os);
        }
        p->done(p->owner, p->err);
    }
    lsm_after_job(lsm);
}

bool part_lives(const struct part *p)
{
    return p->lsm != NULL;
}

void part_read(struct part *p, void (*on_done)(void *owner, struct err e), void *owner)
{
    assert(part_lives(p) && !p->busy && !p->bytes);
    p->done = on_done;
    p->owner = owner;
    p->busy = true;
    p->lsm->stats.fetches++;
    p->job = (struct job){ .run = run, .done = done, .priority = JOB_READ };
    pool_submit(p->lsm->env->pool, &p->job);
}

const uint8_t *part_bytes(const struct part *p)
{
    return p->read ? p->bytes : NULL;
}

void part_close(struct part *p)
{
    if (!p)
        return;
    if (p->busy) {
        p->closed = true;
        return;
    }
    list_remove(&p->link);
    if (p->lsm)
        lsm_drop_blob(p->lsm, p->blob);
    mem_free(p->bytes);
    mem_free(p);
}

bool parts_busy(const struct lsm *lsm)
{
    list_for_each (at, &lsm->parts) {
        if (list_item(at, struct part, link)->busy)
            return true;
    }
    return false;
}

void parts_leave(struct lsm *lsm)
{
    while (!list_empty(&lsm->parts)) {
        struct part *p = list_item(lsm->parts.next, struct part, link);
        bool closed = p->closed;
        list_remove(&p->link);
        lsm_drop_blob(lsm, p->blob);
        p->lsm = NULL;
        p->busy = false;
        if (closed)
            part_close(p);
    }
}
