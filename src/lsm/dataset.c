/* dataset.c: counting, and flushes by stamp. */
#include "lsm/dataset.h"

#include <assert.h>
#include <string.h>

enum {
    /* Below this a sweep frees flushed cells sooner than a new memtable is made. */
    SWAP_CELLS_MIN = 4096,
};

void dataset_init(struct dataset *d, struct arenas *arenas, size_t chunk_size)
{
    *d = (struct dataset){ .arenas = arenas, .chunk_size = chunk_size };
    d->memtable = memtable_new(arenas, chunk_size, UINT32_MAX);
}

void dataset_deinit(struct dataset *d)
{
    memtable_free(d->memtable);
    memtable_free(d->previous);
    d->memtable = NULL;
    d->previous = NULL;
}

static bool live_head(const struct dataset *d, const uint8_t *cell)
{
    return cell[29] == CELL_HEAD && !(cell[30] & CELL_TOMBSTONE) && dataset_visible(d, cell);
}

static void count(struct dataset *d, const uint8_t *cell, uint64_t one)
{
    if (!live_head(d, cell))
        return;
    d->sums.heads[cell[28]] += one;
    if (cell[30] & CELL_EXPIRES)
        d->sums.expiring[cell[28]] += one;
}

const uint8_t *dataset_put(struct dataset *d, const uint8_t *cell, size_t size,
                           const uint8_t **replaced)
{
    const uint8_t *now = memtable_put(d->memtable, cell, size, 0, replaced);

    assert(dataset_visible(d, now));
    if (*replaced)
        count(d, *replaced, (uint64_t)-1);
    count(d, now, 1);
    return now;
}

void dataset_unput(struct dataset *d, const uint8_t *now, const uint8_t *replaced)
{
    count(d, now, (uint64_t)-1);
    if (replaced)
        count(d, replaced, 1);
    memtable_restore(d->memtable, now, replaced);
}

void dataset_give(struct dataset *d, const uint8_t *replaced)
{
    memtable_give(d->previous ? d->previous : d->memtable, replaced);
}

struct dataset_flush dataset_flush(struct dataset *d, uint8_t db, uint64_t stamp, bool swap)
{
    struct dataset_flush flush = { .sums = d->sums, .stamp = stamp };

    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        if (db != CELL_DB_ALL && db != i)
            continue;
        assert(stamp >= d->sums.flushed[i]);
        d->sums.flushed[i] = stamp;
        d->sums.heads[i] = 0;
        d->sums.expiring[i] = 0;
    }
    if (swap && db == CELL_DB_ALL && !d->previous &&
        memtable_count(d->memtable) >= SWAP_CELLS_MIN) {
        d->previous = d->memtable;
        d->memtable = memtable_new(d->arenas, d->chunk_size, UINT32_MAX);
        flush.swapped = true;
    }
    return flush;
}

void dataset_unflush(struct dataset *d, const struct dataset_flush *flush)
{
    d->sums = flush->sums;
    if (!flush->swapped)
        return;
    assert(memtable_count(d->memtable) == 0);
    memtable_free(d->memtable);
    d->memtable = d->previous;
    d->previous = NULL;
}

struct memtable *dataset_take_previous(struct dataset *d, const struct dataset_flush *flush)
{
    struct memtable *old = NULL;

    if (flush->swapped) {
        old = d->previous;
        d->previous = NULL;
    }
    return old;
}

void dataset_drop(struct dataset *d, const uint8_t *cell)
{
    count(d, cell, (uint64_t)-1);
    memtable_remove(d->memtable, cell);
}

size_t dataset_bytes(const struct dataset *d)
{
    return memtable_bytes(d->memtable) + (d->previous ? memtable_bytes(d->previous) : 0);
}

bool dataset_check(const struct dataset *d, bool deep)
{
    struct dataset_sums sums = { .heads = { 0 } };
    struct cell_key zero = { 0 };
    struct memtable_iter it;

    if (!memtable_check(d->memtable, deep))
        return false;
    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        if (d->sums.expiring[i] > d->sums.heads[i])
            return false;
    }
    if (!deep)
        return true;
    for (const uint8_t *cell = memtable_seek(d->memtable, &it, &zero); cell;
         cell = memtable_next(&it)) {
        if (cell[28] >= LIMIT_DATABASES)
            return false;
        sums.heads[cell[28]] += live_head(d, cell);
        sums.expiring[cell[28]] += live_head(d, cell) && (cell[30] & CELL_EXPIRES);
    }
    return memcmp(sums.heads, d->sums.heads, sizeof sums.heads) == 0 &&
           memcmp(sums.expiring, d->sums.expiring, sizeof sums.expiring) == 0;
}
