/* dump_merged.c: what a reader would find: the log from the manifest's mark on, in
 * memory, over the tables. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/dataset.h"
#include "lsm/tails.h"
#include "lsm/manifest.h"
#include "tool/dump.h"
#include "tool/frame_walk.h"
#include "tool/tree_merge.h"

enum { CHUNK = 1024 * 1024 };

struct memory_source {
    struct cell_source source; /* first */
    struct memtable_iter at;
};

struct merged {
    struct dump *dump;
    struct manifest_state state;
    struct version *v; /* NULL: it could not be read */
    struct dataset data;
    struct tails tails; /* of arcs, so far as the log was read */
    struct buf payload; /* of a frame of one of them */
    struct buf cell;
    struct buf value;
    uint64_t cells; /* shown */
};

static void next(struct cell_source *source)
{
    source->cell = memtable_next(&((struct memory_source *)source)->at);
}

/* The files the manifest names, open, as a version; all of them or none. */
static struct err open_files(struct merged *m, struct store_file *failed)
{
    const struct tool_store *s = &m->dump->store;
    struct edit *whole = &m->state.whole;
    struct err e = err_ok();

    for (size_t i = 0; i < whole->add_count && !err_is(e); i++) {
        struct edit_table *t = &whole->add[i];
        *failed = (struct store_file){ .kind = FILE_TABLE, .id = t->id };
        e = table_open(&t->table, s->tool->fs, s->dir, t->id, t->size);
    }
    for (size_t i = 0; i < whole->add_blob_count && !err_is(e); i++) {
        struct edit_blob *b = &whole->add_blobs[i];
        *failed = (struct store_file){ .kind = b->kind, .id = b->id };
        e = blob_file_open(&b->blob, s->tool->fs, s->dir, b->kind, b->id, b->size);
    }
    return e;
}

static void open_version(struct merged *m)
{
    const struct tool_store *s = &m->dump->store;
    struct store_file failed = { .kind = FILE_MANIFEST };
    struct version *nothing;
    char detail[256] = "";
    struct err e = manifest_read(s->tool->fs, s->dir, &m->state, detail);

    if (err_is(e)) {
        tool_complain(s->tool, "%s: see --check", detail);
        m->dump->damaged = true;
        return;
    }
    failed.id = m->state.id;
    e = open_files(m, &failed);
    if (!err_is(e)) {
        nothing = version_new();
        e = version_apply(nothing, &m->state.whole, &m->v);
        version_drop(nothing, NULL);
    }
    if (err_is(e)) {
        m->v = NULL;
        dump_damage(m->dump, &failed, 0, e);
    }
}

static void close_table(void *owner, struct table *t)
{
    (void)owner;
    table_close(t);
}

static void close_blob(void *owner, struct blob_file *b)
{
    (void)owner;
    blob_file_close(b);
}

static void close_files(struct merged *m)
{
    struct version_gone gone = { NULL, close_table, close_blob };
    struct edit *whole = &m->state.whole;

    if (m->v)
        version_drop(m->v, &gone);
    for (size_t i = 0; i < whole->add_count && !m->v; i++)
        table_close(whole->add[i].table);
    for (size_t i = 0; i < whole->add_blob_count && !m->v; i++)
        blob_file_close(whole->add_blobs[i].blob);
    edit_deinit(whole);
}

/* --- the log */

static void put_cell(struct merged *m, const struct cell *c)
{
    struct dataset_put put;

    if (c->key.kind == CELL_FLUSH) {
        for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
            if ((c->key.db == CELL_DB_ALL || c->key.db == db) && c->stamp > m->data.flushed[db])
                m->data.flushed[db] = c->stamp;
        }
        return;
    }
    m->cell.len = 0;
    cell_encode(c, buf_reserve(&m->cell, cell_size(c)));
    if (!dataset_visible(&m->data, m->cell.data))
        return;
    put = dataset_put(&m->data, m->cell.data, cell_size(c), 0);
    dataset_give(&m->data, &put, UINT64_MAX);
}

static void put_payload(struct merged *m, const struct tail_frame *f)
{
    struct slice rest = slice_of(f->payload, frame_cells_size(&f->head));

    while (rest.len) {
        size_t size = cell_encoded_size(rest.data);
        struct cell c;
        cell_decode(rest.data, &c);
        put_cell(m, &c);
        rest = slice_of(rest.data + size, rest.len - size);
    }
}

static void apply_to(struct merged *m, struct tail *t, uint64_t index)
{
    while (t->count && t->applied.index < index) {
        put_payload(m, tail_at(t, t->applied.index + 1));
        tail_applied(&m->tails, t);
    }
}

/* A frame of an arc, at that position: its cells count once they are known to be
 * committed. */
static void read_arc(struct merged *m, struct frame_walk *w, uint64_t position)
{
    struct tail *t = tails_get(&m->tails, w->head.arc);
    enum tail_verdict verdict;
    struct cell c;

    m->payload.len = 0;
    while (frame_walk_cell(w, &c)) {
        cell_encode(&c, buf_reserve(&m->payload, cell_size(&c)));
        m->payload.len += cell_size(&c);
    }
    if (w->head.kind == FRAME_BASE && position >= m->v->mark.through) {
        apply_to(m, t, w->head.committed);
        tail_reset(&m->tails, t,
                   &(struct log_point){ w->head.ballot, w->head.index, w->head.stamp }, false);
    }
    if (w->head.kind != FRAME_CELLS || w->wrong || w->head.committed > w->head.index)
        return;
    verdict = tail_judge(t, &w->head);
    if (verdict == TAIL_FOLLOWS || verdict == TAIL_CUTS)
        tail_append(&m->tails, t, &w->head, buf_slice(&m->payload), slice_of(NULL, 0), position, 0);
    apply_to(m, t, t->committed);
}

/* A frame; of those that a replay reads for arcs alone, what a node alone wrote is in
 * tables. */
static void read_frame(struct merged *m, struct frame_walk *w, uint64_t position)
{
    struct cell c;

    if (w->head.arc) {
        read_arc(m, w, position);
        return;
    }
    while (frame_walk_cell(w, &c)) {
        if (position >= m->v->mark.through)
            put_cell(m, &c);
    }
}

/* The frames from the mark on of a segment whose first is at `base`; those that end
 * behind position `limit` do not count. */
static void read_segment(struct merged *m, const struct store_file *f, uint64_t base,
                         uint64_t limit)
{
    uint64_t from = m->v->mark.position > base ? m->v->mark.position : base;
    struct fs_file *file;
    struct frame_walk w;
    struct err e = tool_store_file(&m->dump->store, f, &file);

    if (err_is(e)) {
        dump_damage(m->dump, f, 0, e);
        return;
    }
    frame_walk_open(&w, file, f->id, f->size, SEGMENT_FRAMES_START + (from - base));
    while (frame_walk_enter(&w) && base + (w.frame_end - SEGMENT_FRAMES_START) <= limit) {
        if (w.head.kind == FRAME_END || w.head.kind == FRAME_LIST)
            break;
        read_frame(m, &w, from);
        if (w.wrong)
            dump_damage(m->dump, f, frame_walk_at(&w), err_make(ERR_CORRUPT, 0, w.wrong));
        frame_walk_leave(&w);
        from = base + (w.frame_end - SEGMENT_FRAMES_START);
    }
    if (err_is(w.err))
        dump_damage(m->dump, f, frame_walk_at(&w), w.err);
    else if (limit != UINT64_MAX && from < limit)
        dump_damage(m->dump, f, SEGMENT_FRAMES_START + (from - base),
                    err_make(ERR_CORRUPT, 0, "frames are missing here"));
    frame_walk_close(&w);
}

/* False: it has no good head. */
static bool read_base(struct merged *m, const struct store_file *f, uint64_t *base)
{
    uint8_t bytes[SEGMENT_HEAD_SIZE] = { 0 };
    struct segment_head head = { .id = 0 };
    struct fs_file *file;
    size_t got = 0;
    bool good;

    if (f->size < SEGMENT_FRAMES_START || err_is(tool_store_file(&m->dump->store, f, &file)))
        return false;
    good = !err_is(fs_read(file, 0, bytes, sizeof bytes, &got)) &&
           segment_head_get(bytes, &head) == SEGMENT_HEAD_GOOD && head.id == f->id;
    fs_close(file);
    *base = head.base;
    return good;
}

/* Each segment up to where the next one begins. */
static void read_log(struct merged *m)
{
    size_t count;
    const struct store_file *file = tool_store_kind(&m->dump->store, FILE_SEGMENT, &count);
    const struct store_file *before = NULL;
    uint64_t base = 0, next_base = 0, mark = m->v->mark.position;

    for (size_t i = 0; i < count; i++) {
        if (!read_base(m, &file[i], &next_base))
            continue;
        if (before && next_base > mark)
            read_segment(m, before, base, next_base);
        before = &file[i];
        base = next_base;
    }
    if (before)
        read_segment(m, before, base, UINT64_MAX);
}

/* --- all of it */

/* A value in pieces: that each is where it should be; of the bytes, the first piece's. */
static void show_parts(struct merged *m, const struct cell *c)
{
    struct dump *d = m->dump;
    struct slice text = slice_of(NULL, 0);
    struct err e = err_ok();

    for (size_t i = 0; i < cell_parts(c) && !err_is(e); i++) {
        const struct blob_file *b;
        struct blob_ref ref;
        cell_part(c, i, &ref);
        b = version_blob(m->v, ref.file);
        e = b ? blob_file_holds(b, &ref) : err_make(ERR_CORRUPT, 0, "its values are gone");
        if (!err_is(e) && d->value_bytes && i == 0)
            e = blob_file_read(b, &ref, buf_reserve(&m->value, ref.length));
        if (err_is(e))
            dump_damage(d, &(struct store_file){ .kind = FILE_BLOB, .id = ref.file }, ref.offset,
                        e);
        else if (d->value_bytes && i == 0)
            text = slice_of(m->value.data, ref.length);
    }
    dump_cell(d, c, text, NULL);
    dump_line(d);
}

static void show(struct merged *m, const uint8_t *cell)
{
    struct dump *d = m->dump;
    const struct blob_file *b;
    struct blob_ref ref;
    struct cell c;
    struct err e;

    m->cells++;
    cell_decode(cell, &c);
    if (c.flags & CELL_PARTS) {
        show_parts(m, &c);
        return;
    }
    if (!(c.flags & CELL_BLOB)) {
        dump_cell(d, &c, c.value, NULL);
        dump_line(d);
        return;
    }
    blob_ref_get(c.value.data, &ref);
    b = version_blob(m->v, ref.file);
    e = b ? blob_file_holds(b, &ref) : err_make(ERR_CORRUPT, 0, "its values are gone");
    if (!err_is(e) && d->value_bytes)
        e = blob_file_read(b, &ref, buf_reserve(&m->value, ref.length));
    if (err_is(e))
        dump_damage(d, &(struct store_file){ .kind = b ? b->kind : FILE_BLOB, .id = ref.file },
                    ref.offset, e);
    dump_cell(d, &c,
              slice_of(err_is(e) || !d->value_bytes ? NULL : m->value.data,
                       err_is(e) || !d->value_bytes ? 0 : ref.length),
              &ref);
    dump_line(d);
}

static void show_all(struct merged *m)
{
    struct memory_source memory = { .source = { .err = err_ok(), .next = next } };
    struct cell_key zero = { .position = 0 };
    struct tree_merge tree;

    memory.source.cell = memtable_seek(m->data.active, &memory.at, &zero);
    tree_merge_init(&tree, m->v, &memory.source);
    for (; tree.merge.source.cell; cell_source_next(&tree.merge.source)) {
        const uint8_t *cell = tree.merge.source.cell;
        if (!tree.merge.again && !(cell[30] & CELL_TOMBSTONE) && dataset_visible(&m->data, cell))
            show(m, cell);
    }
    if (err_is(tree.merge.source.err)) {
        tool_complain(m->dump->store.tool, "%s: a table cannot be read on: %s: see --check",
                      m->dump->store.dir, tree.merge.source.err.what);
        m->dump->damaged = true;
    }
    tree_merge_deinit(&tree);
}

void dump_merged(struct dump *d)
{
    struct merged m = { .dump = d };

    open_version(&m);
    if (m.v) {
        dataset_init(&m.data, d->store.tool->arenas,
                     &(struct dataset_options){
                         .chunk_size = CHUNK, .limit = SIZE_MAX, .large_min = UINT32_MAX });
        memcpy(m.data.flushed, m.v->flushed, sizeof m.v->flushed);
        tails_begin(&m.tails, buf_slice(&m.v->arcs));
        read_log(&m);
        show_all(&m);
        dataset_deinit(&m.data);
        tool_line(d->store.tool, "%llu cells", (unsigned long long)m.cells);
    }
    close_files(&m);
    tails_deinit(&m.tails);
    buf_deinit(&m.payload);
    buf_deinit(&m.cell);
    buf_deinit(&m.value);
}
