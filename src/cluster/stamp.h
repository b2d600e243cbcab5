/* stamp.h: the clock that requests are stamped by: a hybrid logical clock (Kulkarni et al.,
 * "Logical Physical Clocks", OPODIS 2014) as one number, microseconds since 1970,
 * max(wall, last + 1).
 *
 * No stamp is given out twice, whatever is forgotten: a mark is synced ahead, no stamp above it
 * is given out, and a start begins at it.
 *
 *      given            last                          mark                asked
 *     ---o----------------o--- may be given out ---------o--- being synced --o---> time
 *      the newest     ... or seen               nothing above it yet
 *
 * The mark is raised to the wall clock and STAMP_AHEAD_US, so restarting, however often, pushes
 * no stamp further into the future than that.  Only where that leaves no room (the wall clock
 * went back, or stamps are given out faster than one a microsecond) it goes STAMP_ROOM_US beyond
 * the last stamp, and only once somebody has asked for one.
 *
 * What of others' stamps is taken over depends on where they stand.  In a message: only up to
 * STAMP_NEAR_US ahead of the own time, or one broken clock would become everybody's.  In a frame
 * of a log: always, for stamps only rise within an arc; that its leader's clock is right is the
 * leader's business (stamp_skew()). */
#ifndef HENGE_CLUSTER_STAMP_H
#define HENGE_CLUSTER_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    STAMP_AHEAD_US = 3000000,   /* how far the mark is ahead of the wall clock */
    STAMP_ROOM_US = 100000,     /* ... of the last stamp, where that is not enough */
    STAMP_ROOM_LOW_US = 50000,  /* ... is asked for when no more than this is left */
    STAMP_NEAR_US = 500000,     /* a message's stamp that is further ahead is not taken over */
    STAMP_SKEW_MAX_US = 5000000 /* further apart, a clock is not to be trusted */
};

enum stamp_seen {
    STAMP_TAKEN,  /* the own time is not behind it */
    STAMP_EARLY,  /* not taken over: it is too far ahead; what came with it is taken */
    STAMP_REFUSED /* so far ahead that a request with it is neither kept nor settled */
};

/* A plain value; its fields are stamp.c's, others read them. */
struct stamp_clock {
    uint64_t given; /* the newest that was given out; 0: none since the start */
    uint64_t last;  /* the newest that was given out, promised or seen */
    uint64_t mark;  /* synced */
    uint64_t asked; /* that is being synced; `mark` if none is */
    uint64_t early; /* how many were seen that were too far ahead */
    uint64_t refused;
    bool wanted; /* somebody asked for a stamp since the start */
};

/* At a start.  `mark`: the last that was synced, 0 in a new store; `last`: the newest stamp in
 * the log. */
void stamp_init(struct stamp_clock *c, uint64_t mark, uint64_t last);

/* The next stamp, above every one given out or seen; 0: there is none until a mark is synced
 * (stamp_wish()). */
uint64_t stamp_give(struct stamp_clock *c, uint64_t wall_us);

/* The effect: "please sync this mark", to be called every turn and after a stamp_give() that had
 * none.  0: nothing to sync.  What is returned is asked for once; it ends with stamp_synced()
 * or stamp_unsynced(). */
uint64_t stamp_wish(struct stamp_clock *c, uint64_t wall_us);

/* The fact: what was asked for is synced, or could not be. */
void stamp_synced(struct stamp_clock *c, uint64_t mark);
void stamp_unsynced(struct stamp_clock *c);

/* No stamp below the result is ever given out again, through any restart: it is at most the
 * mark (t of tombstone.h). */
uint64_t stamp_promise(struct stamp_clock *c, uint64_t wall_us);

/* The mark to sync at a clean stop, after which nothing is given out: the next start goes on
 * from the last stamp, not from the mark. */
uint64_t stamp_stop(struct stamp_clock *c);

/* A stamp in a peer's message. */
enum stamp_seen stamp_see(struct stamp_clock *c, uint64_t wall_us, uint64_t stamp);

/* A stamp that has to be passed: of a frame in the log, or one that a new member is told to
 * begin above. */
void stamp_follow(struct stamp_clock *c, uint64_t wall_us, uint64_t stamp);

bool stamp_check(const struct stamp_clock *c);

/* How the own wall clock stands to the peers'. */
struct stamp_skew {
    int64_t ahead_us; /* of their median; < 0: behind it */
    size_t peers;     /* that it was held against */
    bool off;         /* more than STAMP_SKEW_MAX_US: neither lead nor accept at `one` */
};

/* `offsets`: of each peer that was ever heard, its wall clock minus the own one, now.  A peer's
 * is best kept as its wall clock minus the own monotonic one: then a jump of the own wall clock
 * shows at once, and a peer out of reach still counts.  Reorders `offsets`.
 *
 * Of an even number the middle one nearer to the own clock counts, so one of two peers that is
 * wrong does not make a third one wrong.  With one peer nobody knows which is wrong: both are. */
struct stamp_skew stamp_skew(int64_t *offsets, size_t count);

/* Appends what is said about it, for the log and INFO. */
void stamp_skew_print(const struct stamp_skew *skew, struct buf *to);

#endif
