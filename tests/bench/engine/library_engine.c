/* library_engine.c: threads that call a library. */
#include "library_engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/prng.h"

enum { CLIENTS_MAX = 64 };

struct shared {
    struct library *library;
    const struct load *load;
    uint64_t began_ns;
    uint64_t until_ns;
    atomic_bool over;
};

struct client {
    struct shared *shared;
    uint64_t count;
    uint64_t seed;
    struct histogram *latency;
    pthread_t thread;
};

static void pause_ns(uint64_t ns)
{
    struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

    nanosleep(&t, NULL);
}

static void *read_some(void *arg)
{
    struct client *c = arg;
    const struct load *l = c->shared->load;
    char key[ENGINE_KEY];
    uint8_t *value = mem_alloc(ENGINE_VALUE_MAX);
    struct prng random;
    uint64_t before = figures_now_ns(), after;

    prng_init(&random, c->seed);
    for (uint64_t i = 0; i < c->count; i++) {
        uint64_t number = engine_next(l, i, &random);
        engine_key(number, key);
        engine_expect(number, value, c->shared->library->get(c->shared->library, key, value),
                      l->value_len);
        after = figures_now_ns();
        histogram_add(c->latency, after - before);
        before = after;
        if (c->shared->until_ns && after >= c->shared->until_ns)
            break;
    }
    mem_free(value);
    return NULL;
}

/* One that nobody but LOAD_MIXED slows down. */
static void *write_some(void *arg)
{
    struct client *c = arg;
    const struct load *l = c->shared->load;
    struct library *library = c->shared->library;
    bool mixed = l->kind == LOAD_MIXED;
    char key[ENGINE_KEY];
    struct prng random;
    uint64_t before = figures_now_ns(), after, synced = before;

    prng_init(&random, c->seed);
    for (uint64_t i = 0; mixed ? !atomic_load(&c->shared->over) : i < c->count; i++) {
        uint64_t number = mixed ? prng_below(&random, l->keys) : engine_next(l, i, &random);
        bool sync = !library->sync && before - synced >= 1000000000;
        if (mixed) {
            before = c->shared->began_ns + (uint64_t)((double)i * 1e9 / l->write_rate);
            after = figures_now_ns();
            if (before > after)
                pause_ns(before - after);
        }
        engine_key(number, key);
        library->put(library, key, engine_value(number, before), l->value_len, sync);
        after = figures_now_ns();
        if (sync)
            synced = after;
        histogram_add(c->latency, after - before);
        before = after;
        if (c->shared->until_ns && after >= c->shared->until_ns)
            break;
    }
    return NULL;
}

static void *sync_each_second(void *arg)
{
    struct shared *s = arg;

    while (!atomic_load(&s->over)) {
        for (unsigned i = 0; i < 100 && !atomic_load(&s->over); i++)
            pause_ns(10 * 1000 * 1000);
        s->library->sync(s->library);
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    if (pthread_create(thread, NULL, run, arg) != 0)
        engine_fail("library", "no thread");
}

void library_run(struct engine *e, const struct load *l, struct histogram *reads,
                 struct histogram *writes)
{
    struct shared shared = { .library = (struct library *)e, .load = l };
    bool writing = l->kind == LOAD_FILL || l->kind == LOAD_OVERWRITE;
    bool syncing = (writing || l->kind == LOAD_MIXED) && shared.library->sync;
    unsigned readers = writing ? 0 : l->clients;
    struct client writer = { &shared, l->count, l->seed, writes, 0 };
    struct client clients[CLIENTS_MAX];
    pthread_t syncer;

    shared.began_ns = figures_now_ns();
    shared.until_ns = l->seconds > 0 ? shared.began_ns + (uint64_t)(l->seconds * 1e9) : 0;
    atomic_init(&shared.over, false);
    if (syncing)
        start(&syncer, sync_each_second, &shared);
    if (l->kind == LOAD_MIXED)
        start(&writer.thread, write_some, &writer);
    for (unsigned i = 0; i < readers; i++) {
        clients[i] = (struct client){ &shared, l->count / readers, l->seed + i,
                                      mem_zalloc(1, sizeof(struct histogram)), 0 };
        start(&clients[i].thread, read_some, &clients[i]);
    }
    if (writing)
        write_some(&writer);
    for (unsigned i = 0; i < readers; i++) {
        pthread_join(clients[i].thread, NULL);
        histogram_merge(reads, clients[i].latency);
        mem_free(clients[i].latency);
    }
    atomic_store(&shared.over, true);
    if (l->kind == LOAD_MIXED)
        pthread_join(writer.thread, NULL);
    if (syncing)
        pthread_join(syncer, NULL);
}

void library_wait(struct engine *e, double seconds)
{
    (void)e;
    pause_ns((uint64_t)(seconds * 1e9));
}
