/* sim_pool.c: two events a job: run, and done.
 *
 * A run() is one instant, so those of the background do not overlap, as env/pool.h
 * promises.  They begin in any order, which is more than a real pool does. */
#include "sim/sim_pool.h"

#include <assert.h>

#include "base/mem.h"

struct sim_task {
    struct sim_task *next;
    struct sim_pool *owner;
    struct job *job;
    uint64_t order;
    bool ran;
};

/* A read is in a hurry; the background has one thread, which others are on. */
static uint64_t usual(const struct sim_pool *p, enum job_priority priority)
{
    switch (priority) {
    case JOB_READ:
        return p->usual_us / 2;
    case JOB_FLUSH:
        return p->usual_us * 2;
    case JOB_LATER:
        return p->usual_us * 4;
    case JOB_LOG:
    case JOB_SOON:
    case JOB_PRIORITIES:
        break;
    }
    return p->usual_us;
}

static uint64_t delay(struct sim_pool *p, enum job_priority priority)
{
    if (p->slow_one_in && prng_one_in(&p->prng, p->slow_one_in)) {
        p->counts->n[COUNT_SLOW_JOB]++;
        return prng_below(&p->prng, p->slow_us + 1);
    }
    return prng_below(&p->prng, usual(p, priority) + 1);
}

static void unlink_task(struct sim_task *t)
{
    struct sim_task **at = &t->owner->tasks;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

static void finish(void *arg)
{
    struct sim_task *t = arg;
    struct sim_place *place = t->owner->place;
    struct job *job = t->job;

    for (int i = 0; i < SIM_JOBS_MAX; i++) {
        if (place->open[i] == t->order)
            place->open[i] = 0;
    }
    t->owner->pending--;
    unlink_task(t);
    mem_free(t);
    job->done(job);
}

static void run_now(struct sim_task *t)
{
    struct sim_place *place = t->owner->place;
    bool before = place->may_block;

    place->may_block = true;
    place->job = t->order;
    place->priority = t->job->priority;
    t->job->run(t->job);
    t->ran = true;
    place->job = 0;
    place->may_block = before;
}

static void run(void *arg)
{
    struct sim_task *t = arg;

    run_now(t);
    sim_queue_add(t->owner->queue, delay(t->owner, t->job->priority), finish, t, t->owner);
}

static void submit(struct pool *pool, struct job *job)
{
    struct sim_pool *p = (struct sim_pool *)pool;
    struct sim_task *t = mem_alloc(sizeof *t);
    int i = 0;

    assert(job->priority < JOB_PRIORITIES);
    while (p->place->open[i])
        assert(++i < SIM_JOBS_MAX);
    *t = (struct sim_task){ .next = p->tasks, .owner = p, .job = job };
    t->order = ++p->place->order;
    p->place->open[i] = t->order;
    p->tasks = t;
    p->pending++;
    sim_queue_add(p->queue, delay(p, job->priority), run, t, p);
}

void sim_pool_init(struct sim_pool *p, struct sim_queue *queue, struct sim_place *place,
                   struct sim_counts *counts, uint64_t seed)
{
    *p = (struct sim_pool){ .pool = { submit }, .queue = queue, .place = place };
    p->counts = counts;
    p->usual_us = 300;
    prng_init(&p->prng, seed);
}

void sim_pool_run_all(struct sim_pool *p)
{
    sim_queue_cancel(p->queue, p);
    for (;;) {
        struct sim_task *chosen = NULL;
        uint64_t waiting = 0;

        for (struct sim_task *t = p->tasks; t; t = t->next) {
            if (!t->ran && prng_one_in(&p->prng, ++waiting))
                chosen = t;
        }
        if (!chosen)
            return;
        run_now(chosen);
    }
}

void sim_pool_deinit(struct sim_pool *p)
{
    sim_queue_cancel(p->queue, p);
    while (p->tasks) {
        struct sim_task *t = p->tasks;

        p->tasks = t->next;
        mem_free(t);
    }
    for (int i = 0; i < SIM_JOBS_MAX; i++)
        p->place->open[i] = 0;
    p->pending = 0;
}
