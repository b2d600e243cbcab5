/* os_arenas.c: a fixed pool of jemalloc arenas, made once.
 *
 * Arenas are never destroyed while the process runs, for jemalloc hands their
 * numbers out again and a stale one would silently be somebody else's.  Taking
 * and giving back is one atomic flag: the loop takes, a job may give back. */
#include "os/os.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"

#ifndef HENGE_PLAIN_MEMORY
#include <jemalloc/jemalloc.h>
#endif

enum { CHUNK_ALIGN = 64 };

/* An arena that held more returns its pages to the system when it is released;
 * a smaller one keeps them, because touching fresh pages costs more than any
 * write that goes into them. */
#define KEEP_BYTES ((size_t)256 * 1024 * 1024)

/* What else an arena has is its user's alone, who is one thread at a time. */
struct slot {
    atomic_bool taken;
    size_t bytes;
    size_t bytes_max;
#ifdef HENGE_PLAIN_MEMORY
    struct list chunks;
#else
    unsigned arena;
    size_t reset[3]; /* the number behind "arena.<i>.reset", for mallctlbymib() */
    size_t purge[3];
#endif
};

struct os_arenas {
    struct arenas base;
    struct slot slots[OS_ARENAS_MAX];
};

static struct slot *slot_of(struct arenas *arenas, unsigned id)
{
    struct slot *s;

    assert(id < OS_ARENAS_MAX);
    s = &((struct os_arenas *)arenas)->slots[id];
    assert(atomic_load_explicit(&s->taken, memory_order_relaxed));
    return s;
}

#ifdef HENGE_PLAIN_MEMORY

/* In front of the chunk, and as long as its alignment. */
union chunk {
    struct list link;
    uint8_t room[CHUNK_ALIGN];
};

static void process_init(void)
{
}

static void slot_init(struct slot *s)
{
    list_init(&s->chunks);
}

static void *slot_chunk(struct slot *s, size_t size)
{
    void *at;
    union chunk *c;
    int failed = posix_memalign(&at, CHUNK_ALIGN, sizeof *c + size);

    if (failed)
        abort();
    c = at;
    list_push(&s->chunks, &c->link);
    return c + 1;
}

static void slot_drop(struct slot *s, void *chunk)
{
    union chunk *c = (union chunk *)chunk - 1;

    (void)s;
    list_remove(&c->link);
    mem_free(c);
}

static void slot_reset(struct slot *s)
{
    while (!list_empty(&s->chunks))
        slot_drop(s, list_item(s->chunks.next, union chunk, link) + 1);
}

static void slot_deinit(struct slot *s)
{
    slot_reset(s);
}

#else

/* Without a thread cache, in both directions: a cached pointer would outlive the
 * reset of its arena. */
static int flags_of(const struct slot *s)
{
    return MALLOCX_ARENA(s->arena) | MALLOCX_TCACHE_NONE;
}

static void find(unsigned arena, const char *leaf, size_t mib[3])
{
    char name[64];
    size_t len = 3;
    int failed;

    snprintf(name, sizeof name, "arena.%u.%s", arena, leaf);
    failed = mallctlnametomib(name, mib, &len);
    assert(!failed && len == 3);
}

/* Freed pages go back to the system by a thread of jemalloc's own: otherwise it
 * is done by whoever allocates next, which is the loop.  Where jemalloc was built
 * without such threads, that is how it stays. */
static void process_init(void)
{
    bool on = true;

    (void)mallctl("background_thread", NULL, NULL, &on, sizeof on);
}

static void slot_init(struct slot *s)
{
    size_t len = sizeof s->arena;
    size_t decay[3];
    ssize_t never = -1;
    int failed = mallctl("arenas.create", &s->arena, &len, NULL, 0);

    assert(!failed);
    find(s->arena, "reset", s->reset);
    find(s->arena, "purge", s->purge);
    find(s->arena, "dirty_decay_ms", decay);
    failed = mallctlbymib(decay, 3, NULL, NULL, &never, sizeof never);
    assert(!failed);
}

static void *slot_chunk(struct slot *s, size_t size)
{
    void *chunk = mallocx(size, flags_of(s) | MALLOCX_ALIGN(CHUNK_ALIGN));

    if (!chunk)
        abort();
    return chunk;
}

static void slot_drop(struct slot *s, void *chunk)
{
    dallocx(chunk, flags_of(s));
}

static void slot_reset(struct slot *s)
{
    int failed = mallctlbymib(s->reset, 3, NULL, NULL, NULL, 0);

    assert(!failed);
    if (s->bytes_max > KEEP_BYTES)
        failed = mallctlbymib(s->purge, 3, NULL, NULL, NULL, 0);
    assert(!failed);
}

static void slot_deinit(struct slot *s)
{
    size_t destroy[3];
    int failed;

    find(s->arena, "destroy", destroy);
    failed = mallctlbymib(destroy, 3, NULL, NULL, NULL, 0);
    assert(!failed);
}

#endif

/* The first free one, so that few are used and their pages are warm. */
static unsigned acquire(struct arenas *arenas)
{
    struct os_arenas *a = (struct os_arenas *)arenas;

    for (unsigned i = 0; i < OS_ARENAS_MAX; i++) {
        struct slot *s = &a->slots[i];

        if (!atomic_exchange_explicit(&s->taken, true, memory_order_acquire)) {
            s->bytes = 0;
            s->bytes_max = 0;
            return i;
        }
    }
    assert(!"more arenas in use than there are");
    abort();
}

static void *chunk(struct arenas *arenas, unsigned id, size_t size)
{
    struct slot *s = slot_of(arenas, id);

    assert(size > 0);
    s->bytes += size;
    if (s->bytes > s->bytes_max)
        s->bytes_max = s->bytes;
    return slot_chunk(s, size);
}

static void drop(struct arenas *arenas, unsigned id, void *chunk, size_t size)
{
    struct slot *s = slot_of(arenas, id);

    assert(chunk && size <= s->bytes);
    s->bytes -= size;
    slot_drop(s, chunk);
}

static void release(struct arenas *arenas, unsigned id)
{
    struct slot *s = slot_of(arenas, id);

    slot_reset(s);
    atomic_store_explicit(&s->taken, false, memory_order_release);
}

struct arenas *os_arenas_new(void)
{
    struct os_arenas *a = mem_zalloc(1, sizeof *a);

    a->base = (struct arenas){
        .acquire = acquire,
        .chunk = chunk,
        .drop = drop,
        .release = release,
    };
    process_init();
    for (unsigned i = 0; i < OS_ARENAS_MAX; i++) {
        atomic_init(&a->slots[i].taken, false);
        slot_init(&a->slots[i]);
    }
    return &a->base;
}

void os_arenas_free(struct arenas *arenas)
{
    struct os_arenas *a = (struct os_arenas *)arenas;

    if (!a)
        return;
    for (unsigned i = 0; i < OS_ARENAS_MAX; i++)
        slot_deinit(&a->slots[i]);
    mem_free(a);
}
