/* block.c: the free list of ordinary blocks. */
#include "base/block.h"

#include <assert.h>

#include "base/mem.h"

_Static_assert(sizeof(struct block) == BLOCK_HEADER, "an ordinary block is 16 KiB");

void block_pool_init(struct block_pool *pool, size_t free_max)
{
    *pool = (struct block_pool){ .free_max = free_max };
}

void block_pool_deinit(struct block_pool *pool)
{
    assert(pool->used_bytes == 0);
    while (pool->free) {
        struct block *b = pool->free;
        pool->free = b->next;
        mem_free(b);
    }
    pool->free_count = 0;
}

struct block *block_new(struct block_pool *pool, size_t size)
{
    size_t cap = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct block *b = cap == BLOCK_SIZE ? pool->free : NULL;

    if (b) {
        pool->free = b->next;
        pool->free_count--;
    } else {
        b = mem_alloc(sizeof *b + cap);
    }
    b->next = NULL;
    b->cap = cap;
    b->len = 0;
    b->refs = 1;
    b->promise = NULL;
    pool->used_bytes += sizeof *b + cap;
    return b;
}

struct block *block_small(struct block_pool *pool, size_t size)
{
    struct block *b = mem_alloc(sizeof *b + size);

    assert(size < BLOCK_SIZE);
    *b = (struct block){ .cap = size, .refs = 1 };
    pool->used_bytes += sizeof *b + size;
    return b;
}

struct block *block_promise(struct block_pool *pool, struct promise *p)
{
    struct block *b = mem_alloc(sizeof *b);

    *b = (struct block){ .cap = p->len, .len = p->len, .promise = p, .refs = 1 };
    p->pool = pool;
    pool->used_bytes += sizeof *b;
    return b;
}

static void count_asked(struct promise *p)
{
    p->asked = true;
    p->pool->used_bytes += p->len;
    p->pool->promised += p->len;
}

bool promise_ask(struct promise *p, void (*done)(void *owner, struct promise *p, struct err e),
                 void *owner)
{
    assert(!p->asked);
    count_asked(p);
    return p->ask(p, done, owner);
}

void promise_keep(struct promise *p, const uint8_t *bytes)
{
    assert(!p->bytes);
    p->bytes = bytes;
    if (!p->asked) /* kept unasked */
        count_asked(p);
}

static void drop_promise(struct block_pool *pool, struct block *b)
{
    struct promise *p = b->promise;

    pool->used_bytes -= sizeof *b + (p->asked ? p->len : 0);
    pool->promised -= p->asked ? p->len : 0;
    p->drop(p);
    mem_free(b);
}

void block_drop(struct block_pool *pool, struct block *b)
{
    if (!b || --b->refs > 0)
        return;
    if (b->promise) {
        drop_promise(pool, b);
        return;
    }
    assert(pool->used_bytes >= sizeof *b + b->cap);
    pool->used_bytes -= sizeof *b + b->cap;
    if (b->cap == BLOCK_SIZE && pool->free_count < pool->free_max) {
        b->next = pool->free;
        pool->free = b;
        pool->free_count++;
    } else {
        mem_free(b);
    }
}
