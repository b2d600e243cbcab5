/* arc_trace.h: what was logged for arcs, in order, what the store said about it, and
 * whether a store that came back agrees: put_trace.h for arcs. */
#ifndef HENGE_UNIT_ARC_TRACE_H
#define HENGE_UNIT_ARC_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "lsm/lsm_arc.h"
#include "lsm_world.h"

enum { ARC_TRACE_ARCS = 2, ARC_TRACE_KEYS = 4, ARC_TRACE_RECORDS = 400 };

struct arc_trace {
    struct {
        unsigned arc;
        bool promise;     /* else a frame */
        uint64_t index;   /* of a frame */
        uint64_t counter; /* of its ballot, or the one promised */
        uint64_t gate;
        unsigned key;
        bool acked;
        bool lost;
    } record[ARC_TRACE_RECORDS];
    unsigned count;
    unsigned failures; /* of the world, when last looked at */
    uint64_t counter;  /* of the newest ballot */
    uint64_t applied[ARC_TRACE_ARCS];
    unsigned forgot; /* arcs that came back and said so */
};

uint64_t arc_trace_name(unsigned arc);

/* Each does nothing if the store takes nothing, or the arc is mute.  Appends the next
 * frame, with a value of `size`; cuts the last `frames` that may go, by one of a new
 * ballot; promises a new ballot. */
void arc_trace_append(struct arc_trace *t, struct lsm_world *w, unsigned arc, unsigned size);
void arc_trace_cut(struct arc_trace *t, struct lsm_world *w, unsigned arc, unsigned frames);
void arc_trace_promise(struct arc_trace *t, struct lsm_world *w, unsigned arc);

/* Applies what is acknowledged. */
void arc_trace_apply(struct arc_trace *t, struct lsm_world *w, unsigned arc);

/* Takes note of acknowledgements and failures. */
void arc_trace_look(struct arc_trace *t, struct lsm_world *w);

/* Runs all jobs, looking after each. */
void arc_trace_settle(struct arc_trace *t, struct lsm_world *w);

/* The store that runs has every frame that is not lost, and shows what is applied. */
const char *arc_trace_now(const struct arc_trace *t, struct lsm_world *w);

/* A store that was opened again: each arc's log is what some of the records in their order
 * make, all that were acknowledged among them, or it says that it forgot; what it applied is
 * there.  NULL, or what is wrong.  What it has is acknowledged from now on, the rest is
 * forgotten. */
const char *arc_trace_after(struct arc_trace *t, struct lsm_world *w);

#endif
