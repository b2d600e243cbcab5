/* room.h: the bound on what the store takes of the disk, and what is done about it.
 *
 *     bytes of files, of maxdisk:
 *     0 .............. 7/8 ............ 15/16 ......... 1
 *       as it comes    | garbage goes   | writers       | nothing is let in, or
 *                      | sooner, cold   | slow down     | (noeviction, or nothing
 *                      | cells go       |               | may go) -OOM
 *
 * Garbage is what no cell refers to in files of values (a rewrite frees it) and cells that
 * newer ones hide (compactions that would not be due free them).  What is cold goes by
 * compactions of single tables of the deepest level, where nothing older can come to
 * light; each frees about a fifth of its table. */
#ifndef HENGE_LSM_ROOM_H
#define HENGE_LSM_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "lsm/evict.h"
#include "lsm/heat.h"
#include "lsm/pick.h"

struct lsm;

struct room {
    struct lsm *lsm;
    uint64_t max;      /* bytes; 0: no bound */
    struct heat *heat; /* NULL: nothing is ever evicted */
    struct evict_spread spread;
    uint64_t used;            /* bytes of files that the store is made of */
    uint64_t leaving;         /* ... and of those that wait to be removed */
    uint64_t garbage;         /* of them: dead, in files that could be rewritten */
    uint64_t version;         /* of which these are */
    uint64_t log_bytes;       /* likewise */
    uint64_t cursor;          /* position the round of evictions stands at */
    uint64_t cursors[LEVELS]; /* of pick_hidden() */
    uint64_t rounds;          /* evicting compactions begun */
    uint64_t barren;          /* of the last of them, those that freed next to nothing */
    uint64_t flushes;         /* stats.flushes when nothing was left to evict */
    bool exhausted;           /* nothing is, until another flush */
};

void room_init(struct room *r, struct lsm *lsm);
void room_deinit(struct room *r);

/* The version, the log or the bound are others. */
void room_update(struct room *r);

/* What makes writers slow down, and how much of it stops them: bytes near the bound, or
 * half of it in files that wait to be removed.  With a bound only. */
uint64_t room_excess(const struct room *r);
uint64_t room_excess_most(const struct room *r);

/* From 7/8 of the bound on. */
bool room_short(const struct room *r);

/* Rewrites should free garbage that they would leave otherwise. */
bool room_wants_rewrite(const struct room *r);

/* At the bound, and nothing may go: writes are to be refused. */
bool room_full(const struct room *r);

/* The next compaction for room; false: there is none that would help.  *evicts: it is to
 * evict. */
bool room_pick(struct room *r, struct pick *out, bool *evicts);

/* What it is to evict.  Holds a reference of the heat until room_evicted(). */
void room_begin(struct room *r, struct evict *e);

/* It has ended; `read` bytes were its inputs.  An error: it freed nothing. */
void room_evicted(struct room *r, struct evict *e, uint64_t read, bool failed);

#endif
