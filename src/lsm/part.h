/* part.h: a piece of a value on its way out: read by a job when it is asked for, past
 * every cache.  Its file stays as long as the part does, whatever becomes of the key. */
#ifndef HENGE_LSM_PART_H
#define HENGE_LSM_PART_H

#include "base/err.h"
#include "cell/cell.h"

struct lsm;
struct part;

/* NULL: there is no such place. */
struct part *part_open(struct lsm *lsm, const struct blob_ref *ref);

/* Its store is there still. */
bool part_lives(const struct part *p);

/* Reads it, once, and calls done() on the loop, between turns. */
void part_read(struct part *p, void (*done)(void *owner, struct err e), void *owner);

/* Its bytes, the part's; NULL until they are read. */
const uint8_t *part_bytes(const struct part *p);

/* At any time; done() will not be called then.  Accepts NULL. */
void part_close(struct part *p);

/* --- for the glue */

/* A job reads one. */
bool parts_busy(const struct lsm *lsm);

/* The end of the store, or a crash: they are their owners', without a file. */
void parts_leave(struct lsm *lsm);

#endif
