/* find.h: looking into memtables, cache and page cache; never at a disk. */
#ifndef HENGE_LSM_FIND_H
#define HENGE_LSM_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cell/cell.h"
#include "lsm/table.h"

struct lsm;

/* The payload of a table's block, good for this turn, or NULL: it is to be fetched
 * (*e says if that is for an error). */
const uint8_t *find_block(struct lsm *lsm, struct table *t, uint32_t block, size_t *len,
                          struct err *e);

/* How far a search gets without a fetch.  True: the cell is at hand and its value is not;
 * its blob_refs, encoded, are appended to *refs.  False: *skip tables were asked that may
 * have had the key and have not; a fetch goes on behind them, in the order of lookup.h. */
bool find_progress(struct lsm *lsm, const struct cell_key *key, size_t *skip, struct buf *refs);

#endif
