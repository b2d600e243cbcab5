/* share.h: what each member of a ring ought to carry, by weight, as far as copies and
 * zones let it: water that is poured into members until all copies have a place.
 *
 *     copies 3, weights 1 1 1 6, no zones:   2/3 2/3 2/3 1     of all slots
 *
 * A member owns a slot once at most, and a zone's part of a slot is what the rounds of
 * ring.h give it, whatever it weighs.  Whole numbers only: alike on every machine. */
#ifndef HENGE_CLUSTER_SHARE_H
#define HENGE_CLUSTER_SHARE_H

#include <stdint.h>

#include "cell/position.h"

enum { SHARE_SLOT = 64, SHARE_ALL = POSITION_SLOTS * SHARE_SLOT };

/* In slots / SHARE_SLOT. */
struct share {
    uint32_t owned; /* at most SHARE_ALL */
    uint32_t led;   /* by weight alone; never more than `owned` but for rounding */
};

/* `weights` up to LIMIT_WEIGHT, 0 for who is not there, but somebody is; and `zones`,
 * numbers below `count`, of `count` members, at most LIMIT_MEMBERS.  Sums are exact but for
 * less than a unit a member. */
void share_of(unsigned copies, const uint32_t *weights, const uint16_t *zones, unsigned count,
              struct share *out);

#endif
