/* deadlines.h: one heap of moments at which something is to happen. */
#ifndef HENGE_SERVER_DEADLINES_H
#define HENGE_SERVER_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

struct deadlines;

/* Part of whoever waits, whose struct must not move while it is set. */
struct deadline {
    struct deadlines *heap; /* NULL: not set */
    uint64_t at_us;         /* mono */
    uint32_t place;         /* in the heap */
};

struct deadlines {
    struct deadline **all; /* the soonest first, each in front of its children 2i+1, 2i+2 */
    uint32_t count;
    uint32_t cap;
};

/* None may be set. */
void deadlines_deinit(struct deadlines *h);

/* `d`, which is not set, is due at `at_us`. */
void deadline_set(struct deadlines *h, struct deadline *d, uint64_t at_us);

/* It is not, any more.  Harmless if it is not set. */
void deadline_cancel(struct deadline *d);

/* When the soonest is due; UINT64_MAX: none is set. */
uint64_t deadlines_next(const struct deadlines *h);

/* Takes one off that is due at `now_us`; NULL: there is none. */
struct deadline *deadlines_take_due(struct deadlines *h, uint64_t now_us);

bool deadlines_check(const struct deadlines *h);

#endif
