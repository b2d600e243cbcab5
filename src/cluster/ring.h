/* ring.h: who owns which slot: an immutable value, built anew for every ring epoch.
 *
 *     slot     0 . . 3 . . . 7 . . A . . . . F      tokens: a at 3, b at 7, c at A, a at F
 *     owners  |a b c  |b c a  |c a b|a b c     |    of copies = 3
 *     arc     |   0   |   1   |  2  |    3     |
 *
 * A token is a slot, and the run of slots up to and with it is its member's to lead.  A
 * slot's owners are the members of the tokens at it and clockwise (rising slots, 16383 is
 * followed by 0), each member once, in rounds: a round takes at most one member of each
 * zone, and the next begins when no zone is left.  So with as many zones as copies every
 * owner is in a zone of its own; with fewer, zones have as equal a part as their members
 * allow.  Fewer members than copies: all of them own everything.
 *
 * An arc is a maximal run of slots with the same owners in the same order.  Slot 0 begins
 * one: what would go on across it is two arcs.  Finding a slot's owners is two indexes
 * into arrays.
 *
 * Source: Dynamo (DeCandia et al., SOSP 2007), 4.2 and 4.3. */
#ifndef HENGE_CLUSTER_RING_H
#define HENGE_CLUSTER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

struct ring_member {
    uint32_t id;            /* > 0 */
    uint32_t weight;        /* 1 .. LIMIT_WEIGHT: what it is to carry, beside others */
    uint64_t zone;          /* equal: the same rack or host; 0: one of its own */
    const uint16_t *tokens; /* slots, any order; may be NULL if there are none */
    size_t token_count;     /* 0: it owns nothing */
};

struct ring_arc {
    uint16_t first;                /* slot */
    uint16_t last;                 /* slot, first <= last */
    uint32_t owner_count;          /* 1 .. copies */
    uint32_t owners[LIMIT_COPIES]; /* ids, the preferred leader first; 0 behind the last */
};

/* Slots of a member. */
struct ring_load {
    uint32_t owned;
    uint32_t led; /* is the first owner of, among those */
};

struct ring;

/* Builds a ring of any order of members; copies their tokens.  Of several tokens on one
 * slot that of the lowest id counts and the others do not exist.  Fails with ERR_INVALID
 * (an id that is 0 or there twice, a weight or a slot out of range, no token at all) or
 * ERR_LIMIT (more than LIMIT_MEMBERS, copies not in 1 .. LIMIT_COPIES).  Pure: the same
 * members give the same ring on every machine. */
struct err ring_new(struct ring **out, uint64_t epoch, unsigned copies,
                    const struct ring_member *members, size_t count);

/* Accepts NULL. */
void ring_free(struct ring *r);

uint64_t ring_epoch(const struct ring *r);
unsigned ring_copies(const struct ring *r);

/* Members by rising id, those without tokens too.  `tokens` of these are rising, without
 * those that do not count, and live as long as the ring. */
size_t ring_member_count(const struct ring *r);
const struct ring_member *ring_member(const struct ring *r, size_t i);

/* By id; NULL if there is none. */
const struct ring_member *ring_find(const struct ring *r, uint32_t id);

/* Arcs are numbered by rising slots, from 0. */
size_t ring_arc_count(const struct ring *r);
const struct ring_arc *ring_arc(const struct ring *r, size_t arc);
size_t ring_arc_of(const struct ring *r, unsigned slot);

bool ring_arc_has(const struct ring_arc *a, uint32_t id);

/* The first arc from `from` on that the member owns; ring_arc_count() if there is none. */
size_t ring_next_arc(const struct ring *r, uint32_t id, size_t from);

/* What the member owns; zeros if there is no such member. */
struct ring_load ring_load(const struct ring *r, uint32_t id);

/* Who else owns an arc that `id` owns, by rising id: at most `max` of them into `out`;
 * returns how many there are. */
size_t ring_neighbours(const struct ring *r, uint32_t id, uint32_t *out, size_t max);

/* Who stands in when no owner of the slot is in reach: members with tokens that are no
 * owners, as their tokens follow clockwise, whatever their zones: at most `max` into
 * `out`; returns how many were written. */
size_t ring_stand_ins(const struct ring *r, unsigned slot, uint32_t *out, size_t max);

/* Slots, once for each member that owns it in `to` and did not in `from`: what has to be
 * sent.  All there is, in the same unit, is POSITION_SLOTS times the owners of a slot. */
uint32_t ring_moved(const struct ring *from, const struct ring *to);

/* Every rule above, from the tokens anew. */
bool ring_check(const struct ring *r);

#endif
