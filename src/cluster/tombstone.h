/* tombstone.h: the mark below which a tombstone may go: nothing older than it can come any more
 * that it has to hide (confirmed reaping, as Redis Active-Active and Riak's reaper do it).
 *
 * Every member reports t: "I hold nothing tentative and nothing uncommitted below quorum stamped
 * below t, and give no stamp below t any more", through any restart.  The mark is the smallest
 * of the members' reports and never falls.  A member that is away has not taken its report back,
 * but gives no higher one: it holds the mark until it returns or is forgotten.
 *
 *      member 1   ---------------------o
 *      member 2   -----------o                     away
 *      member 3   ------------------o
 *      mark       -----------|                     tombstones stamped below it may go
 *
 * Why its origin's report covers a request wherever it is: who reports again after a power loss
 * has got its own requests back from the others first.  A forgotten origin does not report, so
 * then every holder's counts; and one of before may be older than what it holds by now.  So
 * reports carry the ring's epoch, and count only where the same epoch is known:
 *
 *   - a change of members makes all reports void: the mark stays until every member has learnt
 *     of the change and reported again;
 *   - who knows of an epoch takes no requests from those that are forgotten by then;
 *   - a new member gives no stamp below tombstone_welcome() of the one that told it of its
 *     epoch.  No mark of the epoch before can pass that, for who knows of the new one has ended
 *     its reports in the old one.
 *
 * Nothing here needs to survive a restart: without reports the mark is 0. */
#ifndef HENGE_CLUSTER_TOMBSTONE_H
#define HENGE_CLUSTER_TOMBSTONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOMBSTONE_MEMBERS_MAX = 1024 };

/* What a node knows of itself; stamps, 0: there is none. */
struct tombstone_facts {
    uint64_t promise;            /* stamp_promise() */
    uint64_t oldest_tentative;   /* held, whoever made it */
    uint64_t oldest_uncommitted; /* below quorum, in the log of any of its arcs */
    bool recovering;             /* may have forgotten requests: its own are not all back */
};

/* t; 0: none is to be sent, the last one stands. */
uint64_t tombstone_report(const struct tombstone_facts *f);

/* What one node knows of all. */
struct tombstone_watch;

struct tombstone_member {
    uint32_t id;
    uint64_t reported; /* t; 0: nothing in this epoch */
    uint64_t heard_ms; /* when */
};

/* No members, epoch 0. */
struct tombstone_watch *tombstone_new(void);
void tombstone_free(struct tombstone_watch *w);

/* The members from `epoch` on, the node itself among them; `ids` rise.  An epoch that is not
 * larger than the last changes nothing. */
void tombstone_change(struct tombstone_watch *w, uint64_t epoch, const uint32_t *ids, size_t count);

/* A member's report, one's own too.  Of another epoch, or of no member: nothing. */
void tombstone_heard(struct tombstone_watch *w, uint32_t id, uint64_t epoch, uint64_t t,
                     uint64_t now_ms);

/* Tombstones with a smaller stamp may go. */
uint64_t tombstone_mark(struct tombstone_watch *w);

/* For a node that is told of this epoch and was no member before: stamp_follow() it.
 * `reported`: the last t that the teller itself reported, to anyone. */
uint64_t tombstone_welcome(struct tombstone_watch *w, uint64_t reported);

/* Who holds the mark: the member with the smallest report.  False: there are no members. */
bool tombstone_holder(const struct tombstone_watch *w, struct tombstone_member *out);

bool tombstone_check(const struct tombstone_watch *w);

#endif
