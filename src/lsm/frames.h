/* frames.h: cells on their way into the log: whole frames in one buffer, and one
 * that is still open.
 *
 * A frame is built without knowing which segment it goes to; frames_seal() adds
 * that, and the crc, when it is about to be written. */
#ifndef HENGE_LSM_FRAMES_H
#define HENGE_LSM_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "lsm/log_format.h"

struct frames {
    struct buf bytes;
    size_t sent;    /* bytes at the beginning that are written */
    size_t open_at; /* where the open frame begins */
    uint32_t cells; /* in the open frame; 0: none is open */
    uint64_t stamp; /* of its newest cell */
};

/* Where frames go: what frames_seal() writes into their heads. */
struct frames_place {
    uint64_t segment;
    uint64_t synced;
    uint64_t index; /* of the first of arc 0 */
};

void frames_deinit(struct frames *f);

/* Room for a cell of `size` bytes in the open frame, to be filled at once; opens
 * one if need be. */
uint8_t *frames_add(struct frames *f, size_t size, uint64_t stamp);

/* A whole frame of a kind or an arc that is not numbered here: head->length, segment and
 * synced are filled in.  None may be open.  Returns its bytes. */
size_t frames_put(struct frames *f, const struct frame_head *head, struct slice cells,
                  struct slice notes);

/* Bytes in the open frame, 0 if none is open. */
size_t frames_open_size(const struct frames *f);

/* Ends the open frame, if there is one. */
void frames_close(struct frames *f);

/* What is not written yet; no frame may be open. */
struct slice frames_rest(const struct frames *f);

/* Takes `len` bytes as written; frees the buffer's memory if that was all and it
 * is large. */
void frames_sent(struct frames *f, size_t len);

/* Drops everything. */
void frames_clear(struct frames *f);

/* Bytes of the longest run of whole frames that fits in `room`. */
size_t frames_fit(struct slice frames, uint64_t room);

/* Completes the heads of the frames in `bytes`, and returns how many of them are arc 0's:
 * these are numbered. */
uint64_t frames_seal(uint8_t *bytes, size_t len, const struct frames_place *place);

#endif
