/* sim_place.h: who is running now: the loop or a job.  The disk holds everybody
 * to fs.h's contract with it. */
#ifndef HENGE_SIM_PLACE_H
#define HENGE_SIM_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "env/pool.h"

enum { SIM_JOBS_MAX = 256 };

struct sim_place {
    bool may_block;              /* a job, or the server's start */
    uint64_t order;              /* counts submitted jobs and direct writes */
    enum job_priority priority;  /* of the running job */
    uint64_t job;                /* the running job's order when it was submitted; 0 for the loop */
    uint64_t open[SIM_JOBS_MAX]; /* jobs whose done() was not called yet; 0 for none */
};

static inline bool sim_place_open(const struct sim_place *p, uint64_t job)
{
    for (int i = 0; i < SIM_JOBS_MAX; i++) {
        if (job && p->open[i] == job)
            return true;
    }
    return false;
}

#endif
