/* clock.h: what time it is, as an interface: a real clock or a simulated one. */
#ifndef HENGE_ENV_CLOCK_H
#define HENGE_ENV_CLOCK_H

#include <stdint.h>

struct clock {
    /* Microseconds since 1970; may jump either way. */
    uint64_t (*wall_us)(struct clock *clock);
    /* Microseconds since some start; never goes back. */
    uint64_t (*mono_us)(struct clock *clock);
};

static inline uint64_t clock_wall_us(struct clock *clock)
{
    return clock->wall_us(clock);
}

static inline uint64_t clock_mono_us(struct clock *clock)
{
    return clock->mono_us(clock);
}

#endif
