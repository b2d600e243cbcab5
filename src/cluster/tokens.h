/* tokens.h: which member has a token on which slot, and who owns a slot by them: the rule
 * of ring.h, over tokens that may still change (allocate.h tries them out).
 *
 * Members are their places in what tokens_init() was given. */
#ifndef HENGE_CLUSTER_TOKENS_H
#define HENGE_CLUSTER_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "cell/position.h"
#include "cluster/ring.h"

enum { TOKENS_NOBODY = UINT16_MAX };

struct tokens {
    uint16_t at[POSITION_SLOTS];        /* whose token, or TOKENS_NOBODY */
    uint64_t used[POSITION_SLOTS / 64]; /* the same as bits */
    unsigned count;                     /* of tokens */
    unsigned copies;
    unsigned members;
    unsigned active;                       /* members that have tokens */
    uint16_t zone[LIMIT_MEMBERS];          /* of each member, the first member of it */
    uint16_t held[LIMIT_MEMBERS];          /* tokens of each member */
    uint16_t zone_active[LIMIT_MEMBERS];   /* active members of each zone */
    uint16_t zones_with[LIMIT_COPIES + 1]; /* zones of at least so many active members */
};

/* Owners of one slot. */
struct tokens_owners {
    unsigned count;               /* min(copies, active) */
    unsigned reach;               /* the furthest token that was looked at: slots from here */
    unsigned looked;              /* how many tokens were: what it cost */
    uint16_t owner[LIMIT_COPIES]; /* in order of preference */
};

/* The tokens that `members` list, which are sorted by id and within ring_new()'s limits;
 * of several on one slot the first counts. */
void tokens_init(struct tokens *t, unsigned copies, const struct ring_member *members,
                 size_t count);

/* Gives the slot's token to `member`, or takes it away (TOKENS_NOBODY). */
void tokens_set(struct tokens *t, unsigned slot, unsigned member);

/* The slot of the first token at `slot` or clockwise, of the last one before it; there
 * must be a token. */
unsigned tokens_next(const struct tokens *t, unsigned slot);
unsigned tokens_before(const struct tokens *t, unsigned slot);

void tokens_owners(const struct tokens *t, unsigned slot, struct tokens_owners *out);

bool tokens_check(const struct tokens *t);

#endif
