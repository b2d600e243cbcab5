/* arc_marks.h: what a manifest says of each arc's log: the bytes, and what they mean.
 *
 * A flush records it, so that a log's end is known when its segments are gone:
 *
 *      0  u64  arc              by this, each once; never 0
 *      8  u64  index            of the last frame applied, and so in tables with all before it
 *     16  u64  its ballot's counter
 *     24  u64  its stamp
 *     32  u64  index            of the last frame that was logged then
 *     40  u64  its ballot's counter
 *     48  u64  counter of the ballot promised
 *     56  u32  node of the first of these ballots
 *     60  u32  ... of the second
 *     64  u32  ... of the third
 *     68  u32  flags            1: no more frames come; 2: frames that were here are lost
 *     72  u32  length of the state
 *     76  u32  0
 *     80       state, and zeros to a multiple of 8
 *
 * Numbers are little-endian. */
#ifndef HENGE_LSM_ARC_MARKS_H
#define HENGE_LSM_ARC_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "lsm/log_ballot.h"

enum { ARC_MARK_SIZE = 80 };

struct arc_mark {
    uint64_t arc;
    struct log_point applied;
    struct log_point end; /* no stamp */
    struct log_ballot promise;
    bool closed;
    bool forgot;
    struct slice state;
};

void arc_mark_put(struct buf *to, const struct arc_mark *m);

/* The one that *rest begins with, its state borrowed, and *rest goes behind it.  False: no
 * mark looks like that. */
bool arc_mark_get(struct slice *rest, struct arc_mark *m);

/* Whether all of it is marks, in order. */
bool arc_marks_good(struct slice marks);

#endif
