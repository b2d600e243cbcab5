/* put_trace.h: what was put, in order, and what the store said about it; and
 * whether a store that came back agrees. */
#ifndef HENGE_UNIT_PUT_TRACE_H
#define HENGE_UNIT_PUT_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "lsm_world.h"

enum { TRACE_PUTS = 400, TRACE_KEYS = 7 };

struct put_trace {
    struct {
        uint64_t gate;
        unsigned key;
        bool acked;
        bool failed;
    } puts[TRACE_PUTS];
    unsigned count;
    unsigned failures; /* of the world, when last looked at */
};

/* Puts the next value of some key: its number in the trace, padded to `size`. */
void put_trace_put(struct put_trace *t, struct lsm_world *w, unsigned key, unsigned size);

/* Takes note of acknowledgements and failures. */
void put_trace_look(struct put_trace *t, struct lsm_world *w);

/* Runs all jobs, looking after each. */
void put_trace_settle(struct put_trace *t, struct lsm_world *w);

/* The running store shows exactly what did not fail. */
void put_trace_now(const struct put_trace *t, struct lsm_world *w);

/* A store that was opened again has everything that was acknowledged, nothing
 * that never was, and no hole.  What was not acknowledged is forgotten. */
void put_trace_after(struct put_trace *t, struct lsm_world *w, const char *what);

#endif
