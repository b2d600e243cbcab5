/* replay.h: the frames of a segment's bytes, applied to a dataset.
 *
 * Bytes in, decisions out: no files here. */
#ifndef HENGE_LSM_REPLAY_H
#define HENGE_LSM_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "lsm/dataset.h"
#include "lsm/log_format.h"
#include "lsm/tails.h"

struct replay {
    struct dataset *data;              /* borrowed; sealed as it fills */
    struct tails *tails;               /* borrowed; with what a manifest says */
    uint64_t through;                  /* of arc 0 everything before it is in tables */
    uint64_t end;                      /* log position behind the last good frame */
    uint64_t index;                    /* of the last frame of arc 0 */
    uint64_t stamp;                    /* the largest so far */
    uint64_t flushed[LIMIT_DATABASES]; /* stamps of the flushes that were replayed */
    uint64_t frames;
    uint64_t synced; /* position that heads and frames promise to be synced */
    bool ended;      /* a FRAME_END is at `end` */
};

/* Applies the frames at the beginning of `bytes`, which that segment holds at position
 * r->end, as long as they are good, whole, and end at or before position `limit`
 * (>= r->end); *used is how many bytes that is.  A frame is applied whole or not at
 * all, one of an arc once frames say that it is committed; until then it is in its tail.
 * Cells that the dataset's flushes hide are left out.  ERR_CORRUPT for a frame
 * whose crc holds and whose content does not: that was never written. */
struct err replay_frames(struct replay *r, uint64_t segment, struct slice bytes, uint64_t limit,
                         size_t *used);

/* The size of the frame of that segment that seems to begin at bytes.data, of which
 * the first FRAME_HEAD_SIZE bytes are looked at; 0 if none does, or if it is larger
 * than `most`. */
uint64_t replay_claim(struct slice bytes, uint64_t segment, uint64_t most);

/* Bytes up to the last one that is not zero. */
size_t replay_used(struct slice bytes);

#endif
