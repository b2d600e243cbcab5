/* linear_left.h: what a search has not put in order yet, by time.
 *
 * What must take effect is in a list of events, asked and told; what may is in another
 * (dancing links: Knuth 2000).  What is taken out is put back in the opposite order. */
#ifndef HENGE_JUDGE_LINEAR_LEFT_H
#define HENGE_JUDGE_LINEAR_LEFT_H

#include "judge/linear_search.h"

enum { ITEM_NONE = UINT32_MAX };

struct linear_item {
    const struct judge_op *op;
    bool must; /* take effect, as it was told */
    bool used;
    bool idle;      /* a must that changes nothing, whatever is held */
    bool joint;     /* has several keys, or one several times */
    uint32_t asked; /* the event of a must ... */
    uint32_t told;
    uint32_t prev; /* ... the list of the others */
    uint32_t next;
    uint32_t twin; /* one that asks the same and was asked before, or ITEM_NONE */
};

struct linear_event {
    uint64_t at_us;
    uint32_t item;
    bool told;
    uint32_t prev;
    uint32_t next;
};

struct linear_left {
    struct linear_item *items;   /* by the job's order */
    struct linear_event *events; /* by time, from 1; 0 is before the first and behind the last, and
                                    told, so that it ends each walk */
    size_t event_count;
    uint32_t first_may;
    uint32_t last_may;
    size_t musts_left;
    size_t joint_mays; /* left */
};

/* The texts that some answer of a job tells, for one job after the other. */
struct linear_seen {
    uint32_t *job_of; /* by text: the number of the last job that told it */
    uint32_t count;
    uint32_t job; /* this one's number, from 1 */
    bool inside;  /* it has commands that tell more of a text than whether it is there */
};

void linear_seen_deinit(struct linear_seen *seen);

/* Borrows `job`, whose operations are of `h`. */
void linear_left_init(struct linear_left *l, const struct judge_history *h,
                      const struct linear_job *job, struct linear_seen *seen);
void linear_left_deinit(struct linear_left *l);

void linear_left_take_out(struct linear_left *l, uint32_t item);
void linear_left_put_back(struct linear_left *l, uint32_t item);

/* The answer no order may go past; 0 if no must is left. */
uint32_t linear_left_first_told(const struct linear_left *l);

#endif
