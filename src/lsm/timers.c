/* timers.c: the heap. */
#include "lsm/timers.h"

#include <assert.h>

#include "base/mem.h"

enum { ROOM_FIRST = 64 };

#define WHEN_MAX (UINT64_MAX >> 8)

void timers_deinit(struct timers *t)
{
    mem_free(t->heap);
    t->heap = NULL;
    t->count = t->room = 0;
}

static void sift_up(struct timers *t, size_t i, struct timer_entry e)
{
    while (i > 0 && t->heap[(i - 1) / 2].when_db > e.when_db) {
        t->heap[i] = t->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    t->heap[i] = e;
}

static void lose(struct timers *t, struct timer_entry e)
{
    if (t->lost++ == 0 || e.when_db >> 8 < t->lost_ms)
        t->lost_ms = e.when_db >> 8;
}

/* Any of the half that has nothing below it: the latest is there, and they are all later
 * than what is above. */
static void replace_late(struct timers *t, struct timer_entry e)
{
    size_t leaves = t->count - t->count / 2, i;

    t->victim = t->victim * 6364136223846793005u + 1442695040888963407u;
    i = t->count / 2 + (size_t)((t->victim >> 33) % leaves);
    if (t->heap[i].when_db > e.when_db) {
        lose(t, t->heap[i]);
        sift_up(t, i, e);
    } else {
        lose(t, e);
    }
}

void timers_add(struct timers *t, uint64_t expire_ms, uint8_t db, uint64_t position)
{
    struct timer_entry e = { (expire_ms < WHEN_MAX ? expire_ms : WHEN_MAX) << 8 | db, position };

    if (t->count == t->most) {
        if (t->count)
            replace_late(t, e);
        return;
    }
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : ROOM_FIRST;
        if (t->room > t->most)
            t->room = t->most;
        t->heap = mem_realloc(t->heap, t->room * sizeof *t->heap);
    }
    sift_up(t, t->count++, e);
}

uint64_t timers_next_ms(const struct timers *t)
{
    return t->count ? t->heap[0].when_db >> 8 : UINT64_MAX;
}

static void sift_down(struct timers *t, size_t i, struct timer_entry last)
{
    size_t child;

    while ((child = 2 * i + 1) < t->count) {
        child += child + 1 < t->count && t->heap[child + 1].when_db < t->heap[child].when_db;
        if (t->heap[child].when_db >= last.when_db)
            break;
        t->heap[i] = t->heap[child];
        i = child;
    }
    t->heap[i] = last;
}

void timers_pop(struct timers *t, uint8_t *db, uint64_t *position)
{
    assert(t->count > 0);
    *db = (uint8_t)t->heap[0].when_db;
    *position = t->heap[0].position;
    if (--t->count)
        sift_down(t, 0, t->heap[t->count]);
}

void timers_cut(struct timers *t, uint64_t from_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (t->heap[i].when_db >> 8 < from_ms)
            t->heap[kept++] = t->heap[i];
    }
    t->count = kept;
    for (size_t i = kept / 2; i-- > 0;)
        sift_down(t, i, t->heap[i]);
    t->lost = 0;
}

void timers_sample(const struct timers *t, size_t most, uint64_t now_ms,
                   uint64_t left_ms[LIMIT_DATABASES], uint64_t count[LIMIT_DATABASES])
{
    size_t step = t->count / most + 1;

    for (size_t i = 0; i < t->count; i += step) {
        uint64_t when_ms = t->heap[i].when_db >> 8;
        unsigned db = t->heap[i].when_db & 0xff;

        if (when_ms <= now_ms || db >= LIMIT_DATABASES)
            continue;
        left_ms[db] += when_ms - now_ms;
        count[db]++;
    }
}

size_t timers_bytes(const struct timers *t)
{
    return t->room * sizeof *t->heap;
}
