/* flush.c: one pass over the memtable writes the table; then the files of values it
 * refers to are opened, and the edit is put together. */
#include "lsm/flush.h"

#include <assert.h>

#include "base/crc32c.h"
#include "base/list.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/log_format.h"
#include "lsm/memtable_source.h"
#include "lsm/table_output.h"
#include "lsm/table_uses.h"

struct flushing {
    struct flush *f;
    struct keep keep;
    struct table_output output;
    struct blob_writer *values; /* of a rescue, while it is written */
    uint64_t values_id;
    struct blob_file *blob; /* then */
    bool *used;             /* stretches */
    struct buf made;        /* a cell with a reference */
};

static bool below(void *arg, const uint8_t *cell)
{
    const struct flush *f = ((struct flushing *)arg)->f;
    uint8_t db = cell[28];

    return version_may_hold(f->version, 0, db, cell_encoded_position(cell), f->flushed[db]);
}

/* The last stretch that begins at or before `position`. */
static size_t stretch_of(const struct flush *f, uint64_t position)
{
    size_t low = 0, high = f->stretch_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (f->stretches[middle].base <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Where the log wrote the value. */
static void find_value(struct flushing *w, const uint8_t *cell, const struct cell *c,
                       struct blob_ref *ref)
{
    uint64_t place = memtable_place(w->f->memtable, cell);
    size_t i = stretch_of(w->f, place);
    const struct log_stretch *s = &w->f->stretches[i];

    assert(i < w->f->stretch_count && s->base <= place);
    assert(s->end - place >= cell_encoded_size(cell) && s->end >= place);
    w->used[i] = true;
    *ref = (struct blob_ref){ .file = s->id,
                              .offset = SEGMENT_FRAMES_START + (place - s->base) +
                                        (uint64_t)(c->value.data - cell),
                              .length = (uint32_t)c->value.len,
                              .crc = crc32c_extend(0, c->value.data, c->value.len) };
}

static struct err save_value(struct flushing *w, const struct cell *c, struct blob_ref *ref)
{
    struct flush *f = w->f;
    struct err e = err_ok();

    if (!w->values) {
        w->values_id = file_ids_take(f->ids);
        e = blob_writer_open(&w->values, f->env->fs, f->dir, w->values_id);
    }
    return err_is(e) ? e : blob_writer_add(w->values, c, ref);
}

static struct err write_large(struct flushing *w, const uint8_t *cell, uint8_t over)
{
    uint8_t encoded[BLOB_REF_SIZE];
    struct blob_ref ref;
    struct err e = err_ok();
    struct cell c;

    cell_decode(cell, &c);
    if (w->f->rescue)
        e = save_value(w, &c, &ref);
    else
        find_value(w, cell, &c, &ref);
    if (err_is(e))
        return e;
    blob_ref_put(encoded, &ref);
    c.value = slice_of(encoded, sizeof encoded);
    c.flags = (uint8_t)((c.flags & ~CELL_OVER) | CELL_BLOB | over);
    w->made.len = 0;
    cell_encode(&c, buf_reserve(&w->made, cell_size(&c)));
    return table_output_add(&w->output, w->made.data, cell_size(&c));
}

/* As it is but for the flags. */
static struct err write_cell(struct flushing *w, const uint8_t *cell)
{
    uint8_t over = keep_over(&w->keep, cell);

    if (memtable_is_large(w->f->memtable, cell))
        return write_large(w, cell, over);
    if (over == (cell[30] & CELL_OVER))
        return table_output_add(&w->output, cell, cell_encoded_size(cell));
    w->made.len = 0;
    buf_append(&w->made, slice_of(cell, cell_encoded_size(cell)));
    w->made.data[30] = (uint8_t)((cell[30] & ~CELL_OVER) | over);
    return table_output_add(&w->output, w->made.data, w->made.len);
}

static struct err write_cells(struct flushing *w)
{
    struct memtable_source s;
    struct err e = err_ok();

    memtable_source_init(&s, w->f->memtable);
    for (; s.source.cell && !err_is(e); cell_source_next(&s.source)) {
        const uint8_t *cell = s.source.cell, *soon = memtable_source_ahead(&s, MEMTABLE_AHEAD / 2);
        if (soon)
            version_prefetch(w->f->version, 0, soon);
        switch (keep_judge(&w->keep, cell)) {
        case KEEP_CELL:
            e = write_cell(w, cell);
            break;
        case KEEP_TOMBSTONE:
            e = table_output_add(&w->output, w->keep.made.data, w->keep.made.len);
            break;
        case KEEP_NOTHING:
        case KEEP_EVICTED:
            break;
        }
    }
    return e;
}

/* The segment has values the table refers to. */
static struct err add_segment(struct flushing *w, const struct log_stretch *s)
{
    uint64_t size = SEGMENT_FRAMES_START + (s->end - s->base);
    struct blob_file *known = version_blob(w->f->version, s->id), *blob;
    struct err e;

    if (known) {
        edit_grow_blob(&w->f->edit, known, size);
        return err_ok();
    }
    e = blob_file_open(&blob, w->f->env->fs, w->f->dir, FILE_SEGMENT, s->id, size);
    if (!err_is(e))
        edit_add_blob(&w->f->edit, blob);
    return e;
}

static struct err finish(struct flushing *w)
{
    struct flush *f = w->f;
    struct err e = err_ok();

    if (w->values) {
        struct blob_writer *values = w->values;
        f->bytes = blob_writer_size(values);
        w->values = NULL;
        e = blob_writer_finish(values, &w->blob);
    }
    if (!err_is(e))
        e = table_output_finish(&w->output); /* makes the blob file's name durable too */
    for (size_t i = 0; i < f->stretch_count && !err_is(e); i++) {
        if (w->used[i])
            e = add_segment(w, &f->stretches[i]);
    }
    if (err_is(e))
        return e;
    assert(w->output.count <= 1 && (!w->blob || w->output.count == 1));
    if (w->blob)
        edit_add_blob(&f->edit, w->blob);
    if (w->output.count) {
        edit_add_table(&f->edit, 0, f->order, w->output.tables[0]);
        table_uses_add(&f->edit, w->output.tables[0]);
    }
    f->edit.has_mark = true;
    f->edit.mark = f->mark;
    buf_append(&f->edit.arcs, f->arcs);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        f->edit.flushed[db] = f->flushed[db];
    f->bytes += w->output.bytes;
    return e;
}

static void undo(struct flushing *w)
{
    struct edit *e = &w->f->edit;

    blob_writer_abandon(w->values, true);
    if (w->blob) {
        char *path = file_path(w->f->dir, FILE_BLOB, w->values_id);
        blob_file_close(w->blob);
        fs_remove(w->f->env->fs, path);
        mem_free(path);
    }
    for (size_t i = 0; i < e->add_blob_count; i++) {
        if (e->add_blobs[i].blob != version_blob(w->f->version, e->add_blobs[i].id))
            blob_file_close(e->add_blobs[i].blob);
    }
    edit_deinit(e);
    table_output_abandon(&w->output, true);
    w->f->bytes = 0;
}

void flush_run(struct job *job)
{
    struct flush *f = list_item(job, struct flush, job);
    uint64_t start = clock_mono_us(f->env->clock);
    struct flushing w = { .f = f, .keep = { .now_ms = f->now_ms, .below = below } };

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        w.keep.flushed[db] = f->flushed[db];
    w.keep.arg = &w;
    w.output = (struct table_output){ .fs = f->env->fs,
                                      .dir = f->dir,
                                      .ids = f->ids,
                                      .options = f->table,
                                      .table_size = UINT64_MAX };
    w.used = mem_zalloc(f->stretch_count, sizeof *w.used);
    f->edit = (struct edit){ 0 };
    f->bytes = 0;
    f->err = write_cells(&w);
    if (!err_is(f->err))
        f->err = finish(&w);
    if (err_is(f->err))
        undo(&w);
    table_output_deinit(&w.output);
    keep_deinit(&w.keep);
    buf_deinit(&w.made);
    mem_free(w.used);
    f->us = clock_mono_us(f->env->clock) - start;
}
