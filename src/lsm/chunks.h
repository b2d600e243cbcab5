/* chunks.h: memory for cells: chunks from an arena, cut by bumping a pointer, and
 * free lists by size for what is given back.
 *
 * Sizes are rounded up to classes at most an eighth apart, so a key that is
 * overwritten again and again reuses its blocks.  Nothing is returned to the
 * arena but blocks too large for a chunk: a memtable's end drops them all. */
#ifndef HENGE_LSM_CHUNKS_H
#define HENGE_LSM_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

#include "env/arenas.h"

enum { CHUNKS_CLASSES = 8 + 8 * 24 };

struct chunks {
    struct arenas *arenas;
    unsigned arena;
    size_t chunk_size;
    uint8_t *at; /* free part of the newest chunk */
    uint8_t *end;
    size_t bytes;      /* taken from the arena */
    size_t free_bytes; /* of them, in the free lists */
    void *free[CHUNKS_CLASSES];
};

/* Takes nothing yet.  Blocks live until the arena is released. */
void chunks_init(struct chunks *c, struct arenas *arenas, unsigned arena, size_t chunk_size);

/* At least `size` bytes, 16-aligned; 64-aligned if only multiples of 64 up to 128
 * are ever taken from `c`. */
void *chunks_take(struct chunks *c, size_t size);

/* Gives a block back; `size` as it was asked for. */
void chunks_give(struct chunks *c, void *block, size_t size);

#endif
