/* gather.h: a walk over all keys of a database in slices, between which others run:
 * the loop is never held longer than one SCAN holds it.
 *
 *     run() --CALL_LATER--> others run --> run() ... --> the answer
 *
 * What was found stays with the call (call->gather), which goes on where it was.  A
 * database that takes one slice is seen at one moment; of a larger one every key is
 * seen that was there throughout, none twice, and those that came or went meanwhile
 * perhaps. */
#ifndef HENGE_CMD_GATHER_H
#define HENGE_CMD_GATHER_H

#include "base/prng.h"
#include "cmd/call.h"

struct gather {
    uint64_t next; /* position to go on at */
    uint64_t count;
    struct reply keys; /* found, as bulk strings */
    uint64_t last;     /* position of the last head seen ... */
    struct {
        struct reply_mark mark; /* ... and what there was before it */
        uint64_t count;
    } before;
    bool seen;
    /* RANDOMKEY's */
    unsigned phase;
    uint64_t start;
    struct prng prng;
    struct buf choice; /* one of the keys, each with the same chance */
    /* What a command that does not walk keeps between its slices, ended with the rest. */
    void *kept;
    void (*drop)(void *kept);
};

enum gather_end {
    GATHER_DONE,  /* all keys, or `take` had enough */
    GATHER_SLICE, /* return CALL_LATER */
    GATHER_WANT,  /* return CALL_WANT */
};

/* The call's own, begun if it has none: then `next` is 0. */
struct gather *gather_of(struct call *c);

/* Walks from g->next on and calls `take` for each live head, until it returns false.
 * Heads at one position may be taken again if what lies behind them was not at hand:
 * what they added to `keys` and `count` is taken back before. */
enum gather_end gather_step(struct call *c, struct gather *g,
                            bool (*take)(struct call *c, struct gather *g,
                                         const struct cell *head));

/* Accepts NULL. */
void gather_free(struct gather *g);

#endif
