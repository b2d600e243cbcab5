/* blob_file.h: files large values are in: sealed segments of the log that received
 * them (write once), and blob files that values moved to when their file was more
 * than half garbage.
 *
 * A blob file is written like a segment: a head with a magic of its own
 * (blob_format.h), then frames of whole cells by position, so that it says whose
 * its values are. */
#ifndef HENGE_LSM_BLOB_FILE_H
#define HENGE_LSM_BLOB_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell/cell.h"
#include "env/fs.h"
#include "lsm/version.h"

/* For jobs.  Opens a file of values (FILE_SEGMENT or FILE_BLOB) for reading and checks
 * its head; `size` as in struct blob_file (0: the file's own).  ERR_CORRUPT if it is
 * missing or shorter than that, ERR_INVALID if it is of a version this program does
 * not know.  refs 0. */
struct err blob_file_open(struct blob_file **out, struct fs *fs, const char *dir,
                          enum file_kind kind, uint64_t id, uint64_t size);
void blob_file_close(struct blob_file *b); /* for jobs and the very end; accepts NULL */

/* ERR_CORRUPT unless the value lies within the file, which `ref` is about: to be asked
 * before room is made for it. */
struct err blob_file_holds(const struct blob_file *b, const struct blob_ref *ref);

/* For jobs.  Reads one value into `to` (ref->length bytes).  ERR_CORRUPT if it is not
 * what was written. */
struct err blob_file_read(const struct blob_file *b, const struct blob_ref *ref, uint8_t *to);

/* For the loop.  True: all of it was in the page cache and is right.  False with
 * *e ok: read it by a job. */
bool blob_file_read_now(const struct blob_file *b, const struct blob_ref *ref, uint8_t *to,
                        struct err *e);

/* --- writing a blob file.  For jobs. */
struct blob_writer;
struct err blob_writer_open(struct blob_writer **out, struct fs *fs, const char *dir, uint64_t id);

/* Appends a cell that holds its value; *ref is where the value will be.  The first
 * error is kept, and answered by every later call. */
struct err blob_writer_add(struct blob_writer *w, const struct cell *cell, struct blob_ref *ref);
uint64_t blob_writer_size(const struct blob_writer *w);

/* Writes the rest and syncs the file (not the folder), which goes on: what was added so
 * far is durable, and lies within blob_writer_size(). */
struct err blob_writer_sync(struct blob_writer *w);

/* Writes the rest, syncs the file (not the folder) and ends the writer; *out is open
 * for reading, refs 0.  On failure the file is removed. */
struct err blob_writer_finish(struct blob_writer *w, struct blob_file **out);
void blob_writer_abandon(struct blob_writer *w, bool remove); /* accepts NULL */

#endif
