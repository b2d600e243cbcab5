/* block.h: the bytes of sockets: pieces of memory that are counted and reused.
 *
 * Sockets are read into blocks and replies are written into them.  Ordinary
 * blocks hold BLOCK_SIZE bytes and come from a free list, because touching fresh
 * memory costs more than the command in it; what is larger gets a block of its
 * own size, which is freed at its end.  A promise is a block whose bytes come later.
 * One thread. */
#ifndef HENGE_BASE_BLOCK_H
#define HENGE_BASE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct block_pool;

enum {
    BLOCK_HEADER = 40,
    BLOCK_SIZE = 16 * 1024 - BLOCK_HEADER, /* 16 KiB with its header: the allocator's own size */
};

/* Bytes that are to come. */
struct promise {
    struct block_pool *pool;
    size_t len;
    const uint8_t *bytes; /* NULL until it is kept */
    bool asked;
    /* Brings them: promise_keep(), or an error, and then done(), later, on the loop,
     * unless the promise was dropped.  False: they will never come. */
    bool (*ask)(struct promise *p, void (*done)(void *owner, struct promise *p, struct err e),
                void *owner);
    void (*drop)(struct promise *p); /* ends it with its bytes */
};

struct block {
    struct block *next;      /* in a reply's list, or in the free list */
    size_t cap;              /* bytes `data` has room for */
    size_t len;              /* bytes in use */
    struct promise *promise; /* whose bytes they are, instead of `data`; NULL for none */
    uint32_t refs;
    uint8_t data[];
};

struct block_pool {
    struct block *free;
    size_t free_count;
    size_t free_max;   /* ordinary blocks kept for reuse */
    size_t used_bytes; /* in blocks handed out, their headers included */
    size_t promised;   /* of these, in promises that were asked for */
};

/* Keeps at most `free_max` ordinary blocks when they are not in use. */
void block_pool_init(struct block_pool *pool, size_t free_max);

/* Every block must have been dropped. */
void block_pool_deinit(struct block_pool *pool);

/* An empty block with one reference and room for at least `size` bytes. */
struct block *block_new(struct block_pool *pool, size_t size);

/* The same with room for `size` bytes, less than an ordinary one has, and no more. */
struct block *block_small(struct block_pool *pool, size_t size);

/* A full block of p->len bytes that are to come; the promise is the block's then. */
struct block *block_promise(struct block_pool *pool, struct promise *p);

/* Asks for its bytes, once; they count as the pool's from now on, for there will be memory
 * for them.  As p->ask(). */
bool promise_ask(struct promise *p, void (*done)(void *owner, struct promise *p, struct err e),
                 void *owner);

/* Its bytes have come. */
void promise_keep(struct promise *p, const uint8_t *bytes);

static inline struct block *block_hold(struct block *b)
{
    b->refs++;
    return b;
}

/* Gives one reference back; the last one ends the block.  Accepts NULL. */
void block_drop(struct block_pool *pool, struct block *b);

#endif
