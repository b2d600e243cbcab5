/* pile.c: one buffer of bytes, one array of places in it. */
#include "lsm/pile.h"

#include <stdlib.h>

#include "base/mem.h"
#include "lsm/run.h"

void pile_add(struct pile *p, const struct cell *c, uint64_t offset)
{
    size_t size = cell_size(c);

    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 256;
        p->items = mem_realloc(p->items, p->room * sizeof *p->items);
    }
    p->items[p->count++] = (struct pile_item){ c->key.position, p->bytes.len, offset };
    cell_encode(c, buf_reserve(&p->bytes, size));
    p->bytes.len += size;
}

static int by_key(const void *a, const void *b, void *arg)
{
    const struct pile_item *x = a, *y = b;
    const uint8_t *bytes = arg;
    struct cell_key kx, ky;

    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    kx = run_key_of(bytes + x->at);
    ky = run_key_of(bytes + y->at);
    return cell_key_compare(&kx, &ky);
}

void pile_sort(struct pile *p)
{
    if (p->count)
        qsort_r(p->items, p->count, sizeof *p->items, by_key, p->bytes.data);
}

void pile_clear(struct pile *p)
{
    mem_free(p->items);
    buf_deinit(&p->bytes);
    *p = (struct pile){ .count = 0 };
}

bool pile_again(const struct pile *p, size_t i, const struct cell_key *key)
{
    struct cell_key before;

    if (i == 0)
        return false;
    before = run_key_of(pile_cell(p, i - 1));
    return cell_key_compare(&before, key) == 0;
}
