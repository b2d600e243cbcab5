/* table_output.h: cells in order into as many tables as they need.
 *
 * A table ends where one of the next level begins, if it has at least half its size
 * (more, the more of them there were to choose from) or meets too much of that level
 * already; where none begins any more, at its size; at twice the size anyway; and
 * never within a position.  Tables that end together are compacted with less that is
 * not theirs (RocksDB, "align compaction output file", 2022).  For jobs. */
#ifndef HENGE_LSM_TABLE_OUTPUT_H
#define HENGE_LSM_TABLE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "env/env.h"
#include "lsm/table_writer.h"
#include "lsm/version.h"

/* A table meets about so many times its size of the next level at most. */
enum { TABLE_OUTPUT_OVERLAP = 10 };

struct table_output {
    struct fs *fs;
    const char *dir;
    struct file_ids *ids;
    struct table_options options;
    uint64_t table_size;       /* UINT64_MAX: all into one */
    const struct level *below; /* whose tables' first positions are good cuts; NULL: none */
    size_t below_at;           /* the first of them that begins behind the last cell */
    unsigned crossed;          /* of them, since the table began */
    uint64_t overlap;          /* bytes of those the table meets */
    struct table_writer *writer;
    uint64_t writer_id;
    struct table **tables; /* made so far, open, refs 0 */
    size_t count;
    size_t room;
    uint64_t bytes; /* of them */
};

/* Appends one cell. */
struct err table_output_add(struct table_output *o, const uint8_t *cell, size_t size);

/* Ends the last table; syncs the folder if one was made. */
struct err table_output_finish(struct table_output *o);

/* Removes everything it made; without `remove`, and what cannot be removed, stays for
 * the next start.  After an error, or instead of taking the tables. */
void table_output_abandon(struct table_output *o, bool remove);

/* After the tables were taken. */
void table_output_deinit(struct table_output *o);

#endif
