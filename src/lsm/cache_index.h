/* cache_index.h: hashes to items: open addressing, one probe to a line of memory as a
 * rule, for the whole hash stands beside the pointer.
 *
 * Holes are closed by moving back what was pushed beyond them, so nothing is left
 * behind by removals.  Doubles when it is five eighths full, never shrinks. */
#ifndef HENGE_LSM_CACHE_INDEX_H
#define HENGE_LSM_CACHE_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct cache_slot {
    uint64_t hash;
    void *item; /* NULL: empty */
};

struct cache_index {
    struct cache_slot *slots;
    size_t room; /* a power of two */
    size_t count;
};

/* Has room for `expected` items before it grows. */
void cache_index_init(struct cache_index *x, size_t expected);
void cache_index_deinit(struct cache_index *x);

void cache_index_reserve(struct cache_index *x, size_t expected);

/* The same hash may be there more than once, the same item must not. */
void cache_index_add(struct cache_index *x, uint64_t hash, void *item);
void cache_index_remove(struct cache_index *x, uint64_t hash, const void *item);

/* Items of that hash, one after the other, then NULL; *at begins as the hash. */
static inline void *cache_index_next(const struct cache_index *x, uint64_t hash, size_t *at)
{
    for (;;) {
        const struct cache_slot *slot = &x->slots[*at & (x->room - 1)];
        (*at)++;
        if (!slot->item || slot->hash == hash)
            return slot->item;
    }
}

static inline void cache_index_prefetch(const struct cache_index *x, uint64_t hash)
{
    __builtin_prefetch(&x->slots[hash & (x->room - 1)]);
}

#endif
