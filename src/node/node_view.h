/* node_view.h: the view a node gives to the command it runs: its own store, with
 * expired cells absent, and a note of everything the reply comes to rest on. */
#ifndef HENGE_NODE_NODE_VIEW_H
#define HENGE_NODE_NODE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cmd/call.h"
#include "lsm/lsm.h"
#include "node/watches.h"

struct node_view {
    struct view view; /* first: commands have a pointer to it */
    struct lsm *lsm;
    struct events *events; /* the node's */
    uint32_t origin;
    uint64_t now_us;     /* of the call */
    uint64_t stamp;      /* of the call's cells; 0 until it puts one */
    uint64_t seen_stamp; /* the largest of what it saw: cells, tombstones, flushes */
    uint64_t written;    /* cells and flushes it put */
    uint64_t hits;       /* keys found, since the node began */
    uint64_t misses;
    bool touches;       /* finding a key is a use of it */
    struct want *wants; /* that this run lacks; keys borrow from the call */
    size_t want_count;
    size_t want_cap;
    struct buf expired;  /* keys it saw expired: db u8, length u32, bytes, ... */
    size_t expired_last; /* where the last one begins */
    bool unburied;       /* ... not all of whose tombstones could be written */
    struct watches watches;
};

void node_view_init(struct node_view *v, struct lsm *lsm, struct events *events, uint32_t origin);
void node_view_deinit(struct node_view *v);

/* Forgets the last call. */
void node_view_begin(struct node_view *v, uint64_t now_us);

/* Adds the heads of all keys that the call's row names and that are not at hand to
 * the wants of a run that ended with some, so that one fetch gets them all, or as many
 * as the call should want at a time. */
void node_view_want_keys(struct node_view *v, const struct call *c);

/* Notes an expired head cell: its tombstone is to be written. */
void node_view_note_expired(struct node_view *v, const struct cell_key *key);

/* Writes the tombstones of every key noted that is still expired: an answer may
 * rest on the expiry, so it must not depend on a clock again.  Returns how many;
 * `unburied` is set if the log takes no more. */
uint64_t node_view_bury(struct node_view *v);

#endif
