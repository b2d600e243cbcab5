/* cell_list.h: cells in order, encoded, in memory: what a table is judged by. */
#ifndef HENGE_UNIT_CELL_LIST_H
#define HENGE_UNIT_CELL_LIST_H

#include "base/prng.h"
#include "cell/cell.h"
#include "env/fs.h"
#include "lsm/table_writer.h"

struct cell_list {
    uint8_t **cells;
    size_t count;
    size_t room;
};

/* A copy of the cell, last. */
void cell_list_add(struct cell_list *l, const struct cell *c);

/* Puts them in order; of equal keys one stays. */
void cell_list_sort(struct cell_list *l);
void cell_list_deinit(struct cell_list *l);

/* About `n` cells in order, with keys, values, subkeys, expiries, tombstones, and
 * references as `prng` wills: of single keys, of slots with many, of large collections. */
void cell_list_fill(struct cell_list *l, struct prng *prng, size_t n);

/* Index of the first cell at or behind `key`. */
size_t cell_list_seek(const struct cell_list *l, const struct cell_key *key);

/* A key for a search: often there, often just beside one that is. */
struct cell_key cell_list_pick(const struct cell_list *l, struct prng *prng, uint8_t room[64]);

/* All of them as table `id` of folder `dir`. */
struct err cell_list_write(const struct cell_list *l, struct fs *fs, const char *dir, uint64_t id,
                           const struct table_options *options, struct table_meta *meta);

#endif
