/* judge_verdict.h: what a check says, and how much it may do for it. */
#ifndef HENGE_JUDGE_JUDGE_VERDICT_H
#define HENGE_JUDGE_JUDGE_VERDICT_H

#include <stddef.h>
#include <stdint.h>

enum judge_verdict {
    VERDICT_PASSED,
    VERDICT_FAILED,
    VERDICT_UNDECIDED, /* a bound was met: not trusted */
    VERDICT_SKIPPED,   /* the history has nothing of this kind */
};

struct judge_limits {
    uint64_t steps;    /* operations tried, by one search */
    size_t bytes;      /* of memory, by one search */
    uint64_t slack_us; /* by which clocks of servers and clients may differ */
};

static inline struct judge_limits judge_limits_default(void)
{
    return (struct judge_limits){ 200 * 1000 * 1000, (size_t)1 << 30, 5000 };
}

#endif
