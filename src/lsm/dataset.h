/* dataset.h: what a log's frames amount to: the cells, what flushes hide of
 * them, and how many live keys that leaves.
 *
 * Replay builds one in a job, the loop goes on with it.  A flush costs no walk:
 * cells up to its stamp are invisible at once, and emptying a large store swaps
 * the memtable for a new one. */
#ifndef HENGE_LSM_DATASET_H
#define HENGE_LSM_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "lsm/memtable.h"

struct dataset_sums {
    uint64_t flushed[LIMIT_DATABASES];  /* stamp of the last flush */
    uint64_t heads[LIMIT_DATABASES];    /* live head cells */
    uint64_t expiring[LIMIT_DATABASES]; /* ... with an expiry */
};

struct dataset {
    struct arenas *arenas;
    size_t chunk_size;
    struct memtable *memtable;
    struct memtable *previous; /* swapped out by a flush that may still be undone */
    struct dataset_sums sums;
};

/* What a flush changed, to undo it. */
struct dataset_flush {
    struct dataset_sums sums;
    uint64_t stamp;
    bool swapped;
};

void dataset_init(struct dataset *d, struct arenas *arenas, size_t chunk_size);
void dataset_deinit(struct dataset *d);

/* Not hidden by a flush. */
static inline bool dataset_visible(const struct dataset *d, const uint8_t *cell)
{
    return cell_encoded_stamp(cell) > d->sums.flushed[cell[28]];
}

/* As memtable_put(), and counts. */
const uint8_t *dataset_put(struct dataset *d, const uint8_t *cell, size_t size,
                           const uint8_t **replaced);
void dataset_unput(struct dataset *d, const uint8_t *now, const uint8_t *replaced);

/* Gives a replaced cell's memory back; it was replaced before any flush that
 * swapped and can still be undone. */
void dataset_give(struct dataset *d, const uint8_t *replaced);

/* Empties a database or, with CELL_DB_ALL, all.  `swap`: a new memtable may be
 * made; the old one is `previous` until dataset_take_previous(). */
struct dataset_flush dataset_flush(struct dataset *d, uint8_t db, uint64_t stamp, bool swap);

/* Everything put since must have been undone. */
void dataset_unflush(struct dataset *d, const struct dataset_flush *flush);

/* The flush stands: the memtable it swapped out is the caller's, to free in a
 * job; NULL if it swapped none. */
struct memtable *dataset_take_previous(struct dataset *d, const struct dataset_flush *flush);

/* Takes a cell out that is not needed any more. */
void dataset_drop(struct dataset *d, const uint8_t *cell);

size_t dataset_bytes(const struct dataset *d);

bool dataset_check(const struct dataset *d, bool deep);

#endif
