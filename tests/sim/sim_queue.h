/* sim_queue.h: what will happen, by simulated time.
 *
 * Events of equal time happen in the order they were added, so a seed has one
 * history only. */
#ifndef HENGE_SIM_QUEUE_H
#define HENGE_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_event {
    uint64_t at; /* microseconds since the world began */
    uint64_t order;
    void (*fire)(void *arg);
    void *arg;
    const void *owner;
};

struct sim_queue {
    struct sim_event *heap;
    size_t count;
    size_t cap;
    uint64_t now;
    uint64_t order;
};

void sim_queue_init(struct sim_queue *q);
void sim_queue_deinit(struct sim_queue *q);

/* Calls fire(arg) `after` microseconds from now.  `owner` is who may cancel. */
void sim_queue_add(struct sim_queue *q, uint64_t after, void (*fire)(void *arg), void *arg,
                   const void *owner);

/* Drops every event of `owner`. */
void sim_queue_cancel(struct sim_queue *q, const void *owner);

/* When the next event is due; UINT64_MAX if there is none. */
uint64_t sim_queue_due(const struct sim_queue *q);

/* Moves time to `until`, which must not be in the past, and fires what is due by
 * then, events added meanwhile included.  Returns how many. */
size_t sim_queue_run(struct sim_queue *q, uint64_t until);

#endif
