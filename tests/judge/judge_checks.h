/* judge_checks.h: checks that look for one kind of wrong each, in time about linear in the
 * history, where a search for an order (linear.h) may not be decided.
 *
 * Each appends to `say` what it looked at and, with timelines, at most a few failures. */
#ifndef HENGE_JUDGE_JUDGE_CHECKS_H
#define HENGE_JUDGE_JUDGE_CHECKS_H

#include "judge/judge_history.h"
#include "judge/judge_verdict.h"

enum { CHECK_FAILURES_SHOWN = 3 };

/* Of keys written by INCR and its like alone: every read at quorum, and every answer, lies
 * between what was acknowledged before it and that with all that may have run; sums that only
 * grow are answered once each. */
enum judge_verdict counter_check(struct judge_history *h, const struct judge_limits *limits,
                                 struct buf *say);

/* Of keys set with NX and an expiry: no two hold the lock at once.  It is held for certain from
 * when SET was answered until the expiry, counted from when it was asked and less
 * limits->slack_us, or until somebody asks for what may end it: DELIF with its token, or any
 * other write. */
enum judge_verdict lock_check(struct judge_history *h, const struct judge_limits *limits,
                              struct buf *say);

/* Of reads at rest (judge_op_is_final): a key written whole holds what a write left that no
 * acknowledged one came after; a key appended to holds each acknowledged piece once, in order.
 * Every key with an acknowledged write must have been read, or it is undecided; counters are
 * left to counter_check. */
enum judge_verdict durable_check(struct judge_history *h, const struct judge_limits *limits,
                                 struct buf *say);

/* Reads at quorum never go back: a value written once is there from one time to one other
 * time (zones: Gibbons and Korach 1997), one that was refused or never written is not seen,
 * and what only grows never shrinks. */
enum judge_verdict monotonic_check(struct judge_history *h, const struct judge_limits *limits,
                                   struct buf *say);

/* Files of lines that must be equal as sets, in whatever order; `names` are said. */
enum judge_verdict converge_check(const char *const *names, const struct slice *files, size_t count,
                                  struct buf *say);

#endif
