/* key_use.h: what is known about the use of a key, for OBJECT. */
#ifndef HENGE_CELL_KEY_USE_H
#define HENGE_CELL_KEY_USE_H

#include <stdbool.h>
#include <stdint.h>

struct key_use {
    bool tracks_idle; /* the policy has an idle time */
    bool idle_known;  /* ... of this key; else it was not used since it was written */
    bool tracks_uses; /* the policy has a number of uses */
    unsigned uses;    /* lately, 0..15 */
    uint64_t idle_s;
};

#endif
