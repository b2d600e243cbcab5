/* spare.c: one attempt at a time, each with a fresh id. */
#include "lsm/spare.h"

#include <assert.h>

#include "base/list.h"
#include "base/mem.h"

void spare_init(struct spare *s, struct env *env, const char *dir, struct file_ids *ids)
{
    *s = (struct spare){ .env = env, .dir = mem_strdup(dir), .ids = ids, .err = err_ok() };
}

void spare_deinit(struct spare *s)
{
    segment_close(s->segment);
    mem_free(s->dir);
    *s = (struct spare){ .err = err_ok() };
}

static void spare_run(struct job *job)
{
    struct spare *s = list_item(job, struct spare, job);

    s->outcome = err_ok();
    if (s->segment && s->segment->size < s->size)
        s->outcome = segment_grow(s->segment, s->size);
    else if (!s->segment)
        s->outcome =
            segment_create(&s->segment, s->env->fs, s->dir, file_ids_take(s->ids), s->size);
}

static void spare_done(struct job *job)
{
    struct spare *s = list_item(job, struct spare, job);

    s->busy = false;
    s->err = s->outcome;
    s->on_done(s->owner);
}

void spare_want(struct spare *s, uint64_t size)
{
    if (!s->busy && (!s->segment || s->segment->size < size))
        spare_try(s, size);
}

void spare_try(struct spare *s, uint64_t size)
{
    assert(!s->busy);
    s->busy = true;
    s->size = size;
    s->job = (struct job){ .run = spare_run, .done = spare_done, .priority = JOB_SOON };
    pool_submit(s->env->pool, &s->job);
}

struct segment *spare_take(struct spare *s, uint64_t size)
{
    struct segment *segment;

    if (s->busy) /* the job may be setting it */
        return NULL;
    segment = s->segment;
    if (!segment || segment->size < size)
        return NULL;
    s->segment = NULL;
    return segment;
}
