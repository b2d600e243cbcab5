/* sim_clock.c: wall time as a list of straight pieces. */
#include "sim/sim_clock.h"

/* 2023-11-14, far from every edge. */
static const uint64_t wall_start_us = 1700000000000000u;

static uint64_t wall_at(const struct sim_clock *c, unsigned piece, uint64_t at)
{
    int64_t drifted = (int64_t)at + (int64_t)at / 1000000 * c->drift_ppm;

    return (uint64_t)((int64_t)wall_start_us + drifted + c->jump[piece].offset);
}

static uint64_t read_wall(struct clock *clock)
{
    struct sim_clock *c = (struct sim_clock *)clock;

    return wall_at(c, c->jumps - 1, c->queue->now);
}

static uint64_t read_mono(struct clock *clock)
{
    return ((struct sim_clock *)clock)->queue->now;
}

void sim_clock_init(struct sim_clock *c, const struct sim_queue *queue, int64_t drift_ppm)
{
    *c = (struct sim_clock){ .clock = { read_wall, read_mono }, .queue = queue, .jumps = 1 };
    c->drift_ppm = drift_ppm;
}

void sim_clock_jump(struct sim_clock *c, int64_t us)
{
    if (c->jumps == SIM_CLOCK_JUMPS)
        return;
    c->jump[c->jumps].at = c->queue->now;
    c->jump[c->jumps].offset = c->jump[c->jumps - 1].offset + us;
    c->jumps++;
}

/* A piece rises, so its extremes are at its ends. */
uint64_t sim_clock_least(const struct sim_clock *c, uint64_t from, uint64_t to)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < c->jumps; i++) {
        uint64_t begin = c->jump[i].at > from ? c->jump[i].at : from;
        uint64_t end = i + 1 < c->jumps && c->jump[i + 1].at < to ? c->jump[i + 1].at : to;

        if (begin <= end && wall_at(c, i, begin) < least)
            least = wall_at(c, i, begin);
    }
    return least;
}

uint64_t sim_clock_greatest(const struct sim_clock *c, uint64_t from, uint64_t to)
{
    uint64_t greatest = 0;

    for (unsigned i = 0; i < c->jumps; i++) {
        uint64_t begin = c->jump[i].at > from ? c->jump[i].at : from;
        uint64_t end = i + 1 < c->jumps && c->jump[i + 1].at < to ? c->jump[i + 1].at : to;

        if (begin <= end && wall_at(c, i, end) > greatest)
            greatest = wall_at(c, i, end);
    }
    return greatest;
}
