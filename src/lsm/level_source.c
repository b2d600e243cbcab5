/* level_source.c: the next table is opened when the one before has ended. */
#include "lsm/level_source.h"

static void leave(struct level_source *s)
{
    table_source_deinit(&s->table);
    s->read_bytes += s->table.read_bytes;
    s->table.read_bytes = 0;
    s->at++;
}

/* Shows where the table stands, or else the first cell of those behind it. */
static void settle(struct level_source *s)
{
    while (!s->table.source.cell && !err_is(s->table.source.err)) {
        leave(s);
        if (s->at == s->count)
            break;
        table_source_init(&s->table, s->tables[s->at], 0, s->step, false);
    }
    s->source.cell = s->at < s->count ? s->table.source.cell : NULL;
    s->source.err = s->at < s->count ? s->table.source.err : err_ok();
}

static void next(struct cell_source *source)
{
    struct level_source *s = (struct level_source *)source;

    cell_source_next(&s->table.source);
    settle(s);
}

void level_source_init(struct level_source *s, struct table **tables, size_t count, size_t step)
{
    *s = (struct level_source){
        .source = { .err = err_ok(), .next = next }, .tables = tables, .count = count, .step = step
    };
    if (count == 0)
        return;
    table_source_init(&s->table, tables[0], 0, step, false);
    settle(s);
}

void level_source_deinit(struct level_source *s)
{
    if (s->at < s->count)
        leave(s);
    s->at = s->count;
    s->source.cell = NULL;
}
