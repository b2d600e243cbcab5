/* henge_engine.c: the store through lsm.h, on the real env, without RESP.
 *
 *     turn: lsm_turn -> up to TURN_OPS operations, each put with its own commit
 *     -> wait for jobs only if nothing else is to be done
 *
 * A read that is not in memory is fetched by a job; up to `clients` of them are
 * under way, and each is asked again when its job is done, as the server does. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/prng.h"
#include "engine.h"
#include "lsm/lsm.h"
#include "os/os_env.h"

enum { TURN_OPS = 32, CLIENTS_MAX = 64, POOL_THREADS = 4 };

struct reader {
    struct henge *henge;
    struct lsm_fetch *fetch;
    uint64_t number;
    uint64_t began_ns;
    enum { READER_FREE, READER_FETCHING, READER_AGAIN } state;
};

struct henge {
    struct engine base;
    struct os_env *world;
    struct env *env;
    struct lsm *lsm;
    uint64_t stamp;
    /* Of the load under way: */
    struct load load;
    struct prng random;
    struct prng write_random;
    struct histogram *reads;
    struct histogram *writes;
    uint64_t begun;
    uint64_t written;
    uint64_t began_ns;
    uint64_t until_ns;
    uint64_t waiting_ns; /* since when a put waits; 0: none does */
    unsigned fetching;
    struct reader readers[CLIENTS_MAX];
    uint8_t copy[ENGINE_VALUE_MAX];
};

static void on_state(void *owner)
{
    (void)owner;
}

static void on_acked(void *owner)
{
    (void)owner;
}

static void on_failed(void *owner, struct err e)
{
    (void)owner;
    engine_fail("henge", e.what);
}

static void tick(struct henge *h)
{
    uint64_t now = clock_mono_us(h->env->clock), stamp = clock_wall_us(h->env->clock);

    if (stamp > h->stamp)
        h->stamp = stamp;
    lsm_turn(h->lsm);
    if (now >= lsm_deadline(h->lsm))
        lsm_tick(h->lsm, now);
}

static uint64_t turn_loading(void *arg)
{
    struct henge *h = arg;
    enum lsm_state state = lsm_state(h->lsm);
    const char *detail;

    if (state == LSM_FAILED) {
        (void)lsm_error(h->lsm, &detail);
        engine_fail("henge", detail);
    }
    if (state == LSM_READY)
        os_loop_end(os_env_loop(h->world));
    return UINT64_MAX;
}

static void open_store(struct engine *e, const struct engine_options *o)
{
    struct henge *h = (struct henge *)e;
    struct os_env_options env = {
        .logfile = "", .level = TRACE_WARNING, .pool_threads = POOL_THREADS, .connections = 64
    };
    struct lsm_options options = { .dir = o->dir,
                                   .sync = LSM_SYNC_EVERYSEC,
                                   .segment_size = (size_t)64 * 1024 * 1024,
                                   .frame_max = (size_t)1024 * 1024,
                                   .chunk_size = (size_t)1024 * 1024,
                                   .memtable_size = o->memtable_size,
                                   .value_separation = 4096,
                                   .table_size = (size_t)32 * 1024 * 1024,
                                   .block_size = 4096,
                                   .filter_bits = 10,
                                   .cache_size = o->cache_size,
                                   .origin = 1 };
    struct lsm_hooks hooks = { h, on_state, on_acked, on_failed, NULL };

    if (err_is(os_env_new(&env, &h->world)))
        engine_fail("henge", "no environment");
    h->env = os_env_get(h->world);
    h->lsm = lsm_new(h->env, &options, &hooks);
    os_loop_run(os_env_loop(h->world), turn_loading, h);
    lsm_set_cache(h->lsm, o->cache_size);
    h->stamp = lsm_last_stamp(h->lsm);
}

static struct cell_key key_of(uint64_t number, char key[ENGINE_KEY])
{
    engine_key(number, key);
    return cell_head_key(0, slice_of(key, ENGINE_KEY));
}

/* True: there are cells and it was found. */
static bool look(struct henge *h, uint64_t number)
{
    char key[ENGINE_KEY];
    struct cell_key k = key_of(number, key);
    struct cell c = { .value = { 0 } };
    enum lsm_answer answer = lsm_find(h->lsm, &k, WANT_VALUE, &c);

    if (answer == LSM_WANT)
        return false;
    if (answer == LSM_ABSENT)
        engine_fail("henge", "a key is missing");
    memcpy(h->copy, c.value.data, c.value.len);
    engine_expect(number, h->copy, c.value.len, h->load.value_len);
    return true;
}

static void on_fetched(void *owner, struct err e)
{
    struct reader *r = owner;

    if (err_is(e))
        engine_fail("henge", e.what);
    r->state = READER_AGAIN;
}

static void fetch(struct henge *h, struct reader *r)
{
    char key[ENGINE_KEY];
    struct want want = { .key = key_of(r->number, key), .kind = WANT_VALUE };

    r->fetch = lsm_fetch(h->lsm, &want, 1, on_fetched, r);
    r->state = READER_FETCHING;
}

/* Those whose jobs are done are asked again. */
static void go_on_reading(struct henge *h)
{
    for (unsigned i = 0; i < h->load.clients; i++) {
        struct reader *r = &h->readers[i];
        struct lsm_fetch *last = r->fetch;
        if (r->state != READER_AGAIN)
            continue;
        if (look(h, r->number)) {
            histogram_add(h->reads, figures_now_ns() - r->began_ns);
            r->state = READER_FREE;
            h->fetching--;
        } else {
            fetch(h, r);
        }
        lsm_fetch_end(last);
    }
}

static void read_one(struct henge *h, uint64_t *now_ns)
{
    uint64_t number = engine_next(&h->load, h->begun, &h->random);
    uint64_t end_ns;

    h->begun++;
    if (look(h, number)) {
        end_ns = figures_now_ns();
        histogram_add(h->reads, end_ns - *now_ns);
        *now_ns = end_ns;
        return;
    }
    for (unsigned i = 0; i < h->load.clients; i++) {
        struct reader *r = &h->readers[i];
        if (r->state == READER_FREE) {
            *r = (struct reader){ .henge = h, .number = number, .began_ns = *now_ns };
            fetch(h, r);
            h->fetching++;
            return;
        }
    }
    engine_fail("henge", "no reader is free when a read begins");
}

/* False: it has to wait. */
static bool put_one(struct henge *h, uint64_t number, uint64_t *now_ns)
{
    char key[ENGINE_KEY];
    struct cell c = { .type = CELL_STRING, .origin = 1 };
    uint64_t end_ns;

    if (!lsm_can_put(h->lsm, h->load.value_len)) {
        if (!h->waiting_ns)
            h->waiting_ns = *now_ns;
        return false;
    }
    c.key = key_of(number, key);
    c.stamp = h->stamp++;
    c.value = slice_of(engine_value(number, c.stamp), h->load.value_len);
    lsm_put(h->lsm, &c);
    lsm_request(h->lsm);
    lsm_commit(h->lsm);
    end_ns = figures_now_ns();
    histogram_add(h->writes, end_ns - (h->waiting_ns ? h->waiting_ns : *now_ns));
    h->waiting_ns = 0;
    *now_ns = end_ns;
    return true;
}

static bool over(const struct henge *h, uint64_t now_ns)
{
    return h->begun >= h->load.count || (h->until_ns && now_ns >= h->until_ns);
}

static uint64_t turn_writing(void *arg)
{
    struct henge *h = arg;
    uint64_t now_ns = figures_now_ns();

    tick(h);
    for (unsigned i = 0; i < TURN_OPS; i++) {
        uint64_t number;
        struct prng before = h->random;
        if (over(h, now_ns)) {
            os_loop_end(os_env_loop(h->world));
            return 0;
        }
        number = engine_next(&h->load, h->begun, &h->random);
        if (!put_one(h, number, &now_ns)) {
            h->random = before;
            return lsm_deadline(h->lsm);
        }
        h->begun++;
    }
    return 0;
}

/* Writes that are due in LOAD_MIXED; their latency counts from when they were. */
static void write_due(struct henge *h, uint64_t *now_ns)
{
    for (;;) {
        uint64_t due_ns = h->began_ns + (uint64_t)((double)h->written * 1e9 / h->load.write_rate);
        uint64_t at = due_ns;
        struct prng before = h->write_random;
        if (due_ns > *now_ns)
            return;
        h->waiting_ns = 0;
        if (!put_one(h, prng_below(&h->write_random, h->load.keys), &at)) {
            h->write_random = before;
            return;
        }
        h->written++;
        *now_ns = at;
    }
}

static uint64_t turn_reading(void *arg)
{
    struct henge *h = arg;
    uint64_t now_ns;

    tick(h);
    go_on_reading(h);
    now_ns = figures_now_ns();
    for (unsigned i = 0; i < TURN_OPS && h->fetching < h->load.clients; i++) {
        if (h->load.kind == LOAD_MIXED && !over(h, now_ns))
            write_due(h, &now_ns);
        if (over(h, now_ns))
            break;
        read_one(h, &now_ns);
    }
    if (over(h, now_ns)) {
        if (h->fetching == 0)
            os_loop_end(os_env_loop(h->world));
        return lsm_deadline(h->lsm);
    }
    if (h->fetching < h->load.clients)
        return 0;
    if (h->load.kind == LOAD_MIXED) {
        uint64_t due_us = clock_mono_us(h->env->clock) + (uint64_t)(1e6 / h->load.write_rate);
        write_due(h, &now_ns);
        return due_us < lsm_deadline(h->lsm) ? due_us : lsm_deadline(h->lsm);
    }
    return lsm_deadline(h->lsm);
}

static void run_load(struct engine *e, const struct load *l, struct histogram *reads,
                     struct histogram *writes)
{
    struct henge *h = (struct henge *)e;
    bool writing = l->kind == LOAD_FILL || l->kind == LOAD_OVERWRITE;

    assert(l->clients <= CLIENTS_MAX && l->value_len <= ENGINE_VALUE_MAX);
    h->load = *l;
    h->reads = reads;
    h->writes = writes;
    h->begun = h->written = h->waiting_ns = 0;
    prng_init(&h->random, l->seed);
    prng_init(&h->write_random, l->seed + 1);
    h->began_ns = figures_now_ns();
    h->until_ns = l->seconds > 0 ? h->began_ns + (uint64_t)(l->seconds * 1e9) : 0;
    os_loop_run(os_env_loop(h->world), writing ? turn_writing : turn_reading, h);
}

static uint64_t turn_waiting(void *arg)
{
    struct henge *h = arg;
    uint64_t deadline = lsm_deadline(h->lsm);

    tick(h);
    lsm_commit(h->lsm);
    if (figures_now_ns() >= h->until_ns)
        os_loop_end(os_env_loop(h->world));
    return deadline < h->until_ns / 1000 ? deadline : h->until_ns / 1000 + 1;
}

static void wait_for(struct engine *e, double seconds)
{
    struct henge *h = (struct henge *)e;

    h->until_ns = figures_now_ns() + (uint64_t)(seconds * 1e9);
    os_loop_run(os_env_loop(h->world), turn_waiting, h);
}

static void describe(struct engine *e, char *out, size_t size)
{
    const struct henge *h = (struct henge *)e;
    const struct lsm_stats *s;

    if (!h->lsm) /* closed */
        return;
    s = lsm_stats(h->lsm);
    snprintf(out, size,
             "\"log\":%llu,\"flushes\":%llu,\"flushed\":%llu,\"compactions\":%llu,"
             "\"compacted\":%llu,\"rewritten\":%llu,\"l0\":%llu,\"tables\":%llu,\"blobs\":%llu,"
             "\"blob_bytes\":%llu,\"index_bytes\":%llu,\"debt\":%llu,\"pressure\":%llu,"
             "\"hits\":%llu,\"misses\":%llu,\"reads_now\":%llu,\"fetches\":%llu,\"wrong\":%llu,"
             "\"load_us\":%llu,\"replayed\":%llu,\"segments\":%llu",
             (unsigned long long)s->written_bytes, (unsigned long long)s->flushes,
             (unsigned long long)s->flushed_bytes, (unsigned long long)s->compactions,
             (unsigned long long)s->compacted_bytes, (unsigned long long)s->rewritten_bytes,
             (unsigned long long)s->l0_tables, (unsigned long long)s->tables,
             (unsigned long long)s->blob_files, (unsigned long long)s->blob_bytes,
             (unsigned long long)s->index_bytes, (unsigned long long)s->debt_bytes,
             (unsigned long long)s->pressure_permille, (unsigned long long)s->cache_hits,
             (unsigned long long)s->cache_misses, (unsigned long long)s->reads_now,
             (unsigned long long)s->fetches, (unsigned long long)s->filter_wrong,
             (unsigned long long)s->load_us, (unsigned long long)s->replayed_bytes,
             (unsigned long long)s->segments);
}

static uint64_t turn_stopping(void *arg)
{
    struct henge *h = arg;

    tick(h);
    if (lsm_state(h->lsm) == LSM_CLOSED)
        os_loop_end(os_env_loop(h->world));
    return lsm_deadline(h->lsm);
}

static void close_store(struct engine *e)
{
    struct henge *h = (struct henge *)e;

    lsm_stop(h->lsm);
    os_loop_run(os_env_loop(h->world), turn_stopping, h);
    os_env_end_jobs(h->world);
    lsm_free(h->lsm);
    os_env_free(h->world);
    h->lsm = NULL;
}

struct engine *henge_engine(const char *name)
{
    static struct henge henge = { .base = { open_store, run_load, wait_for, describe,
                                            close_store } };

    return strcmp(name, "henge") == 0 ? &henge.base : NULL;
}
