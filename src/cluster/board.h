/* board.h: tokens that are tried out: what members own and lead, how far that is from
 * what they ought to, and what a token more or less would make of it.
 *
 * How far: the sum, over members, of the squares of (owned - ought) / ought and of
 * (led - ought) / ought.  Only whole numbers, so that every machine finds the same. */
#ifndef HENGE_CLUSTER_BOARD_H
#define HENGE_CLUSTER_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "cluster/share.h"
#include "cluster/tokens.h"

struct board_load {
    int32_t owned; /* slots */
    int32_t led;
};

struct board {
    struct tokens tokens; /* changed by board_set() only, once there is one */
    struct share share[LIMIT_MEMBERS];
    struct board_load load[LIMIT_MEMBERS];
    uint64_t looked; /* at tokens so far: what work is measured in, as time would differ */
    /* A token that is tried: the runs of slots it may matter to, and whose load changes. */
    struct board_run *runs;
    unsigned run_count;
    struct board_load change[LIMIT_MEMBERS];
    bool touched[LIMIT_MEMBERS];
    uint16_t changed[LIMIT_MEMBERS];
    unsigned changed_count;
};

/* On the tokens that members have (sorted by id), if any; shares are zero. */
struct board *board_new(unsigned copies, const struct ring_member *members, size_t count);
void board_free(struct board *b);

/* What the difference would grow by, if `member` (or TOKENS_NOBODY) had the slot's token;
 * shares are those of board_set_share(). */
int64_t board_try(struct board *b, unsigned slot, unsigned member);

/* Does it; returns what the difference grew by. */
int64_t board_set(struct board *b, unsigned slot, unsigned member);

/* The same of moving the token on `slot` by `step` slots, clockwise or (below 0) back, past
 * no other token; *moved: in slots, what members would get that they do not have. */
int64_t board_try_shift(struct board *b, unsigned slot, int step, unsigned *moved);
void board_shift(struct board *b, unsigned slot, int step);

/* Loads are those of the tokens. */
bool board_check(const struct board *b);

#endif
