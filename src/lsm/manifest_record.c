/* manifest_record.c: one list behind another, their lengths in front. */
#include "lsm/manifest_record.h"

#include <assert.h>

#include "base/mem.h"
#include "lsm/arc_marks.h"

_Static_assert(LIMIT_DATABASES <= 32, "the bits of `flushed`");

/* --- writing */

static void put32(struct buf *to, uint32_t v)
{
    wire_put32(buf_reserve(to, 4), v);
    to->len += 4;
}

static void put64(struct buf *to, uint64_t v)
{
    wire_put64(buf_reserve(to, 8), v);
    to->len += 8;
}

static void put_count(struct buf *to, size_t count)
{
    assert(count <= UINT32_MAX);
    put32(to, (uint32_t)count);
}

/* Room for the record's head; returns where it begins. */
static size_t begin(struct buf *to)
{
    size_t at = to->len;

    memset(buf_reserve(to, RECORD_HEAD_SIZE), 0, RECORD_HEAD_SIZE);
    to->len += RECORD_HEAD_SIZE;
    return at;
}

static void end(struct buf *to, size_t at, const struct record_head *head)
{
    struct record_head h = *head;
    size_t length = to->len - at - RECORD_HEAD_SIZE;

    assert(length <= UINT32_MAX && length % 8 == 0);
    h.length = (uint32_t)length;
    record_head_put(to->data + at, &h);
    record_seal(to->data + at);
}

/* The first part of a payload; `e` has the counts. */
static void put_fixed(struct buf *to, const struct edit *e, uint64_t next_file)
{
    uint32_t flushed = 0;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        flushed |= e->flushed[db] ? (uint32_t)1 << db : 0;
    put64(to, next_file);
    put32(to, e->has_mark);
    put32(to, flushed);
    put_count(to, e->add_count);
    put_count(to, e->drop_count);
    put_count(to, e->add_blob_count);
    put_count(to, e->drop_blob_count);
    put_count(to, e->live_count);
    put_count(to, e->has_mark ? e->arcs.len : 0);
    if (e->has_mark) {
        put64(to, e->mark.position);
        put64(to, e->mark.index);
        put64(to, e->mark.stamp);
        put64(to, e->mark.through);
    }
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if (e->flushed[db])
            put64(to, e->flushed[db]);
    }
}

/* Ids are checked when they are written as when they are read. */
static bool id_good(uint64_t id, uint64_t next_file)
{
    return id != 0 && id < next_file;
}

static void put_id(struct buf *to, uint64_t id, uint64_t next_file)
{
    assert(id_good(id, next_file));
    put64(to, id);
}

static void put_table(struct buf *to, const struct edit_table *t, uint64_t next_file)
{
    assert(t->size != 0);
    put_id(to, t->id, next_file);
    put64(to, t->size);
    put64(to, t->order);
    put32(to, t->level);
    put32(to, 0);
}

static void put_blob(struct buf *to, const struct edit_blob *b, uint64_t next_file)
{
    assert((b->kind == FILE_SEGMENT || b->kind == FILE_BLOB) && b->size != 0);
    put_id(to, b->id, next_file);
    put64(to, b->size);
    put32(to, b->kind == FILE_SEGMENT ? RECORD_KIND_SEGMENT : RECORD_KIND_BLOB);
    put32(to, 0);
}

static void put_live(struct buf *to, uint64_t file, int64_t bytes, uint64_t next_file)
{
    put_id(to, file, next_file);
    put64(to, (uint64_t)bytes);
}

static void put_arcs(struct buf *to, const struct buf *arcs)
{
    assert(arc_marks_good(buf_slice(arcs)));
    buf_append(to, buf_slice(arcs));
}

void record_put_edit(struct buf *to, const struct record_head *head, const struct edit *e,
                     uint64_t next_file)
{
    size_t at = begin(to);

    put_fixed(to, e, next_file);
    for (size_t i = 0; i < e->add_count; i++)
        put_table(to, &e->add[i], next_file);
    for (size_t i = 0; i < e->drop_count; i++)
        put_id(to, e->drop[i], next_file);
    for (size_t i = 0; i < e->add_blob_count; i++)
        put_blob(to, &e->add_blobs[i], next_file);
    for (size_t i = 0; i < e->drop_blob_count; i++)
        put_id(to, e->drop_blobs[i], next_file);
    for (size_t i = 0; i < e->live_count; i++)
        put_live(to, e->live[i].file, e->live[i].bytes, next_file);
    if (e->has_mark)
        put_arcs(to, &e->arcs);
    end(to, at, head);
}

void record_put_version(struct buf *to, const struct record_head *head, const struct version *v,
                        uint64_t next_file)
{
    struct edit counts = { .has_mark = true,
                           .mark = v->mark,
                           .arcs = v->arcs,
                           .add_blob_count = v->blob_count,
                           .live_count = v->blob_count };
    size_t at = begin(to);

    for (unsigned level = 0; level < LEVELS; level++)
        counts.add_count += v->levels[level].count;
    memcpy(counts.flushed, v->flushed, sizeof counts.flushed);
    put_fixed(to, &counts, next_file);
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++) {
            const struct placed *p = &v->levels[level].tables[i];
            put_table(to,
                      &(struct edit_table){ .level = level,
                                            .order = p->order,
                                            .id = p->table->meta.id,
                                            .size = p->table->meta.size },
                      next_file);
        }
    }
    for (size_t i = 0; i < v->blob_count; i++) {
        const struct blob_file *b = v->blobs[i].blob;
        put_blob(to, &(struct edit_blob){ .id = b->id, .kind = b->kind, .size = v->blobs[i].size },
                 next_file);
    }
    for (size_t i = 0; i < v->blob_count; i++)
        put_live(to, v->blobs[i].blob->id, (int64_t)v->blobs[i].live, next_file);
    put_arcs(to, &v->arcs);
    end(to, at, head);
}

/* --- reading */

/* The fixed part's counts, and whether the lists they tell fill the payload. */
static bool get_counts(struct slice payload, struct edit *e, uint32_t *flushed, uint32_t *arcs)
{
    const uint8_t *p = payload.data;
    uint64_t size = RECORD_FIXED_SIZE;

    if (payload.len < RECORD_FIXED_SIZE)
        return false;
    *flushed = wire_get32(p + 12);
    e->has_mark = wire_get32(p + 8) == 1;
    e->add_count = wire_get32(p + 16);
    e->drop_count = wire_get32(p + 20);
    e->add_blob_count = wire_get32(p + 24);
    e->drop_blob_count = wire_get32(p + 28);
    e->live_count = wire_get32(p + 32);
    *arcs = wire_get32(p + 36);
    if (wire_get32(p + 8) > 1 || (*arcs && !e->has_mark) || *flushed >> LIMIT_DATABASES)
        return false;
    size += (e->has_mark ? RECORD_MARK_SIZE : 0) + 8u * (uint64_t)__builtin_popcount(*flushed);
    size += RECORD_TABLE_SIZE * (uint64_t)e->add_count + 8 * (uint64_t)e->drop_count;
    size += RECORD_BLOB_SIZE * (uint64_t)e->add_blob_count + 8 * (uint64_t)e->drop_blob_count;
    size += RECORD_LIVE_SIZE * (uint64_t)e->live_count + *arcs;
    return size == payload.len;
}

static bool get_stamps(const uint8_t **at, struct edit *e, uint32_t flushed)
{
    bool good = true;

    if (e->has_mark) {
        e->mark = (struct log_mark){ wire_get64(*at), wire_get64(*at + 8), wire_get64(*at + 16),
                                     wire_get64(*at + 24) };
        good = e->mark.through >= e->mark.position;
        *at += RECORD_MARK_SIZE;
    }
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if (!(flushed >> db & 1))
            continue;
        e->flushed[db] = wire_get64(*at);
        good = good && e->flushed[db] != 0;
        *at += 8;
    }
    return good;
}

static bool get_tables(const uint8_t **at, struct edit *e, uint64_t next_file)
{
    bool good = true;

    e->add = mem_alloc(e->add_count * sizeof *e->add);
    for (size_t i = 0; i < e->add_count; i++, *at += RECORD_TABLE_SIZE) {
        struct edit_table t = { .id = wire_get64(*at),
                                .size = wire_get64(*at + 8),
                                .order = wire_get64(*at + 16),
                                .level = wire_get32(*at + 24) };
        good = good && id_good(t.id, next_file) && t.size != 0 && t.level < LEVELS &&
               (t.level == 0 || t.order == 0) && wire_get32(*at + 28) == 0;
        e->add[i] = t;
    }
    return good;
}

static bool get_blobs(const uint8_t **at, struct edit *e, uint64_t next_file)
{
    bool good = true;

    e->add_blobs = mem_alloc(e->add_blob_count * sizeof *e->add_blobs);
    for (size_t i = 0; i < e->add_blob_count; i++, *at += RECORD_BLOB_SIZE) {
        uint32_t kind = wire_get32(*at + 16);
        struct edit_blob b = { .id = wire_get64(*at),
                               .size = wire_get64(*at + 8),
                               .kind = kind == RECORD_KIND_SEGMENT ? FILE_SEGMENT : FILE_BLOB };
        good = good && id_good(b.id, next_file) && b.size != 0 &&
               (kind == RECORD_KIND_SEGMENT || kind == RECORD_KIND_BLOB) &&
               wire_get32(*at + 20) == 0;
        e->add_blobs[i] = b;
    }
    return good;
}

static bool get_ids(const uint8_t **at, uint64_t **ids, size_t count, uint64_t next_file)
{
    bool good = true;

    *ids = mem_alloc(count * sizeof **ids);
    for (size_t i = 0; i < count; i++, *at += 8) {
        (*ids)[i] = wire_get64(*at);
        good = good && id_good((*ids)[i], next_file);
    }
    return good;
}

static bool get_live(const uint8_t **at, struct edit *e, uint64_t next_file)
{
    bool good = true;

    e->live = mem_alloc(e->live_count * sizeof *e->live);
    for (size_t i = 0; i < e->live_count; i++, *at += RECORD_LIVE_SIZE) {
        e->live[i] = (struct edit_live){ wire_get64(*at), (int64_t)wire_get64(*at + 8) };
        good = good && id_good(e->live[i].file, next_file) &&
               (i == 0 || e->live[i - 1].file < e->live[i].file);
    }
    return good;
}

struct err record_get(struct slice record, struct record_head *head, struct edit *e,
                      uint64_t *next_file)
{
    struct slice payload = slice_of(record.data + RECORD_HEAD_SIZE, record.len - RECORD_HEAD_SIZE);
    const uint8_t *at;
    uint32_t flushed, arcs;
    bool good;

    *e = (struct edit){ 0 };
    record_head_get(record.data, head);
    if ((head->kind != RECORD_SNAPSHOT && head->kind != RECORD_EDIT) ||
        wire_get32(record.data + 36) != 0 || !get_counts(payload, e, &flushed, &arcs)) {
        *e = (struct edit){ 0 }; /* its counts have no arrays */
        return err_make(ERR_CORRUPT, 0, "a record that cannot be");
    }
    *next_file = wire_get64(payload.data);
    at = payload.data + RECORD_FIXED_SIZE;
    good = get_stamps(&at, e, flushed);
    good = get_tables(&at, e, *next_file) && good;
    good = get_ids(&at, &e->drop, e->drop_count, *next_file) && good;
    good = get_blobs(&at, e, *next_file) && good;
    good = get_ids(&at, &e->drop_blobs, e->drop_blob_count, *next_file) && good;
    good = get_live(&at, e, *next_file) && good;
    buf_append(&e->arcs, slice_of(at, arcs));
    at += arcs;
    good = arc_marks_good(buf_slice(&e->arcs)) && good;
    assert(at == payload.data + payload.len);
    e->number = head->number;
    if (!good) {
        edit_deinit(e);
        return err_make(ERR_CORRUPT, 0, "an edit that cannot be");
    }
    return err_ok();
}
