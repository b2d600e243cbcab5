/* memtable_iter.c: going through a memtable in order, and checking it that way. */
#include <assert.h>

#include "lsm/memtable.h"
#include "lsm/slots.h"

/* The slot the iterator stands in. */
static uint64_t here(const struct memtable_iter *it)
{
    return it->path[it->depth - 1].slots[it->path[it->depth - 1].at];
}

static void push(struct memtable_iter *it, const uint64_t *slots, unsigned count, unsigned at)
{
    assert(it->depth < MEMTABLE_DEPTH);
    it->path[it->depth].slots = slots;
    it->path[it->depth].count = count;
    it->path[it->depth].at = at;
    it->depth++;
}

/* The cell the iterator stands at in `slot`, or NULL if it is past the last. */
static const uint8_t *cell_in(struct memtable_iter *it, uint64_t slot)
{
    const struct run *r;

    switch (slot_kind(slot)) {
    case SLOT_CELL:
        return it->at == 0 ? slot_cell(slot) : NULL;
    case SLOT_LEAF2:
    case SLOT_LEAF4:
    case SLOT_LEAF8:
        return it->at < leaf_room(slot) ? word_cell(slot_words(slot)[it->at]) : NULL;
    case SLOT_RUN:
        r = slot_run(slot);
        if (it->block < r->blocks && it->at == r->block[it->block]->count) {
            it->block++;
            it->at = 0;
        }
        return it->block < r->blocks ? r->block[it->block]->cells[it->at] : NULL;
    case SLOT_EMPTY:
    case SLOT_NODE:
        break;
    }
    return NULL;
}

/* From the slot it stands in, whose cells from its place on are meant, forward to
 * the first cell. */
static const uint8_t *forward(struct memtable_iter *it)
{
    for (;;) {
        uint64_t slot = here(it);
        const uint8_t *cell;
        if (slot_kind(slot) == SLOT_NODE) {
            push(it, slot_words(slot), NODE_SLOTS, 0);
            continue;
        }
        cell = cell_in(it, slot);
        if (cell)
            return cell;
        it->at = 0;
        it->block = 0;
        while (++it->path[it->depth - 1].at == it->path[it->depth - 1].count) {
            if (--it->depth == 0)
                return NULL;
        }
    }
}

const uint8_t *memtable_seek(const struct memtable *m, struct memtable_iter *it,
                             const struct cell_key *key)
{
    unsigned used = ROOT_BITS;
    struct run_place place;
    struct cell_key k;
    uint64_t slot;
    bool found;

    it->depth = 0;
    it->at = 0;
    it->block = 0;
    push(it, m->root, ROOT_SLOTS, (unsigned)(key->position >> (64 - ROOT_BITS)));
    for (slot = here(it); slot_kind(slot) == SLOT_NODE; slot = here(it)) {
        push(it, slot_words(slot), NODE_SLOTS, child_of(key->position, used));
        used += NODE_BITS;
    }
    switch (slot_kind(slot)) {
    case SLOT_CELL:
        k = run_key_of(slot_cell(slot));
        it->at = cell_key_compare(&k, key) < 0;
        break;
    case SLOT_LEAF2:
    case SLOT_LEAF4:
    case SLOT_LEAF8:
        it->at = leaf_search(slot_words(slot), leaf_count(slot), key, used, &found);
        break;
    case SLOT_RUN:
        place = run_search(slot_run(slot), key);
        it->block = place.block;
        it->at = place.at;
        break;
    case SLOT_EMPTY:
    case SLOT_NODE:
        break;
    }
    return forward(it);
}

const uint8_t *memtable_next(struct memtable_iter *it)
{
    if (it->depth == 0)
        return NULL;
    it->at++;
    return forward(it);
}

bool memtable_check(const struct memtable *m, bool deep)
{
    struct cell_key zero = { 0 }, last = zero;
    struct memtable_iter it;
    size_t count = 0, tombstones = 0, expiring = 0, live = 0;

    if (m->live > memtable_bytes(m) || (m->count == 0) != (m->live == 0) ||
        m->tombstones > m->count)
        return false;
    if (!deep)
        return true;
    for (const uint8_t *cell = memtable_seek(m, &it, &zero); cell; cell = memtable_next(&it)) {
        struct cell_key key = run_key_of(cell);
        if (count > 0 && cell_key_compare(&last, &key) >= 0)
            return false;
        if (memtable_find(m, &key) != cell)
            return false;
        last = key;
        count++;
        tombstones += is_tombstone(cell);
        expiring += is_expiring(cell);
        live += stored_size(m, cell);
    }
    return count == m->count && tombstones == m->tombstones && expiring == m->expiring &&
           live == m->live;
}
