/* dump_file.c: one file, from its beginning to its end. */
#include <string.h>

#include "base/mem.h"
#include "lsm/arc_marks.h"
#include "lsm/manifest_format.h"
#include "lsm/manifest_record.h"
#include "lsm/table.h"
#include "tool/dump.h"
#include "tool/frame_walk.h"

static void dump_block(struct dump *d, const uint8_t *payload, size_t len)
{
    struct table_block b;

    (void)table_block_open(slice_of(payload, len), &b);
    for (uint32_t i = 0; i < b.count; i++) {
        struct blob_ref ref;
        struct cell c;
        cell_decode(table_block_cell(&b, i), &c);
        buf_append(&d->text, slice_str("  "));
        if (c.flags & CELL_BLOB)
            blob_ref_get(c.value.data, &ref);
        dump_cell(d, &c, c.flags & (CELL_BLOB | CELL_PARTS) ? slice_of(NULL, 0) : c.value,
                  c.flags & CELL_BLOB ? &ref : NULL);
        dump_line(d);
    }
}

static void dump_table(struct dump *d, const struct store_file *f)
{
    struct table *t = NULL;
    struct err e = table_open(&t, d->store.tool->fs, d->store.dir, f->id, 0);

    if (err_is(e)) {
        dump_damage(d, f, 0, e);
        return;
    }
    tool_line(
        d->store.tool,
        "table %016llx: %llu cells, %llu positions, %llu deleted, %u blocks, filter %zu bytes",
        (unsigned long long)f->id, (unsigned long long)t->meta.cells,
        (unsigned long long)t->meta.keys, (unsigned long long)t->meta.tombstones, t->blocks,
        t->filter_size);
    for (uint32_t i = 0; i < t->meta.blob_count; i++)
        tool_line(d->store.tool, "values in file %016llx: %llu bytes",
                  (unsigned long long)t->meta.blobs[i].file,
                  (unsigned long long)t->meta.blobs[i].bytes);
    for (uint32_t i = 0; i < t->blocks; i++) {
        uint8_t *payload = NULL;
        uint64_t offset;
        uint32_t size;
        size_t len = 0;
        table_extent(t, i, &offset, &size);
        e = table_read(t, i, &payload, &len);
        if (err_is(e)) {
            dump_damage(d, f, offset, e);
            continue;
        }
        tool_line(d->store.tool, "block %u at %llu: %u bytes, %zu unpacked", i,
                  (unsigned long long)offset, size, len);
        dump_block(d, payload, len);
        mem_free(payload);
    }
    table_close(t);
}

static void dump_segment_head(struct dump *d, const uint8_t *bytes)
{
    struct segment_head head;

    if (segment_head_get(bytes, &head) == SEGMENT_HEAD_BLANK)
        tool_line(d->store.tool, "segment that was never written to");
    else
        tool_line(d->store.tool,
                  "segment %016llx behind %016llx: position %llu, synced %llu, frame %llu, boot "
                  "%016llx",
                  (unsigned long long)head.id, (unsigned long long)head.previous,
                  (unsigned long long)head.base, (unsigned long long)head.synced,
                  (unsigned long long)head.index, (unsigned long long)head.boot);
}

static const char *const kinds[FRAME_KINDS] = {
    "frame", "promise", "state", "base", "list", "end"
};

static void dump_frame_head(struct dump *d, const struct frame_walk *w)
{
    const struct frame_head *h = &w->head;
    const char *kind = h->kind < FRAME_KINDS ? kinds[h->kind] : "frame of no kind";

    if (h->arc == 0)
        tool_line(d->store.tool, "%s %llu at %llu: %llu bytes, %u cells, stamp %llu, synced %llu",
                  kind, (unsigned long long)h->index, (unsigned long long)w->frame,
                  (unsigned long long)(w->frame_end - w->frame), h->cells,
                  (unsigned long long)h->stamp, (unsigned long long)h->synced);
    else
        tool_line(d->store.tool,
                  "%s %llu of arc %016llx at %llu: ballot %llu.%u behind %llu.%u, committed %llu, "
                  "%llu bytes, %u cells, %u of notes, tag %u, stamp %llu, synced %llu",
                  kind, (unsigned long long)h->index, (unsigned long long)h->arc,
                  (unsigned long long)w->frame, (unsigned long long)h->ballot.counter,
                  h->ballot.node, (unsigned long long)h->previous.counter, h->previous.node,
                  (unsigned long long)h->committed, (unsigned long long)(w->frame_end - w->frame),
                  h->cells, h->notes, h->tag, (unsigned long long)h->stamp,
                  (unsigned long long)h->synced);
}

static void dump_frame(struct dump *d, struct frame_walk *w)
{
    struct cell c;

    dump_frame_head(d, w);
    while (frame_walk_cell(w, &c)) {
        buf_append(&d->text, slice_str("  "));
        dump_cell(d, &c, c.value, NULL);
        dump_line(d);
    }
}

/* Whether the file has nothing but zeros from there on. */
static bool is_zero(struct dump *d, const struct store_file *f, uint64_t from)
{
    struct fs_file *file;
    struct frame_walk w;
    bool zero;

    if (err_is(tool_store_file(&d->store, f, &file)))
        return false;
    frame_walk_open(&w, file, f->id, f->size, from);
    zero = !frame_walk_skip_zeros(&w) && !err_is(w.err);
    frame_walk_close(&w);
    return zero;
}

/* A segment or a blob file: its whole frames, those behind damage too. */
static void dump_frames(struct dump *d, const struct store_file *f)
{
    uint8_t head[SEGMENT_HEAD_SIZE] = { 0 };
    struct fs_file *file;
    struct frame_walk w;
    size_t got = 0;
    struct err e = tool_store_file(&d->store, f, &file);

    if (err_is(e)) {
        dump_damage(d, f, 0, e);
        return;
    }
    e = fs_read(file, 0, head, sizeof head, &got);
    if (!err_is(e) && f->kind == FILE_SEGMENT)
        dump_segment_head(d, head);
    frame_walk_open(&w, file, f->id, f->size, SEGMENT_FRAMES_START);
    while (!err_is(w.err)) {
        uint64_t at = frame_walk_at(&w);
        if (frame_walk_enter(&w)) {
            dump_frame(d, &w);
            if (w.wrong)
                dump_damage(d, f, frame_walk_at(&w), err_make(ERR_CORRUPT, 0, w.wrong));
            frame_walk_leave(&w);
        } else if (is_zero(d, f, at)) {
            break;
        } else {
            dump_damage(d, f, at, err_make(ERR_CORRUPT, 0, "no whole frame begins here"));
            if (!frame_walk_resync(&w))
                break;
        }
    }
    if (err_is(e) || err_is(w.err))
        dump_damage(d, f, frame_walk_at(&w), err_is(e) ? e : w.err);
    frame_walk_close(&w);
}

static void dump_arcs(struct dump *d, struct slice marks)
{
    struct arc_mark m;

    while (marks.len && arc_mark_get(&marks, &m))
        tool_line(d->store.tool,
                  "  arc %016llx: applied %llu at ballot %llu.%u, stamp %llu; end %llu at %llu.%u; "
                  "promised %llu.%u; state %zu bytes%s%s",
                  (unsigned long long)m.arc, (unsigned long long)m.applied.index,
                  (unsigned long long)m.applied.ballot.counter, m.applied.ballot.node,
                  (unsigned long long)m.applied.stamp, (unsigned long long)m.end.index,
                  (unsigned long long)m.end.ballot.counter, m.end.ballot.node,
                  (unsigned long long)m.promise.counter, m.promise.node, m.state.len,
                  m.closed ? "; closed" : "", m.forgot ? "; frames are lost" : "");
}

static void dump_edit(struct dump *d, const struct edit *e)
{
    const struct tool *tool = d->store.tool;

    if (e->has_mark)
        tool_line(tool, "  mark at position %llu through %llu, frame %llu, stamp %llu",
                  (unsigned long long)e->mark.position, (unsigned long long)e->mark.through,
                  (unsigned long long)e->mark.index, (unsigned long long)e->mark.stamp);
    dump_arcs(d, buf_slice(&e->arcs));
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if (e->flushed[db])
            tool_line(tool, "  db %u flushed at %llu", db, (unsigned long long)e->flushed[db]);
    }
    for (size_t i = 0; i < e->drop_count; i++)
        tool_line(tool, "  drop table %016llx", (unsigned long long)e->drop[i]);
    for (size_t i = 0; i < e->drop_blob_count; i++)
        tool_line(tool, "  drop values %016llx", (unsigned long long)e->drop_blobs[i]);
    for (size_t i = 0; i < e->add_count; i++)
        tool_line(tool, "  add table %016llx: level %u, order %llu, %llu bytes",
                  (unsigned long long)e->add[i].id, e->add[i].level,
                  (unsigned long long)e->add[i].order, (unsigned long long)e->add[i].size);
    for (size_t i = 0; i < e->add_blob_count; i++)
        tool_line(tool, "  add values %016llx: %s, %llu bytes",
                  (unsigned long long)e->add_blobs[i].id,
                  e->add_blobs[i].kind == FILE_SEGMENT ? "segment" : "blob file",
                  (unsigned long long)e->add_blobs[i].size);
    for (size_t i = 0; i < e->live_count; i++)
        tool_line(tool, "  live in %016llx: %+lld bytes", (unsigned long long)e->live[i].file,
                  (long long)e->live[i].bytes);
}

static void dump_manifest(struct dump *d, const struct store_file *f)
{
    struct buf bytes = { 0 };
    size_t at = MANIFEST_HEAD_SIZE;
    struct err e = tool_store_read(&d->store, f, MANIFEST_SIZE_MAX, &bytes);

    while (!err_is(e) && at < bytes.len) {
        struct slice rest = slice_of(bytes.data + at, bytes.len - at);
        struct record_head head;
        struct edit edit;
        uint64_t next_file;
        if (!record_good(rest, f->id)) {
            e = err_make(ERR_CORRUPT, 0, "bytes that are no whole edit");
            break;
        }
        rest.len = record_size(rest.data);
        e = record_get(rest, &head, &edit, &next_file);
        if (err_is(e))
            break;
        tool_line(d->store.tool, "%s %llu at %zu: next file %016llx, synced %llu",
                  head.kind == RECORD_SNAPSHOT ? "snapshot" : "edit",
                  (unsigned long long)head.number, at, (unsigned long long)next_file,
                  (unsigned long long)head.synced);
        dump_edit(d, &edit);
        edit_deinit(&edit);
        at += rest.len;
    }
    if (err_is(e))
        dump_damage(d, f, at, e);
    buf_deinit(&bytes);
}

void dump_file(struct dump *d, const struct store_file *f)
{
    switch (f->kind) {
    case FILE_TABLE:
        dump_table(d, f);
        break;
    case FILE_SEGMENT:
    case FILE_BLOB:
        dump_frames(d, f);
        break;
    case FILE_MANIFEST:
        dump_manifest(d, f);
        break;
    case FILE_KINDS:
        break;
    }
}
