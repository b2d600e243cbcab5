/* patrol.h: the expiry of keys that are on disk, for who wants to hear of it promptly.
 *
 * Keys in memory have timers (lsm/timers.h), and keep them when they become part of a table.
 * While somebody listens to all keys, a walk through the store gives one to every key that
 * expires and has none: those written before anybody listened, or before a restart.  A timer
 * that is due and finds nothing in memory is looked up on disk.  Timers are bounded: when some
 * had to be left out, the walk is begun again before the soonest of them is due. */
#ifndef HENGE_NODE_PATROL_H
#define HENGE_NODE_PATROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/fetch.h"
#include "node/node_view.h"

enum { PATROL_DUE = 512 };

struct patrol {
    struct lsm *lsm;
    bool on;
    bool walks; /* else only keys with timers are heard of */
    bool walking;
    uint64_t at;       /* where the walk goes on */
    uint64_t from_ms;  /* unix: what is due sooner has its timer; 0 in the first walk */
    uint64_t began_ms; /* unix */
    uint64_t took_ms;  /* the last one */
    uint64_t again_ms; /* unix: not to be begun again before */
    struct fetch walk;
    struct fetch lookup; /* of the first `looked` of those due */
    struct patrol_due {
        uint64_t position;
        uint8_t db;
    } due[PATROL_DUE];
    size_t due_count;
};

void patrol_init(struct patrol *p, struct lsm *lsm);
void patrol_deinit(struct patrol *p);

/* Somebody listens, or nobody does any more; and whether to every key, so that it walks. */
void patrol_set(struct patrol *p, bool on, bool walks);

/* How many timers may be taken now. */
static inline size_t patrol_room(const struct patrol *p)
{
    return PATROL_DUE - p->due_count;
}

/* There is something for patrol_step() to do, now. */
bool patrol_busy(const struct patrol *p, uint64_t now_ms);

/* Notes the keys that have expired with node_view_note_expired(); goes on with the walk. */
void patrol_step(struct patrol *p, struct node_view *v, uint64_t now_ms);

#endif
