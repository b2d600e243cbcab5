/* lasting.c: two sets of stamps, the second of which waits for a sync. */
#include "lsm/lasting.h"

#include <string.h>

#include "base/planted.h"

void lasting_note(struct lasting *l, uint64_t end)
{
    l->end = end;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void lasting_undone(struct lasting *l, const struct dataset *d, uint64_t end)
{
    l->end = least(l->end, end);
    l->next_end = least(l->next_end, end);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        l->flushed[db] = least(l->flushed[db], d->flushed[db]);
        l->next[db] = least(l->next[db], d->flushed[db]);
    }
}

/* What waited is durable. */
static void settle(struct lasting *l, uint64_t synced)
{
    if (synced >= l->next_end)
        memcpy(l->flushed, l->next, sizeof l->flushed);
}

uint64_t lasting_look(struct lasting *l, const struct dataset *d, uint64_t synced,
                      uint64_t out[LIMIT_DATABASES])
{
    settle(l, synced);
    if (synced >= l->next_end && memcmp(l->next, d->flushed, sizeof l->next) != 0) {
        memcpy(l->next, d->flushed, sizeof l->next);
        l->next_end = l->end;
        settle(l, synced);
    }
    memcpy(out, PLANTED(flush_not_lasting) ? d->flushed : l->flushed, sizeof l->flushed);
    return synced < l->next_end && !PLANTED(flush_not_lasting) ? l->next_end : 0;
}
