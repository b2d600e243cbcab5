/* manifest_fold.h: edits, one after another, to the one edit that does all they do:
 * as version_apply() would, by ids alone, for their files are not open. */
#ifndef HENGE_LSM_MANIFEST_FOLD_H
#define HENGE_LSM_MANIFEST_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "lsm/version.h"

struct fold_file {
    uint64_t id;
    uint64_t size;
    uint64_t order; /* a table's */
    unsigned level; /* a table's */
    enum file_kind kind;
    uint64_t live; /* a blob file's */
    bool dropped;
};

/* By id; dropped ones stay until they are more than half. */
struct fold_files {
    struct fold_file *file;
    size_t count;
    size_t dropped;
};

/* `= {0}` is nothing. */
struct manifest_fold {
    struct fold_files tables;
    struct fold_files blobs;
    struct log_mark mark;
    struct buf arcs;
    uint64_t flushed[LIMIT_DATABASES];
    uint64_t number;
};

void fold_deinit(struct manifest_fold *f);

/* ERR_CORRUPT if the edit does not fit behind those before; levels that overlap
 * show only once tables are open. */
struct err fold_add(struct manifest_fold *f, const struct edit *e);

/* All of it as one edit on nothing, the caller's to end; tables and blobs NULL. */
void fold_result(const struct manifest_fold *f, struct edit *out);

#endif
