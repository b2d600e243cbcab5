/* rewrite.c: stages of small steps; a slice takes steps until it has had its bytes. */
#include "lsm/rewrite.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/blob_scan.h"
#include "lsm/lookup.h"
#include "lsm/pile.h"
#include "lsm/run.h"
#include "lsm/table_uses.h"

enum {
    SCAN_STEP = 256 * 1024,
    LOOKUP_BLOCKS = 64, /* kept; keys come in order, so the next is often in one of them */
    LOOKUP_COST = 512,  /* of a slice's bytes, beside what is read */
    KEYS_BYTES = 8 * 1024 * 1024, /* of keys noted at a time; a segment may have millions */
    BLOB_SIZE = 256 * 1024 * 1024,
};

/* SCAN -> JUDGE -> SCAN ...  for each part of each victim, then  COPY -> END_BLOB ->
 * END_TABLE -> ENDED, and from anywhere ENDED with an error. */
enum stage {
    STAGE_SCAN,
    STAGE_JUDGE,
    STAGE_COPY,
    STAGE_END_BLOB,
    STAGE_END_TABLE,
    STAGE_ENDED,
};

struct victim {
    struct blob_file *blob;
    struct err err; /* why it is left alone */
    uint64_t where; /* it was found out: an offset in it */
};

struct rewrite {
    struct job job;
    void *owner;
    struct rewrite_options options;
    const struct version *version;
    enum stage stage;
    struct err err;
    bool taken;
    struct victim *victims;
    size_t victim_count;
    size_t victim; /* that is scanned or judged */
    bool scanning;
    struct blob_scan scan;
    struct lookup lookup;
    struct pile keys; /* of a part of the victim: cells without values */
    struct pile live; /* as the tables have them, with the old refs; or tombstones */
    size_t next;      /* of `keys` to be judged, or of `live` to be copied */
    struct buf value;
    struct blob_writer *blob;
    struct buf parts; /* of the head whose pieces are copied: their references */
    bool moved;       /* ... one of them is new */
    struct table_writer *writer;
    struct table *table;
    struct edit edit; /* the blob files that are whole, and their live bytes */
    uint64_t written;
};

/* --- one victim */

static void leave_alone(struct victim *v, struct err e, uint64_t where)
{
    v->err = e;
    v->where = where;
}

static void end_scan(struct rewrite *r)
{
    if (r->scanning)
        blob_scan_deinit(&r->scan);
    r->scanning = false;
}

/* To the next part of the victim, or the next victim. */
static void scan_on(struct rewrite *r)
{
    pile_clear(&r->keys);
    r->stage = STAGE_SCAN;
    if (!r->scanning)
        r->victim++;
}

static void begin_judging(struct rewrite *r, struct victim *v)
{
    if (err_is(r->scan.source.err)) {
        leave_alone(v, r->scan.source.err, r->scan.frame);
        pile_clear(&r->keys);
    }
    if (!r->scan.source.cell)
        end_scan(r);
    pile_sort(&r->keys);
    r->next = 0;
    r->stage = STAGE_JUDGE;
}

/* Notes one cell's key.  What a flush hides, tombstones and empty values have
 * nothing to move. */
static uint64_t scan_step(struct rewrite *r)
{
    struct victim *v;
    uint64_t size;
    struct cell c;

    if (r->victim == r->victim_count) {
        pile_sort(&r->live);
        r->next = 0;
        r->stage = STAGE_COPY;
        return r->options.slice_bytes / 2;
    }
    v = &r->victims[r->victim];
    if (!r->scanning) {
        blob_scan_init(&r->scan, v->blob, SCAN_STEP);
        r->scanning = true;
    }
    if (!r->scan.source.cell || pile_bytes(&r->keys) >= r->options.keys_bytes) {
        begin_judging(r, v);
        return r->options.slice_bytes / 2;
    }
    size = r->scan.next - r->scan.offset;
    cell_decode(r->scan.source.cell, &c);
    if (c.key.kind == CELL_CHUNK ||
        (c.key.kind != CELL_FLUSH && c.value.len && c.stamp > r->options.flushed[c.key.db])) {
        struct cell bare = { .key = c.key };
        if (c.key.kind == CELL_CHUNK) { /* its head is what refers to it, and counts */
            bare.key.kind = CELL_HEAD;
            bare.key.subkey = slice_of(NULL, 0);
        }
        pile_add(&r->keys, &bare, r->scan.offset + (uint64_t)(c.value.data - r->scan.source.cell));
    }
    cell_source_next(&r->scan.source);
    return size;
}

/* Whether the newest cell of a key is one that refers to this very value. */
static bool is_alive(const struct cell *newest, uint64_t file, uint64_t offset)
{
    struct blob_ref ref;
    bool refers = false;

    if (!(newest->flags & (CELL_BLOB | CELL_PARTS)))
        return false;
    for (size_t i = 0; i < cell_parts(newest) && !refers; i++) {
        cell_part(newest, i, &ref);
        refers = ref.file == file && ref.offset == offset;
    }
    return refers;
}

/* The new cell is over the one it is a copy of. */
static void keep(struct rewrite *r, struct cell *newest)
{
    uint8_t over = newest->flags & CELL_EXPIRES ? CELL_OVER : CELL_OVER_LIVE;

    if (pile_again(&r->live, r->live.count, &newest->key))
        return;
    if (newest->stamp <= r->options.flushed[newest->key.db])
        return;
    if (cell_expired(newest, r->options.now_ms)) {
        newest->flags = (uint8_t)(CELL_TOMBSTONE | (newest->flags & CELL_CONTEXT));
        newest->type = CELL_NONE;
        newest->value = slice_of(NULL, 0);
    }
    newest->flags &= (uint8_t)~CELL_OVER;
    if (newest->key.kind == CELL_HEAD)
        newest->flags |= over;
    pile_add(&r->live, newest, 0);
}

static uint64_t judge_step(struct rewrite *r)
{
    struct victim *v = &r->victims[r->victim];
    size_t blocks;
    struct cell_key key;
    const uint8_t *cell;
    struct cell newest;
    uint64_t cost = LOOKUP_COST;
    struct err e;

    if (r->next == r->keys.count) {
        scan_on(r);
        return 0;
    }
    if (r->lookup.count > LOOKUP_BLOCKS)
        lookup_deinit(&r->lookup);
    blocks = r->lookup.count;
    key = run_key_of(pile_cell(&r->keys, r->next));
    cell = lookup_find(&r->lookup, &key, &e);
    for (size_t i = blocks; i < r->lookup.count; i++)
        cost += r->lookup.blocks[i].len;
    if (err_is(e)) {
        leave_alone(v, e, r->keys.items[r->next].offset);
        end_scan(r);
        scan_on(r);
        return cost;
    }
    if (cell) {
        cell_decode(cell, &newest);
        if (is_alive(&newest, v->blob->id, r->keys.items[r->next].offset))
            keep(r, &newest);
    }
    r->next++;
    return cost;
}

/* --- copying */

static struct victim *victim_of(struct rewrite *r, uint64_t file)
{
    for (size_t i = 0; i < r->victim_count; i++) {
        if (r->victims[i].blob->id == file)
            return &r->victims[i];
    }
    return NULL;
}

/* Brings the value of `ref` into r->value; false: it is in no victim, or one that is
 * left alone. */
static bool read_value(struct rewrite *r, const struct blob_ref *ref)
{
    struct victim *v = victim_of(r, ref->file);
    struct err e;

    if (!v || err_is(v->err))
        return false;
    e = blob_file_holds(v->blob, ref);
    if (!err_is(e)) {
        r->value.len = 0;
        e = blob_file_read(v->blob, ref, buf_reserve(&r->value, ref->length));
        r->value.len = ref->length;
    }
    if (err_is(e))
        leave_alone(v, e, ref->offset);
    return !err_is(e);
}

/* Writes the cell with its value into the blob file; *ref is its new place. */
static struct err copy_value(struct rewrite *r, const struct cell *c, struct blob_ref *ref)
{
    uint32_t crc = ref->crc;
    struct cell whole = *c;
    struct err e = err_ok();

    if (!r->blob)
        e = blob_writer_open(&r->blob, r->options.env->fs, r->options.dir,
                             file_ids_take(r->options.ids));
    whole.flags &= (uint8_t) ~(CELL_BLOB | CELL_PARTS);
    whole.value = buf_slice(&r->value);
    if (!err_is(e))
        e = blob_writer_add(r->blob, &whole, ref);
    assert(err_is(e) || ref->crc == crc);
    return e;
}

static struct err add_to_table(struct rewrite *r, const struct cell *c)
{
    struct err e = err_ok();

    if (!r->writer)
        e = table_writer_open(&r->writer, r->options.env->fs, r->options.dir,
                              file_ids_take(r->options.ids), &r->options.table);
    if (err_is(e))
        return e;
    r->value.len = 0;
    cell_encode(c, buf_reserve(&r->value, cell_size(c)));
    return table_writer_add(r->writer, r->value.data, cell_size(c));
}

/* The next piece: to a new place if it is in a victim. */
static uint64_t copy_part(struct rewrite *r, const struct cell *c, size_t i)
{
    uint8_t number[CHUNK_NUMBER_SIZE];
    struct cell piece = { .key = c->key, .stamp = c->stamp, .origin = c->origin };
    struct blob_ref ref;

    cell_part(c, i, &ref);
    if (read_value(r, &ref)) {
        chunk_number_put(number, i);
        piece.key.kind = CELL_CHUNK;
        piece.key.subkey = slice_of(number, sizeof number);
        r->err = copy_value(r, &piece, &ref);
        r->moved = true;
    }
    blob_ref_put(buf_reserve(&r->parts, BLOB_REF_SIZE), &ref);
    r->parts.len += BLOB_REF_SIZE;
    return 2 * (uint64_t)ref.length;
}

/* A head whose value is in pieces: one of them a step, then the head. */
static uint64_t copy_parts(struct rewrite *r, struct cell *c)
{
    size_t done = r->parts.len / BLOB_REF_SIZE;

    if (done < cell_parts(c))
        return copy_part(r, c, done);
    c->value = buf_slice(&r->parts);
    if (r->moved)
        r->err = add_to_table(r, c);
    r->parts.len = 0;
    r->moved = false;
    r->next++;
    return cell_size(c);
}

static uint64_t copy_step(struct rewrite *r)
{
    uint8_t bytes[BLOB_REF_SIZE];
    struct blob_ref ref = { .length = 0 };
    struct cell c;

    if (!err_is(r->err) && r->blob && blob_writer_size(r->blob) >= r->options.blob_size) {
        r->stage = STAGE_END_BLOB;
        return 0;
    }
    if (r->next == r->live.count) {
        r->stage = STAGE_END_BLOB;
        return 0;
    }
    cell_decode(pile_cell(&r->live, r->next), &c);
    if (pile_again(&r->live, r->next, &c.key)) {
        r->next++;
        return 0;
    }
    if (c.flags & CELL_PARTS)
        return copy_parts(r, &c);
    r->next++;
    if (c.flags & CELL_BLOB) {
        blob_ref_get(c.value.data, &ref);
        if (!read_value(r, &ref))
            return ref.length;
        r->err = copy_value(r, &c, &ref);
        blob_ref_put(bytes, &ref);
        c.value = slice_of(bytes, sizeof bytes);
    }
    if (!err_is(r->err))
        r->err = add_to_table(r, &c);
    return 2 * (uint64_t)ref.length + cell_size(&c);
}

/* --- ending */

/* The open blob file is whole; then goes on, with another one or the table. */
static uint64_t end_blob_step(struct rewrite *r)
{
    struct blob_file *blob = NULL;
    struct blob_writer *w = r->blob;

    r->stage = r->next < r->live.count ? STAGE_COPY : STAGE_END_TABLE;
    if (!w)
        return 0;
    r->blob = NULL;
    r->err = blob_writer_finish(w, &blob);
    if (err_is(r->err))
        return 0;
    r->written += blob->size;
    edit_add_blob(&r->edit, blob);
    return r->options.slice_bytes;
}

static void remove_file(struct rewrite *r, enum file_kind kind, uint64_t id)
{
    char *path = file_path(r->options.dir, kind, id);

    fs_remove(r->options.env->fs, path);
    mem_free(path);
}

static void end_table(struct rewrite *r)
{
    struct table_writer *w = r->writer;
    struct table_meta meta;

    r->writer = NULL;
    r->err = table_writer_finish(w, &meta);
    if (err_is(r->err))
        return;
    mem_free(meta.blobs);
    r->err = table_open(&r->table, r->options.env->fs, r->options.dir, meta.id, meta.size);
    if (err_is(r->err))
        remove_file(r, FILE_TABLE, meta.id);
    else
        r->written += meta.size;
}

static uint64_t end_table_step(struct rewrite *r)
{
    if (r->writer) {
        end_table(r);
        if (!err_is(r->err))
            r->err = fs_sync_dir(r->options.env->fs, r->options.dir);
    }
    r->stage = STAGE_ENDED;
    return 0;
}

/* Ends everything it made, and removes it. */
static void give_up(struct rewrite *r, bool remove)
{
    blob_writer_abandon(r->blob, remove);
    r->blob = NULL;
    table_writer_abandon(r->writer, remove);
    r->writer = NULL;
    if (r->table) {
        uint64_t id = r->table->meta.id;
        table_close(r->table);
        r->table = NULL;
        if (remove)
            remove_file(r, FILE_TABLE, id);
    }
    for (size_t i = 0; i < r->edit.add_blob_count; i++) {
        uint64_t id = r->edit.add_blobs[i].id;
        blob_file_close(r->edit.add_blobs[i].blob);
        if (remove)
            remove_file(r, FILE_BLOB, id);
    }
    edit_deinit(&r->edit);
    r->edit = (struct edit){ .number = 0 };
}

/* Returns what it cost, in bytes. */
static uint64_t step(struct rewrite *r)
{
    switch (r->stage) {
    case STAGE_SCAN:
        return scan_step(r);
    case STAGE_JUDGE:
        return judge_step(r);
    case STAGE_COPY:
        return copy_step(r);
    case STAGE_END_BLOB:
        return end_blob_step(r);
    case STAGE_END_TABLE:
        return end_table_step(r);
    case STAGE_ENDED:
        break;
    }
    assert(false); /* a step behind the end */
    return 0;
}

static void run(struct job *job)
{
    struct rewrite *r = list_item(job, struct rewrite, job);
    uint64_t bytes = 0;

    do
        bytes += step(r);
    while (r->stage != STAGE_ENDED && !err_is(r->err) && bytes < r->options.slice_bytes);
    if (err_is(r->err)) {
        r->stage = STAGE_ENDED;
        give_up(r, true);
    }
}

/* --- public */

struct rewrite *rewrite_new(const struct rewrite_options *o, const struct version *v,
                            const uint64_t *files, size_t count)
{
    struct rewrite *r = mem_zalloc(1, sizeof *r);

    r->options = *o;
    if (!r->options.blob_size)
        r->options.blob_size = BLOB_SIZE;
    if (!r->options.keys_bytes)
        r->options.keys_bytes = KEYS_BYTES;
    r->version = v;
    r->lookup.version = v;
    r->err = err_ok();
    r->job = (struct job){ .run = run, .priority = JOB_LATER };
    r->victims = mem_zalloc(count, sizeof *r->victims);
    r->victim_count = count;
    for (size_t i = 0; i < count; i++) {
        r->victims[i].blob = version_blob(v, files[i]);
        r->victims[i].err = err_ok();
        assert(r->victims[i].blob);
    }
    return r;
}

struct job *rewrite_job(struct rewrite *r)
{
    return &r->job;
}

void rewrite_set_owner(struct rewrite *r, void *owner)
{
    r->owner = owner;
}

void *rewrite_owner(struct job *job)
{
    return list_item(job, struct rewrite, job)->owner;
}

bool rewrite_ended(const struct rewrite *r)
{
    return r->stage == STAGE_ENDED;
}

struct err rewrite_error(const struct rewrite *r)
{
    return r->err;
}

static void mark(struct rewrite *r, const struct victim *v)
{
    v->blob->stuck = true;
    trace_log(r->options.env->trace, TRACE_WARNING,
              "%s %016llx keeps its garbage: %s, at byte %llu of it",
              v->blob->kind == FILE_BLOB ? "blob file" : "log segment",
              (unsigned long long)v->blob->id, v->err.what, (unsigned long long)v->where);
}

static uint64_t live_of(const struct version *v, uint64_t id)
{
    size_t i = 0;

    while (v->blobs[i].blob->id != id)
        i++;
    return v->blobs[i].live;
}

/* Nothing but what was read refers to it: heads of values in pieces are put again with
 * another expiry, which no memtable or flush may have done meanwhile. */
static bool can_go(const struct rewrite *r, const struct version *now, const struct blob_file *b)
{
    return !b->busy && live_of(now, b->id) == live_of(r->version, b->id);
}

void rewrite_take_edit(struct rewrite *r, const struct version *now, struct edit *out)
{
    assert(rewrite_ended(r) && !err_is(r->err) && !r->taken);
    r->taken = true;
    if (r->table) {
        edit_add_table(&r->edit, 0, r->options.order, r->table);
        table_uses_add(&r->edit, r->table);
    }
    r->table = NULL;
    for (size_t i = 0; i < r->victim_count; i++) {
        struct blob_file *b = r->victims[i].blob;
        if (err_is(r->victims[i].err)) {
            mark(r, &r->victims[i]);
        } else if (can_go(r, now, b)) {
            b->leaving = true;
            edit_drop_blob(&r->edit, b->id);
        }
    }
    *out = r->edit;
    r->edit = (struct edit){ .number = 0 };
}

uint64_t rewrite_written(const struct rewrite *r)
{
    return r->written;
}

uint64_t rewrite_bytes(const struct rewrite *r)
{
    return pile_bytes(&r->keys) + pile_bytes(&r->live);
}

void rewrite_free(struct rewrite *r, bool remove)
{
    if (!r)
        return;
    end_scan(r);
    give_up(r, remove);
    lookup_deinit(&r->lookup);
    pile_clear(&r->keys);
    pile_clear(&r->live);
    buf_deinit(&r->value);
    buf_deinit(&r->parts);
    mem_free(r->victims);
    mem_free(r);
}
