/* manifest.h: the log of edits: which files make up the store, durably.
 *
 * manifest-<id>.mft holds records: the first is a snapshot of a whole version, the
 * others are edits.  The newest manifest whose snapshot is whole is the one that
 * counts; a new one is begun when the old has grown (manifest_format.h).  One job
 * at a time uses it. */
#ifndef HENGE_LSM_MANIFEST_H
#define HENGE_LSM_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "env/fs.h"
#include "lsm/version.h"

struct manifest;

/* What a directory's manifest says; no table is opened. */
struct manifest_state {
    bool found; /* false: no manifest at all */
    uint64_t id;
    uint64_t number;    /* of the last edit */
    uint64_t next_file; /* larger than every id it ever named */
    uint64_t torn;      /* bytes behind the last whole record */
    struct edit whole;  /* everything there is, as one edit on nothing */
};

/* For jobs.  Reads the newest manifest.  ERR_CORRUPT: damaged before its end, or
 * an edit that cannot be; *detail (256 bytes) names file and offset.  On success
 * end with edit_deinit(&out->whole). */
struct err manifest_read(struct fs *fs, const char *dir, struct manifest_state *out,
                         char detail[256]);

/* For jobs.  Begins manifest `id` with a snapshot of `v`, synced, its name
 * durable, then removes older ones.  `roll_size`: bytes at which manifest_append()
 * begins another. */
struct err manifest_begin(struct manifest **out, struct fs *fs, const char *dir,
                          struct file_ids *ids, const struct version *v, uint64_t roll_size);

/* For jobs.  Makes `edits` durable, in order, with one sync; fills in their
 * numbers.  `before` is the version they apply to, for a new snapshot.  A failed
 * write or sync is answered by beginning a new manifest from `before`, once (a
 * failed sync is final for a file); an error means that nothing is known about
 * these edits, and the store must not go on. */
struct err manifest_append(struct manifest *m, const struct version *before, struct edit **edits,
                           size_t count);

/* Accepts NULL. */
void manifest_close(struct manifest *m);

uint64_t manifest_size(const struct manifest *m);

#endif
