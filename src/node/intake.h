/* intake.h: an argument larger than a piece, on its way from a socket to a blob file:
 * its bytes are read into pieces, which go to an upload (lsm/upload.h) as they fill.
 *
 *     intake_new -> intake_room, intake_took ... -> intake_end -> intake_settled
 *     -> intake_finish: the call's
 *
 * Both doors use it.  At most one piece is in memory beside those that are being
 * written. */
#ifndef HENGE_NODE_INTAKE_H
#define HENGE_NODE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "cmd/call.h"
#include "lsm/lsm.h"

struct intake;

/* Of the string `key` (copied) of `db`, in pieces of `piece_max` bytes.  news() is called
 * on the loop, between turns, when what waited may go on. */
struct intake *intake_new(struct lsm *lsm, uint8_t db, struct slice key, size_t piece_max,
                          void (*news)(void *owner), void *owner);

/* Where the next *n bytes at most go; NULL: there is no room until news(). */
uint8_t *intake_room(struct intake *in, size_t *n);

/* `n` of them have come. */
void intake_took(struct intake *in, size_t n);

/* Those were all, one at least; may be called again. */
void intake_end(struct intake *in);

/* After intake_end(): everything is durable, or it failed; else news() will come. */
bool intake_settled(const struct intake *in);

/* Makes it argument `arg` of a call, whose own it is: one of call->large.  Frees the
 * intake, which is settled. */
struct call_large *intake_finish(struct intake *in, uint32_t arg);

/* At any time instead; accepts NULL. */
void intake_free(struct intake *in);

/* All large arguments of the call were written.  False: the error is replied. */
bool intake_is_whole(struct call *c);

#endif
