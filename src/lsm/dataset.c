/* dataset.c: which memtable, counting, and flushes by stamp. */
#include "lsm/dataset.h"

#include <assert.h>
#include <string.h>

void dataset_init(struct dataset *d, struct arenas *arenas, const struct dataset_options *options)
{
    *d = (struct dataset){ .arenas = arenas, .options = *options };
    d->active = memtable_new(arenas, options->chunk_size, options->large_min);
    d->empty_bytes = memtable_bytes(d->active);
}

void dataset_deinit(struct dataset *d)
{
    memtable_free(d->active);
    d->active = NULL;
    while (d->sealed_count > 0)
        memtable_free(d->sealed[--d->sealed_count].memtable);
}

static bool live_head(const struct dataset *d, const uint8_t *cell)
{
    return cell[29] == CELL_HEAD && !(cell[30] & CELL_TOMBSTONE) && dataset_visible(d, cell);
}

static const uint8_t *sealed_find(const struct dataset *d, const struct cell_key *key)
{
    const uint8_t *cell = NULL;

    for (unsigned i = d->sealed_count; i-- > 0 && !cell;)
        cell = memtable_find(d->sealed[i].memtable, key);
    return cell;
}

const uint8_t *dataset_find(const struct dataset *d, const struct cell_key *key)
{
    const uint8_t *cell = memtable_find(d->active, key);

    if (!cell && d->sealed_count)
        cell = sealed_find(d, key);
    return cell;
}

/* The memtable whose cells end at or before log position `end` and behind those of
 * the one before it. */
static struct memtable *memtable_at(const struct dataset *d, uint64_t end)
{
    for (unsigned i = 0; i < d->sealed_count; i++) {
        if (end <= d->sealed[i].mark.position) {
            assert(!d->sealed[i].busy);
            return d->sealed[i].memtable;
        }
    }
    return d->active;
}

static void count(struct dataset *d, uint8_t db, int heads, int expiring)
{
    struct dataset_sums *s = &d->sums;

    /* What is below is an estimate, so the sums might fall below nothing. */
    s->heads[db] = heads < 0 && s->heads[db] == 0 ? 0 : s->heads[db] + (uint64_t)(int64_t)heads;
    s->expiring[db] =
        expiring < 0 && s->expiring[db] == 0 ? 0 : s->expiring[db] + (uint64_t)(int64_t)expiring;
}

static struct cell_key key_of(const uint8_t *cell)
{
    struct cell c;

    cell_decode(cell, &c);
    return c.key;
}

struct dataset_put dataset_put(struct dataset *d, const uint8_t *cell, size_t size, uint64_t place)
{
    struct dataset_put put = { 0 };
    const uint8_t *older;
    bool below;

    put.now = memtable_put(d->active, cell, size, place, &put.was);
    assert(dataset_visible(d, put.now));
    if (cell[29] != CELL_HEAD)
        return put;
    older = put.was;
    if (!older && d->sealed_count) {
        struct cell_key key = key_of(put.now);
        older = sealed_find(d, &key);
    }
    below = !older && d->below && d->below(d->below_arg, put.now[28], wire_get64(put.now));
    put.heads = (int8_t)(live_head(d, put.now) - (older ? live_head(d, older) : below));
    put.expiring = (int8_t)((live_head(d, put.now) && (put.now[30] & CELL_EXPIRES)) -
                            (older && live_head(d, older) && (older[30] & CELL_EXPIRES)));
    count(d, put.now[28], put.heads, put.expiring);
    return put;
}

void dataset_unput(struct dataset *d, const struct dataset_put *put, uint64_t end)
{
    count(d, put->now[28], -put->heads, -put->expiring);
    memtable_restore(memtable_at(d, end), put->now, put->was);
}

void dataset_give(struct dataset *d, const struct dataset_put *put, uint64_t end)
{
    if (put->was)
        memtable_give(memtable_at(d, end), put->was);
}

struct dataset_flush dataset_flush(struct dataset *d, uint8_t db, uint64_t stamp)
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
    return flush;
}

void dataset_unflush(struct dataset *d, const struct dataset_flush *flush)
{
    d->sums = flush->sums;
}

void dataset_drop(struct dataset *d, const uint8_t *cell)
{
    if (live_head(d, cell))
        count(d, cell[28], -1, cell[30] & CELL_EXPIRES ? -1 : 0);
    memtable_remove(d->active, cell);
}

/* One that lost all its cells takes new ones, whatever it has allocated. */
static size_t active_used(const struct dataset *d)
{
    if (memtable_count(d->active) == 0)
        return 0;
    return memtable_bytes(d->active) - memtable_spare(d->active) - d->empty_bytes;
}

bool dataset_full(const struct dataset *d)
{
    return active_used(d) >= d->options.limit;
}

size_t dataset_used(const struct dataset *d)
{
    size_t used = active_used(d);

    for (unsigned i = 0; i < d->sealed_count; i++)
        used += memtable_bytes(d->sealed[i].memtable) - d->empty_bytes;
    return used;
}

bool dataset_can_seal(const struct dataset *d)
{
    return d->sealed_count < DATASET_SEALED_MAX;
}

void dataset_seal(struct dataset *d, const struct log_mark *mark)
{
    assert(dataset_can_seal(d));
    d->sealed[d->sealed_count++] = (struct sealed){ .memtable = d->active, .mark = *mark };
    d->active = memtable_new(d->arenas, d->options.chunk_size, d->options.large_min);
}

struct memtable *dataset_unseal(struct dataset *d)
{
    struct memtable *m = d->sealed[0].memtable;

    assert(d->sealed_count > 0);
    d->sealed_count--;
    memmove(d->sealed, d->sealed + 1, d->sealed_count * sizeof *d->sealed);
    return m;
}

size_t dataset_bytes(const struct dataset *d)
{
    size_t bytes = memtable_bytes(d->active);

    for (unsigned i = 0; i < d->sealed_count; i++)
        bytes += memtable_bytes(d->sealed[i].memtable);
    return bytes;
}

size_t dataset_spare(const struct dataset *d)
{
    return memtable_spare(d->active);
}

static bool counts_right(const struct dataset *d)
{
    struct dataset_sums sums = { .heads = { 0 } };
    struct cell_key zero = { 0 };

    for (unsigned i = 0; i <= d->sealed_count; i++) {
        const struct memtable *m = i < d->sealed_count ? d->sealed[i].memtable : d->active;
        struct memtable_iter it;
        for (const uint8_t *cell = memtable_seek(m, &it, &zero); cell; cell = memtable_next(&it)) {
            struct cell_key key = key_of(cell);
            if (dataset_find(d, &key) != cell || !live_head(d, cell))
                continue;
            sums.heads[cell[28]]++;
            sums.expiring[cell[28]] += (cell[30] & CELL_EXPIRES) != 0;
        }
    }
    return memcmp(sums.heads, d->sums.heads, sizeof sums.heads) == 0 &&
           memcmp(sums.expiring, d->sums.expiring, sizeof sums.expiring) == 0;
}

bool dataset_check(const struct dataset *d, bool deep, bool exact)
{
    uint64_t position = 0;

    if (!memtable_check(d->active, deep))
        return false;
    for (unsigned i = 0; i < d->sealed_count; i++) {
        if (d->sealed[i].mark.position < position || !memtable_check(d->sealed[i].memtable, false))
            return false;
        position = d->sealed[i].mark.position;
    }
    return !deep || !exact || counts_right(d);
}
