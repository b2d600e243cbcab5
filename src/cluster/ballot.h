/* ballot.h: a leadership of an arc, and where a log ends.
 *
 * A ballot is (counter, node): the counter rises with each attempt to lead, the node
 * that leads under it breaks ties, so no two nodes ever lead under one ballot, and a
 * node never uses one twice.  It is the view number of Viewstamped Replication and
 * the term of Raft. */
#ifndef HENGE_CLUSTER_BALLOT_H
#define HENGE_CLUSTER_BALLOT_H

#include <stdbool.h>
#include <stdint.h>

/* {0, 0} is none, below every other. */
struct ballot {
    uint64_t counter; /* 1.. */
    uint32_t node;    /* who leads under it; 1.. */
};

/* The last frame of a log: the ballot it was made at, and its index; {{0, 0}, 0} of an
 * empty one. */
struct log_end {
    struct ballot ballot;
    uint64_t index; /* 1.. */
};

/* < 0, 0 or > 0, as memcmp(). */
static inline int ballot_compare(struct ballot a, struct ballot b)
{
    if (a.counter != b.counter)
        return a.counter < b.counter ? -1 : 1;
    return a.node == b.node ? 0 : a.node < b.node ? -1 : 1;
}

static inline bool ballot_equal(struct ballot a, struct ballot b)
{
    return a.counter == b.counter && a.node == b.node;
}

static inline bool ballot_is_none(struct ballot a)
{
    return a.counter == 0;
}

/* Which log is more advanced: the higher ballot, then the higher index. */
static inline int log_end_compare(struct log_end a, struct log_end b)
{
    int order = ballot_compare(a.ballot, b.ballot);
    if (order)
        return order;
    return a.index == b.index ? 0 : a.index < b.index ? -1 : 1;
}

static inline bool log_end_equal(struct log_end a, struct log_end b)
{
    return a.index == b.index && ballot_equal(a.ballot, b.ballot);
}

#endif
