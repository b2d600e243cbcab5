/* os_arenas.c: a fixed pool of jemalloc arenas, made once.
 *
 * Arenas are never destroyed while the process runs, for jemalloc hands their
 * numbers out again and a stale one would silently be somebody else's.  Taking
 * and giving back is one atomic flag: the loop takes, a job may give back.
 *
 * An arena never gives pages back by itself (dirty_decay_ms -1): a memtable's end
 * leaves them all in its arena, and the next one there finds them, without a page
 * fault.  What is kept is counted, held under a bound, and given back on demand. */
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

/* An arena's pages go back to the system when it is released and there would be
 * more idle ones than this: a few memtables of the usual size. */
#define IDLE_MAX ((size_t)256 * 1024 * 1024)

/* An arena is used by one thread at a time, which alone writes the two sums;
 * anybody reads them. */
struct slot {
    atomic_bool taken;
    atomic_size_t bytes; /* in chunks */
    atomic_size_t held;  /* of memory: those, and what was in chunks before */
#ifdef HENGE_PLAIN_MEMORY
    struct list chunks;
#else
    unsigned arena;
    size_t reset[3]; /* the number behind "arena.<i>.reset", for mallctlbymib() */
    size_t purge[3];
    size_t dirty[4]; /* "stats.arenas.<i>.pdirty" */
    size_t page;     /* bytes of a page */
#endif
};

struct os_arenas {
    struct arenas base;
    struct slot slots[OS_ARENAS_MAX];
};

static size_t load(const atomic_size_t *sum)
{
    return atomic_load_explicit(sum, memory_order_relaxed);
}

static void store(atomic_size_t *sum, size_t bytes)
{
    atomic_store_explicit(sum, bytes, memory_order_relaxed);
}

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

/* The C library keeps what it likes. */
static size_t slot_idle(struct slot *s)
{
    (void)s;
    return 0;
}

static void slot_purge(struct slot *s)
{
    (void)s;
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

/* Where jemalloc was built without statistics, the page's size stays 0. */
static void find_dirty(struct slot *s)
{
    char name[64];
    size_t len = 4;
    size_t size = sizeof s->page;

    snprintf(name, sizeof name, "stats.arenas.%u.pdirty", s->arena);
    if (mallctlnametomib(name, s->dirty, &len) || mallctl("arenas.page", &s->page, &size, NULL, 0))
        s->page = 0;
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
    find_dirty(s);
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
}

/* What a slot without chunks has, the bits between chunks included.  Asking
 * jemalloc takes it a tenth of a millisecond. */
static size_t slot_idle(struct slot *s)
{
    uint64_t epoch = 1;
    size_t pages;
    size_t len = sizeof pages;

    if (s->page && !mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) &&
        !mallctlbymib(s->dirty, 4, &pages, &len, NULL, 0))
        return pages * s->page;
    return load(&s->held);
}

static void slot_purge(struct slot *s)
{
    int failed = mallctlbymib(s->purge, 3, NULL, NULL, NULL, 0);

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

static bool slot_try(struct slot *s)
{
    return !atomic_exchange_explicit(&s->taken, true, memory_order_acquire);
}

static void slot_let(struct slot *s)
{
    atomic_store_explicit(&s->taken, false, memory_order_release);
}

/* The free slot that holds the most, or of those that hold something the least;
 * NULL if there is none.  Somebody else may take it meanwhile. */
static struct slot *find_free(struct os_arenas *a, bool most)
{
    struct slot *found = NULL;

    for (unsigned i = 0; i < OS_ARENAS_MAX; i++) {
        struct slot *s = &a->slots[i];

        if (atomic_load_explicit(&s->taken, memory_order_relaxed) || (!most && !load(&s->held)))
            continue;
        if (!found ||
            (most ? load(&s->held) > load(&found->held) : load(&s->held) < load(&found->held)))
            found = s;
    }
    return found;
}

static unsigned acquire(struct arenas *arenas)
{
    struct os_arenas *a = (struct os_arenas *)arenas;

    for (;;) {
        struct slot *s = find_free(a, true);

        assert(s || !"more arenas in use than there are");
        if (slot_try(s))
            return (unsigned)(s - a->slots);
    }
}

static void *chunk(struct arenas *arenas, unsigned id, size_t size)
{
    struct slot *s = slot_of(arenas, id);
    size_t bytes = load(&s->bytes) + size;

    assert(size > 0);
    store(&s->bytes, bytes);
    if (bytes > load(&s->held))
        store(&s->held, bytes);
    return slot_chunk(s, size);
}

static void drop(struct arenas *arenas, unsigned id, void *chunk, size_t size)
{
    struct slot *s = slot_of(arenas, id);

    assert(chunk && size <= load(&s->bytes));
    store(&s->bytes, load(&s->bytes) - size);
    slot_drop(s, chunk);
}

static size_t idle(struct arenas *arenas)
{
    struct os_arenas *a = (struct os_arenas *)arenas;
    size_t sum = 0;

    for (unsigned i = 0; i < OS_ARENAS_MAX; i++) {
        size_t bytes = load(&a->slots[i].bytes);
        size_t held = load(&a->slots[i].held);

        sum += held > bytes ? held - bytes : 0;
    }
    return sum;
}

static void purge(struct slot *s)
{
    slot_purge(s);
    store(&s->held, 0);
}

static void release(struct arenas *arenas, unsigned id)
{
    struct slot *s = slot_of(arenas, id);

    slot_reset(s);
    store(&s->held, slot_idle(s));
    store(&s->bytes, 0);
    if (idle(arenas) > IDLE_MAX)
        purge(s);
    slot_let(s);
}

static void trim(struct arenas *arenas, size_t keep)
{
    struct os_arenas *a = (struct os_arenas *)arenas;

    while (idle(arenas) > keep) {
        struct slot *s = find_free(a, false);

        if (!s)
            return;
        if (!slot_try(s))
            continue;
        purge(s);
        slot_let(s);
    }
}

struct arenas *os_arenas_new(void)
{
    struct os_arenas *a = mem_zalloc(1, sizeof *a);

    a->base = (struct arenas){
        .acquire = acquire,
        .chunk = chunk,
        .drop = drop,
        .release = release,
        .idle = idle,
        .trim = trim,
    };
    process_init();
    for (unsigned i = 0; i < OS_ARENAS_MAX; i++) {
        atomic_init(&a->slots[i].taken, false);
        atomic_init(&a->slots[i].bytes, 0);
        atomic_init(&a->slots[i].held, 0);
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
