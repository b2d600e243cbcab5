/* fuzz_arenas.c: a list of allocations for each arena. */
#include "fuzz_arenas.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

enum { HEADER = 64 };

static unsigned acquire(struct arenas *arenas)
{
    struct fuzz_arenas *a = (struct fuzz_arenas *)arenas;

    for (unsigned id = 0; id < 8; id++) {
        if (!(a->taken & 1u << id)) {
            a->taken |= 1u << id;
            return id;
        }
    }
    abort();
}

static void *take(struct arenas *arenas, unsigned id, size_t size)
{
    struct fuzz_arenas *a = (struct fuzz_arenas *)arenas;
    void **p = aligned_alloc(HEADER, (HEADER + size + HEADER - 1) / HEADER * HEADER);

    assert(p);
    *p = a->chunks[id];
    a->chunks[id] = p;
    return (uint8_t *)p + HEADER;
}

static void drop(struct arenas *arenas, unsigned id, void *chunk, size_t size)
{
    struct fuzz_arenas *a = (struct fuzz_arenas *)arenas;
    void **at = &a->chunks[id];

    (void)size;
    while (*at != (uint8_t *)chunk - HEADER)
        at = *at;
    *at = *(void **)*at;
    free((uint8_t *)chunk - HEADER);
}

static void release(struct arenas *arenas, unsigned id)
{
    struct fuzz_arenas *a = (struct fuzz_arenas *)arenas;

    while (a->chunks[id]) {
        void *p = a->chunks[id];
        a->chunks[id] = *(void **)p;
        free(p);
    }
    a->taken &= ~(1u << id);
}

static size_t idle(struct arenas *arenas)
{
    (void)arenas;
    return 0;
}

static void trim(struct arenas *arenas, size_t keep)
{
    (void)arenas;
    (void)keep;
}

void fuzz_arenas_init(struct fuzz_arenas *a)
{
    *a = (struct fuzz_arenas){ .base = { acquire, take, drop, release, idle, trim } };
}
