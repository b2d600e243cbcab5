/* search.h: where the tokens of one that joins go, and how the slots of one that leaves are
 * shared out: the search behind allocate.h.
 *
 * It tries slots drawn by chance.  Chance is the changing member's id, work is counted in
 * tokens looked at, and all numbers are whole: so it finds the same everywhere. */
#ifndef HENGE_CLUSTER_SEARCH_H
#define HENGE_CLUSTER_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/prng.h"
#include "cluster/board.h"
#include "cluster/ring.h"

struct search {
    struct board *board;
    struct ring_member *members; /* by id; `tokens` are none, the board has them */
    unsigned count;
    unsigned tokens;                 /* of weight 1 */
    uint32_t weights[LIMIT_MEMBERS]; /* 0: without tokens */
    unsigned keeps[LIMIT_MEMBERS];   /* tokens that are not taken over */
    uint16_t was[POSITION_SLOTS];    /* whose the tokens of the one that joins were */
    uint64_t looks_end;              /* of board's `looked`: nothing more is tried from there on */
    struct prng prng;
};

/* On the members and tokens of a ring, which may end before the search does.  `tokens`: as
 * in allocate.h. */
struct search *search_new(const struct ring *r, unsigned tokens);
void search_free(struct search *s);

/* Shares of those that have tokens, for the board. */
void search_reckon(struct search *s);

/* Gives tokens to a member that has none; false if there is none to be had. */
bool search_join(struct search *s, unsigned joiner);

/* Takes them all from a member that is not the last; `r` is the ring as it was. */
void search_leave(struct search *s, const struct ring *r, unsigned leaver);

/* --- for these two */

/* The change of `member` begins: weights, shares, chance, work. */
void search_begin(struct search *s, unsigned member, bool joins);
bool search_tired(const struct search *s);

/* Whether there are others in the member's zone, which get what it gives up. */
bool search_has_mates(const struct search *s, unsigned member);

/* Whether the member has more than its share by a `part`-th of it and a slot, or leads
 * more; whether anybody has. */
bool search_above(const struct search *s, unsigned member, unsigned part);
bool search_any_above(const struct search *s, unsigned part);

/* Brings those above their shares down, the furthest first, by moving tokens a little: at
 * most `budget` slots of data. */
void search_mend(struct search *s, unsigned budget);

#endif
