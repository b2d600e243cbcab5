/* keep.c: the rules, in their order.  Most cells pass by three looks at their fixed
 * part. */
#include "lsm/keep.h"

#include <assert.h>

#include "base/planted.h"
#include "lsm/evict.h"

/* The context stays: it says which versions the cell has seen, the expired one's too. */
static void make_tombstone(struct keep *k, const struct cell *of)
{
    struct cell c = *of;

    c.flags = (uint8_t)(CELL_TOMBSTONE | (of->flags & (CELL_CONTEXT | CELL_OVER)));
    c.type = CELL_NONE;
    c.value = slice_of(NULL, 0);
    k->made.len = 0;
    cell_encode(&c, buf_reserve(&k->made, cell_size(&c)));
    k->made.len = cell_size(&c);
}

/* One that is as good as any. */
static enum keep_verdict judge_live(struct keep *k, const uint8_t *cell)
{
    if (!k->evict || k->below(k->arg, cell) || k->above(k->arg, cell))
        return KEEP_CELL;
    return evict_judge(k->evict, cell) ? KEEP_EVICTED : KEEP_CELL;
}

enum keep_verdict keep_judge(struct keep *k, const uint8_t *cell)
{
    uint8_t db = cell[28], flags = cell[30];
    struct cell c;

    assert(db < LIMIT_DATABASES);
    if (cell_encoded_stamp(cell) <= k->flushed[db])
        return KEEP_NOTHING;
    if (!(flags & (CELL_TOMBSTONE | CELL_EXPIRES)))
        return judge_live(k, cell);
    if (flags & CELL_TOMBSTONE)
        return k->below(k->arg, cell) && !PLANTED(tombstone_early) ? KEEP_CELL : KEEP_NOTHING;
    cell_decode(cell, &c);
    if (!cell_expired(&c, k->now_ms))
        return judge_live(k, cell);
    if (!k->below(k->arg, cell) || PLANTED(revive_expired))
        return KEEP_NOTHING;
    make_tombstone(k, &c);
    return KEEP_TOMBSTONE;
}

uint8_t keep_over(struct keep *k, const uint8_t *cell)
{
    uint8_t over = cell[30] & CELL_OVER;

    return over && k->below(k->arg, cell) ? over : 0;
}

void keep_deinit(struct keep *k)
{
    buf_deinit(&k->made);
}
