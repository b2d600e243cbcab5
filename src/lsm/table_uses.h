/* table_uses.h: how many bytes of values a table refers to in each file, as changes
 * of those files' live bytes.
 *
 * Whatever a compaction drops or keeps, what it makes less what it read is what
 * changes, so nobody counts cell by cell. */
#ifndef HENGE_LSM_TABLE_USES_H
#define HENGE_LSM_TABLE_USES_H

#include "lsm/version.h"

/* For a table that comes, and for one that goes. */
void table_uses_add(struct edit *e, const struct table *t);
void table_uses_subtract(struct edit *e, const struct table *t);

#endif
