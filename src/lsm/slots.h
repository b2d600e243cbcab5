/* slots.h: the words a memtable is made of; for memtable*.c only.
 *
 * A slot is a pointer with its kind in the low three bits.  A leaf is a sorted
 * array of words, unused ones zero: the cell's pointer in the low 48 bits and,
 * above it, the 16 position bits that follow those the path has used. */
#ifndef HENGE_LSM_SLOTS_H
#define HENGE_LSM_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell/cell.h"
#include "lsm/chunks.h"
#include "lsm/run.h"

enum slot_kind {
    SLOT_EMPTY = 0,
    SLOT_CELL = 1,
    SLOT_LEAF2 = 2, /* a leaf with room for two, four, eight */
    SLOT_LEAF4 = 3,
    SLOT_LEAF8 = 4,
    SLOT_NODE = 5,
    SLOT_RUN = 6,
};

enum {
    ROOT_BITS = 16,
    ROOT_SLOTS = 1 << ROOT_BITS,
    NODE_BITS = 4,
    NODE_SLOTS = 1 << NODE_BITS,
    LEAF_MAX = 8,
    TAG_SHIFT = 48,
};

struct memtable {
    struct arenas *arenas;
    uint64_t *root;
    struct chunks cells; /* cells and runs */
    struct chunks index; /* leaves and nodes: 64-aligned lines */
    size_t count;
    size_t tombstones;
    size_t expiring;
    size_t live;
    uint32_t large_min;
    unsigned arena;
};

/* A list of pieces is none, however long. */
static inline bool is_large(const struct memtable *m, const uint8_t *cell)
{
    return wire_get32(cell + 16) >= m->large_min && !(cell[30] & CELL_PARTS);
}

static inline bool is_tombstone(const uint8_t *cell)
{
    return cell[30] & CELL_TOMBSTONE;
}

static inline bool is_expiring(const uint8_t *cell)
{
    return (cell[30] & (CELL_EXPIRES | CELL_TOMBSTONE)) == CELL_EXPIRES;
}

/* Bytes a cell takes here. */
static inline size_t stored_size(const struct memtable *m, const uint8_t *cell)
{
    return cell_encoded_size(cell) + (is_large(m, cell) ? sizeof(uint64_t) : 0);
}

static inline enum slot_kind slot_kind(uint64_t slot)
{
    return (enum slot_kind)(slot & 7);
}

static inline uint64_t slot_make(enum slot_kind kind, const void *p)
{
    return (uint64_t)(uintptr_t)p | (uint64_t)kind;
}

static inline const uint8_t *slot_cell(uint64_t slot)
{
    return (const uint8_t *)(uintptr_t)(slot & ~(uint64_t)7);
}

/* A leaf's words, or a node's slots. */
static inline uint64_t *slot_words(uint64_t slot)
{
    return (uint64_t *)(uintptr_t)(slot & ~(uint64_t)7);
}

static inline struct run *slot_run(uint64_t slot)
{
    return (struct run *)(uintptr_t)(slot & ~(uint64_t)7);
}

/* Words a leaf of this kind has room for. */
static inline unsigned leaf_room(uint64_t slot)
{
    return 1u << (slot_kind(slot) - SLOT_LEAF2 + 1);
}

static inline unsigned leaf_count(uint64_t slot)
{
    const uint64_t *words = slot_words(slot);
    unsigned room = leaf_room(slot), n = 0;

    while (n < room && words[n])
        n++;
    return n;
}

static inline uint64_t word_make(uint64_t tag, const uint8_t *cell)
{
    return tag << TAG_SHIFT | (uint64_t)(uintptr_t)cell;
}

static inline uint64_t word_tag(uint64_t word)
{
    return word >> TAG_SHIFT;
}

static inline const uint8_t *word_cell(uint64_t word)
{
    return (const uint8_t *)(uintptr_t)(word & (((uint64_t)1 << TAG_SHIFT) - 1));
}

/* The 16 bits of the position behind the first `used`. */
static inline uint64_t tag_of(uint64_t position, unsigned used)
{
    return used < 64 ? position << used >> TAG_SHIFT : 0;
}

/* The child of a node whose path has used that many bits. */
static inline unsigned child_of(uint64_t position, unsigned used)
{
    return (unsigned)(position << used >> (64 - NODE_BITS));
}

/* The first word not below `key` in a leaf of `count` cells; *found if it is the
 * key's own. */
unsigned leaf_search(const uint64_t *words, unsigned count, const struct cell_key *key,
                     unsigned used, bool *found);

#endif
