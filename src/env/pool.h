/* pool.h: slow work, done elsewhere.
 *
 * A job gets its inputs when it is submitted and hands its outputs back in
 * done(); between the two it shares nothing that changes.  run() is called once
 * on some thread and may block; done() is called once on the loop's thread,
 * later, never from within pool_submit().  Jobs may finish in any order, but those
 * of JOB_FLUSH and JOB_LATER run one at a time. */
#ifndef HENGE_ENV_POOL_H
#define HENGE_ENV_POOL_H

enum job_priority {
    JOB_LOG,   /* clients wait for it: log writes and syncs */
    JOB_READ,  /* clients wait for it: cold reads */
    JOB_SOON,  /* clients may soon: a segment in advance, the manifest, a load */
    JOB_FLUSH, /* memory waits for it: sealed memtables to tables */
    JOB_LATER, /* nobody waits: slices of compactions and the like, each well under 100 ms */
    JOB_PRIORITIES,
};

/* Embedded as a member of the submitter's own struct, which holds the inputs and
 * outputs and must live until done() has been called. */
struct job {
    void (*run)(struct job *job);
    void (*done)(struct job *job);
    enum job_priority priority;
    struct job *next; /* the pool's, while it has the job */
};

struct pool {
    void (*submit)(struct pool *pool, struct job *job);
};

static inline void pool_submit(struct pool *pool, struct job *job)
{
    pool->submit(pool, job);
}

#endif
