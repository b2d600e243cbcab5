/* arcs_model.h: a store with many arcs' logs beside plain arrays that say what it must
 * have: random appends, cuts, applies, promises, flushes, kills and power losses.
 *
 * What a restart must find follows from one number, where the log ends then: every record
 * that ends before it is there, none behind it, and it is no less than what was written
 * before a kill, or synced before a power loss. */
#ifndef HENGE_UNIT_ARCS_MODEL_H
#define HENGE_UNIT_ARCS_MODEL_H

#include <stddef.h>
#include <stdint.h>

/* What a run came by. */
struct arcs_model_did {
    unsigned frames;
    unsigned cuts;
    unsigned applied;
    unsigned flushes;
    unsigned kills;
    unsigned powers;
    unsigned closes;
    unsigned lost;    /* frames that a power loss took */
    unsigned waiting; /* frames that a restart found not applied */
    unsigned large;   /* values that stayed in the log */
    unsigned read;    /* frames read back from it */
    unsigned gone;    /* that it had no more */
};

/* One history of `steps`; NULL, or what is wrong, written into `room`.  Adds to *did. */
const char *arcs_model_run(uint64_t seed, unsigned steps, struct arcs_model_did *did, char *room,
                           size_t size);

#endif
