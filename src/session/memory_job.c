/* memory_job.c: off the loop, for jemalloc walks all it has. */
#include "session/memory_job.h"

#include "base/mem.h"

static void append(void *arg, const char *text)
{
    buf_append(arg, slice_str(text));
}

static void run(struct job *job)
{
    struct memory_job *m = list_item(job, struct memory_job, turn.job);

    if (m->reports) {
        mem_report(append, &m->text);
        return;
    }
    arenas_trim(m->turn.instance->env->arenas, 0);
    mem_purge();
}

static void done(struct job *job)
{
    awaited_end(&list_item(job, struct memory_job, turn.job)->turn);
}

struct memory_job *memory_job_new(struct instance *in)
{
    struct memory_job *m = mem_zalloc(1, sizeof *m);

    awaited_init(&m->turn, in, run, done);
    return m;
}

void memory_job_free(struct memory_job *m)
{
    if (!m)
        return;
    buf_deinit(&m->text);
    mem_free(m);
}

static void begin(struct memory_job *m, struct call *c, bool reports)
{
    m->reports = reports;
    m->text.len = 0;
    awaited_begin(&m->turn, c);
}

void memory_job_purge(struct memory_job *m, struct call *c)
{
    begin(m, c, false);
}

void memory_job_report(struct memory_job *m, struct call *c)
{
    begin(m, c, true);
}
