/* sweep.c: in small batches: look first, change afterwards. */
#include "lsm/sweep.h"

#include <string.h>

#include "lsm/run.h"

enum { BATCH = 64 };

void sweep_deinit(struct sweep *s)
{
    buf_deinit(&s->bytes);
    *s = (struct sweep){ .at = { 0 } };
}

static bool useless(const struct sweep_rules *rules, const uint8_t *cell)
{
    if (cell_encoded_stamp(cell) > rules->stamp)
        return false;
    if (cell_encoded_stamp(cell) <= rules->flushed[cell[28]])
        return true;
    return (cell[30] & CELL_TOMBSTONE) && rules->bottom;
}

/* The next step begins behind this cell: at its key and one more byte of subkey,
 * the smallest that is larger. */
static void stop_behind(struct sweep *s, const uint8_t *cell)
{
    struct cell_key key = run_key_of(cell);

    s->bytes.len = 0;
    buf_append(&s->bytes, key.key);
    buf_append(&s->bytes, key.subkey);
    buf_append_byte(&s->bytes, 0);
    s->at = key;
    s->at.key.data = s->bytes.data;
    s->at.subkey = slice_of(s->bytes.data + key.key.len, key.subkey.len + 1);
}

static size_t step_batch(struct sweep *s, struct dataset *d, size_t visits,
                         const struct sweep_rules *rules)
{
    const uint8_t *victims[BATCH], *last = NULL;
    size_t visited = 0, count = 0;
    struct memtable_iter it;

    for (const uint8_t *cell = memtable_seek(d->active, &it, &s->at); cell;
         cell = memtable_next(&it)) {
        if (visited == visits)
            break;
        visited++;
        last = cell;
        if (useless(rules, cell)) {
            victims[count++] = cell;
        } else if ((cell[30] & CELL_EXPIRES) && !(cell[30] & CELL_TOMBSTONE) &&
                   dataset_visible(d, cell)) {
            struct cell c;
            cell_decode(cell, &c);
            if (cell_expired(&c, rules->now_ms))
                rules->expired(rules->arg, cell);
        }
    }
    if (visited == visits && last)
        stop_behind(s, last);
    else
        s->at = (struct cell_key){ 0 };
    for (size_t i = 0; i < count; i++)
        dataset_drop(d, victims[i]);
    return visited;
}

size_t sweep_step(struct sweep *s, struct dataset *d, size_t visits,
                  const struct sweep_rules *rules)
{
    size_t visited = 0, n = 1;

    while (visited < visits && n > 0) {
        size_t want = visits - visited < BATCH ? visits - visited : BATCH;
        n = step_batch(s, d, want, rules);
        visited += n;
        if (n < want)
            break; /* the end; the next call begins anew */
    }
    return visited;
}
