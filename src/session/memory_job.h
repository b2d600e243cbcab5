/* memory_job.h: what the allocator takes its time for: MEMORY PURGE and MALLOC-STATS. */
#ifndef HENGE_SESSION_MEMORY_JOB_H
#define HENGE_SESSION_MEMORY_JOB_H

#include "base/buf.h"
#include "session/awaited.h"

struct memory_job {
    struct awaited turn;
    bool reports;    /* else it purges */
    struct buf text; /* of the report */
};

struct memory_job *memory_job_new(struct instance *in);
void memory_job_free(struct memory_job *m); /* no job runs any more; accepts NULL */

/* It is the call's turn (awaited.h). */
void memory_job_purge(struct memory_job *m, struct call *c);
void memory_job_report(struct memory_job *m, struct call *c);

#endif
