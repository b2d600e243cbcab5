/* heat.h: how much a key is worth keeping, by the policy that `maxmemory-policy` names.
 *
 * A rank of 0..255 for each cell, the lowest to go first: of the last use (the logarithm
 * of its age), of the number of uses lately, of the time until it expires, or none at all.
 * The loop notes uses; a job may ask for ranks meanwhile. */
#ifndef HENGE_LSM_HEAT_H
#define HENGE_LSM_HEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum heat_policy {
    HEAT_NOEVICTION,
    HEAT_ALLKEYS_LRU,
    HEAT_ALLKEYS_LFU,
    HEAT_ALLKEYS_RANDOM,
    HEAT_VOLATILE_LRU,
    HEAT_VOLATILE_LFU,
    HEAT_VOLATILE_RANDOM,
    HEAT_VOLATILE_TTL,
};

enum { HEAT_RANKS = 256 };

struct heat;

/* With one reference.  `bytes` for what it notes of uses, about; policies that need none
 * take none. */
struct heat *heat_new(enum heat_policy policy, size_t bytes);

/* References are the loop's to count. */
struct heat *heat_hold(struct heat *h);
void heat_drop(struct heat *h); /* accepts NULL */

enum heat_policy heat_policy_of(const struct heat *h);

/* It is about time that passes: the clock, in mono_us. */
void heat_clock(struct heat *h, uint64_t mono_us);

/* One use of the key at `position`. */
void heat_touch(struct heat *h, uint64_t position);

/* Whether cells without an expiry stay. */
bool heat_only_expiring(const struct heat *h);

/* A moment as the two kinds of ranks that change with time see it. */
struct heat_time {
    uint32_t tick;
    uint64_t ms; /* unix */
};

struct heat_time heat_time_of(const struct heat *h, uint64_t now_ms);

/* The rank it had, or has, then, of a cell that expires at `expire_ms` (UINT64_MAX:
 * never): what was used since is the hottest. */
unsigned heat_rank(const struct heat *h, uint64_t position, uint64_t expire_ms,
                   struct heat_time then);

/* What a rank of `from` has become at `to`, if the key was not used meanwhile. */
unsigned heat_shift(const struct heat *h, unsigned rank, struct heat_time from,
                    struct heat_time to);

/* For OBJECT: false if this policy does not know. */
bool heat_idle(const struct heat *h, uint64_t position, uint64_t *seconds);
bool heat_uses(const struct heat *h, uint64_t position, unsigned *uses); /* 0..255 */

size_t heat_bytes(const struct heat *h);

#endif
