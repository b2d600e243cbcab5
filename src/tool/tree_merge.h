/* tree_merge.h: all tables of a version as one source, newest cell of a key first. */
#ifndef HENGE_TOOL_TREE_MERGE_H
#define HENGE_TOOL_TREE_MERGE_H

#include "lsm/level_source.h"
#include "lsm/merge.h"
#include "lsm/version.h"

struct tree_merge {
    struct merge merge;
    struct table_source *newest; /* of L0 */
    size_t newest_count;
    struct level_source levels[LEVELS];
    struct table **tables; /* of the levels, one level behind the other */
    struct cell_source **sources;
};

/* Stands at the first cell.  `above`, if not NULL, is newer than every table.  Borrows
 * both. */
void tree_merge_init(struct tree_merge *m, const struct version *v, struct cell_source *above);
void tree_merge_deinit(struct tree_merge *m);

#endif
