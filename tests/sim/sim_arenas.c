/* sim_arenas.c: each chunk is an allocation of its own in its arena's list. */
#include "sim/sim_arenas.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

enum { CHUNK_ALIGN = 64 };

struct sim_chunk {
    struct sim_chunk *next;
    size_t size;
    void *memory; /* as aligned for the user */
    void *raw;
};

static unsigned acquire(struct arenas *arenas)
{
    struct sim_arenas *a = (struct sim_arenas *)arenas;

    for (unsigned i = 0; i < SIM_ARENAS_MAX; i++) {
        if (!a->used[i]) {
            a->used[i] = 1;
            return i;
        }
    }
    assert(!"out of arenas");
    return 0;
}

static void *chunk(struct arenas *arenas, unsigned id, size_t size)
{
    struct sim_arenas *a = (struct sim_arenas *)arenas;
    struct sim_chunk *c = mem_alloc(sizeof *c);

    assert(id < SIM_ARENAS_MAX && a->used[id]);
    c->raw = mem_alloc(size + CHUNK_ALIGN);
    c->memory = (void *)(((uintptr_t)c->raw + CHUNK_ALIGN) & ~(uintptr_t)(CHUNK_ALIGN - 1));
    memset(c->memory, 0xa5, size); /* the same garbage in every run */
    c->size = size;
    c->next = a->chunks[id];
    a->chunks[id] = c;
    a->bytes += size;
    a->idle -= a->idle < size ? a->idle : size;
    return c->memory;
}

static void drop(struct arenas *arenas, unsigned id, void *memory, size_t size)
{
    struct sim_arenas *a = (struct sim_arenas *)arenas;
    struct sim_chunk **at = &a->chunks[id];

    while (*at && (*at)->memory != memory)
        at = &(*at)->next;
    assert(*at && (*at)->size == size);
    struct sim_chunk *c = *at;
    *at = c->next;
    a->bytes -= size;
    a->idle += size;
    mem_free(c->raw);
    mem_free(c);
}

static void release(struct arenas *arenas, unsigned id)
{
    struct sim_arenas *a = (struct sim_arenas *)arenas;

    assert(id < SIM_ARENAS_MAX && a->used[id]);
    while (a->chunks[id])
        drop(arenas, id, a->chunks[id]->memory, a->chunks[id]->size);
    a->used[id] = 0;
}

static size_t idle(struct arenas *arenas)
{
    return ((struct sim_arenas *)arenas)->idle;
}

static void trim(struct arenas *arenas, size_t keep)
{
    struct sim_arenas *a = (struct sim_arenas *)arenas;

    if (a->idle > keep)
        a->idle = keep;
}

void sim_arenas_init(struct sim_arenas *a)
{
    *a = (struct sim_arenas){ .arenas = { acquire, chunk, drop, release, idle, trim } };
}

unsigned sim_arenas_deinit(struct sim_arenas *a)
{
    unsigned left = 0;

    for (unsigned i = 0; i < SIM_ARENAS_MAX; i++) {
        if (a->used[i]) {
            release(&a->arenas, i);
            left++;
        }
    }
    return left;
}
