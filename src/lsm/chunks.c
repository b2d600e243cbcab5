/* chunks.c: size classes are 16 bytes apart up to 128, then eight to a doubling. */
#include "lsm/chunks.h"

#include <assert.h>

enum { SMALL_MAX = 128, STEP_SMALL = 16 };

/* The class whose blocks hold `size` bytes, and that class's block size. */
static unsigned class_of(size_t size, size_t *block)
{
    unsigned shift, step; /* of the classes between two powers of two: both are powers */
    size_t k;

    if (size <= SMALL_MAX) {
        unsigned n = size ? (unsigned)((size + STEP_SMALL - 1) / STEP_SMALL) : 1;
        *block = (size_t)n * STEP_SMALL;
        return n - 1;
    }
    shift = 63 - (unsigned)__builtin_clzll(size - 1);
    step = shift - 3;
    k = (size - 1 - ((size_t)1 << shift)) >> step;
    *block = ((size_t)1 << shift) + ((k + 1) << step);
    return 8 + (shift - 7) * 8 + (unsigned)k;
}

static void push(struct chunks *c, unsigned class, void *block, size_t size)
{
    c->free_bytes += size;
    *(void **)block = c->free[class];
    c->free[class] = block;
}

/* What is left of a chunk goes to the free lists, the largest block first. */
static void use_up(struct chunks *c)
{
    size_t left = (size_t)(c->end - c->at);

    while (left >= STEP_SMALL) {
        size_t step = STEP_SMALL, block;
        unsigned class;
        if (left > SMALL_MAX)
            step = ((size_t)1 << (63 - __builtin_clzll(left))) / 8;
        class = class_of(left / step * step, &block);
        assert(block <= left);
        push(c, class, c->at, block);
        c->at += block;
        left -= block;
    }
}

void chunks_init(struct chunks *c, struct arenas *arenas, unsigned arena, size_t chunk_size)
{
    *c = (struct chunks){ .arenas = arenas, .arena = arena, .chunk_size = chunk_size };
}

void *chunks_take(struct chunks *c, size_t size)
{
    size_t block;
    unsigned class;
    void *p;

    if (size > c->chunk_size / 4) {
        c->bytes += size;
        return arenas_chunk(c->arenas, c->arena, size);
    }
    class = class_of(size, &block);
    assert(class < CHUNKS_CLASSES);
    p = c->free[class];
    if (p) {
        c->free[class] = *(void **)p;
        c->free_bytes -= block;
        return p;
    }
    if ((size_t)(c->end - c->at) < block) {
        use_up(c);
        c->at = arenas_chunk(c->arenas, c->arena, c->chunk_size);
        c->end = c->at + c->chunk_size;
        c->bytes += c->chunk_size;
    }
    p = c->at;
    c->at += block;
    return p;
}

void chunks_give(struct chunks *c, void *block, size_t size)
{
    size_t rounded;
    unsigned class;

    if (size > c->chunk_size / 4) {
        c->bytes -= size;
        arenas_drop(c->arenas, c->arena, block, size);
        return;
    }
    class = class_of(size, &rounded);
    push(c, class, block, rounded);
}
