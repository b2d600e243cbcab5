/* index.c: buckets in segments, so that the array of them never has to be copied. */
#include "session/index.h"

#include <assert.h>

#include "base/mem.h"

enum { SEGMENT = 512 };

static struct index_link **bucket_at(const struct index *x, size_t i)
{
    return &x->segments[i / SEGMENT][i % SEGMENT];
}

/* The largest power of two that is not larger than `n`, which is not 0. */
static size_t power_below(size_t n)
{
    return (size_t)1 << (8 * sizeof n - 1 - (size_t)__builtin_clzl(n));
}

static size_t place_of(const struct index *x, uint64_t hash)
{
    size_t low = power_below(x->buckets);
    size_t i = (size_t)hash & (2 * low - 1);

    return i < x->buckets ? i : i - low;
}

void index_deinit(struct index *x)
{
    for (size_t i = 0; i < x->segment_count; i++)
        mem_free(x->segments[i]);
    mem_free(x->segments);
    *x = (struct index){ 0 };
}

/* One bucket more: it gets its part of the one that had its items so far. */
static void grow(struct index *x)
{
    size_t added = x->buckets;
    struct index_link *chain;

    if (added == x->segment_count * SEGMENT) {
        x->segments = mem_realloc(x->segments, (x->segment_count + 1) * sizeof *x->segments);
        x->segments[x->segment_count++] = mem_zalloc(SEGMENT, sizeof(struct index_link *));
    }
    x->buckets++;
    if (added == 0)
        return;
    struct index_link **from = bucket_at(x, added - power_below(added));
    chain = *from;
    *from = NULL;
    while (chain) {
        struct index_link *link = chain;
        struct index_link **to = bucket_at(x, place_of(x, link->hash));
        chain = link->next;
        link->next = *to;
        *to = link;
    }
}

/* The last bucket's items go back to the one they came from. */
static void shrink(struct index *x)
{
    size_t last = x->buckets - 1;
    struct index_link **from = bucket_at(x, last), **to;

    if (last > 0) {
        to = bucket_at(x, last - power_below(last));
        while (*to)
            to = &(*to)->next;
        *to = *from;
        *from = NULL;
    }
    x->buckets = last;
    if (x->segment_count * SEGMENT - last >= 2 * SEGMENT || last == 0)
        mem_free(x->segments[--x->segment_count]);
    if (last == 0)
        index_deinit(x);
}

void index_add(struct index *x, struct index_link *link, uint64_t hash)
{
    struct index_link **to;

    if (x->count++ >= x->buckets)
        grow(x);
    to = bucket_at(x, place_of(x, hash));
    link->hash = hash;
    link->next = *to;
    *to = link;
}

void index_remove(struct index *x, struct index_link *link)
{
    struct index_link **at = bucket_at(x, place_of(x, link->hash));

    while (*at != link) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = link->next;
    link->next = NULL;
    x->count--;
    if (x->count < x->buckets)
        shrink(x);
}

struct index_link *index_first(const struct index *x, uint64_t hash)
{
    struct index_link *link = x->buckets ? *bucket_at(x, place_of(x, hash)) : NULL;

    while (link && link->hash != hash)
        link = link->next;
    return link;
}

struct index_link *index_again(const struct index_link *link)
{
    struct index_link *next = link->next;

    while (next && next->hash != link->hash)
        next = next->next;
    return next;
}

struct index_link *index_bucket(const struct index *x, size_t bucket)
{
    assert(bucket < x->buckets);
    return *bucket_at(x, bucket);
}

bool index_check(const struct index *x)
{
    size_t count = 0;

    for (size_t i = 0; i < x->buckets; i++) {
        for (const struct index_link *l = index_bucket(x, i); l; l = l->next) {
            if (place_of(x, l->hash) != i)
                return false;
            count++;
        }
    }
    return count == x->count && x->buckets <= x->segment_count * SEGMENT;
}
