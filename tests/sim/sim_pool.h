/* sim_pool.h: jobs that run at some later moment and are done at another, in any
 * order. */
#ifndef HENGE_SIM_POOL_H
#define HENGE_SIM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"
#include "env/pool.h"
#include "sim/sim_counts.h"
#include "sim/sim_place.h"
#include "sim/sim_queue.h"

struct sim_task;

struct sim_pool {
    struct pool pool;
    struct sim_queue *queue;
    struct sim_place *place;
    struct sim_counts *counts;
    struct prng prng;
    uint64_t usual_us;    /* a job's usual delays, each of two; by priority less or more */
    uint64_t slow_us;     /* ... of a slow one */
    uint64_t slow_one_in; /* 0 for never */
    size_t pending;       /* submitted, not done */
    struct sim_task *tasks;
};

void sim_pool_init(struct sim_pool *p, struct sim_queue *queue, struct sim_place *place,
                   struct sim_counts *counts, uint64_t seed);

/* Runs, in random order, every job that has not begun: what a process's end may
 * find half-way.  done() is not called. */
void sim_pool_run_all(struct sim_pool *p);

/* Forgets all jobs. */
void sim_pool_deinit(struct sim_pool *p);

#endif
