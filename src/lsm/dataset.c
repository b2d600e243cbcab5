/* dataset.c: which memtable, counting, and flushes by stamp. */
#include "lsm/dataset.h"

#include <assert.h>
#include <string.h>

enum { TIMER_SHARE = 64 /* bytes of the limit for each timer, of 16 */ };

void dataset_init(struct dataset *d, struct arenas *arenas, const struct dataset_options *options)
{
    *d = (struct dataset){ .arenas = arenas, .options = *options };
    d->active = memtable_new(arenas, options->chunk_size, options->large_min);
    d->empty_bytes = memtable_bytes(d->active);
    d->timers.most = options->limit / TIMER_SHARE;
}

void dataset_deinit(struct dataset *d)
{
    memtable_free(d->active);
    pins_deinit(&d->pins);
    timers_deinit(&d->timers);
    d->active = NULL;
    while (d->sealed_count > 0) {
        struct sealed *s = &d->sealed[--d->sealed_count];
        memtable_free(s->memtable);
        pins_deinit(&s->pins);
        buf_deinit(&s->arcs);
    }
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
 * the one before it, and its counts. */
static struct memtable *memtable_at(struct dataset *d, uint64_t end, struct dataset_counts **counts)
{
    for (unsigned i = 0; i < d->sealed_count; i++) {
        if (end <= d->sealed[i].mark.through) {
            assert(!d->sealed[i].busy);
            *counts = &d->sealed[i].counts;
            return d->sealed[i].memtable;
        }
    }
    *counts = &d->counts;
    return d->active;
}

static void count(struct dataset_counts *c, const uint8_t *cell, int heads, int expiring, int cells)
{
    uint8_t db = cell[28];

    c->heads[db] += heads;
    c->expiring[db] += expiring;
    c->cells[db] += cells;
}

/* What a cell that no flush hides counts. */
static int heads_of(const uint8_t *cell)
{
    if (cell[29] != CELL_HEAD)
        return 0;
    return !(cell[30] & CELL_TOMBSTONE) - ((cell[30] & CELL_OVER_LIVE) != 0);
}

static bool expires(const uint8_t *cell)
{
    return cell[29] == CELL_HEAD && (cell[30] & CELL_EXPIRES) && !(cell[30] & CELL_TOMBSTONE);
}

static int expiring_of(const uint8_t *cell)
{
    if (cell[29] != CELL_HEAD)
        return 0;
    return expires(cell) - ((cell[30] & CELL_OVER_EXPIRING) != 0);
}

static struct cell_key key_of(const uint8_t *cell)
{
    struct cell c;

    cell_decode(cell, &c);
    return c.key;
}

/* What a cell of that kind is over that hides `older`, in an older memtable. */
static uint8_t over_older(const struct dataset *d, const uint8_t *older)
{
    if (!live_head(d, older))
        return 0;
    return (uint8_t)(CELL_OVER_LIVE | (older[30] & CELL_EXPIRES ? CELL_OVER_EXPIRING : 0));
}

/* What the new cell is over: in its memtable, in one before it, or, a guess, in a table. */
static uint8_t over_of(struct dataset *d, const uint8_t *cell, const uint8_t *was)
{
    const uint8_t *older = NULL;

    if (cell[29] != CELL_HEAD)
        return 0;
    if (was)
        return dataset_visible(d, was) ? was[30] & CELL_OVER : 0;
    if (d->sealed_count) {
        struct cell_key key = key_of(cell);
        older = sealed_find(d, &key);
    }
    if (older)
        return over_older(d, older);
    if (!d->below || !d->below(d->below_arg, cell[28], cell_encoded_position(cell)))
        return 0;
    d->guessed = true;
    return CELL_OVER_LIVE;
}

static void add_timer(struct dataset *d, const uint8_t *cell)
{
    struct cell c;

    cell_decode(cell, &c);
    timers_add(&d->timers, c.expire_ms, c.key.db, c.key.position);
}

struct dataset_put dataset_put(struct dataset *d, const uint8_t *cell, size_t size, uint64_t place)
{
    struct dataset_put put = { 0 };
    uint8_t over;
    bool again;

    put.now = memtable_put(d->active, cell, size, place, &put.was);
    assert(dataset_visible(d, put.now) && !(put.now[30] & CELL_OVER));
    over = over_of(d, put.now, put.was);
    if (over)
        memtable_mark(put.now, over);
    pins_add_cell(&d->pins, put.now);
    again = put.was && dataset_visible(d, put.was);
    put.heads = (int8_t)(heads_of(put.now) - (again ? heads_of(put.was) : 0));
    put.expiring = (int8_t)(expiring_of(put.now) - (again ? expiring_of(put.was) : 0));
    put.cells = !again;
    count(&d->counts, put.now, put.heads, put.expiring, put.cells);
    if (expires(put.now))
        add_timer(d, put.now);
    return put;
}

void dataset_unput(struct dataset *d, const struct dataset_put *put, uint64_t end)
{
    struct dataset_counts *counts;
    struct memtable *m = memtable_at(d, end, &counts);

    count(counts, put->now, -put->heads, -put->expiring, -put->cells);
    memtable_restore(m, put->now, put->was);
}

void dataset_give(struct dataset *d, const struct dataset_put *put, uint64_t end)
{
    struct dataset_counts *counts;

    if (put->was)
        memtable_give(memtable_at(d, end, &counts), put->was);
}

/* Memtables by age, the active one last. */
static struct memtable *nth(struct dataset *d, unsigned i, struct dataset_counts **counts)
{
    *counts = i < d->sealed_count ? &d->sealed[i].counts : &d->counts;
    return i < d->sealed_count ? d->sealed[i].memtable : d->active;
}

struct dataset_flush dataset_flush(struct dataset *d, uint8_t db, uint64_t stamp)
{
    struct dataset_flush flush = { .stamp = stamp, .count = d->sealed_count + 1 };
    struct dataset_counts *counts;

    memcpy(flush.flushed, d->flushed, sizeof flush.flushed);
    for (unsigned i = 0; i < flush.count; i++) {
        nth(d, i, &counts);
        flush.was[i].number = i < d->sealed_count ? d->sealed[i].number : d->number;
        flush.was[i].counts = *counts;
    }
    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        if (db != CELL_DB_ALL && db != i)
            continue;
        assert(stamp >= d->flushed[i]);
        d->flushed[i] = stamp;
        for (unsigned k = 0; k < flush.count; k++) {
            nth(d, k, &counts);
            counts->heads[i] = counts->expiring[i] = counts->cells[i] = 0;
        }
    }
    return flush;
}

void dataset_unflush(struct dataset *d, const struct dataset_flush *flush)
{
    memcpy(d->flushed, flush->flushed, sizeof d->flushed);
    for (unsigned i = 0; i <= d->sealed_count; i++) {
        struct dataset_counts *counts;
        uint64_t number = i < d->sealed_count ? d->sealed[i].number : d->number;
        nth(d, i, &counts);
        for (unsigned k = 0; k < flush->count; k++) {
            if (flush->was[k].number == number)
                *counts = flush->was[k].counts;
        }
        for (unsigned db = 0; i < d->sealed_count && db < LIMIT_DATABASES; db++) {
            if (d->sealed[i].flushed[db] > d->flushed[db])
                d->sealed[i].flushed[db] = d->flushed[db];
        }
    }
}

void dataset_drop(struct dataset *d, const uint8_t *cell)
{
    if (dataset_visible(d, cell))
        count(&d->counts, cell, -heads_of(cell), -expiring_of(cell), -1);
    memtable_remove(d->active, cell);
}

/* The expired heads of one memtable there.  False: nothing is there. */
static bool expire_in(const struct dataset *d, const struct memtable *m, const struct cell_key *at,
                      uint64_t now_ms, void (*expired)(void *arg, const uint8_t *cell), void *arg)
{
    struct memtable_iter it;
    bool any = false;

    for (const uint8_t *cell = memtable_seek(m, &it, at);
         cell && cell_encoded_position(cell) == at->position && cell[28] == at->db;
         cell = memtable_next(&it)) {
        struct cell c;

        any = true;
        if (!expires(cell) || !dataset_visible(d, cell))
            continue;
        cell_decode(cell, &c);
        if (cell_expired(&c, now_ms) && dataset_find(d, &c.key) == cell)
            expired(arg, cell);
    }
    return any;
}

size_t dataset_expire(struct dataset *d, size_t most, uint64_t now_ms,
                      void (*expired)(void *arg, const uint8_t *cell), void *arg)
{
    size_t n = 0;

    for (; n < most && timers_next_ms(&d->timers) <= now_ms; n++) {
        struct cell_key at = { .position = 0 };
        bool any;

        timers_pop(&d->timers, &at.db, &at.position);
        any = expire_in(d, d->active, &at, now_ms, expired, arg);
        for (unsigned i = 0; i < d->sealed_count; i++)
            any |= expire_in(d, d->sealed[i].memtable, &at, now_ms, expired, arg);
        if (!any && d->elsewhere)
            d->elsewhere(d->elsewhere_arg, at.db, at.position);
    }
    return n;
}

void dataset_watch(struct dataset *d, void (*elsewhere)(void *arg, uint8_t db, uint64_t position),
                   void *arg)
{
    d->elsewhere = elsewhere;
    d->elsewhere_arg = arg;
}

struct dataset_count dataset_count(const struct dataset *d, uint8_t db)
{
    struct dataset_count sum = { d->counts.heads[db], d->counts.expiring[db] };

    for (unsigned i = 0; i < d->sealed_count; i++) {
        sum.heads += d->sealed[i].counts.heads[db];
        sum.expiring += d->sealed[i].counts.expiring[db];
    }
    return sum;
}

bool dataset_pins(const struct dataset *d, uint64_t file)
{
    bool has = pins_has(&d->pins, file);

    for (unsigned i = 0; i < d->sealed_count && !has; i++)
        has = pins_has(&d->sealed[i].pins, file);
    return has;
}

bool dataset_exact(const struct dataset *d)
{
    bool guessed = d->guessed;

    for (unsigned i = 0; i < d->sealed_count; i++)
        guessed = guessed || d->sealed[i].guessed;
    return !guessed;
}

bool dataset_sweepable(const struct dataset *d, bool tombstones)
{
    int64_t cells = (int64_t)memtable_count(d->active);

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        cells -= d->counts.cells[db];
    return cells > 0 || memtable_expiring(d->active) ||
           (tombstones && memtable_tombstones(d->active));
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

void dataset_seal(struct dataset *d, const struct log_mark *mark, struct buf *arcs)
{
    assert(dataset_can_seal(d));
    d->sealed[d->sealed_count++] = (struct sealed){ .memtable = d->active,
                                                    .number = d->number++,
                                                    .counts = d->counts,
                                                    .pins = d->pins,
                                                    .guessed = d->guessed,
                                                    .mark = *mark,
                                                    .arcs = *arcs };
    *arcs = (struct buf){ 0 };
    memcpy(d->sealed[d->sealed_count - 1].flushed, d->flushed, sizeof d->flushed);
    d->pins = (struct pins){ 0 };
    d->counts = (struct dataset_counts){ .heads = { 0 } };
    d->guessed = false;
    d->active = memtable_new(d->arenas, d->options.chunk_size, d->options.large_min);
}

struct memtable *dataset_unseal(struct dataset *d)
{
    struct memtable *m = d->sealed[0].memtable;

    assert(d->sealed_count > 0);
    pins_deinit(&d->sealed[0].pins);
    buf_deinit(&d->sealed[0].arcs);
    d->sealed_count--;
    memmove(d->sealed, d->sealed + 1, d->sealed_count * sizeof *d->sealed);
    /* Newer cells are over those of a table now, which may have left out what expired. */
    d->guessed = true;
    for (unsigned i = 0; i < d->sealed_count; i++)
        d->sealed[i].guessed = true;
    return m;
}

size_t dataset_bytes(const struct dataset *d)
{
    size_t bytes = memtable_bytes(d->active);

    for (unsigned i = 0; i < d->sealed_count; i++)
        bytes += memtable_bytes(d->sealed[i].memtable);
    return bytes + timers_bytes(&d->timers);
}

size_t dataset_spare(const struct dataset *d)
{
    return memtable_spare(d->active);
}

/* What the cell says it is over is what the next older memtable that has its key says. */
static bool over_right(const struct dataset *d, unsigned i, const uint8_t *cell)
{
    struct cell_key key = key_of(cell);

    while (i-- > 0) {
        const uint8_t *older = memtable_find(d->sealed[i].memtable, &key);
        if (older)
            return (cell[30] & CELL_OVER) == over_older(d, older);
    }
    return d->below || !(cell[30] & CELL_OVER);
}

static bool counts_right(const struct dataset *d, unsigned i)
{
    const struct dataset_counts *c = i < d->sealed_count ? &d->sealed[i].counts : &d->counts;
    const struct memtable *m = i < d->sealed_count ? d->sealed[i].memtable : d->active;
    struct dataset_counts again = { .heads = { 0 } };
    struct cell_key zero = { 0 };
    struct memtable_iter it;

    for (const uint8_t *cell = memtable_seek(m, &it, &zero); cell; cell = memtable_next(&it)) {
        if (!dataset_visible(d, cell))
            continue;
        if (cell[29] == CELL_HEAD && !over_right(d, i, cell))
            return false;
        count(&again, cell, heads_of(cell), expiring_of(cell), 1);
    }
    return memcmp(&again, c, sizeof again) == 0;
}

bool dataset_check(const struct dataset *d, bool deep)
{
    uint64_t position = 0;

    if (!memtable_check(d->active, deep))
        return false;
    for (unsigned i = 0; i < d->sealed_count; i++) {
        if (d->sealed[i].mark.through < position || !memtable_check(d->sealed[i].memtable, false))
            return false;
        position = d->sealed[i].mark.through;
    }
    for (unsigned i = 0; deep && i <= d->sealed_count; i++) {
        if (!counts_right(d, i))
            return false;
    }
    return true;
}
