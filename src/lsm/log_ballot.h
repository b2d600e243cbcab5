/* log_ballot.h: who led when a frame of an arc's log was made, and where such a log ends.
 *
 * What a ballot decides is the ring's matter; the store writes it down and compares it for
 * being the same. */
#ifndef HENGE_LSM_LOG_BALLOT_H
#define HENGE_LSM_LOG_BALLOT_H

#include <stdbool.h>
#include <stdint.h>

/* {0, 0} is none. */
struct log_ballot {
    uint64_t counter;
    uint32_t node;
};

/* A frame of an arc's log; all 0: it has none yet. */
struct log_point {
    struct log_ballot ballot; /* that it was made at */
    uint64_t index;           /* from 1, without gaps */
    uint64_t stamp;           /* of the newest of its cells, or newer */
};

static inline bool log_ballot_same(struct log_ballot a, struct log_ballot b)
{
    return a.counter == b.counter && a.node == b.node;
}

/* a comes before b. */
static inline bool log_ballot_below(struct log_ballot a, struct log_ballot b)
{
    return a.counter != b.counter ? a.counter < b.counter : a.node < b.node;
}

#endif
