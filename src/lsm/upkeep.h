/* upkeep.h: compactions, rewrites of garbage, files without a use: one at a time,
 * in slices, at the pace pressure asks for. */
#ifndef HENGE_LSM_UPKEEP_H
#define HENGE_LSM_UPKEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "lsm/compact.h"
#include "lsm/evict.h"
#include "lsm/pick.h"
#include "lsm/rewrite.h"

struct lsm;

/* IDLE -> COMPACTING | REWRITING -> INSTALLING -> FREEING -> IDLE
 * IDLE -> INSTALLING -> IDLE (an edit without a job) */
enum upkeep_state {
    UPKEEP_IDLE,
    UPKEEP_COMPACTING,
    UPKEEP_REWRITING,
    UPKEEP_INSTALLING,
    UPKEEP_FREEING,
};

struct upkeep {
    struct lsm *lsm;
    enum upkeep_state state;
    bool in_job;             /* a slice is with the pool */
    struct compact *compact; /* one of these two, with `version` held */
    struct rewrite *rewrite;
    struct version *version;
    struct evict evict; /* of `compact`, if its heat is not NULL */
    bool room_first;    /* make_room() has had its turn before compactions */
    uint64_t cursor[LEVELS];
    uint64_t order;    /* of the newest rewritten table */
    uint64_t slice_us; /* when the slice began */
    uint64_t next_us;  /* mono: nothing is begun before; 0: at once */
    unsigned failures; /* one after another */
    char detail[512];  /* of the last one, for people */
    /* There was nothing to do with this version just now: not looked at again before. */
    uint64_t rest_version; /* its number and one; 0: none */
    uint64_t rest_until_us;
    bool asked;         /* ... though somebody asked */
    struct job freeing; /* ends compact or rewrite: they close files */
};

void upkeep_init(struct upkeep *u, struct lsm *lsm);

/* As a crash. */
void upkeep_deinit(struct upkeep *u);

/* Begins or goes on with what is next, if it is time. */
void upkeep_pump(struct upkeep *u);

/* No job of it is under way. */
bool upkeep_idle(const struct upkeep *u);
uint64_t upkeep_deadline(const struct upkeep *u);

#endif
