/* find.c: one key, newest source first, without waiting for a disk.
 *
 *     active memtable -> sealed ones -> L0, newest first -> L1 ... L6
 *
 * The first cell found is the newest.  A table is asked only if its filter may hold
 * the position; its block comes from the cache, else from the page cache, else it
 * is wanted. */
#include <assert.h>

#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/find.h"
#include "lsm/lsm_state.h"

/* What find_tables() and its helpers share. */
struct find {
    struct lsm *lsm;
    const struct cell_key *key;
    const struct ahead_seen *seen; /* of its position; NULL: nothing is remembered */
    const uint8_t *cell;
    size_t asked; /* tables that might have had it and had not */
    struct err err;
};

/* Reads `size` bytes if the page cache has them all. */
static uint8_t *read_now(struct fs_file *file, uint64_t offset, size_t size, struct err *e)
{
    uint8_t *bytes = mem_alloc(size);
    size_t got = 0;

    *e = fs_read_now(file, offset, bytes, size, &got);
    if (!err_is(*e) && got == size)
        return bytes;
    mem_free(bytes);
    return NULL;
}

const uint8_t *find_block(struct lsm *lsm, struct table *t, uint32_t block, size_t *len,
                          struct err *e)
{
    uint64_t offset;
    uint32_t size;
    const uint8_t *payload;
    uint8_t *raw, *fresh;

    *e = err_ok();
    payload = cache_find(lsm->cache, CACHE_BLOCKS, t->meta.id, block, len);
    if (payload)
        return payload;
    table_extent(t, block, &offset, &size);
    if (!pressure_read_now(&lsm->pressure, size))
        return NULL;
    raw = read_now(t->file, offset, size, e);
    if (!raw)
        return NULL;
    *e = table_unpack(t, block, raw, &fresh, len);
    mem_free(raw);
    if (err_is(*e))
        return NULL;
    lsm->stats.reads_now++;
    return cache_bytes(
        cache_insert(lsm->cache, CACHE_BLOCKS, t->meta.id, block, fresh, *len, false), len);
}

/* The payload of the block that has the key if the table has it, or NULL: it is to be
 * read; *beyond: there is no such block. */
static const uint8_t *block_of(struct find *f, struct table *t, size_t *len, bool *beyond)
{
    uint32_t block;

    if (f->seen && f->seen->table == t && f->seen->entry)
        return cache_use(f->lsm->cache, f->seen->entry, len);
    block = table_locate(t, f->key);
    *beyond = block == t->blocks;
    return *beyond ? NULL : find_block(f->lsm, t, block, len, &f->err);
}

/* True: the search is over, with a cell, a want or an error. */
static bool find_in(struct find *f, struct table *t, bool *want)
{
    struct table_block b;
    const uint8_t *payload;
    bool beyond = false;
    size_t len;

    if (!table_may_hold(t, f->key->position))
        return false;
    payload = block_of(f, t, &len, &beyond);
    if (beyond)
        return false;
    if (!payload) {
        *want = true;
        return true;
    }
    f->err = table_block_open(slice_of(payload, len), &b);
    if (err_is(f->err)) {
        *want = true;
        return true;
    }
    f->cell = table_block_find(&b, f->key);
    if (f->cell)
        return true;
    f->asked++;
    f->lsm->stats.filter_wrong++;
    return false;
}

/* True: it is known what there is, f->cell or nothing. */
static bool find_tables(struct find *f)
{
    const struct version *v = f->lsm->version;
    bool want = false;

    f->seen = ahead_find(&f->lsm->ahead, f->key->position);
    if (f->seen && !f->seen->table)
        return true;
    for (size_t i = 0; i < v->levels[0].count; i++) {
        if (find_in(f, v->levels[0].tables[i].table, &want))
            return !want;
    }
    for (unsigned level = 1; level < LEVELS; level++) {
        struct table *t = v->levels[level].count ? version_table(v, level, f->key->position) : NULL;
        if (t && find_in(f, t, &want))
            return !want;
    }
    return true;
}

/* The bytes of a value in pieces, if a fetch has put them together. */
static bool find_whole(struct lsm *lsm, struct cell *c)
{
    uint64_t length = cell_parts_length(c);
    const uint8_t *value;
    struct blob_ref first;
    size_t len;

    cell_part(c, 0, &first);
    value = cache_find(lsm->cache, CACHE_VALUES, first.file, first.offset, &len);
    if (!value || len != length)
        return false;
    c->value = slice_of(value, len);
    c->flags &= (uint8_t)~CELL_PARTS;
    return true;
}

/* The bytes of a large value, from the cache or the page cache. */
static bool find_value(struct lsm *lsm, struct cell *c)
{
    const uint8_t *value;
    struct blob_file *b;
    struct blob_ref ref;
    struct err e;
    uint8_t *bytes;
    size_t len;

    blob_ref_get(c->value.data, &ref);
    value = cache_find(lsm->cache, CACHE_VALUES, ref.file, ref.offset, &len);
    if (!value) {
        b = version_blob(lsm->version, ref.file);
        if (!b || err_is(blob_file_holds(b, &ref)) ||
            !pressure_read_now(&lsm->pressure, ref.length))
            return false; /* the fetch says what is wrong */
        bytes = mem_alloc(ref.length);
        if (!blob_file_read_now(b, &ref, bytes, &e)) {
            mem_free(bytes);
            return false;
        }
        lsm->stats.reads_now++;
        value = cache_bytes(
            cache_insert(lsm->cache, CACHE_VALUES, ref.file, ref.offset, bytes, ref.length, false),
            &len);
    }
    if (len != ref.length)
        return false;
    c->value = slice_of(value, len);
    c->flags &= (uint8_t)~CELL_BLOB;
    return true;
}

enum lsm_answer lsm_find(struct lsm *lsm, const struct cell_key *key, enum want_kind kind,
                         struct cell *out)
{
    struct find f = { .lsm = lsm, .key = key, .err = err_ok() };

    if (!lsm->log)
        return LSM_ABSENT;
    f.cell = dataset_find(&lsm->data, key);
    if (!f.cell && !find_tables(&f)) {
        *out = (struct cell){ 0 };
        return LSM_WANT; /* after an error too: the fetch meets it again and tells */
    }
    if (!f.cell || !dataset_visible(&lsm->data, f.cell))
        return LSM_ABSENT;
    cell_decode(f.cell, out);
    out->flags &= (uint8_t)~CELL_OVER;
    if (kind != WANT_CELL && (out->flags & CELL_BLOB) && !find_value(lsm, out))
        return LSM_WANT;
    if (kind == WANT_WHOLE && (out->flags & CELL_PARTS) && !find_whole(lsm, out))
        return LSM_WANT;
    return LSM_HERE;
}

bool lsm_firm(const struct lsm *lsm, const struct cell *head)
{
    for (size_t i = 0; i < cell_parts(head); i++) {
        const struct blob_file *b;
        struct blob_ref ref;
        cell_part(head, i, &ref);
        b = version_blob(lsm->version, ref.file);
        if (!b || b->leaving)
            return false;
    }
    return true;
}

bool find_progress(struct lsm *lsm, const struct cell_key *key, size_t *skip, struct buf *refs)
{
    struct find f = { .lsm = lsm, .key = key, .err = err_ok() };
    struct cell c;

    *skip = 0;
    f.cell = dataset_find(&lsm->data, key);
    if (!f.cell && !find_tables(&f)) {
        *skip = f.asked;
        return false;
    }
    if (!f.cell)
        return false;
    cell_decode(f.cell, &c);
    if (!(c.flags & (CELL_BLOB | CELL_PARTS)))
        return false;
    buf_append(refs, c.value);
    return true;
}
