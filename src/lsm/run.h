/* run.h: cells of one position, sorted by the rest of their keys.
 *
 * Different keys may share a position, and one day a collection's elements do.
 * A run is an array of blocks, each a sorted array of cells, so that an insert
 * moves few bytes however long the run is. */
#ifndef HENGE_LSM_RUN_H
#define HENGE_LSM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell/cell.h"
#include "lsm/chunks.h"

enum { RUN_BLOCK = 126 };

struct run_block {
    size_t count;
    const uint8_t *cells[RUN_BLOCK];
};

struct run {
    uint64_t position;
    size_t count;  /* cells */
    size_t blocks; /* in use */
    size_t room;   /* blocks that `block` has room for */
    struct run_block **block;
};

/* Where a cell is, or where it would go. */
struct run_place {
    size_t block;
    size_t at;
    bool found;
};

/* The key of an encoded cell, without the rest of it. */
struct cell_key run_key_of(const uint8_t *cell);

/* An empty run; its memory is from `c`. */
struct run *run_new(struct chunks *c, uint64_t position);
void run_free(struct run *r, struct chunks *c);

/* The first cell not below `key`; one past the last if there is none. */
struct run_place run_search(const struct run *r, const struct cell_key *key);

/* Inserts at a place that run_search() gave. */
void run_insert(struct run *r, struct chunks *c, struct run_place place, const uint8_t *cell);
void run_remove(struct run *r, struct chunks *c, struct run_place place);

/* The cell at a place, or NULL if it is past the end. */
static inline const uint8_t *run_at(const struct run *r, struct run_place place)
{
    return place.block < r->blocks ? r->block[place.block]->cells[place.at] : NULL;
}

#endif
