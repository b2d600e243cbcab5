/* fetch.h: a request that waits for cells: the state FETCHING.
 *
 *     RUNNING --want--> fetch_start() --job--> ready() --> RUNNING
 *
 * Nothing is reserved meanwhile: the request runs again against the store as it
 * then is.  What was read for it stays in memory until fetch_end(), so that every
 * restart finds what the ones before found. */
#ifndef HENGE_NODE_FETCH_H
#define HENGE_NODE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "lsm/lsm.h"

/* Part of whoever owns the request, whose struct must not move. */
struct fetch {
    struct lsm_fetch **reads; /* one for each time, the last one perhaps under way */
    uint32_t count;
    uint32_t cap;
    bool waiting;
    struct err err; /* of the last one */
    void (*ready)(struct fetch *f);
};

/* `ready` is called on the loop, between turns, when a read that was started has
 * ended, well or not. */
void fetch_init(struct fetch *f, void (*ready)(struct fetch *f));

/* Reads what is wanted, at least one cell; the wants are borrowed during the call
 * only.  None may be under way. */
void fetch_start(struct fetch *f, struct lsm *lsm, const struct want *wants, size_t count);

/* Bytes that stay in memory for it. */
uint64_t fetch_bytes(const struct fetch *f);

/* Lets go of everything; ready() is not called any more.  It can be used again. */
void fetch_end(struct fetch *f);

#endif
