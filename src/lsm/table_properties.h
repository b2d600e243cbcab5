/* table_properties.h: a table's meta: counted cell by cell, as bytes, and back. */
#ifndef HENGE_LSM_TABLE_PROPERTIES_H
#define HENGE_LSM_TABLE_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "lsm/table_meta.h"

/* Of a table without cells. */
void table_meta_init(struct table_meta *meta, uint64_t id);

/* Counts a cell in, the next in order; `again` if its position is that of the cell
 * before.  *room is how many `blobs` there is memory for. */
void table_meta_count(struct table_meta *meta, const uint8_t *cell, size_t size, bool again,
                      size_t *room);

/* Appends the section (table_format.h): all but id and size. */
void table_properties_put(const struct table_meta *meta, struct buf *out);

/* The section's bytes taken apart; id and size stay as they are.  Checks that they
 * can be true together.  ERR_CORRUPT; on success meta->blobs is the caller's. */
struct err table_properties_get(struct slice bytes, struct table_meta *meta);

#endif
