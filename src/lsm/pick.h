/* pick.h: which compaction is next: a pure function of the levels' shape.
 *
 * Leveled, ratio 10; sizes of levels follow from the largest level's real size, so
 * the base level (where L0 goes) moves up as the store grows (RocksDB's dynamic
 * level size, 2015):
 *
 *     L0   l0_tables
 *     L1         -            targets, were L6 4 GiB and base_size 256 MiB: the next level
 *     ...        -            above the base is opened when the base's target passes
 *     L4       41 MiB         base_size, and given up again when it falls below a fortieth
 *     L5      410 MiB
 *     L6        4 GiB
 *
 * L0 counts tables (or bytes, if they are many), the others bytes; the level furthest
 * over its size is first; in a level, tables of many tombstones, then those with the
 * least overlap below per byte of their own, ties by a cursor that goes round.
 *
 * Recency is the place, so these hold of every pick: tables of L0 go down only with
 * every older table of L0; whatever is in `to` within the hull of the upper tables
 * is in the job; no level between `from` and `to` has a table. */
#ifndef HENGE_LSM_PICK_H
#define HENGE_LSM_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lsm/version.h"

struct pick_options {
    unsigned l0_tables;     /* compact from so many on; 4 */
    uint64_t l0_bytes;      /* or from so many bytes on, if few tables are large; 0: never */
    unsigned ratio;         /* 10 */
    uint64_t base_size;     /* bytes of the base level before another is opened above it */
    uint64_t job_bytes_max; /* of inputs, about; at least l0_tables tables of L0, or one table of
                               another level, and what they overlap */
};

struct pick_levels {
    unsigned base;           /* 1..LEVELS-1: where L0 is compacted to */
    uint64_t target[LEVELS]; /* bytes; 0: the level is to be emptied, and L0 itself */
};

void pick_levels(const struct version *v, const struct pick_options *o, struct pick_levels *out);

enum pick_kind {
    PICK_NOTHING,
    PICK_MERGE, /* inputs of `from` and `to` into `to` */
    PICK_MOVE,  /* nothing below overlaps: the tables change their level by an edit */
    PICK_DROP,  /* every cell of the tables is flushed, or expired with nothing older under it:
                   dropped unread, by an edit */
};

struct pick {
    enum pick_kind kind;
    unsigned from;
    unsigned to;
    struct table **upper; /* of `from`, newest first for L0; borrowed from the version */
    size_t upper_count;
    struct table **lower; /* of `to`; PICK_MERGE only, may be none */
    size_t lower_count;
    uint64_t bytes; /* of all inputs */
};

/* The next one.  `cursor` [LEVELS] are positions the rounds stand at, advanced by this;
 * `now_ms` as in keep.h.  End with pick_deinit(), unless somebody took it. */
void pick_next(const struct version *v, const struct pick_options *o, uint64_t cursor[LEVELS],
               uint64_t now_ms, struct pick *out);
void pick_deinit(struct pick *p);

/* When room is short: one that frees what newer cells or tombstones hide, or what is
 * deleted or expired, though every level has its size; PICK_NOTHING if nothing is known
 * to be there. */
void pick_hidden(const struct version *v, const struct pick_options *o, uint64_t cursor[LEVELS],
                 uint64_t now_ms, struct pick *out);

/* Adds to `e` what PICK_MOVE and PICK_DROP amount to, bytes of values included. */
void pick_edit(const struct pick *p, struct edit *e);

/* Compaction debt: bytes that have to be read and written again to bring every
 * level to its size, smooth: each byte of L0 counts from the first, all its way
 * down, so that it grows by flushes and falls by compactions, without jumps.  A tree
 * at rest has some: that of less than l0_tables tables. */
uint64_t pick_debt(const struct version *v, const struct pick_options *o);

/* The debt of `bytes` in L0 of a tree with these levels, were all of them at their
 * sizes: what a debt is measured by. */
uint64_t pick_debt_of(const struct version *v, const struct pick_options *o, uint64_t bytes);

#endif
