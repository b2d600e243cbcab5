/* memtable.c: finding and changing.  A leaf grows from two to eight and bursts
 * into a node; eight cells of one position become a run instead. */
#include "lsm/memtable.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/slots.h"

/* A line is cut into pieces, so that leaves lie within one line of the cache. */
static void *index_take(struct memtable *m, size_t size)
{
    enum { LINE = 64 };
    uint8_t *line;

    if (size >= LINE)
        return chunks_take(&m->index, size);
    if (m->index.free[size / 16 - 1])
        return chunks_take(&m->index, size);
    line = chunks_take(&m->index, LINE);
    for (size_t at = size; at < LINE; at += size)
        chunks_give(&m->index, line + at, size);
    return line;
}

static uint64_t leaf_new(struct memtable *m, enum slot_kind kind)
{
    size_t size = sizeof(uint64_t) << (kind - SLOT_LEAF2 + 1);
    uint64_t *words = index_take(m, size);

    memset(words, 0, size);
    return slot_make(kind, words);
}

static void leaf_free(struct memtable *m, uint64_t slot)
{
    chunks_give(&m->index, slot_words(slot), leaf_room(slot) * sizeof(uint64_t));
}

static uint64_t *node_new(struct memtable *m)
{
    uint64_t *slots = index_take(m, NODE_SLOTS * sizeof(uint64_t));
    memset(slots, 0, NODE_SLOTS * sizeof(uint64_t));
    return slots;
}

/* Whether the cell is that key's; the lengths, db and kind lie in one word. */
static inline bool is_key(const uint8_t *cell, const struct cell_key *key)
{
    const uint64_t mask = 0x0000ffffffffffff;
    uint64_t want = (uint64_t)key->key.len | (uint64_t)key->subkey.len << 16 |
                    (uint64_t)key->db << 32 | (uint64_t)key->kind << 40;

    return cell_encoded_position(cell) == key->position && (wire_get64(cell + 24) & mask) == want &&
           (key->key.len == 0 ||
            memcmp(cell + CELL_FIXED_SIZE, key->key.data, key->key.len) == 0) &&
           (key->subkey.len == 0 ||
            memcmp(cell + CELL_FIXED_SIZE + key->key.len, key->subkey.data, key->subkey.len) == 0);
}

unsigned leaf_search(const uint64_t *words, unsigned count, const struct cell_key *key,
                     unsigned used, bool *found)
{
    uint64_t tag = tag_of(key->position, used);
    unsigned i = 0;

    *found = false;
    while (i < count && word_tag(words[i]) < tag)
        i++;
    for (; i < count && word_tag(words[i]) == tag; i++) {
        struct cell_key k = run_key_of(word_cell(words[i]));
        int order = cell_key_compare(&k, key);
        if (order >= 0) {
            *found = order == 0;
            break;
        }
    }
    return i;
}

struct memtable *memtable_new(struct arenas *arenas, size_t chunk_size, uint32_t large_min)
{
    struct memtable *m = mem_zalloc(1, sizeof *m);
    const size_t size = ROOT_SLOTS * sizeof(uint64_t);

    m->arenas = arenas;
    m->arena = arenas_acquire(arenas);
    m->large_min = large_min;
    chunks_init(&m->cells, arenas, m->arena, chunk_size);
    chunks_init(&m->index, arenas, m->arena, chunk_size & ~(size_t)127);
    m->root = arenas_chunk(arenas, m->arena, size);
    memset(m->root, 0, size);
    return m;
}

void memtable_free(struct memtable *m)
{
    if (!m)
        return;
    arenas_release(m->arenas, m->arena);
    mem_free(m);
}

/* Two cells in a leaf of their own, in order. */
static uint64_t leaf_of_two(struct memtable *m, const uint8_t *a, const uint8_t *b, unsigned used)
{
    struct cell_key ka = run_key_of(a), kb = run_key_of(b);
    uint64_t slot = leaf_new(m, SLOT_LEAF2);
    uint64_t *words = slot_words(slot);
    bool first = cell_key_compare(&ka, &kb) < 0;

    words[first ? 0 : 1] = word_make(tag_of(ka.position, used), a);
    words[first ? 1 : 0] = word_make(tag_of(kb.position, used), b);
    return slot;
}

/* A full leaf of cells of one position as a run. */
static uint64_t leaf_to_run(struct memtable *m, uint64_t leaf)
{
    const uint64_t *words = slot_words(leaf);
    struct run *r = run_new(&m->cells, cell_encoded_position(word_cell(words[0])));

    for (unsigned i = 0; i < LEAF_MAX; i++) {
        struct cell_key key = run_key_of(word_cell(words[i]));
        run_insert(r, &m->cells, run_search(r, &key), word_cell(words[i]));
    }
    leaf_free(m, leaf);
    return slot_make(SLOT_RUN, r);
}

/* A full leaf as a node: each child gets its part of the order. */
static uint64_t leaf_to_node(struct memtable *m, uint64_t leaf, unsigned used)
{
    const uint64_t *words = slot_words(leaf);
    uint64_t *slots = node_new(m);

    for (unsigned i = 0, n; i < LEAF_MAX; i += n) {
        uint64_t position = cell_encoded_position(word_cell(words[i]));
        unsigned child = child_of(position, used);
        uint64_t slot;
        for (n = 1; i + n < LEAF_MAX; n++) {
            if (child_of(cell_encoded_position(word_cell(words[i + n])), used) != child)
                break;
        }
        if (n == 1) {
            slots[child] = slot_make(SLOT_CELL, word_cell(words[i]));
            continue;
        }
        slot = leaf_new(m, n <= 2 ? SLOT_LEAF2 : n <= 4 ? SLOT_LEAF4 : SLOT_LEAF8);
        for (unsigned k = 0; k < n; k++) {
            const uint8_t *cell = word_cell(words[i + k]);
            uint64_t tag = tag_of(cell_encoded_position(cell), used + NODE_BITS);
            slot_words(slot)[k] = word_make(tag, cell);
        }
        slots[child] = slot;
    }
    leaf_free(m, leaf);
    return slot_make(SLOT_NODE, slots);
}

/* Makes room in a full leaf, or something larger of it. */
static void leaf_grow(struct memtable *m, uint64_t *slot, uint64_t position, unsigned used)
{
    const uint64_t *words = slot_words(*slot);
    uint64_t larger;

    if (slot_kind(*slot) != SLOT_LEAF8) {
        larger = leaf_new(m, (enum slot_kind)(slot_kind(*slot) + 1));
        memcpy(slot_words(larger), words, leaf_room(*slot) * sizeof(uint64_t));
        leaf_free(m, *slot);
        *slot = larger;
        return;
    }
    if (cell_encoded_position(word_cell(words[0])) == position &&
        cell_encoded_position(word_cell(words[LEAF_MAX - 1])) == position)
        *slot = leaf_to_run(m, *slot);
    else
        *slot = leaf_to_node(m, *slot, used);
}

/* Puts a cell into a leaf: true when done, false when the leaf was grown first. */
static bool leaf_put(struct memtable *m, uint64_t *slot, const struct cell_key *key,
                     const uint8_t *cell, unsigned used, const uint8_t **replaced)
{
    uint64_t *words = slot_words(*slot);
    unsigned count = leaf_count(*slot);
    bool found;
    unsigned at = leaf_search(words, count, key, used, &found);

    if (found) {
        *replaced = word_cell(words[at]);
    } else {
        if (count == leaf_room(*slot)) {
            leaf_grow(m, slot, key->position, used);
            return false;
        }
        memmove(words + at + 1, words + at, (count - at) * sizeof *words);
    }
    words[at] = word_make(tag_of(key->position, used), cell);
    return true;
}

/* The same for a run; false when it was pushed one level down, for it is of
 * another position. */
static bool run_put(struct memtable *m, uint64_t *slot, const struct cell_key *key,
                    const uint8_t *cell, unsigned used, const uint8_t **replaced)
{
    struct run *r = slot_run(*slot);
    struct run_place place;

    if (r->position != key->position) {
        uint64_t *slots = node_new(m);
        slots[child_of(r->position, used)] = *slot;
        *slot = slot_make(SLOT_NODE, slots);
        return false;
    }
    place = run_search(r, key);
    if (place.found) {
        *replaced = run_at(r, place);
        r->block[place.block]->cells[place.at] = cell;
    } else {
        run_insert(r, &m->cells, place, cell);
    }
    return true;
}

/* Links a stored cell in and returns the one of its key that it replaces. */
static const uint8_t *link_cell(struct memtable *m, const uint8_t *cell)
{
    struct cell_key key = run_key_of(cell);
    uint64_t *slot = &m->root[key.position >> (64 - ROOT_BITS)];
    const uint8_t *replaced = NULL;
    unsigned used = ROOT_BITS;

    for (;;) {
        switch (slot_kind(*slot)) {
        case SLOT_EMPTY:
            *slot = slot_make(SLOT_CELL, cell);
            return NULL;
        case SLOT_CELL:
            if (is_key(slot_cell(*slot), &key)) {
                replaced = slot_cell(*slot);
                *slot = slot_make(SLOT_CELL, cell);
            } else {
                *slot = leaf_of_two(m, slot_cell(*slot), cell, used);
            }
            return replaced;
        case SLOT_LEAF2:
        case SLOT_LEAF4:
        case SLOT_LEAF8:
            if (leaf_put(m, slot, &key, cell, used, &replaced))
                return replaced;
            break;
        case SLOT_RUN:
            if (run_put(m, slot, &key, cell, used, &replaced))
                return replaced;
            break;
        case SLOT_NODE:
            slot = &slot_words(*slot)[child_of(key.position, used)];
            used += NODE_BITS;
            break;
        }
    }
}

/* A cell can be found from now on, or no longer. */
static void count_in(struct memtable *m, const uint8_t *cell)
{
    m->count++;
    m->tombstones += is_tombstone(cell);
    m->expiring += is_expiring(cell);
    m->live += stored_size(m, cell);
}

static void count_out(struct memtable *m, const uint8_t *cell)
{
    m->count--;
    m->tombstones -= is_tombstone(cell);
    m->expiring -= is_expiring(cell);
    m->live -= stored_size(m, cell);
}

const uint8_t *memtable_put(struct memtable *m, const uint8_t *cell, size_t size, uint64_t place,
                            const uint8_t **replaced)
{
    uint8_t *copy;

    assert(cell_encoded_size(cell) == size);
    copy = chunks_take(&m->cells, stored_size(m, cell));
    memcpy(copy, cell, size);
    if (is_large(m, cell))
        wire_put64(copy + size, place);
    *replaced = link_cell(m, copy);
    count_in(m, copy);
    if (*replaced)
        count_out(m, *replaced);
    return copy;
}

void memtable_mark(const uint8_t *cell, uint8_t flags)
{
    assert(!(flags & ~CELL_OVER));
    ((uint8_t *)(uintptr_t)cell)[30] |= flags;
}

bool memtable_is_large(const struct memtable *m, const uint8_t *cell)
{
    return is_large(m, cell);
}

uint64_t memtable_place(const struct memtable *m, const uint8_t *cell)
{
    assert(is_large(m, cell));
    return wire_get64(cell + cell_encoded_size(cell));
}

void memtable_give(struct memtable *m, const uint8_t *replaced)
{
    chunks_give(&m->cells, (void *)(uintptr_t)replaced, stored_size(m, replaced));
}

void memtable_restore(struct memtable *m, const uint8_t *now, const uint8_t *replaced)
{
    const uint8_t *was;

    if (!replaced) {
        memtable_remove(m, now);
        return;
    }
    was = link_cell(m, replaced);
    assert(was == now);
    count_in(m, replaced);
    count_out(m, now);
    memtable_give(m, now);
}

/* Takes the cell out of what holds it; true if nothing is left there. */
static bool unlink_cell(struct memtable *m, uint64_t *slot, const uint8_t *cell, unsigned used)
{
    struct cell_key key = run_key_of(cell);
    unsigned count, at;
    uint64_t *words;
    bool found;

    if (slot_kind(*slot) == SLOT_CELL) {
        assert(slot_cell(*slot) == cell);
        *slot = 0;
    } else if (slot_kind(*slot) == SLOT_RUN) {
        struct run *r = slot_run(*slot);
        struct run_place place = run_search(r, &key);
        assert(place.found && run_at(r, place) == cell);
        run_remove(r, &m->cells, place);
        if (r->count == 0) {
            run_free(r, &m->cells);
            *slot = 0;
        }
    } else {
        words = slot_words(*slot);
        count = leaf_count(*slot);
        at = leaf_search(words, count, &key, used, &found);
        assert(found && word_cell(words[at]) == cell);
        memmove(words + at, words + at + 1, (count - at - 1) * sizeof *words);
        words[count - 1] = 0;
        if (count == 2) {
            uint64_t last = slot_make(SLOT_CELL, word_cell(words[0]));
            leaf_free(m, *slot);
            *slot = last;
        }
    }
    return *slot == 0;
}

static bool node_empty(const uint64_t *slots)
{
    for (unsigned i = 0; i < NODE_SLOTS; i++) {
        if (slots[i])
            return false;
    }
    return true;
}

/* Nodes on the path that have nothing left go, from below. */
static void drop_empty_nodes(struct memtable *m, uint64_t **path, unsigned depth)
{
    while (depth > 0 && node_empty(slot_words(*path[depth - 1]))) {
        depth--;
        chunks_give(&m->index, slot_words(*path[depth]), NODE_SLOTS * sizeof(uint64_t));
        *path[depth] = 0;
    }
}

void memtable_remove(struct memtable *m, const uint8_t *cell)
{
    uint64_t position = cell_encoded_position(cell);
    uint64_t *path[MEMTABLE_DEPTH];
    unsigned depth = 0, used = ROOT_BITS;
    uint64_t *slot = &m->root[position >> (64 - ROOT_BITS)];

    while (slot_kind(*slot) == SLOT_NODE) {
        path[depth++] = slot;
        slot = &slot_words(*slot)[child_of(position, used)];
        used += NODE_BITS;
    }
    assert(slot_kind(*slot) != SLOT_EMPTY);
    if (unlink_cell(m, slot, cell, used))
        drop_empty_nodes(m, path, depth);
    count_out(m, cell);
    memtable_give(m, cell);
}

static const uint8_t *find_in_run(const struct run *r, const struct cell_key *key)
{
    struct run_place place;

    if (r->position != key->position)
        return NULL;
    place = run_search(r, key);
    return place.found ? run_at(r, place) : NULL;
}

const uint8_t *memtable_find(const struct memtable *m, const struct cell_key *key)
{
    uint64_t slot = m->root[key->position >> (64 - ROOT_BITS)];
    unsigned used = ROOT_BITS, room;
    const uint64_t *words;
    uint64_t tag;

    while (slot_kind(slot) == SLOT_NODE) {
        slot = slot_words(slot)[child_of(key->position, used)];
        used += NODE_BITS;
    }
    if (slot_kind(slot) == SLOT_EMPTY)
        return NULL;
    if (slot_kind(slot) == SLOT_CELL)
        return is_key(slot_cell(slot), key) ? slot_cell(slot) : NULL;
    if (slot_kind(slot) == SLOT_RUN)
        return find_in_run(slot_run(slot), key);
    words = slot_words(slot);
    room = leaf_room(slot);
    tag = tag_of(key->position, used);
    for (unsigned i = 0; i < room && words[i]; i++) {
        if (word_tag(words[i]) == tag && is_key(word_cell(words[i]), key))
            return word_cell(words[i]);
    }
    return NULL;
}

void memtable_prefetch(const struct memtable *m, uint64_t position)
{
    uint64_t slot = m->root[position >> (64 - ROOT_BITS)];
    const uint64_t *target = slot_words(slot);

    if (slot_kind(slot) == SLOT_NODE)
        target += child_of(position, ROOT_BITS);
    __builtin_prefetch(target);
}

void memtable_prefetch_cell(const struct memtable *m, uint64_t position)
{
    uint64_t slot = m->root[position >> (64 - ROOT_BITS)];
    unsigned used = ROOT_BITS;

    while (slot_kind(slot) == SLOT_NODE) {
        slot = slot_words(slot)[child_of(position, used)];
        used += NODE_BITS;
    }
    switch (slot_kind(slot)) {
    case SLOT_LEAF2:
    case SLOT_LEAF4:
    case SLOT_LEAF8:
        for (unsigned i = 0; i < leaf_room(slot); i++) {
            if (word_tag(slot_words(slot)[i]) == tag_of(position, used)) {
                __builtin_prefetch(word_cell(slot_words(slot)[i]));
                break;
            }
        }
        break;
    default:
        __builtin_prefetch(slot_cell(slot));
        break;
    }
}

bool memtable_may_hold(const struct memtable *m, uint64_t position)
{
    uint64_t slot = m->root[position >> (64 - ROOT_BITS)];
    unsigned used = ROOT_BITS;

    while (slot_kind(slot) == SLOT_NODE) {
        slot = slot_words(slot)[child_of(position, used)];
        used += NODE_BITS;
    }
    switch (slot_kind(slot)) {
    case SLOT_EMPTY:
        return false;
    case SLOT_CELL:
        return cell_encoded_position(slot_cell(slot)) == position;
    case SLOT_RUN:
        return slot_run(slot)->position == position;
    default:
        for (unsigned i = 0; i < leaf_room(slot) && slot_words(slot)[i]; i++) {
            if (word_tag(slot_words(slot)[i]) == tag_of(position, used))
                return true;
        }
        return false;
    }
}

size_t memtable_bytes(const struct memtable *m)
{
    return m->cells.bytes + m->index.bytes + ROOT_SLOTS * sizeof(uint64_t);
}

size_t memtable_spare(const struct memtable *m)
{
    return m->cells.free_bytes + m->index.free_bytes;
}

size_t memtable_live(const struct memtable *m)
{
    return m->live;
}

size_t memtable_count(const struct memtable *m)
{
    return m->count;
}

size_t memtable_tombstones(const struct memtable *m)
{
    return m->tombstones;
}

size_t memtable_expiring(const struct memtable *m)
{
    return m->expiring;
}
