/* orphans.h: files that a crash left behind: nobody refers to them any more, and the
 * janitor that should have removed them is gone.  For a load, once it has succeeded and
 * its own manifest is durable. */
#ifndef HENGE_LSM_ORPHANS_H
#define HENGE_LSM_ORPHANS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "env/env.h"
#include "lsm/file_name.h"
#include "lsm/segment.h"
#include "lsm/version.h"

struct file_entry {
    enum file_kind kind;
    uint64_t id;
};

/* `= {0}` is an empty one. */
struct file_list {
    struct file_entry *file;
    size_t count;
};

void file_list_add(struct file_list *l, enum file_kind kind, uint64_t id);
void file_list_deinit(struct file_list *l);

/* For jobs.  Adds a store's files in `dir`; names that are none of file_name.h's are
 * left out, here and so for ever. */
struct err file_list_read(struct file_list *l, struct fs *fs, const char *dir);

/* Adds to `out` those of `files` that nothing needs: tables and blob files that are not
 * in `v`, manifests but `manifest`, segments that lie wholly before v->mark and are no
 * blob file of `v`.  `segments` says where each lies, in any order; one that it does
 * not know stays, as does one without a frame at the mark: the log may go on there.
 * Pure. */
void orphans_find(const struct version *v, uint64_t manifest, const struct log_stretch *segments,
                  size_t segment_count, const struct file_list *files, struct file_list *out);

/* For jobs.  Removes them, then syncs the folder once; returns how many.  What cannot
 * be removed is reported and left to the next start. */
size_t orphans_remove(struct env *env, const char *dir, const struct file_list *orphans);

#endif
