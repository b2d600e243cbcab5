/* memtable_source.c: an iterator with a cell_source's face, some cells ahead of who
 * reads it: cells lie in memory in the order in which they came, so each is a miss. */
#include "lsm/memtable_source.h"

enum { LINE = 64, CELL_LINES = 3 };

/* One more cell ahead; NULL behind the last. */
static void look(struct memtable_source *s, const uint8_t *cell)
{
    for (unsigned i = 0; cell && i < CELL_LINES; i++)
        __builtin_prefetch(cell + (size_t)i * LINE);
    s->ahead[s->at++ % MEMTABLE_AHEAD] = cell;
}

static void next(struct cell_source *source)
{
    struct memtable_source *s = (struct memtable_source *)source;

    look(s, memtable_next(&s->iter));
    s->source.cell = memtable_source_ahead(s, 0);
}

void memtable_source_init(struct memtable_source *s, const struct memtable *m)
{
    const struct cell_key first = { 0 };

    *s = (struct memtable_source){ .source.next = next };
    look(s, memtable_seek(m, &s->iter, &first));
    while (s->at < MEMTABLE_AHEAD)
        look(s, memtable_next(&s->iter));
    s->source.cell = memtable_source_ahead(s, 0);
}
