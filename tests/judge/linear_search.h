/* linear_search.h: looks for one order of operations that explains all their answers and
 * keeps to time: what was told before another was asked comes first (Herlihy and Wing 1990).
 *
 * Depth first, with a memory of where it has been (Wing and Gong 1993; Lowe 2017). */
#ifndef HENGE_JUDGE_LINEAR_SEARCH_H
#define HENGE_JUDGE_LINEAR_SEARCH_H

#include "judge/judge_history.h"
#include "judge/judge_verdict.h"

enum { LINEAR_SHOWN_KEYS = 8 };

struct linear_search;

/* Operations of some keys that no others touch. */
struct linear_job {
    const struct judge_op *const *ops; /* by asked_us; none that failed */
    size_t count;
    /* NULL, or for each of them: whether its answer and when it came shall not count. */
    const bool *relaxed;
    /* 0, or: what was told before shall not count, keys may hold anything then, and what was
     * under way then may have taken effect or not.  What has no order so has none at all. */
    uint64_t from_us;
    size_t until; /* what comes behind the answer to this one shall not count; SIZE_MAX: all does */
    uint64_t steps_max;
};

struct linear_result {
    enum judge_verdict verdict; /* passed, failed or undecided */
    uint64_t steps;
    /* If it failed: the first in time of which no order explains the answer, ... */
    size_t stuck;
    /* ... and what an order that explains all before it leaves in its first keys. */
    uint32_t held[LINEAR_SHOWN_KEYS];
};

/* Borrows `h`, to whose texts it adds. */
struct linear_search *linear_search_new(struct judge_history *h, size_t bytes_max);
void linear_search_free(struct linear_search *s);

struct linear_result linear_search_run(struct linear_search *s, const struct linear_job *job);

#endif
