/* model.h: what one key may do, told by one operation: the sequential meaning the
 * checkers hold the server to. */
#ifndef HENGE_SIM_MODEL_H
#define HENGE_SIM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/history.h"

/* What a key holds.  When it expires is known within what the server's clock can
 * have been; 0 for never. */
struct model_state {
    uint32_t value; /* 0: absent */
    uint64_t expires_least;
    uint64_t expires_most;
};

/* What it may be at the moment of an operation. */
bool model_may_live(const struct history *h, const struct model_state *s, const struct op *op,
                    uint64_t until_us);
bool model_may_be_expired(const struct history *h, const struct model_state *s, const struct op *op,
                          uint64_t until_us);

/* Applies `op` (its key `i`; of an EXEC key i % SIM_KEYS of database i / SIM_KEYS) to
 * *s, which is not expired.  False if it cannot have been answered as it was; an
 * operation without an answer can always.  `until_us` is when it was done with at the
 * latest. */
bool model_apply(struct history *h, const struct op *op, int i, uint64_t until_us,
                 struct model_state *s);

#endif
