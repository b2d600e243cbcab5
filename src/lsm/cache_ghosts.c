/* cache_ghosts.c: buckets of prints. */
#include "lsm/cache_ghosts.h"

#include "base/mem.h"

enum { BUCKET = 8, BUCKETS_MIN = 16 };

struct cache_ghost {
    uint32_t print; /* 0: none */
    uint32_t when;
};

static uint32_t print_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

/* By the print alone, so that a larger table can be filled from a smaller one. */
static struct cache_ghost *bucket_of(const struct cache_ghosts *g, uint32_t print)
{
    return g->ghosts + ((print >> 1) & (g->buckets - 1)) * BUCKET;
}

static void put(struct cache_ghosts *g, struct cache_ghost ghost)
{
    struct cache_ghost *bucket = bucket_of(g, ghost.print), *oldest = bucket;

    for (unsigned i = 0; i < BUCKET; i++) {
        if (bucket[i].print == 0 || bucket[i].print == ghost.print) {
            oldest = &bucket[i];
            break;
        }
        if (g->now - bucket[i].when > g->now - oldest->when)
            oldest = &bucket[i];
    }
    *oldest = ghost;
}

/* Twice the queue's length, so that few buckets overflow. */
static void reserve(struct cache_ghosts *g, size_t length)
{
    struct cache_ghosts old = *g;
    size_t buckets = old.buckets ? old.buckets : BUCKETS_MIN;

    while (buckets * BUCKET < length * 2)
        buckets *= 2;
    if (buckets == old.buckets)
        return;
    g->buckets = buckets;
    g->ghosts = mem_zalloc(buckets * BUCKET, sizeof *g->ghosts);
    for (size_t i = 0; i < old.buckets * BUCKET; i++) {
        if (old.ghosts[i].print)
            put(g, old.ghosts[i]);
    }
    mem_free(old.ghosts);
}

void cache_ghosts_deinit(struct cache_ghosts *g)
{
    mem_free(g->ghosts);
    *g = (struct cache_ghosts){ 0 };
}

void cache_ghosts_add(struct cache_ghosts *g, uint64_t hash, size_t length)
{
    reserve(g, length);
    g->now++;
    put(g, (struct cache_ghost){ print_of(hash), g->now });
}

bool cache_ghosts_take(struct cache_ghosts *g, uint64_t hash, size_t length)
{
    uint32_t print = print_of(hash);
    struct cache_ghost *bucket;

    if (!g->buckets)
        return false;
    bucket = bucket_of(g, print);
    for (unsigned i = 0; i < BUCKET; i++) {
        if (bucket[i].print == print) {
            bool in = g->now - bucket[i].when < length;
            bucket[i] = (struct cache_ghost){ 0, 0 };
            return in;
        }
    }
    return false;
}
