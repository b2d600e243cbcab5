/* watches.h: keys that somebody watches: whether they were written since.
 *
 * Every put is held against them, while there are any.  An expiry is no put: whoever
 * watches a key that was there looks whether it still is. */
#ifndef HENGE_NODE_WATCHES_H
#define HENGE_NODE_WATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "cell/cell.h"

/* One watcher's interest in one key; its memory is the watcher's. */
struct watch {
    struct list link; /* in a bucket */
    const void *owner;
    struct cell_key key;
    bool existed; /* when it was begun */
    bool touched; /* since */
};

struct watches {
    struct list *buckets; /* by position; NULL while there are none */
    size_t bucket_count;  /* a power of two */
    size_t count;
};

void watches_deinit(struct watches *all);

/* Whether that owner watches the key. */
bool watches_find(const struct watches *all, const struct cell_key *key, const void *owner);

/* Begins; w->owner, w->key and w->existed are set, and the key's bytes stay where they are. */
void watches_add(struct watches *all, struct watch *w);

/* Ends it. */
void watches_remove(struct watches *all, struct watch *w);

/* The key was put or deleted. */
void watches_touch(struct watches *all, const struct cell_key *key);

/* A database was emptied (CELL_DB_ALL: all). */
void watches_flush(struct watches *all, uint8_t db);

/* Nobody knows what was written. */
void watches_touch_all(struct watches *all);

bool watches_check(const struct watches *all);

#endif
