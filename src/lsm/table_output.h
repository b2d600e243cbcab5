/* table_output.h: cells in order into as many tables as they need.
 *
 * A table ends when it has its size, at a boundary of the next level if one is near
 * (from half the size on), at twice the size anyway, and never within a position. For jobs. */
#ifndef HENGE_LSM_TABLE_OUTPUT_H
#define HENGE_LSM_TABLE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "env/env.h"
#include "lsm/table_writer.h"
#include "lsm/version.h"

struct table_output {
    struct fs *fs;
    const char *dir;
    struct file_ids *ids;
    struct table_options options;
    uint64_t table_size;
    const struct level *below; /* whose tables' first positions are good cuts; NULL: none */
    size_t below_at;
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

/* Removes everything it made.  After an error, or instead of taking the tables. */
void table_output_abandon(struct table_output *o);

/* After the tables were taken. */
void table_output_deinit(struct table_output *o);

#endif
