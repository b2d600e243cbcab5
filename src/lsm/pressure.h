/* pressure.h: how much the store takes, and how fast: the facts behind pace.h, and
 * the loop's own bounds on a turn. */
#ifndef HENGE_LSM_PRESSURE_H
#define HENGE_LSM_PRESSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lsm/pace.h"

struct lsm;

struct pressure {
    struct lsm *lsm;
    struct pace_bucket bucket;
    unsigned now;     /* pace_pressure() */
    uint64_t version; /* number of the one whose pick_debt() this is: */
    uint64_t debt;
    uint64_t debt_limit;
    uint64_t carried;     /* bytes a second that flushes were measured to carry */
    size_t read_now_left; /* bytes of page cache the loop still reads in this turn */
};

void pressure_init(struct pressure *p, struct lsm *lsm);

/* A turn begins. */
void pressure_turn(struct pressure *p);

/* The version or the memtables are others. */
void pressure_update(struct pressure *p);

/* A flush of `bytes` of memtable took `us`. */
void pressure_flushed(struct pressure *p, uint64_t bytes, uint64_t us);

bool pressure_admits(const struct pressure *p);
void pressure_put(struct pressure *p, size_t bytes);
uint64_t pressure_deadline(const struct pressure *p);

/* Takes `bytes` of what the loop may read from the page cache in one turn. */
bool pressure_read_now(struct pressure *p, size_t bytes);

#endif
