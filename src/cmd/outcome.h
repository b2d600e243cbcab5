/* outcome.h: what a call came to beside its reply, and what it was made to depend on:
 * for doors that tell versions and take conditions, as HTTP does.
 *
 * A version is stamp and origin of a key's head; no two heads of a key have the same. */
#ifndef HENGE_CMD_OUTCOME_H
#define HENGE_CMD_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/call.h"

enum { OUTCOME_VERSIONS = 16 }; /* that one condition may name */

struct call_version {
    uint64_t stamp;
    uint32_t origin;
};

/* Versions of which the head has to be one. */
struct call_versions {
    bool given;
    bool any; /* whichever: the key has to be there */
    uint32_t count;
    struct call_version list[OUTCOME_VERSIONS];
};

/* Of the first key, at the moment the call runs. */
struct call_condition {
    struct call_versions match;      /* it is one of these */
    struct call_versions none_match; /* it is none of these */
};

struct call_outcome {
    const struct call_condition *condition; /* NULL: none.  Set before the call runs */
    bool refused; /* it does not hold: nothing was done, null is replied */
    bool found;   /* the first key was there; known to reads and with a condition */
    bool matched; /* if it is refused: `match` holds, it is `none_match` that does not */
    bool wrote;
    struct call_version version; /* of the first key's head: as found, or as written (a
                                    tombstone's too) */
    uint64_t expire_ms;          /* of the head that was found; 0: none */
};

/* Before each run of a call that has an outcome.  False: it does not run; return c->end. */
bool outcome_begin(struct call *c);

#endif
