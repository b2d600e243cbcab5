/* commit.h: counting: what a majority of an arc's owners has reached.
 *
 * While owners change ("old+new") there are two sets, and both have to say yes: joint
 * consensus of Raft (Ongaro and Ousterhout 2014, section 6). */
#ifndef HENGE_CLUSTER_COMMIT_H
#define HENGE_CLUSTER_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/arc_message.h"

/* What one node has reached: an index, a round, or 1 for yes.  A node that is not
 * listed has reached 0; no node is listed twice. */
struct commit_value {
    uint32_t node;
    uint64_t value;
};

/* How many of `count` owners are a majority; 1..ARC_OWNERS_MAX. */
static inline unsigned commit_majority(unsigned count)
{
    return count / 2 + 1;
}

/* The highest value that a majority of the owners, of both sets if there are two, has
 * reached. */
uint64_t commit_reached(const struct arc_owners *owners, const struct commit_value *values,
                        unsigned count);

/* The lowest value of any owner. */
uint64_t commit_reached_by_all(const struct arc_owners *owners, const struct commit_value *values,
                               unsigned count);

/* How many owners have reached `least`; of two sets, in the one where they are fewer. */
unsigned commit_counted(const struct arc_owners *owners, const struct commit_value *values,
                        unsigned count, uint64_t least);

/* Whether the owners other than `self` that have reached `least` are a majority of the
 * other owners, in both sets if there are two. */
bool commit_majority_of_others(const struct arc_owners *owners, uint32_t self,
                               const struct commit_value *values, unsigned count, uint64_t least);

/* Whether the node is in one of the sets. */
bool commit_owns(const struct arc_owners *owners, uint32_t node);

/* Sizes in their limits, no node twice in a set, no node 0. */
bool commit_owners_check(const struct arc_owners *owners);

#endif
