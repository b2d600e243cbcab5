/* table_writer.h: makes a table of cells that come in order.  For jobs. */
#ifndef HENGE_LSM_TABLE_WRITER_H
#define HENGE_LSM_TABLE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "env/fs.h"
#include "lsm/table_meta.h"

struct table_options {
    size_t block_size;    /* of a block's payload, about; 4096 */
    unsigned filter_bits; /* a key; 10 */
    bool compress;        /* LZ4, for blocks it makes at least an eighth smaller */
};

struct table_writer;

/* Creates the file of that id in `dir`.  Borrows `fs` and `dir`. */
struct err table_writer_open(struct table_writer **out, struct fs *fs, const char *dir, uint64_t id,
                             const struct table_options *options);

/* Copies one encoded cell in, which must be behind the last one (asserted).  The
 * first error is kept, and answered by every later call. */
struct err table_writer_add(struct table_writer *w, const uint8_t *cell, size_t size);

/* Bytes of the file were it finished now, about. */
uint64_t table_writer_size(const struct table_writer *w);

/* Position of the last cell added; at least one was. */
uint64_t table_writer_position(const struct table_writer *w);

/* Writes the rest, syncs the file (not the folder), ends the writer.  On success
 * *meta is filled in, its `blobs` the caller's to mem_free().  On failure the file
 * is removed. */
struct err table_writer_finish(struct table_writer *w, struct table_meta *meta);

/* Ends the writer and removes the file, or leaves it for the next start to remove.
 * Accepts NULL. */
void table_writer_abandon(struct table_writer *w, bool remove);

#endif
