/* memtable_source.c: an iterator with a cell_source's face. */
#include "lsm/memtable_source.h"

static void next(struct cell_source *source)
{
    struct memtable_source *s = (struct memtable_source *)source;
    s->source.cell = memtable_next(&s->iter);
}

void memtable_source_init(struct memtable_source *s, const struct memtable *m)
{
    const struct cell_key first = { 0 };

    *s = (struct memtable_source){ .source.next = next };
    s->source.cell = memtable_seek(m, &s->iter, &first);
}
