/* sim_clock.h: a node's clock: monotonic time is the world's; wall time drifts
 * and jumps, and remembers how, so that checkers can say what it can have read. */
#ifndef HENGE_SIM_CLOCK_H
#define HENGE_SIM_CLOCK_H

#include <stdint.h>

#include "env/clock.h"
#include "sim/sim_queue.h"

enum { SIM_CLOCK_JUMPS = 64 };

struct sim_clock {
    struct clock clock;
    const struct sim_queue *queue;
    int64_t drift_ppm;
    unsigned jumps;
    struct {
        uint64_t at;    /* world's time */
        int64_t offset; /* of the wall from then on */
    } jump[SIM_CLOCK_JUMPS];
};

void sim_clock_init(struct sim_clock *c, const struct sim_queue *queue, int64_t drift_ppm);

/* Moves the wall by `us` from now on. */
void sim_clock_jump(struct sim_clock *c, int64_t us);

/* The least and the greatest wall time of [from, to] in the world's time. */
uint64_t sim_clock_least(const struct sim_clock *c, uint64_t from, uint64_t to);
uint64_t sim_clock_greatest(const struct sim_clock *c, uint64_t from, uint64_t to);

#endif
