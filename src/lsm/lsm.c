/* lsm.c: what a turn does with a store: put, flush, commit, sweep, and what it may
 * ask. */
#include "lsm/lsm.h"

#include <assert.h>

#include "lsm/lsm_state.h"

/* Emptying a memtable of so many cells at once is left to a job: sweeping fewer out of
 * it is cheaper. */
enum {
    SEAL_CELLS_MIN = 4096,
    CACHE_VALUES_SHARE = 2, /* half of the cache is for values */
    BLOCKED_FAILURES = 2,   /* of compactions: the first may have been a moment's */
};

enum lsm_state lsm_state(const struct lsm *lsm)
{
    return lsm->state;
}

struct err lsm_error(const struct lsm *lsm, const char **detail)
{
    if (detail)
        *detail = lsm->detail;
    return lsm->err;
}

unsigned lsm_loaded_permille(const struct lsm *lsm)
{
    return lsm->load ? __atomic_load_n(&lsm->load->permille, __ATOMIC_RELAXED) : 1000;
}

void lsm_turn(struct lsm *lsm)
{
    if (!lsm_open(lsm))
        return;
    cache_turn(lsm->cache);
    ahead_forget(&lsm->ahead);
    if (lsm->room.heat)
        heat_clock(lsm->room.heat, clock_mono_us(lsm->env->clock));
    pressure_turn(&lsm->pressure);
}

void lsm_set_cache(struct lsm *lsm, size_t bytes)
{
    lsm->options.cache_size = bytes;
    if (!lsm_open(lsm))
        return;
    cache_set_budget(lsm->cache, CACHE_BLOCKS, bytes - bytes / CACHE_VALUES_SHARE);
    cache_set_budget(lsm->cache, CACHE_VALUES, bytes / CACHE_VALUES_SHARE);
}

bool lsm_blocked(const struct lsm *lsm, const char **detail)
{
    *detail = lsm->upkeep.detail;
    return lsm->upkeep.failures >= BLOCKED_FAILURES && lsm->pressure.now >= PACE_FULL;
}

bool lsm_can_put(const struct lsm *lsm, size_t bytes)
{
    const char *detail;

    return lsm->state == LSM_READY && log_can_take(lsm->log, bytes) &&
           (pressure_admits(&lsm->pressure) || lsm_blocked(lsm, &detail)) &&
           (!dataset_full(&lsm->data) || dataset_can_seal(&lsm->data));
}

void lsm_put(struct lsm *lsm, const struct cell *cell)
{
    size_t size = cell_size(cell);
    struct dataset_put put;
    uint8_t *bytes;

    assert(lsm->state == LSM_READY && cell->key.kind != CELL_FLUSH);
    assert(cell->stamp >= lsm->last_stamp && cell->key.db < LIMIT_DATABASES);
    bytes = log_add(lsm->log, size, cell->stamp);
    cell_encode(cell, bytes);
    put = dataset_put(&lsm->data, bytes, size, log_end(lsm->log) - size);
    undo_push_put(&lsm->undo, log_end(lsm->log), &put);
    lsm->last_stamp = cell->stamp;
    lsm->stats.puts++;
    if (lsm->room.heat)
        heat_touch(lsm->room.heat, cell->key.position);
    pressure_put(&lsm->pressure, size);
    lsm->put = true;
}

void lsm_request(struct lsm *lsm)
{
    if (lsm->log)
        log_request(lsm->log);
}

void lsm_flush(struct lsm *lsm, uint8_t db, uint64_t stamp)
{
    struct cell cell = { .key = { .db = db, .kind = CELL_FLUSH },
                         .stamp = stamp,
                         .origin = lsm->options.origin };
    struct dataset_flush flush;

    assert(lsm->state == LSM_READY && stamp >= lsm->last_stamp);
    assert(db < LIMIT_DATABASES || db == CELL_DB_ALL);
    cell_encode(&cell, log_add(lsm->log, cell_size(&cell), stamp));
    flush = dataset_flush(&lsm->data, db, stamp);
    lsm_count_tables(lsm);
    if (db == CELL_DB_ALL && memtable_count(lsm->data.active) >= SEAL_CELLS_MIN)
        lsm->seal_soon = true;
    undo_push_flush(&lsm->undo, log_end(lsm->log), &flush);
    lasting_note(&lsm->lasting, log_end(lsm->log));
    lsm->last_stamp = stamp;
    lsm->put = true;
}

uint64_t lsm_flushed(const struct lsm *lsm, uint8_t db)
{
    return lsm->data.flushed[db];
}

void lsm_commit(struct lsm *lsm)
{
    if (!lsm->put)
        return;
    lsm->put = false;
    lsm->stats.commits++;
    log_commit(lsm->log);
    lsm_settle(lsm);
    if ((lsm->seal_soon || seal_due(&lsm->seal)) && seal_now(&lsm->seal)) {
        lsm->seal_soon = false;
        seal_pump(&lsm->seal);
    }
}

uint64_t lsm_end(const struct lsm *lsm)
{
    return lsm->log ? log_end(lsm->log) : 0;
}

uint64_t lsm_acked(const struct lsm *lsm)
{
    return lsm->log ? log_acked(lsm->log) : 0;
}

uint64_t lsm_synced(const struct lsm *lsm)
{
    return lsm->log ? log_synced(lsm->log) : 0;
}

void lsm_want_sync(struct lsm *lsm, uint64_t position)
{
    if (lsm->log)
        log_want_sync(lsm->log, position);
}

size_t lsm_unwritten(const struct lsm *lsm)
{
    return lsm->log ? log_waiting(lsm->log) : 0;
}

uint64_t lsm_acked_stamp(const struct lsm *lsm)
{
    return undo_oldest_stamp(&lsm->undo, lsm->last_stamp + 1) - 1;
}

uint64_t lsm_last_stamp(const struct lsm *lsm)
{
    return lsm->last_stamp;
}

/* There is nothing older than the active memtable, whatever is undone: a tombstone in it
 * hides nothing. */
static bool at_bottom(const struct lsm *lsm)
{
    return lsm->data.sealed_count == 0 && version_bytes(lsm->version) == 0 &&
           lsm->undo.flushes == 0;
}

bool lsm_sweep_pays(const struct lsm *lsm)
{
    return lsm_open(lsm) && dataset_sweepable(&lsm->data, at_bottom(lsm));
}

size_t lsm_sweep(struct lsm *lsm, size_t visits, uint64_t now_ms,
                 void (*expired)(void *arg, const uint8_t *cell), void *arg)
{
    struct sweep_rules rules = { .now_ms = now_ms, .expired = expired, .arg = arg };

    if (!lsm_open(lsm))
        return 0;
    rules.bottom = at_bottom(lsm);
    rules.stamp = lsm_acked_stamp(lsm);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        rules.flushed[db] = undo_flushed_for_good(&lsm->undo, &lsm->data, (uint8_t)db);
    return sweep_step(&lsm->sweep, &lsm->data, visits, &rules);
}

bool lsm_expire(struct lsm *lsm, size_t most, uint64_t now_ms,
                void (*expired)(void *arg, const uint8_t *cell), void *arg)
{
    return lsm_open(lsm) && dataset_expire(&lsm->data, most, now_ms, expired, arg) == most;
}

uint64_t lsm_next_expiry(const struct lsm *lsm)
{
    return lsm_open(lsm) ? timers_next_ms(&lsm->data.timers) : UINT64_MAX;
}

void lsm_watch_expiry(struct lsm *lsm, void (*elsewhere)(void *arg, uint8_t db, uint64_t position),
                      void *arg)
{
    dataset_watch(&lsm->data, elsewhere, arg);
}

void lsm_add_expiry(struct lsm *lsm, const struct cell *head, bool unless_in_memory)
{
    if (!unless_in_memory || !dataset_find(&lsm->data, &head->key))
        timers_add(&lsm->data.timers, head->expire_ms, head->key.db, head->key.position);
}

uint64_t lsm_lost_expiry(const struct lsm *lsm)
{
    return lsm->data.timers.lost ? lsm->data.timers.lost_ms : UINT64_MAX;
}

void lsm_cut_expiry(struct lsm *lsm, uint64_t from_ms)
{
    timers_cut(&lsm->data.timers, from_ms);
}

void lsm_set_sync(struct lsm *lsm, enum lsm_sync sync)
{
    lsm->options.sync = sync;
    if (!lsm->log)
        return;
    log_set_sync(lsm->log, sync);
    lsm_settle(lsm);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t lsm_deadline(const struct lsm *lsm)
{
    uint64_t at;

    if (!lsm_open(lsm))
        return UINT64_MAX;
    if (cache_gives_way(lsm->cache))
        return 0;
    at = sooner(log_deadline(lsm->log), seal_deadline(&lsm->seal));
    at = sooner(at, upkeep_deadline(&lsm->upkeep));
    at = sooner(at, install_deadline(&lsm->install));
    at = sooner(at, janitor_deadline(lsm->janitor));
    return sooner(at, pressure_deadline(&lsm->pressure));
}

void lsm_tick(struct lsm *lsm, uint64_t mono_us)
{
    if (!lsm_open(lsm))
        return;
    log_tick(lsm->log, mono_us);
    install_tick(&lsm->install, mono_us);
    janitor_tick(lsm->janitor, mono_us);
    lsm_after_job(lsm);
}

static void stats_of_files(const struct lsm *lsm, struct lsm_stats *s)
{
    const struct version *v = lsm->version;
    const struct cache_stats *blocks = cache_stats(lsm->cache, CACHE_BLOCKS);
    const struct cache_stats *values = cache_stats(lsm->cache, CACHE_VALUES);

    s->sealed = lsm->data.sealed_count;
    s->l0_tables = v->levels[0].count;
    s->tables = 0;
    for (unsigned i = 0; i < LEVELS; i++)
        s->tables += v->levels[i].count;
    s->table_bytes = version_bytes(v);
    s->keys_exact = s->tables == 0 && dataset_exact(&lsm->data);
    s->blob_files = v->blob_count;
    s->blob_bytes = version_blob_bytes(v);
    s->index_bytes = lsm->index_bytes;
    s->cache_bytes = blocks->bytes + values->bytes;
    s->cache_beyond = blocks->beyond + values->beyond;
    s->cache_hits = blocks->hits + values->hits;
    s->cache_misses = blocks->misses + values->misses;
    s->flush_now = lsm->seal.busy;
    s->compaction_now = lsm->upkeep.state == UPKEEP_COMPACTING;
    s->rewrite_now = lsm->upkeep.state == UPKEEP_REWRITING;
    s->pressure_permille = lsm->pressure.now;
    s->debt_bytes = lsm->pressure.debt;
    s->files_waiting = janitor_waiting(lsm->janitor);
    s->disk_bytes = lsm->room.used;
    s->leaving_bytes = lsm->room.leaving;
    s->dead_bytes = lsm->room.garbage;
    s->heat_bytes = lsm->room.heat ? heat_bytes(lsm->room.heat) : 0;
}

const struct lsm_stats *lsm_stats(const struct lsm *lsm)
{
    struct lsm_stats *s = &((struct lsm *)(uintptr_t)lsm)->stats;

    if (lsm_open(lsm)) {
        s->buffer_bytes = log_waiting(lsm->log);
        s->upload_bytes = lsm->uploads.bytes;
        s->memtable_bytes = dataset_bytes(&lsm->data);
        s->memtable_spare = dataset_spare(&lsm->data);
        s->memtable_live = memtable_live(lsm->data.active);
        s->memtable_cells = memtable_count(lsm->data.active);
        stats_of_files(lsm, s);
    }
    return s;
}

bool lsm_check(const struct lsm *lsm, bool deep)
{
    if (!lsm_open(lsm))
        return true;
    return log_check(lsm->log) && dataset_check(&lsm->data, deep) && tails_check(&lsm->tails) &&
           (!deep || (version_check(lsm->version) && cache_check(lsm->cache))) &&
           (lsm->undo.count == 0 || lsm_acked(lsm) < lsm_end(lsm));
}
