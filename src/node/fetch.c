/* fetch.c: the reads of one request, kept until its end. */
#include "node/fetch.h"

#include <assert.h>

#include "base/mem.h"

static void on_read(void *owner, struct err e)
{
    struct fetch *f = owner;

    assert(f->waiting);
    f->waiting = false;
    f->err = e;
    f->ready(f);
}

void fetch_init(struct fetch *f, void (*ready)(struct fetch *f))
{
    *f = (struct fetch){ .ready = ready };
}

void fetch_start(struct fetch *f, struct lsm *lsm, const struct want *wants, size_t count)
{
    assert(!f->waiting && count > 0);
    if (f->count == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 1;
        f->reads = mem_realloc(f->reads, f->cap * sizeof(struct lsm_fetch *));
    }
    f->waiting = true;
    f->reads[f->count++] = lsm_fetch(lsm, wants, count, on_read, f);
}

uint64_t fetch_bytes(const struct fetch *f)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < f->count; i++)
        bytes += lsm_fetch_bytes(f->reads[i]);
    return bytes;
}

void fetch_end(struct fetch *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        lsm_fetch_end(f->reads[i]);
    mem_free(f->reads);
    *f = (struct fetch){ .ready = f->ready };
}
