/* lsm_world.c: the seams a store needs, in their simplest form. */
#include "lsm_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"

struct chunk {
    void *next;
    size_t size;
};

static unsigned acquire(struct arenas *arenas)
{
    struct plain_arenas *a = (struct plain_arenas *)arenas;

    for (unsigned i = 0; i < 8; i++) {
        if (!a->taken[i]) {
            a->taken[i] = true;
            return i;
        }
    }
    assert(!"out of arenas");
    return 0;
}

/* The header lies in the 64 bytes before the chunk. */
static void *take(struct arenas *arenas, unsigned id, size_t size)
{
    struct plain_arenas *a = (struct plain_arenas *)arenas;
    struct chunk *c = aligned_alloc(64, (64 + size + 63) & ~(size_t)63);

    assert(c && a->taken[id]);
    *c = (struct chunk){ a->chunks[id], size };
    a->chunks[id] = c;
    a->idle -= a->idle < size ? a->idle : size;
    memset((uint8_t *)c + 64, 0xa5, size);
    return (uint8_t *)c + 64;
}

static void drop(struct arenas *arenas, unsigned id, void *chunk, size_t size)
{
    struct plain_arenas *a = (struct plain_arenas *)arenas;
    void **at = &a->chunks[id];

    while (*at != (uint8_t *)chunk - 64)
        at = &((struct chunk *)*at)->next;
    assert(((struct chunk *)*at)->size == size);
    a->idle += size;
    *at = ((struct chunk *)*at)->next;
    free((uint8_t *)chunk - 64);
}

static void release(struct arenas *arenas, unsigned id)
{
    struct plain_arenas *a = (struct plain_arenas *)arenas;

    assert(a->taken[id]);
    while (a->chunks[id]) {
        struct chunk *c = a->chunks[id];
        a->chunks[id] = c->next;
        a->idle += c->size;
        free(c);
    }
    a->taken[id] = false;
}

static size_t idle(struct arenas *arenas)
{
    return ((struct plain_arenas *)arenas)->idle;
}

static void trim(struct arenas *arenas, size_t keep)
{
    struct plain_arenas *a = (struct plain_arenas *)arenas;

    if (a->idle > keep)
        a->idle = keep;
}

void plain_arenas_init(struct plain_arenas *a)
{
    *a = (struct plain_arenas){ .base = { acquire, take, drop, release, idle, trim } };
}

void plain_arenas_deinit(struct plain_arenas *a)
{
    for (unsigned i = 0; i < 8; i++)
        assert(!a->taken[i]);
}

static void submit(struct pool *pool, struct job *job)
{
    struct lsm_world *w = list_item(pool, struct lsm_world, pool);
    struct job **last = &w->jobs;

    while (*last)
        last = &(*last)->next;
    job->next = NULL;
    *last = job;
}

static uint64_t now(struct clock *clock)
{
    return list_item(clock, struct lsm_world, clock)->now_us;
}

static void line(struct trace *trace, enum trace_level level, const char *text)
{
    (void)text;
    if (level == TRACE_WARNING)
        list_item(trace, struct lsm_world, trace)->warnings++;
}

void lsm_world_init(struct lsm_world *w)
{
    memset(w, 0, sizeof *w);
    memory_fs_init(&w->fs);
    plain_arenas_init(&w->arenas);
    w->pool.submit = submit;
    w->clock = (struct clock){ now, now };
    w->trace = (struct trace){ TRACE_DEBUG, line };
    w->env = (struct env){ .clock = &w->clock,
                           .fs = &w->fs.fs,
                           .pool = &w->pool,
                           .trace = &w->trace,
                           .arenas = &w->arenas.base };
    w->now_us = 10000000;
    w->options = (struct lsm_options){ .dir = "/data",
                                       .sync = LSM_SYNC_EVERYSEC,
                                       .segment_size = 16384,
                                       .frame_max = 2048,
                                       .chunk_size = 16384,
                                       .memtable_size = SIZE_MAX,
                                       .value_separation = 4096,
                                       .origin = 1 };
}

void lsm_world_deinit(struct lsm_world *w)
{
    lsm_free(w->lsm);
    plain_arenas_deinit(&w->arenas);
    memory_fs_deinit(&w->fs);
}

static void on_state(void *owner)
{
    ((struct lsm_world *)owner)->states++;
}

static void on_acked(void *owner)
{
    ((struct lsm_world *)owner)->acks++;
}

static void on_failed(void *owner, struct err e)
{
    assert(err_is(e));
    ((struct lsm_world *)owner)->failures++;
}

enum lsm_state lsm_world_open(struct lsm_world *w)
{
    struct lsm_hooks hooks = { w, on_state, on_acked, on_failed, NULL };

    assert(!w->lsm);
    w->lsm = lsm_new(&w->env, &w->options, &hooks);
    assert(lsm_state(w->lsm) == LSM_LOADING);
    lsm_world_settle(w);
    if (lsm_last_stamp(w->lsm) > w->stamp)
        w->stamp = lsm_last_stamp(w->lsm);
    return lsm_state(w->lsm);
}

static void forget(struct lsm_world *w)
{
    w->jobs = w->ran = NULL;
    lsm_free(w->lsm);
    w->lsm = NULL;
}

void lsm_world_close(struct lsm_world *w)
{
    lsm_stop(w->lsm);
    lsm_world_settle(w);
    assert(lsm_state(w->lsm) == LSM_CLOSED);
    forget(w);
}

void lsm_world_kill(struct lsm_world *w)
{
    forget(w);
    memory_fs_kill(&w->fs);
}

void lsm_world_power_loss(struct lsm_world *w, struct prng *prng)
{
    forget(w);
    memory_fs_power_loss(&w->fs, prng);
}

bool lsm_world_half_step(struct lsm_world *w)
{
    struct job *job = w->jobs;

    if (!job)
        return false;
    assert(!w->ran);
    w->jobs = job->next;
    job->run(job);
    w->ran = job;
    return true;
}

bool lsm_world_step(struct lsm_world *w)
{
    struct job *job;

    if (!w->ran && !lsm_world_half_step(w))
        return false;
    job = w->ran;
    w->ran = NULL;
    job->done(job);
    return true;
}

void lsm_world_settle(struct lsm_world *w)
{
    while (lsm_world_step(w))
        assert(!w->lsm || lsm_check(w->lsm, false));
}

void lsm_world_tick(struct lsm_world *w)
{
    uint64_t at = lsm_deadline(w->lsm);

    if (at == UINT64_MAX)
        return;
    if (at > w->now_us)
        w->now_us = at;
    lsm_tick(w->lsm, w->now_us);
}

static void put(struct lsm_world *w, const char *key, struct slice value, uint8_t flags)
{
    struct cell c = { .key = cell_head_key(0, slice_str(key)),
                      .stamp = ++w->stamp,
                      .origin = 1,
                      .value = value,
                      .flags = flags,
                      .type = flags & CELL_TOMBSTONE ? CELL_NONE : CELL_STRING };
    lsm_put(w->lsm, &c);
}

void lsm_world_put(struct lsm_world *w, const char *key, const char *value)
{
    put(w, key, slice_str(value ? value : ""), value ? 0 : CELL_TOMBSTONE);
}

void lsm_world_put_size(struct lsm_world *w, const char *key, size_t size, int fill)
{
    char *value = mem_alloc(size + 1);

    memset(value, fill, size);
    value[size] = '\0';
    lsm_world_put(w, key, value);
    mem_free(value);
}

static void on_fetched(void *owner, struct err e)
{
    struct lsm_world *w = owner;

    w->fetched = true;
    w->fetch_err = e;
}

bool lsm_world_find(struct lsm_world *w, const struct cell_key *key, struct cell *out)
{
    struct want want = { *key, WANT_VALUE };
    struct lsm_fetch *fetches[8]; /* kept to the end, as a request does */
    unsigned count = 0;
    enum lsm_answer answer;

    lsm_turn(w->lsm);
    w->fetch_err = err_ok();
    while ((answer = lsm_find(w->lsm, key, WANT_WHOLE, out)) == LSM_WANT && !err_is(w->fetch_err)) {
        assert(count < 8);
        w->fetched = false;
        w->fetches++;
        fetches[count++] = lsm_fetch(w->lsm, &want, 1, on_fetched, w);
        while (!w->fetched)
            assert(lsm_world_step(w));
    }
    while (count > 0)
        lsm_fetch_end(fetches[--count]);
    return answer == LSM_HERE;
}

const char *lsm_world_get(struct lsm_world *w, const char *key)
{
    static char text[128 * 1024]; /* of a test's process, not of the product */
    struct cell_key k = cell_head_key(0, slice_str(key));
    struct cell c;

    if (!lsm_world_find(w, &k, &c))
        return NULL;
    if (c.flags & CELL_TOMBSTONE)
        return NULL;
    assert(c.value.len < sizeof text);
    if (c.value.len)
        memcpy(text, c.value.data, c.value.len);
    text[c.value.len] = '\0';
    return text;
}
