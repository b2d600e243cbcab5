/* manifest.h: the log of edits: which files make up the store, durably.
 *
 * manifest-<id>.mft holds records: the first is a snapshot of a whole version, the
 * others are edits (manifest_format.h).  The newest manifest whose snapshot is whole
 * is the one that counts; there is no file that names it.  Every start begins a new
 * one, and so does an append when the old has grown or its disk failed; older ones
 * are removed once the new one's name is durable.  One job at a time uses it. */
#ifndef HENGE_LSM_MANIFEST_H
#define HENGE_LSM_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "env/fs.h"
#include "lsm/version.h"

struct manifest;

/* What a directory's manifest says; no table is opened. */
struct manifest_state {
    bool found; /* false: no manifest at all, nor what one would name */
    uint64_t id;
    uint64_t number;    /* of the last edit */
    uint64_t next_file; /* larger than every id it ever named, and than every file's here */
    uint64_t torn;      /* bytes behind the last whole record */
    struct edit whole;  /* everything there is, as one edit on nothing */
};

/* For jobs.  Reads the newest manifest.  A newer one that was never finished is passed
 * over.  ERR_CORRUPT: damaged before its end, or an edit that cannot be, or the only
 * one damaged and files there that it must have named; ERR_INVALID: a format version
 * this program does not know; ERR_LIMIT: too large to be one.  *detail names the file,
 * and the offset if there is one.  On success end with edit_deinit(&out->whole). */
struct err manifest_read(struct fs *fs, const char *dir, struct manifest_state *out,
                         char detail[256]);

/* The same of one file's bytes; pure.  *offset is the place an error is about.
 * out->found is false if its first record is not whole and nothing behind proves
 * that it ever was: then nobody was told of this manifest. */
struct err manifest_parse(struct slice bytes, uint64_t id, struct manifest_state *out,
                          uint64_t *offset);

/* For jobs.  Begins a manifest with a snapshot of `v`, synced, its name durable, then
 * removes all others (what cannot be removed is left).  An id of `ids` names it, and
 * those to come; ids.next is larger than every id in `v` and of a file in `dir`.
 * `roll_size`: bytes at which manifest_append() begins another. Borrows `fs` and
 * `ids`.  `v` is read only, and held by the caller. */
struct err manifest_begin(struct manifest **out, struct fs *fs, const char *dir,
                          struct file_ids *ids, const struct version *v, uint64_t roll_size);

/* For jobs.  Makes `edits` durable, in order, with one write and one sync; fills in
 * their numbers.  `before` is the version they apply to, for a new snapshot: that of
 * the manifest's last edit, held by the caller.  A failed write or sync is final for a
 * file: a new manifest is begun from `before` and the edits, once.  An error means that
 * nothing is known about these edits; the store must not go on, and every later call
 * fails alike. */
struct err manifest_append(struct manifest *m, const struct version *before, struct edit **edits,
                           size_t count);

/* The file; its content stays.  For jobs and the very end.  Accepts NULL. */
void manifest_close(struct manifest *m);

/* Bytes of the file, and the id in its name; between jobs. */
uint64_t manifest_size(const struct manifest *m);
uint64_t manifest_id(const struct manifest *m);

#endif
