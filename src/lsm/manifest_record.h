/* manifest_record.h: edits to the bytes of a manifest's records, and back. */
#ifndef HENGE_LSM_MANIFEST_RECORD_H
#define HENGE_LSM_MANIFEST_RECORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "lsm/manifest_format.h"
#include "lsm/version.h"

/* Appends one sealed record with `e` in it; `head` says the rest, but for the length. */
void record_put_edit(struct buf *to, const struct record_head *head, const struct edit *e,
                     uint64_t next_file);

/* The same with the whole of `v`, as one edit on nothing.  May run on any thread while
 * somebody holds `v`. */
void record_put_version(struct buf *to, const struct record_head *head, const struct version *v,
                        uint64_t next_file);

/* Reads a record that record_good() found whole.  Its tables and blobs are not open:
 * NULL.  ERR_CORRUPT: no edit looks like that, whatever it is applied to; then there
 * is nothing to end, else end with edit_deinit(). */
struct err record_get(struct slice record, struct record_head *head, struct edit *e,
                      uint64_t *next_file);

#endif
