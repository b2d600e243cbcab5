/* replay.h: the frames of a segment's bytes, applied to a dataset; and, behind a
 * frame that is not good, the search for a proof that it once was.
 *
 * Bytes in, decisions out: no files here.  The rule is Pebble's (record.go, the
 * sync offset): a frame behind the damage that says the log was synced beyond it
 * makes it corruption; else it is a tail that a crash tore. */
#ifndef HENGE_LSM_REPLAY_H
#define HENGE_LSM_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "lsm/dataset.h"
#include "lsm/log_format.h"

struct replay {
    struct dataset *data; /* borrowed */
    uint64_t end;         /* log position behind the last good frame */
    uint64_t index;       /* of that frame */
    uint64_t stamp;       /* the largest so far */
    uint64_t frames;
    uint64_t synced; /* position that heads and frames promise to be synced */
};

/* Applies the frames at the beginning of `bytes`, which is what `head`'s file
 * holds behind the head, as long as they are good and end at or before position
 * `limit`; *used is how many bytes that is.  r->end must be head->base.  A frame
 * is applied whole or not at all.  ERR_CORRUPT for a frame whose crc holds and
 * whose content does not: that was never written. */
struct err replay_segment(struct replay *r, const struct segment_head *head, struct slice bytes,
                          uint64_t limit, size_t *used);

/* Whether a good frame of that segment anywhere in `bytes` promises that the log
 * was synced beyond `position`. */
bool replay_promised(struct slice bytes, uint64_t segment, uint64_t position);

/* Bytes up to the last one that is not zero. */
size_t replay_used(struct slice bytes);

#endif
