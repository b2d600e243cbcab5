/* pile.h: encoded cells, piled up and then sorted by key; for rewrites. */
#ifndef HENGE_LSM_PILE_H
#define HENGE_LSM_PILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cell/cell.h"

struct pile_item {
    uint64_t position;
    size_t at;       /* in `bytes`, which may move while the pile grows */
    uint64_t offset; /* the owner's: of the value in a file */
};

/* `= {0}` is an empty one. */
struct pile {
    struct pile_item *items;
    size_t count;
    size_t room;
    struct buf bytes;
};

void pile_add(struct pile *p, const struct cell *c, uint64_t offset);
void pile_sort(struct pile *p);
void pile_clear(struct pile *p);

/* Of memory. */
static inline size_t pile_bytes(const struct pile *p)
{
    return p->room * sizeof *p->items + p->bytes.cap;
}

/* The i-th, good until the next pile_add(). */
static inline const uint8_t *pile_cell(const struct pile *p, size_t i)
{
    return p->bytes.data + p->items[i].at;
}

/* The one before the i-th is of this key. */
bool pile_again(const struct pile *p, size_t i, const struct cell_key *key);

#endif
