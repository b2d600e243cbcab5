/* linear_window.h: the few operations that a failure comes down to. */
#ifndef HENGE_JUDGE_LINEAR_WINDOW_H
#define HENGE_JUDGE_LINEAR_WINDOW_H

#include "base/buf.h"
#include "judge/linear_search.h"

/* `job` has failed with `result`.  Appends what no order explains, and a timeline of
 * operations that contradict each other; of those before it that do not matter few are shown. */
void linear_window_put(struct linear_search *s, struct judge_history *h,
                       const struct linear_job *job, const struct linear_result *result,
                       struct buf *say);

#endif
