/* probe.h: what was read of every key right after a start, before anybody wrote:
 * which writes are surely there, and which surely are not. */
#ifndef HENGE_SIM_PROBE_H
#define HENGE_SIM_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/history.h"

struct probe {
    const struct history *history;
    uint64_t began; /* when the server began to serve */
    const struct op *reads[SIM_DBS][SIM_KEYS];
};

/* The probe that the mark MARK_PROBED ended; false if nothing had happened before
 * it. */
bool probe_read(const struct history *h, size_t mark, struct probe *p);

/* It wrote a value to its i-th key, whatever was there, and was told so or nobody
 * knows. */
bool probe_wrote(const struct op *op, int i);

bool probe_survived(const struct probe *p, const struct op *op, int i);
bool probe_lost(const struct probe *p, const struct op *op, int i);

/* Whatever sub `n` of `exec` found, it wrote its i-th key, and nothing behind it in the
 * same EXEC did so again. */
bool probe_last_word(const struct op *exec, unsigned n, int i);

/* `a` took effect before `b` if both did. */
bool op_before(const struct op *a, const struct op *b);

/* A power loss between the two moments may have taken op's effect back. */
bool op_may_be_lost(const struct history *h, const struct op *op, uint64_t from, uint64_t to);

#endif
