/* timers.h: which positions have something that expires, the soonest first: a binary heap
 * of bounded size.
 *
 * An entry says where to look at that time, not that something is there: the key may have
 * been written again or deleted since.  When it is full, entries that are late among those
 * there make way for sooner ones; what is left out is found by sweeps and compactions. */
#ifndef HENGE_LSM_TIMERS_H
#define HENGE_LSM_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct timer_entry {
    uint64_t when_db; /* unix milliseconds << 8 | database */
    uint64_t position;
};

/* `= {0}` with a bound is an empty one. */
struct timers {
    struct timer_entry *heap;
    size_t count;
    size_t room;
    size_t most;      /* entries */
    uint64_t victim;  /* which late entry is looked at next */
    uint64_t lost;    /* entries ever left out */
    uint64_t lost_ms; /* when the soonest of them is due; good if there are any */
};

void timers_deinit(struct timers *t);

void timers_add(struct timers *t, uint64_t expire_ms, uint8_t db, uint64_t position);

/* When the first one is due, UINT64_MAX if there is none. */
uint64_t timers_next_ms(const struct timers *t);

/* Takes the first one out. */
void timers_pop(struct timers *t, uint8_t *db, uint64_t *position);

/* Takes all out that are due at `from_ms` or later, and forgets that some were left out. */
void timers_cut(struct timers *t, uint64_t from_ms);

/* Adds up, by database, what about `most` entries from all over the heap have left at `now_ms`,
 * and counts them; those that are due are left out. */
void timers_sample(const struct timers *t, size_t most, uint64_t now_ms,
                   uint64_t left_ms[LIMIT_DATABASES], uint64_t count[LIMIT_DATABASES]);

size_t timers_bytes(const struct timers *t);

#endif
