/* sim_queue.c: a binary heap of events; time is set to an event's before it is
 * fired. */
#include "sim/sim_queue.h"

#include <assert.h>

#include "base/mem.h"

static bool sooner(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sim_queue *q, size_t a, size_t b)
{
    struct sim_event t = q->heap[a];

    q->heap[a] = q->heap[b];
    q->heap[b] = t;
}

static void sift_up(struct sim_queue *q, size_t i)
{
    while (i > 0 && sooner(&q->heap[i], &q->heap[(i - 1) / 2])) {
        swap(q, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void sift_down(struct sim_queue *q, size_t i)
{
    for (;;) {
        size_t least = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < q->count; child++) {
            if (sooner(&q->heap[child], &q->heap[least]))
                least = child;
        }
        if (least == i)
            return;
        swap(q, i, least);
        i = least;
    }
}

void sim_queue_init(struct sim_queue *q)
{
    *q = (struct sim_queue){ .heap = NULL };
}

void sim_queue_deinit(struct sim_queue *q)
{
    mem_free(q->heap);
    sim_queue_init(q);
}

void sim_queue_add(struct sim_queue *q, uint64_t after, void (*fire)(void *arg), void *arg,
                   const void *owner)
{
    if (q->count == q->cap) {
        q->cap = q->cap ? q->cap * 2 : 64;
        q->heap = mem_realloc(q->heap, q->cap * sizeof *q->heap);
    }
    q->heap[q->count] = (struct sim_event){ q->now + after, q->order++, fire, arg, owner };
    sift_up(q, q->count++);
}

void sim_queue_cancel(struct sim_queue *q, const void *owner)
{
    size_t kept = 0;

    for (size_t i = 0; i < q->count; i++) {
        if (q->heap[i].owner != owner)
            q->heap[kept++] = q->heap[i];
    }
    q->count = kept;
    for (size_t i = kept / 2 + 1; i-- > 0;)
        sift_down(q, i);
}

uint64_t sim_queue_due(const struct sim_queue *q)
{
    return q->count ? q->heap[0].at : UINT64_MAX;
}

size_t sim_queue_run(struct sim_queue *q, uint64_t until)
{
    size_t fired = 0;

    assert(until >= q->now);
    while (q->count && q->heap[0].at <= until) {
        struct sim_event e = q->heap[0];

        q->heap[0] = q->heap[--q->count];
        sift_down(q, 0);
        if (e.at > q->now)
            q->now = e.at;
        e.fire(e.arg);
        fired++;
    }
    q->now = until;
    return fired;
}
