/* check_refs.c: each cell that has its value elsewhere finds it there: the very cell, and
 * the value's checksum.
 *
 * A value that was rewritten is in another file than older cells of its key say, and that
 * file is gone: so a cell that is not the newest of its key may refer to a file that is
 * not there, as may one that a flush hides.  No other may. */
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/log_format.h"
#include "tool/check.h"
#include "tool/tree_merge.h"

enum {
    SHADE_BYTES = 64 * 1024, /* progress is told so often */
};

struct refs {
    struct check *check;
    struct buf room;
    uint64_t untold; /* bytes of cells since the last progress */
};

/* Bytes of a cell in front of its value. */
static size_t prefix_size(const uint8_t *cell)
{
    size_t n = CELL_FIXED_SIZE + (size_t)wire_get16(cell + 24) + wire_get16(cell + 26);

    n += cell[30] & CELL_EXPIRES ? 8 : 0;
    return n + (cell[30] & CELL_CONTEXT ? 2 + (size_t)wire_get16(cell + n) : 0);
}

/* Whether what stands in front of the value is the cell `cell` was made of: that has no
 * reference yet and is over nothing. */
static bool is_same(const uint8_t *there, const uint8_t *cell, size_t prefix, uint32_t length)
{
    return wire_get32(there + 16) == length && there[30] == (cell[30] & ~(CELL_BLOB | CELL_OVER)) &&
           memcmp(there, cell, 16) == 0 && memcmp(there + 20, cell + 20, 10) == 0 &&
           memcmp(there + 31, cell + 31, prefix - 31) == 0;
}

/* Whether what stands in front of a piece, `prefix` bytes, is a piece of that cell's
 * key: the same position, database and key. */
static bool is_piece(const uint8_t *there, const uint8_t *cell, uint32_t length)
{
    size_t key = wire_get16(cell + 24);

    return wire_get64(there) == cell_encoded_position(cell) && wire_get32(there + 16) == length &&
           there[28] == cell[28] && there[29] == CELL_CHUNK && wire_get16(there + 24) == key &&
           memcmp(there + CELL_FIXED_SIZE, cell + CELL_FIXED_SIZE, key) == 0;
}

/* What is wrong with the value of `ref` in its file, or NULL. */
static const char *look(struct refs *r, const struct blob_file *b, const struct blob_ref *ref,
                        const uint8_t *cell)
{
    bool piece = cell[30] & CELL_PARTS;
    size_t prefix = piece ? CELL_FIXED_SIZE + (size_t)wire_get16(cell + 24) + CHUNK_NUMBER_SIZE
                          : prefix_size(cell);
    size_t got = 0;
    uint64_t at = ref->offset, end;
    uint32_t crc = 0;
    struct err e = blob_file_holds(b, ref);

    if (err_is(e) || ref->offset < SEGMENT_FRAMES_START + prefix)
        return "a cell refers to a place outside of this file";
    buf_reserve(&r->room, CHECK_STEP);
    e = fs_read(b->file, at - prefix, r->room.data, prefix, &got);
    if (!err_is(e) && (got < prefix || !(piece ? is_piece(r->room.data, cell, ref->length)
                                               : is_same(r->room.data, cell, prefix, ref->length))))
        return "a cell refers to what is not its value";
    for (end = at + ref->length; !err_is(e) && at < end; at += got) {
        size_t step = end - at < CHECK_STEP ? (size_t)(end - at) : CHECK_STEP;
        e = fs_read(b->file, at, r->room.data, step, &got);
        if (!err_is(e) && got == 0)
            return "the file ends in a value";
        crc = crc32c_extend(crc, r->room.data, err_is(e) ? 0 : got);
    }
    if (err_is(e))
        return e.os ? strerror(e.os) : e.what;
    return crc == ref->crc ? NULL : "the checksum of a value is wrong";
}

static void check_ref(struct refs *r, const uint8_t *cell, const struct blob_ref *ref, bool hidden)
{
    struct check *c = r->check;
    struct store_file where = { .kind = FILE_BLOB };
    const struct blob_file *b = version_blob(c->v, ref->file);
    const char *what;

    check_progress(c, ref->length);
    if (!b && hidden)
        return;
    where.id = ref->file;
    where.kind = b ? b->kind : FILE_BLOB;
    what = b ? look(r, b, ref, cell) : "a cell refers to it, and it is no part of the store";
    if (what) {
        const struct store_file *f = tool_store_find(&c->store, where.kind, where.id);
        check_found(c, f ? f : &where, ref->offset, what, check_restore);
        if (!f)
            c->told = NULL;
    }
}

/* Its value's place, or those of its pieces. */
static void check_cell_refs(struct refs *r, const uint8_t *cell, bool hidden)
{
    struct blob_ref ref;
    struct cell c;

    cell_decode(cell, &c);
    for (size_t i = 0; i < cell_parts(&c); i++) {
        cell_part(&c, i, &ref);
        check_ref(r, cell, &ref, hidden);
    }
}

void check_refs(struct check *c)
{
    struct refs r = { .check = c };
    struct tree_merge m;

    if (check_refs_bytes(c) == 0)
        return;
    if (!c->tables_whole) {
        tool_line(c->store.tool,
                  "%s: whether cells refer to their values was not checked: that needs all "
                  "tables",
                  c->store.dir);
        return;
    }
    tree_merge_init(&m, c->v, NULL);
    for (; m.merge.source.cell; cell_source_next(&m.merge.source)) {
        const uint8_t *cell = m.merge.source.cell;
        if (cell[30] & (CELL_BLOB | CELL_PARTS))
            check_cell_refs(&r, cell,
                            m.merge.again || cell_encoded_stamp(cell) <= c->v->flushed[cell[28]]);
        r.untold += cell_encoded_size(cell);
        if (r.untold < SHADE_BYTES)
            continue;
        check_progress(c, r.untold);
        r.untold = 0;
    }
    check_progress(c, r.untold);
    if (err_is(m.merge.source.err))
        check_found(c, NULL, CHECK_NOWHERE, m.merge.source.err.what, check_restore);
    tree_merge_deinit(&m);
    buf_deinit(&r.room);
}

uint64_t check_refs_bytes(const struct check *c)
{
    uint64_t cells = 0, values = 0;

    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < c->v->levels[level].count; i++) {
            const struct table_meta *m = &c->v->levels[level].tables[i].table->meta;
            cells += m->raw_bytes;
            for (uint32_t k = 0; k < m->blob_count; k++)
                values += m->blobs[k].bytes;
        }
    }
    return values ? cells + values : 0;
}
