/* allocate.h: where tokens go: so that members own and lead what their weight says, and a
 * change moves what it has to and little more.
 *
 * One rule for all: a member that joins takes tokens on free slots, those of many that
 * were tried which bring everybody nearest to their shares (share.h); nobody else's token
 * moves, but a little where balance would suffer.  From 64 members of 128 tokens on, when half
 * of the slots have tokens, it takes over tokens of others of its zone as well, and with
 * three quarters nothing but these: all have fewer then.  A ring of a list is its members joining
 * one after another by rising id, so a list with one more at the end is a join.  When a
 * member leaves, what it led falls to the next token; each token before a gap may move up
 * into it, which shares out the gap and moves nothing else.
 *
 * Pure, and of whole numbers: the same input gives the same tokens on every machine.
 * docs/ring.md has what comes of it.
 *
 * Source: the idea of replica-aware tokens is Cassandra's ReplicationAwareTokenAllocator
 * (CASSANDRA-7032); this is a search by samples. */
#ifndef HENGE_CLUSTER_ALLOCATE_H
#define HENGE_CLUSTER_ALLOCATE_H

#include "cluster/ring.h"
#include "cluster/share.h"

/* Tokens of a member of weight 1, while there are slots. */
enum { ALLOCATE_TOKENS = 128, ALLOCATE_TOKENS_MAX = 512 };

/* A ring of members whose tokens are not given: `tokens` and `token_count` of `members` are
 * not looked at.  `tokens`: 1 .. ALLOCATE_TOKENS_MAX.  Fails as ring_new(), and with
 * ERR_LIMIT if `tokens` is out of range. */
struct err allocate_ring(struct ring **out, uint64_t epoch, unsigned copies, unsigned tokens,
                         const struct ring_member *members, size_t count);

/* The ring of the next epoch, with one more: `joiner`, whose tokens are not looked at.  It
 * may be in the ring as long as it has no tokens there.  Fails as ring_new(); ERR_EXISTS
 * if it has tokens; ERR_LIMIT if all slots have tokens, and nobody one to spare, which no
 * ring of this allocator comes to. */
struct err allocate_join(struct ring **out, const struct ring *r, unsigned tokens,
                         const struct ring_member *joiner);

/* The ring of the next epoch, without one.  ERR_NOT_FOUND if it is not there, ERR_INVALID
 * if it has the only tokens. */
struct err allocate_leave(struct ring **out, const struct ring *r, uint32_t id);

/* What each of the ring's members that have tokens ought to carry, in ring_member()'s
 * order; zeros for the others.  `out` has room for ring_member_count(). */
void allocate_shares(const struct ring *r, struct share *out);

#endif
