/* table_output.c: a writer at a time, and where it ends. */
#include "lsm/table_output.h"

#include "base/mem.h"

static const struct table_meta *below_meta(const struct table_output *o, size_t i)
{
    return &o->below->tables[i].table->meta;
}

/* Goes on to `position`; whether a table of the next level begins on the way. */
static bool cross(struct table_output *o, uint64_t position)
{
    bool crossed = false;

    while (o->below && o->below_at < o->below->count &&
           below_meta(o, o->below_at)->min_position <= position) {
        o->overlap += below_meta(o, o->below_at)->size;
        o->below_at++;
        o->crossed++;
        crossed = true;
    }
    return crossed;
}

/* Whether the table ends in front of `position`, which is not the last cell's. */
static bool ends_before(struct table_output *o, uint64_t position)
{
    uint64_t size = table_writer_size(o->writer), percent;

    if (cross(o, position)) {
        percent = 50 + 5 * (uint64_t)o->crossed;
        percent = percent < 90 ? percent : 90;
        if (size >= o->table_size / 100 * percent)
            return true;
        if (o->overlap / TABLE_OUTPUT_OVERLAP >= o->table_size)
            return true;
    }
    if (!o->below || o->below_at == o->below->count)
        return size >= o->table_size;
    return size / 2 >= o->table_size;
}

static void remove_table(const struct table_output *o, uint64_t id)
{
    char *path = file_path(o->dir, FILE_TABLE, id);

    fs_remove(o->fs, path);
    mem_free(path);
}

static struct err end_table(struct table_output *o)
{
    struct table_writer *writer = o->writer;
    struct table_meta meta;
    struct table *table;
    struct err e;

    o->writer = NULL;
    e = table_writer_finish(writer, &meta);
    if (err_is(e))
        return e;
    mem_free(meta.blobs);
    e = table_open(&table, o->fs, o->dir, o->writer_id, meta.size);
    if (err_is(e)) {
        remove_table(o, o->writer_id);
        return e;
    }
    if (o->count == o->room) {
        o->room = o->room ? 2 * o->room : 4;
        o->tables = mem_realloc(o->tables, o->room * sizeof(struct table *));
    }
    o->tables[o->count++] = table;
    o->bytes += table->meta.size;
    return e;
}

static struct err begin_table(struct table_output *o, uint64_t position)
{
    cross(o, position);
    o->crossed = 0;
    o->overlap = 0;
    if (o->below && o->below_at > 0 && below_meta(o, o->below_at - 1)->max_position >= position)
        o->overlap = below_meta(o, o->below_at - 1)->size;
    o->writer_id = file_ids_take(o->ids);
    return table_writer_open(&o->writer, o->fs, o->dir, o->writer_id, &o->options);
}

struct err table_output_add(struct table_output *o, const uint8_t *cell, size_t size)
{
    uint64_t position = cell_encoded_position(cell);
    struct err e = err_ok();

    if (o->writer && position != table_writer_position(o->writer) && ends_before(o, position))
        e = end_table(o);
    if (!err_is(e) && !o->writer)
        e = begin_table(o, position);
    return err_is(e) ? e : table_writer_add(o->writer, cell, size);
}

struct err table_output_finish(struct table_output *o)
{
    struct err e = o->writer ? end_table(o) : err_ok();

    if (!err_is(e) && o->count)
        e = fs_sync_dir(o->fs, o->dir);
    return e;
}

void table_output_abandon(struct table_output *o, bool remove)
{
    table_writer_abandon(o->writer, remove);
    o->writer = NULL;
    for (size_t i = 0; i < o->count; i++) {
        uint64_t id = o->tables[i]->meta.id;
        table_close(o->tables[i]);
        if (remove)
            remove_table(o, id);
    }
    table_output_deinit(o);
}

void table_output_deinit(struct table_output *o)
{
    mem_free(o->tables);
    o->tables = NULL;
    o->count = o->room = 0;
}
