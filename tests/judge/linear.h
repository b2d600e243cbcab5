/* linear.h: whether what clients saw is what one store, doing one thing at a time, would
 * have shown them.
 *
 * Keys that no operation has in common are judged apart: a history is linearizable if and
 * only if it is for each object (Herlihy and Wing 1990, theorem 1).  Keys written with an
 * expiry are left out, with all that shares an operation with them.  A write that is
 * uncertain, has no answer or is of LEVEL_ONE takes effect once, any time after it was asked,
 * or never; reads of these kinds say nothing. */
#ifndef HENGE_JUDGE_LINEAR_H
#define HENGE_JUDGE_LINEAR_H

#include "judge/judge_history.h"
#include "judge/judge_verdict.h"

/* Appends to `say` what was looked at, and for a failure a timeline of few operations that
 * contradict each other, of at most three groups of keys. */
enum judge_verdict linear_check(struct judge_history *h, const struct judge_limits *limits,
                                struct buf *say);

#endif
