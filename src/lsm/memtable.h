/* memtable.h: the newest cells, in memory, in the order of everything.
 *
 * A directory on the top 16 bits of the position; a slot of it is empty, a cell,
 * a leaf of up to eight cells, a node of sixteen slots for the next four bits, or
 * a run (run.h) of cells of one position.  Cells are stored encoded, once for
 * each key, and stay where they are until they are replaced or removed.  A cell
 * with a large value has one number more behind its encoding: where the log has
 * it, so that a flush need not copy the value. */
#ifndef HENGE_LSM_MEMTABLE_H
#define HENGE_LSM_MEMTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell/cell.h"
#include "env/arenas.h"

enum { MEMTABLE_DEPTH = 14 }; /* the directory, at most 12 nodes, and one to spare */

struct memtable;

/* Takes an arena of its own and `chunk_size` bytes of it at a time.  Values of
 * `large_min` bytes or more are large. */
struct memtable *memtable_new(struct arenas *arenas, size_t chunk_size, uint32_t large_min);

/* Ends it with everything in it; may take long (arenas_release()), so for a job
 * or the very end.  Accepts NULL. */
void memtable_free(struct memtable *m);

/* Copies the encoded cell of `size` bytes in.  `place`, the log position of its
 * first byte, is kept if the value is large.  *replaced is the cell of that key
 * which was there, or NULL; it stays readable until memtable_give(). */
const uint8_t *memtable_put(struct memtable *m, const uint8_t *cell, size_t size, uint64_t place,
                            const uint8_t **replaced);

/* Whether a cell's value is large, and the place that came with such a cell, which
 * is in the table (both also while another thread reads the table). */
bool memtable_is_large(const struct memtable *m, const uint8_t *cell);
uint64_t memtable_place(const struct memtable *m, const uint8_t *cell);

/* Adds CELL_OVER flags to a cell that was just put. */
void memtable_mark(const uint8_t *cell, uint8_t flags);

/* The memory of a cell that was replaced. */
void memtable_give(struct memtable *m, const uint8_t *replaced);

/* Undoes a put: `now` goes, and `replaced` (or nothing) is in its place again. */
void memtable_restore(struct memtable *m, const uint8_t *now, const uint8_t *replaced);

/* Takes a cell that is in the table out and gives its memory back. */
void memtable_remove(struct memtable *m, const uint8_t *cell);

/* The cell of that key, or NULL. */
const uint8_t *memtable_find(const struct memtable *m, const struct cell_key *key);

/* What memtable_find() will touch: first the directory's target, a little later
 * the cell. */
void memtable_prefetch(const struct memtable *m, uint64_t position);
void memtable_prefetch_cell(const struct memtable *m, uint64_t position);

/* False: no cell is at that position.  True, wrongly, where 16 bits of another are the
 * same. */
bool memtable_may_hold(const struct memtable *m, uint64_t position);

/* A place in the order; invalid after any change of the table. */
struct memtable_iter {
    struct {
        const uint64_t *slots;
        unsigned count;
        unsigned at;
    } path[MEMTABLE_DEPTH];
    unsigned depth;
    size_t block; /* of a run */
    size_t at;    /* within a leaf or a run's block */
};

/* The first cell at or behind `key`, or NULL. */
const uint8_t *memtable_seek(const struct memtable *m, struct memtable_iter *it,
                             const struct cell_key *key);

/* The one behind the last one returned, or NULL. */
const uint8_t *memtable_next(struct memtable_iter *it);

size_t memtable_bytes(const struct memtable *m);      /* allocated */
size_t memtable_spare(const struct memtable *m);      /* of them, given back and not taken again */
size_t memtable_live(const struct memtable *m);       /* in cells that can be found */
size_t memtable_count(const struct memtable *m);      /* cells that can be found */
size_t memtable_tombstones(const struct memtable *m); /* of these */
size_t memtable_expiring(const struct memtable *m);   /* of these, no tombstones */

/* Counters; `deep`: the order, each cell found again, and the sums. */
bool memtable_check(const struct memtable *m, bool deep);

#endif
