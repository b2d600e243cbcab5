/* deadlines.c: a binary heap whose items know their places. */
#include "server/deadlines.h"

#include <assert.h>
#include <stddef.h>

#include "base/mem.h"

void deadlines_deinit(struct deadlines *h)
{
    assert(h->count == 0);
    mem_free(h->all);
    *h = (struct deadlines){ 0 };
}

static void put(struct deadlines *h, uint32_t place, struct deadline *d)
{
    h->all[place] = d;
    d->place = place;
}

static void sift_up(struct deadlines *h, uint32_t place, struct deadline *d)
{
    for (; place > 0 && d->at_us < h->all[(place - 1) / 2]->at_us; place = (place - 1) / 2)
        put(h, place, h->all[(place - 1) / 2]);
    put(h, place, d);
}

static void sift_down(struct deadlines *h, uint32_t place, struct deadline *d)
{
    for (uint32_t child; (child = 2 * place + 1) < h->count; place = child) {
        if (child + 1 < h->count && h->all[child + 1]->at_us < h->all[child]->at_us)
            child++;
        if (d->at_us <= h->all[child]->at_us)
            break;
        put(h, place, h->all[child]);
    }
    put(h, place, d);
}

void deadline_set(struct deadlines *h, struct deadline *d, uint64_t at_us)
{
    assert(!d->heap);
    if (h->count == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->all = mem_realloc(h->all, h->cap * sizeof(struct deadline *));
    }
    d->heap = h;
    d->at_us = at_us;
    sift_up(h, h->count++, d);
}

void deadline_cancel(struct deadline *d)
{
    struct deadlines *h = d->heap;
    struct deadline *last;

    if (!h)
        return;
    d->heap = NULL;
    last = h->all[--h->count];
    if (last == d)
        return;
    if (last->at_us < d->at_us)
        sift_up(h, d->place, last);
    else
        sift_down(h, d->place, last);
}

uint64_t deadlines_next(const struct deadlines *h)
{
    return h->count ? h->all[0]->at_us : UINT64_MAX;
}

struct deadline *deadlines_take_due(struct deadlines *h, uint64_t now_us)
{
    struct deadline *d = h->count ? h->all[0] : NULL;

    if (!d || d->at_us > now_us)
        return NULL;
    deadline_cancel(d);
    return d;
}

bool deadlines_check(const struct deadlines *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        if (h->all[i]->heap != h || h->all[i]->place != i ||
            (i > 0 && h->all[(i - 1) / 2]->at_us > h->all[i]->at_us))
            return false;
    }
    return h->count <= h->cap;
}
