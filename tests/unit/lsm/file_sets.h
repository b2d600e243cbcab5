/* file_sets.h: tables and blob files that are a name and an extent, for tests of
 * versions and manifests; and what is in a version, as text. */
#ifndef HENGE_UNIT_FILE_SETS_H
#define HENGE_UNIT_FILE_SETS_H

#include "base/buf.h"
#include "lsm/version.h"

/* A table of `size` 100 + id, to end with table_fake_free() or `file_set_gone`. */
struct table *table_fake(uint64_t id, uint64_t min_position, uint64_t max_position);
struct blob_file *blob_fake(enum file_kind kind, uint64_t id);

/* "L0 9@3 7@1 L1 2[10-20] blobs 4s:150 5b:0 mark 1/2/3 flushed 0=7 number 4", parts
 * without content left out; to end with mem_free(). */
char *version_text(const struct version *v);

/* Asserts that the text of `v` is `expected` and that it holds together. */
void version_expect(const struct version *v, const char *expected);

/* Opens the files of an edit that was read: fakes take the place of the NULLs, their
 * positions by their ids: id * 10 to id * 10 + 9. */
void edit_open_fakes(struct edit *e);

/* Notes who went ("t7 b4 ") in the buf that is its owner, unless NULL, and frees them. */
struct version_gone file_sets_gone(struct buf *note);

/* v = v with `e`, which is ended; the old one is dropped. */
void version_change(struct version **v, struct edit *e);

#endif
