/* world.c: boot, step, end. */
#include "sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/events.h"
#include "sim/checks.h"

static const char *const state_names[] = { "loading", "serving", "stopping", "stopped", "failed" };

static void trace_line(struct trace *trace, enum trace_level level, const char *text)
{
    struct world *w = (struct world *)(void *)((char *)trace - offsetof(struct world, trace));

    if (w->disk->cut)
        return;
    if (strstr(text, "were cut off"))
        w->torn = true;
    sim_log_line(&w->log, "server %d: %s", (int)level, text);
}

static void random_bytes(struct env *env, void *to, size_t len)
{
    (void)env;
    memset(to, 0x5a, len); /* nobody in the simulated world asks for a secret */
}

static void usage(struct env *env, struct env_usage *out)
{
    (void)env;
    *out = (struct env_usage){ .rss_bytes = 64 * 1024 * 1024,
                               .user_us = 1000000,
                               .system_us = 500000 };
}

/* Small enough that a seed of a few hundred writes seals, flushes and compacts; now and
 * then so large that it does not. */
static void set_tree(struct options *o, struct prng *p)
{
    static const int64_t memtables[] = { 1024, 2048, 8192, WORLD_MEMTABLE_MOST };
    static const int64_t separations[] = { 256, 400, 1024, 4096 };
    static const int64_t tables[] = { 4096, 16384, 65536 };
    static const int64_t blocks[] = { 512, 1024, 4096 };
    static const int64_t filters[] = { 1, 4, 10, 10 };
    static const int64_t caches[] = { 4096, 65536, 1 << 20 };

    o->memtable_size = memtables[prng_below(p, 4)];
    o->value_separation = separations[prng_below(p, 4)];
    o->table_size = tables[prng_below(p, 3)];
    o->table_block_size = blocks[prng_below(p, 3)];
    o->table_filter_bits = filters[prng_below(p, 4)];
    o->cache_size = caches[prng_below(p, 3)];
    o->table_compression = prng_one_in(p, 2);
}

static void set_options(struct world *w)
{
    static const int64_t segments[] = { 12288, 16384, 24576, 131072 };
    static const int64_t frames[] = { 1024, 4096, 65536 };
    static const int64_t chunks[] = { 4096, 16384, 65536 };
    static const int64_t pieces[] = { 300, 1000, 5000, 1 << 20 };
    struct options *o = &w->options;
    struct prng own; /* what came later leaves other draws as they are */

    options_init(o);
    mem_free(o->dir);
    o->dir = mem_strdup("/data");
    mem_free(o->bind);
    o->bind = mem_strdup("10.0.0.2");
    o->protected_mode = 0; /* clients are on machines of their own */
    o->segment_size = segments[prng_below(&w->prng, 4)];
    o->frame_size = frames[prng_below(&w->prng, 3)];
    o->memtable_chunk_size = chunks[prng_below(&w->prng, 3)];
    o->appendfsync = (int64_t)prng_below(&w->prng, 3);
    o->loglevel = TRACE_VERBOSE;
    set_tree(o, &w->prng);
    prng_init(&own, w->seed ^ 0x7069656365);
    o->value_chunk_size = pieces[prng_below(&own, 4)];
    if (prng_one_in(&w->prng, 10))
        o->maxmemory = 400 * 1024 + (int64_t)prng_below(&w->prng, 1024 * 1024);
}

/* In half of the seeds somebody listens, and transactions have news for him.  The number
 * it starts from is one with which the seeds of seeds.txt stay what they were. */
static void set_listener(struct world *w)
{
    struct prng own;

    prng_init(&own, w->seed ^ 0x6c69745d);
    w->listens = w->workload.news = prng_one_in(&own, 2);
    listener_init(&w->listener, &w->net, &w->log, &w->history, 2 + (unsigned)prng_below(&own, 2));
    if (!w->listens)
        return;
    w->options.notify_events = EVENT_KEYEVENT | EVENT_ALL;
    if (prng_one_in(&own, 3))
        w->options.notify_events |= EVENT_NEW;
}

struct world *world_new(uint64_t seed, bool echo, bool keep)
{
    static const uint64_t quanta[] = { 0, 50, 400, 2000 };
    struct world *w = mem_zalloc(1, sizeof *w);
    struct prng *p = &w->prng;

    w->seed = seed;
    prng_init(p, seed);
    sim_queue_init(&w->queue);
    sim_log_init(&w->log, &w->queue, echo, keep);
    sim_clock_init(&w->clock, &w->queue, (int64_t)prng_below(p, 201) - 100);
    sim_pool_init(&w->pool, &w->queue, &w->place, &w->counts, prng_next(p));
    w->disk = sim_disk_new(&w->log, &w->counts, &w->place, prng_next(p));
    sim_net_init(&w->net, &w->queue, &w->counts, &w->disk->cut, prng_next(p));
    history_init(&w->history, &w->queue, &w->clock);
    workload_init(&w->workload, p);
    w->quantum_us = quanta[prng_below(p, 4)];
    set_options(w);
    w->client_count = 2 + (unsigned)prng_below(p, WORLD_CLIENTS - 1);
    for (unsigned i = 0; i < w->client_count; i++)
        client_init(&w->clients[i], i, &w->queue, &w->net, &w->log, &w->history, prng_next(p));
    set_listener(w);
    w->trace = (struct trace){ TRACE_VERBOSE, trace_line };
    w->env = (struct env){ .clock = &w->clock.clock,
                           .fs = &w->disk->fs,
                           .net = &w->net.net,
                           .pool = &w->pool.pool,
                           .trace = &w->trace,
                           .arenas = &w->arenas.arenas,
                           .machine = { UINT64_C(1) << 30, 1024, 1, "simulated" },
                           .random = random_bytes,
                           .usage = usage };
    return w;
}

void world_free(struct world *w)
{
    if (w->server)
        world_end(w, END_KILL, false);
    for (unsigned i = 0; i < w->client_count; i++)
        client_deinit(&w->clients[i]);
    listener_deinit(&w->listener);
    sim_net_deinit(&w->net);
    sim_pool_deinit(&w->pool);
    sim_disk_free(w->disk);
    options_deinit(&w->options);
    history_deinit(&w->history);
    sim_queue_deinit(&w->queue);
    sim_log_deinit(&w->log);
    mem_free(w);
}

void world_boot(struct world *w)
{
    char detail[256];
    struct err e;

    assert(!w->server);
    w->ended = false;
    w->torn = false;
    w->state = SERVER_LOADING;
    w->disk->loading = true;
    sim_arenas_init(&w->arenas);
    w->env.seed = prng_next(&w->prng);
    w->turn_at = w->queue.now;
    sim_log_line(&w->log, "world: boot, appendfsync %d", (int)w->options.appendfsync);
    history_mark(&w->history, MARK_BOOT, (enum lsm_sync)w->options.appendfsync);
    w->place.may_block = true;
    e = server_new(&w->env, &w->options, &w->server, detail);
    w->place.may_block = false;
    if (err_is(e))
        sim_log_fail(&w->log, "progress", "server_new: %s", detail);
}

/* Jobs still to run may have been half-way: they run on a disk that is cut off
 * after a few calls. */
static void half_jobs(struct world *w)
{
    struct sim_plan calm = { 0 };

    w->disk->plan = calm;
    if (!w->disk->cut && w->pool.pending)
        w->disk->cut_in = 1 + (unsigned)prng_below(&w->prng, 6);
    w->disk->cut_kind = -1;
    sim_pool_run_all(&w->pool);
}

void world_end(struct world *w, enum world_end end, bool jobs)
{
    bool busy = w->pool.pending > 0;
    unsigned left;

    sim_log_line(&w->log, "world: %s%s", end == END_POWER ? "power loss" : "kill",
                 w->disk->cut ? ", within a call" : "");
    if (jobs)
        half_jobs(w);
    if (!w->disk->cut)
        w->counts.n[end == END_POWER ? COUNT_POWER : COUNT_KILL]++;
    else if (end == END_POWER)
        w->counts.n[COUNT_POWER]++;
    w->disk->cut = true; /* nothing leaves it any more */
    sim_net_process_end(&w->net);
    sim_pool_deinit(&w->pool);
    server_free(w->server);
    w->server = NULL;
    sim_net_process_gone(&w->net);
    left = sim_arenas_deinit(&w->arenas);
    if (left && !busy)
        sim_log_fail(&w->log, "shape", "%u arenas were not released", left);
    sim_disk_process_end(w->disk);
    if (end == END_POWER)
        sim_disk_power_loss(w->disk);
    history_mark(&w->history, end == END_POWER ? MARK_POWER : MARK_KILL, LSM_SYNC_NO);
    w->ended = true;
}

/* What the disk refused goes into the history: promises end with it. */
static void note_errors(struct world *w)
{
    uint64_t refused = w->disk->errors + w->counts.n[COUNT_NO_SPACE];

    if (w->disk->sync_errors != w->sync_errors_seen)
        history_mark(&w->history, MARK_SYNC_ERROR, LSM_SYNC_NO);
    if (refused != w->refused_seen)
        history_mark(&w->history, MARK_TROUBLE, LSM_SYNC_NO);
    w->sync_errors_seen = w->disk->sync_errors;
    w->refused_seen = refused;
}

static void note_state(struct world *w)
{
    enum server_state state = server_state(w->server);

    if (state == w->state)
        return;
    sim_log_line(&w->log, "world: the server is %s", state_names[state]);
    if (state == SERVER_SERVING) {
        w->disk->loading = false;
        history_mark(&w->history, MARK_SERVING, LSM_SYNC_NO);
        if (w->torn)
            w->counts.n[COUNT_TORN_TAIL]++;
    }
    if (state == SERVER_STOPPED)
        history_mark(&w->history, MARK_STOPPED, LSM_SYNC_NO);
    w->state = state;
}

static uint64_t next_time(struct world *w)
{
    uint64_t due = sim_queue_due(&w->queue);
    uint64_t at = due < w->turn_at ? due : w->turn_at;

    if (at <= w->queue.now)
        at = w->queue.now + 1 + prng_below(&w->prng, 20); /* a turn takes time */
    else if (at - w->queue.now > 1000000)
        at = w->queue.now + 1000000;
    return at + (w->quantum_us ? prng_below(&w->prng, w->quantum_us) : 0);
}

bool world_step(struct world *w)
{
    assert(w->server && !w->ended);
    sim_queue_run(&w->queue, next_time(w));
    if (!w->disk->cut)
        sim_net_poll(&w->net);
    if (!w->disk->cut)
        w->turn_at = server_turn(w->server);
    note_errors(w);
    if (w->disk->cut) {
        w->ended = true;
        return false;
    }
    check_shape(w->server, ++w->turns, &w->log);
    note_state(w);
    if (sim_net_ready(&w->net))
        w->turn_at = 0;
    return true;
}

bool world_run(struct world *w, uint64_t us)
{
    uint64_t until = w->queue.now + us;

    while (w->queue.now < until && !w->log.failed) {
        if (!world_step(w))
            return false;
    }
    return true;
}

bool world_await(struct world *w, enum server_state state, uint64_t us)
{
    uint64_t until = w->queue.now + us;

    while (w->state != state && w->queue.now < until && !w->log.failed) {
        if (!world_step(w))
            return false;
        if (w->state == SERVER_FAILED)
            break;
    }
    return w->state == state;
}
