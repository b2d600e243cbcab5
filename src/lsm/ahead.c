/* ahead.c: the steps of find.c, one at a time for a whole batch. */
#include "lsm/ahead.h"

#include <assert.h>

#include "base/limits.h"
#include "lsm/lsm_state.h"
#include "lsm/position_search.h"

enum {
    TABLES_MOST = 12, /* asked for a key; behind them find.c goes alone */
    LINE = 64,
    BLOCK_END = 6 * LINE, /* of a block's bytes: its arrays, if cells have about 100 B */
    CELL_LINES = 3,
};

/* A key that is in tables, if anywhere. */
struct coming {
    uint64_t position;
    struct table *tables[TABLES_MOST]; /* whose range it is in, newest first */
    unsigned count;
    uint32_t block; /* of the first whose filter may hold it */
    struct ahead_seen *seen;
};

struct batch {
    struct coming keys[LIMIT_BATCH];
    size_t count;
};

static void add_table(struct coming *k, struct table *t)
{
    filter_prefetch(t->filter, t->filter_size, k->position);
    k->tables[k->count++] = t;
}

/* False: there are more than can be kept. */
static bool add_tables(const struct version *v, struct coming *k)
{
    for (size_t i = 0; i < v->levels[0].count; i++) {
        struct table *t = v->levels[0].tables[i].table;
        if (k->position < t->meta.min_position || k->position > t->meta.max_position)
            continue;
        if (k->count == TABLES_MOST)
            return false;
        add_table(k, t);
    }
    for (unsigned level = 1; level < LEVELS; level++) {
        struct table *t = v->levels[level].count ? version_table(v, level, k->position) : NULL;
        if (t && k->count == TABLES_MOST)
            return false;
        if (t)
            add_table(k, t);
    }
    return true;
}

/* The memtables' cells: first the slot of each, then what it leads to. */
static void find_in_memtables(const struct dataset *d, const struct lsm_coming *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memtable_prefetch(d->active, keys[i].position);
        for (unsigned n = 0; n < d->sealed_count; n++)
            memtable_prefetch(d->sealed[n].memtable, keys[i].position);
    }
    for (size_t i = 0; i < count; i++) {
        memtable_prefetch_cell(d->active, keys[i].position);
        for (unsigned n = 0; n < d->sealed_count; n++)
            memtable_prefetch_cell(d->sealed[n].memtable, keys[i].position);
    }
}

static bool memtables_may_hold(const struct dataset *d, uint64_t position)
{
    if (memtable_may_hold(d->active, position))
        return true;
    for (unsigned n = 0; n < d->sealed_count; n++) {
        if (memtable_may_hold(d->sealed[n].memtable, position))
            return true;
    }
    return false;
}

/* Those that are to be read, and that no memtable has. */
static void take_keys(struct lsm *lsm, const struct lsm_coming *keys, size_t count, struct batch *b)
{
    b->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct coming *k = &b->keys[b->count];
        if (memtables_may_hold(&lsm->data, keys[i].position))
            continue;
        k->position = keys[i].position;
        k->count = 0;
        /* A put asks the filters too: what is over what is counted (dataset.h). */
        if (add_tables(lsm->version, k) && keys[i].reads)
            b->count++;
    }
}

/* The first table that may hold each key; the others are remembered as in none. */
static void ask_filters(struct lsm *lsm, struct batch *b)
{
    struct ahead *a = &lsm->ahead;
    size_t left = 0;

    for (size_t i = 0; i < b->count; i++) {
        struct coming k = b->keys[i];
        unsigned n = 0;
        while (n < k.count && !table_may_hold(k.tables[n], k.position))
            n++;
        k.seen = &a->seen[k.position % AHEAD_SEEN];
        *k.seen = (struct ahead_seen){ .position = k.position, .epoch = a->epoch };
        if (n == k.count)
            continue;
        k.seen->table = k.tables[n];
        table_prefetch(k.seen->table, k.position);
        b->keys[left++] = k;
    }
    b->count = left;
}

static void find_blocks(struct lsm *lsm, struct batch *b)
{
    size_t left = 0;

    for (size_t i = 0; i < b->count; i++) {
        struct coming k = b->keys[i];
        if (k.seen->position != k.position || /* another key of the batch took the place */
            !table_only_block(k.seen->table, k.position, &k.block))
            continue;
        cache_prefetch(lsm->cache, CACHE_BLOCKS, k.seen->table->meta.id, k.block);
        b->keys[left++] = k;
    }
    b->count = left;
}

static void find_entries(struct lsm *lsm, struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        cache_prefetch_entry(lsm->cache, CACHE_BLOCKS, b->keys[i].seen->table->meta.id,
                             b->keys[i].block);
    for (size_t i = 0; i < b->count; i++) {
        struct coming *k = &b->keys[i];
        const uint8_t *bytes;
        size_t len;
        k->seen->entry = cache_peek(lsm->cache, CACHE_BLOCKS, k->seen->table->meta.id, k->block);
        if (!k->seen->entry)
            continue;
        bytes = cache_bytes(k->seen->entry, &len);
        for (size_t at = len > BLOCK_END ? len - BLOCK_END : 0; at < len; at += LINE)
            __builtin_prefetch(bytes + at);
    }
}

static void find_cells(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct coming *k = &b->keys[i];
        struct table_block block;
        size_t len, at;
        const uint8_t *bytes;
        if (!k->seen->entry)
            continue;
        bytes = cache_bytes(k->seen->entry, &len);
        if (err_is(table_block_open(slice_of(bytes, len), &block)))
            continue; /* who looks for the key meets it again */
        at = position_search(block.positions, block.count, k->position);
        if (at == block.count)
            continue;
        bytes = table_block_cell(&block, (uint32_t)at);
        for (size_t n = 0; n < CELL_LINES; n++)
            __builtin_prefetch(bytes + n * LINE);
    }
}

void lsm_prefetch(struct lsm *lsm, const struct lsm_coming *keys, size_t count)
{
    struct batch b;

    assert(count <= LIMIT_BATCH);
    if (!lsm_open(lsm))
        return;
    find_in_memtables(&lsm->data, keys, count);
    if (!version_bytes(lsm->version))
        return;
    take_keys(lsm, keys, count, &b);
    ask_filters(lsm, &b);
    find_blocks(lsm, &b);
    find_entries(lsm, &b);
    find_cells(&b);
}
