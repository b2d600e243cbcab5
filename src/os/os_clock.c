/* os_clock.c: the kernel's clocks; both reads stay in user space (vDSO). */
#include "os/os.h"

#include <time.h>

#include "base/mem.h"

static uint64_t read_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t clock_real_wall(struct clock *clock)
{
    (void)clock;
    return read_us(CLOCK_REALTIME);
}

static uint64_t clock_real_mono(struct clock *clock)
{
    (void)clock;
    return read_us(CLOCK_MONOTONIC);
}

struct clock *os_clock_new(void)
{
    struct clock *clock = mem_alloc(sizeof *clock);

    *clock = (struct clock){ .wall_us = clock_real_wall, .mono_us = clock_real_mono };
    return clock;
}

void os_clock_free(struct clock *clock)
{
    mem_free(clock);
}
