/* timeline.h: operations as lines that a person can read, with bars on one scale. */
#ifndef HENGE_JUDGE_TIMELINE_H
#define HENGE_JUDGE_TIMELINE_H

#include "base/buf.h"
#include "judge/judge_history.h"

/* Appends a line for each of `ops`, by when they were asked, and for notes of the time
 * they span; times in milliseconds.  `marked`, which may be NULL, is pointed at. */
void timeline_put(const struct judge_history *h, const struct judge_op *const *ops, size_t count,
                  const struct judge_op *marked, struct buf *to);

#endif
