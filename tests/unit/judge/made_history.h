/* made_history.h: histories of a store that is known to be right, or to be wrong in one way.
 *
 * Clients ask one thing after the other; each takes effect at a moment of its own between being
 * asked and being told, if the outcome is uncertain some time later or never. */
#ifndef HENGE_JUDGE_MADE_HISTORY_H
#define HENGE_JUDGE_MADE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "judge/judge_history.h"
#include "judge/judge_verdict.h"

enum made_wrong {
    MADE_RIGHT,
    MADE_STALE_READ,     /* a GET is told what was overwritten before */
    MADE_LOST_WRITE,     /* an acknowledged SET does nothing */
    MADE_DOUBLE_ADD,     /* an acknowledged INCR counts twice */
    MADE_FAILED_VISIBLE, /* a refused SET takes effect */
    MADE_WRONGS,
};

struct made_plan {
    uint64_t seed;
    enum made_wrong wrong;
    unsigned clients;
    unsigned keys; /* of each of: registers, counters, logs, and pairs joined by MULTI */
    unsigned ops;
    unsigned trouble; /* one in so many fails, one in so many is uncertain; 0: none */
    bool final_reads; /* of all keys */
};

/* Appends the history as a file; whether it is wrong for certain, whatever the order: by rules
 * of time that are looked at here, apart from the judge. */
bool made_history(const struct made_plan *plan, struct buf *to);

/* The verdict of `check` on a file without its first line, which must be well formed.  `say` may
 * be NULL. */
enum judge_verdict made_verdict(const char *lines, struct buf *say,
                                enum judge_verdict (*check)(struct judge_history *,
                                                            const struct judge_limits *,
                                                            struct buf *));

#endif
