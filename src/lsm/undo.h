/* undo.h: what to put back if the log does not take what was put.
 *
 * A ring of records, oldest first, each good until the log has acknowledged its
 * position; then the cell it replaced is freed. */
#ifndef HENGE_LSM_UNDO_H
#define HENGE_LSM_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lsm/dataset.h"

struct undo_record {
    uint64_t end; /* log position behind the put */
    struct dataset_put put;
    struct dataset_flush *flush; /* NULL for a put */
};

struct undo {
    struct undo_record *records;
    size_t room; /* a power of two, or 0 */
    size_t first;
    size_t count;
    size_t flushes;
};

/* `= {0}` is an empty one. */
void undo_deinit(struct undo *u);

void undo_push_put(struct undo *u, uint64_t end, const struct dataset_put *put);
void undo_push_flush(struct undo *u, uint64_t end, const struct dataset_flush *flush);

/* Everything up to `acked` stands. */
void undo_settle(struct undo *u, struct dataset *d, uint64_t acked);

/* Undoes everything that is left, newest first. */
void undo_revert(struct undo *u, struct dataset *d);

/* The stamp of the oldest record that does not stand yet, or `none`. */
uint64_t undo_oldest_stamp(const struct undo *u, uint64_t none);

/* The oldest flush stamp of `db` that may still be undone back to: what is
 * flushed for good. */
uint64_t undo_flushed_for_good(const struct undo *u, const struct dataset *d, uint8_t db);

#endif
