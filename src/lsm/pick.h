/* pick.h: which compaction is next: a pure function of the levels' shape.
 *
 * Leveled, ratio 10; sizes of levels follow from the last level's real size, so
 * the base level (where L0 goes) moves down as the store grows (RocksDB's dynamic
 * level size, 2015).  L0 counts tables, the others bytes; the level furthest over
 * its size is first; in a level, the table with the least overlap below per byte
 * of its own, ties by a cursor that goes round. */
#ifndef HENGE_LSM_PICK_H
#define HENGE_LSM_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lsm/version.h"

struct pick_options {
    unsigned l0_tables;     /* compact from so many on; 4 */
    unsigned ratio;         /* 10 */
    uint64_t base_size;     /* bytes of the base level before another is opened above it */
    uint64_t job_bytes_max; /* of inputs, about; at least one table and what it overlaps */
};

struct pick_levels {
    unsigned base;           /* 1..LEVELS-1: where L0 is compacted to */
    uint64_t target[LEVELS]; /* bytes; 0 above the base */
};

void pick_levels(const struct version *v, const struct pick_options *o, struct pick_levels *out);

enum pick_kind {
    PICK_NOTHING,
    PICK_MERGE, /* inputs of `from` and `to` into `to` */
    PICK_MOVE,  /* nothing below overlaps: the table changes its level by an edit */
    PICK_DROP, /* every cell of the table is expired and nothing older is under it: dropped unread */
};

struct pick {
    enum pick_kind kind;
    unsigned from;
    unsigned to;
    struct table **upper; /* of `from`, newest first for L0; borrowed from the version */
    size_t upper_count;
    struct table **lower; /* of `to` */
    size_t lower_count;
    uint64_t bytes; /* of all inputs */
};

/* The next one.  `cursor` [LEVELS] are positions the rounds stand at, advanced by this;
 * `now_ms` as in keep.h.  End with pick_deinit(). */
void pick_next(const struct version *v, const struct pick_options *o, uint64_t cursor[LEVELS],
               uint64_t now_ms, struct pick *out);
void pick_deinit(struct pick *p);

/* Compaction debt: bytes that would have to be read and written to bring every
 * level to its size, smooth: each byte of L0 counts from the first, so that it
 * grows by flushes and falls by compactions, without jumps. */
uint64_t pick_debt(const struct version *v, const struct pick_options *o);

#endif
