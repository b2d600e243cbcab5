/* held.c: a ring of runs of bytes, each with the log position it waits for. */
#include "server/held.h"

#include <assert.h>

#include "base/mem.h"

static struct held_run *run_at(const struct held *h, uint32_t i)
{
    return &h->runs[(h->first + i) & (h->cap - 1)];
}

static void grow(struct held *h)
{
    uint32_t cap = h->cap ? h->cap * 2 : 4;
    struct held_run *runs = mem_alloc(cap * sizeof *runs);

    for (uint32_t i = 0; i < h->count; i++)
        runs[i] = *run_at(h, i);
    mem_free(h->runs);
    h->runs = runs;
    h->first = 0;
    h->cap = cap;
}

void held_deinit(struct held *h)
{
    mem_free(h->runs);
    *h = (struct held){ 0 };
}

static void push(struct held *h, struct held_run run)
{
    if (h->count == h->cap)
        grow(h);
    h->count++;
    h->bytes += run.bytes;
    h->calls += run.calls;
    *run_at(h, h->count - 1) = run;
}

static inline void add(struct held *h, struct held_run run)
{
    struct held_run *last = h->count ? run_at(h, h->count - 1) : NULL;

    if (!last || last->turn != run.turn || (run.gate != 0) != (last->gate != 0)) {
        push(h, run);
        return;
    }
    h->bytes += run.bytes;
    h->calls += run.calls;
    last->gate = run.gate > last->gate ? run.gate : last->gate;
    last->bytes += run.bytes;
    last->calls += run.calls;
}

void held_add(struct held *h, uint64_t gate, uint64_t turn, size_t bytes)
{
    add(h, (struct held_run){ gate, turn, bytes, 1 });
}

void held_push(struct held *h, uint64_t turn, size_t bytes)
{
    if (h->count)
        add(h, (struct held_run){ .turn = turn, .bytes = bytes });
}

void held_append(struct held *h, struct held *from, size_t free_bytes, uint32_t free_calls)
{
    if (h->count && free_bytes)
        push(h, (struct held_run){ .bytes = free_bytes, .calls = free_calls });
    for (uint32_t i = 0; i < from->count; i++)
        push(h, *run_at(from, i));
    held_deinit(from);
}

bool held_release(struct held *h, uint64_t acked)
{
    bool any = false;

    while (h->count && run_at(h, 0)->gate <= acked) {
        h->bytes -= run_at(h, 0)->bytes;
        h->calls -= run_at(h, 0)->calls;
        h->first++;
        h->count--;
        any = true;
    }
    if (h->count == 0 && h->cap > 4)
        held_deinit(h);
    return any;
}

uint32_t held_fail(struct held *h, uint64_t acked, struct reply *out, const char *text)
{
    uint32_t failed = 0;
    struct reply rebuilt;

    if (h->count == 0)
        return 0;
    reply_init(&rebuilt, out->pool, out->proto);
    reply_move(&rebuilt, out, out->bytes - h->bytes);
    for (uint32_t i = 0; i < h->count; i++) {
        struct held_run *run = run_at(h, i);
        if (run->gate <= acked) {
            reply_move(&rebuilt, out, run->bytes);
            continue;
        }
        reply_take(out, run->bytes);
        failed += run->calls;
        for (uint32_t call = 0; call < run->calls; call++)
            reply_error(&rebuilt, "UNCERTAIN", text);
    }
    assert(out->bytes == 0);
    rebuilt.errors += out->errors;
    reply_clear(out);
    *out = rebuilt;
    held_deinit(h);
    return failed;
}

bool held_check(const struct held *h, const struct reply *out)
{
    size_t bytes = 0;
    uint32_t calls = 0;

    for (uint32_t i = 0; i < h->count; i++) {
        bytes += run_at(h, i)->bytes;
        calls += run_at(h, i)->calls;
    }
    return bytes == h->bytes && calls == h->calls && bytes <= out->bytes;
}
