/* arcs_model_state.h: what arcs_model.c and arcs_model_read.c share. */
#ifndef HENGE_UNIT_ARC_MODEL_STATE_H
#define HENGE_UNIT_ARC_MODEL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arcs_model.h"
#include "base/prng.h"
#include "lsm/lsm_arc.h"
#include "lsm_world.h"

enum { ARCS = 3, KEYS = 6, RECORDS = 6000, FRAME_CELLS_MAX = 3, STATE_MAX = 24 };

enum record_kind { RECORD_FRAME, RECORD_PROMISED, RECORD_STATED, RECORD_BASED };

/* Everything that was logged, in order. */
struct record {
    enum record_kind kind;
    unsigned arc;
    uint64_t begin; /* log positions */
    uint64_t end;
    uint64_t index;
    struct log_ballot ballot;
    struct log_ballot previous;
    uint64_t committed;
    uint64_t stamp;
    unsigned count;
    unsigned key[FRAME_CELLS_MAX];
    unsigned size[FRAME_CELLS_MAX]; /* of the value; 0: a tombstone */
    unsigned number;                /* of it, and so of its values and state */
};

/* One arc's log, replayed from records. */
struct arc {
    struct record *frame[RECORDS]; /* by index; of the log as it is */
    uint64_t end;
    uint64_t base; /* below are none */
    uint64_t committed;
    struct log_ballot promise;
    unsigned state; /* number of the record */
    struct log_point point;
};

struct model {
    struct lsm_world w;
    struct prng prng;
    struct record *records;
    unsigned count;
    struct arc *arc;
    uint64_t applied[ARCS];
    uint64_t counter; /* of the newest ballot */
    uint64_t before;  /* the log's end, when the newest record was begun */
    uint64_t boot;
    bool clean; /* the last life ended in order */
    struct arcs_model_did *did;
    char *room;
    size_t size;
    bool bad;
};

/* Keeps the first of what is wrong, and returns it. */
const char *arcs_model_say(struct model *m, const char *what, unsigned arc, uint64_t index);

unsigned arcs_model_below(struct model *m, unsigned n);
uint64_t arcs_model_name(unsigned arc);

/* Reads frames of some arcs back from the log, until there are no more. */
void arcs_model_read(struct model *m);

#endif
