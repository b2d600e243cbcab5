/* version.c: one pass over the old version's arrays makes the new one's. */
#include "lsm/version.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What version_apply() works with: the edit's parts in the order they are looked
 * up or merged in. */
struct applying {
    const struct version *old;
    struct version *fresh;
    struct edit_table *add; /* by level, then as in the level */
    size_t add_count;
    uint64_t *add_ids;
    uint64_t *drop;
    size_t drop_count;
    size_t dropped; /* found so far */
    struct edit_blob *add_blobs;
    size_t add_blob_count;
    uint64_t *drop_blobs;
    size_t drop_blob_count;
};

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Tables as they lie in one level. */
static int by_place(unsigned level, const struct table *a, uint64_t a_order, const struct table *b,
                    uint64_t b_order)
{
    if (level == 0)
        return a_order > b_order ? -1 : a_order < b_order;
    return a->meta.min_position < b->meta.min_position
               ? -1
               : a->meta.min_position > b->meta.min_position;
}

static int by_level(const void *a, const void *b)
{
    const struct edit_table *x = a, *y = b;

    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    return by_place(x->level, x->table, x->order, y->table, y->order);
}

static int by_blob_id(const void *a, const void *b)
{
    uint64_t x = ((const struct edit_blob *)a)->id, y = ((const struct edit_blob *)b)->id;
    return x < y ? -1 : x > y;
}

static void *sorted(const void *items, size_t count, size_t size,
                    int (*order)(const void *a, const void *b))
{
    void *copy = mem_alloc(count * size);

    if (count) {
        memcpy(copy, items, count * size);
        qsort(copy, count, size, order);
    }
    return copy;
}

static bool has(const uint64_t *ids, size_t count, uint64_t id)
{
    return count && bsearch(&id, ids, count, sizeof *ids, by_number);
}

static bool has_twins(const uint64_t *ids, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (ids[i - 1] == ids[i])
            return true;
    }
    return false;
}

static void prepare(struct applying *a, const struct version *v, const struct edit *e)
{
    *a = (struct applying){ .old = v,
                            .add_count = e->add_count,
                            .drop_count = e->drop_count,
                            .add_blob_count = e->add_blob_count,
                            .drop_blob_count = e->drop_blob_count };
    a->add = sorted(e->add, e->add_count, sizeof *e->add, by_level);
    a->drop = sorted(e->drop, e->drop_count, sizeof *e->drop, by_number);
    a->add_blobs = sorted(e->add_blobs, e->add_blob_count, sizeof *e->add_blobs, by_blob_id);
    a->drop_blobs = sorted(e->drop_blobs, e->drop_blob_count, sizeof *e->drop_blobs, by_number);
    a->add_ids = mem_alloc(e->add_count * sizeof *a->add_ids);
    for (size_t i = 0; i < e->add_count; i++)
        a->add_ids[i] = e->add[i].id;
    if (e->add_count)
        qsort(a->add_ids, e->add_count, sizeof *a->add_ids, by_number);
    a->fresh = mem_zalloc(1, sizeof *a->fresh);
    a->fresh->refs = 1;
    a->fresh->number = e->number ? e->number : v->number;
}

static void append(struct level *l, struct table *t, uint64_t order)
{
    l->tables[l->count++] = (struct placed){ t, order };
    l->bytes += t->meta.size;
}

/* Merges what stays of a level with what is added: add[0..add_count). */
static struct err merge_level(struct applying *a, unsigned level, const struct edit_table *add,
                              size_t add_count)
{
    const struct level *old = &a->old->levels[level];
    struct level *l = &a->fresh->levels[level];
    size_t next = 0;

    l->tables = mem_alloc((old->count + add_count) * sizeof *l->tables);
    for (size_t i = 0; i < old->count; i++) {
        const struct placed *p = &old->tables[i];
        if (has(a->drop, a->drop_count, p->table->meta.id)) {
            a->dropped++;
            continue;
        }
        if (has(a->add_ids, a->add_count, p->table->meta.id))
            return err_make(ERR_CORRUPT, 0, "a table is added that is there");
        while (next < add_count &&
               by_place(level, add[next].table, add[next].order, p->table, p->order) < 0) {
            append(l, add[next].table, add[next].order);
            next++;
        }
        append(l, p->table, p->order);
    }
    for (; next < add_count; next++)
        append(l, add[next].table, add[next].order);
    return err_ok();
}

/* L0 newest first, the others by position and disjoint. */
static bool level_in_order(const struct level *l, unsigned level)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct placed *p = &l->tables[i];
        if (p->table->meta.min_position > p->table->meta.max_position)
            return false;
        if (level > 0 && p->order != 0)
            return false;
        if (i == 0)
            continue;
        if (level == 0 ? p[-1].order <= p->order
                       : p[-1].table->meta.max_position >= p->table->meta.min_position)
            return false;
    }
    return true;
}

static struct err apply_tables(struct applying *a)
{
    size_t at = 0;

    if (has_twins(a->add_ids, a->add_count) || has_twins(a->drop, a->drop_count))
        return err_make(ERR_CORRUPT, 0, "an edit names a table twice");
    for (unsigned level = 0; level < LEVELS; level++) {
        size_t end = at;
        struct err e;
        while (end < a->add_count && a->add[end].level == level)
            end++;
        e = merge_level(a, level, a->add + at, end - at);
        if (err_is(e))
            return e;
        if (!level_in_order(&a->fresh->levels[level], level))
            return err_make(ERR_CORRUPT, 0, "tables of a level overlap");
        at = end;
    }
    if (at != a->add_count)
        return err_make(ERR_CORRUPT, 0, "a table is added to no level");
    if (a->dropped != a->drop_count)
        return err_make(ERR_CORRUPT, 0, "a table is dropped that is not there");
    return err_ok();
}

static struct err apply_blobs(struct applying *a)
{
    const struct version *old = a->old;
    struct version *fresh = a->fresh;
    size_t i = 0, next = 0, dropped = 0;

    fresh->blobs = mem_alloc((old->blob_count + a->add_blob_count) * sizeof *fresh->blobs);
    while (i < old->blob_count || next < a->add_blob_count) {
        struct blob_place p;
        uint64_t grown = 0;
        if (i < old->blob_count && has(a->drop_blobs, a->drop_blob_count, old->blobs[i].blob->id)) {
            dropped++;
            i++;
            continue;
        }
        if (i < old->blob_count && next < a->add_blob_count &&
            old->blobs[i].blob == a->add_blobs[next].blob)
            grown = a->add_blobs[next++].size;
        if (i < old->blob_count &&
            (next == a->add_blob_count || old->blobs[i].blob->id <= a->add_blobs[next].id))
            p = old->blobs[i++];
        else {
            p = (struct blob_place){ .blob = a->add_blobs[next].blob };
            grown = a->add_blobs[next++].size;
        }
        if (grown > p.size)
            p.size = grown;
        if (fresh->blob_count && fresh->blobs[fresh->blob_count - 1].blob->id == p.blob->id)
            return err_make(ERR_CORRUPT, 0, "a blob file is added that is there");
        fresh->blobs[fresh->blob_count++] = p;
    }
    if (dropped != a->drop_blob_count)
        return err_make(ERR_CORRUPT, 0, "a blob file is dropped that is not there");
    return err_ok();
}

/* Other threads may be reading from it; what they look for is within either size. */
static void grow_blobs(const struct edit *e)
{
    for (size_t i = 0; i < e->add_blob_count; i++) {
        struct blob_file *b = e->add_blobs[i].blob;
        if (e->add_blobs[i].size > b->size)
            __atomic_store_n(&b->size, e->add_blobs[i].size, __ATOMIC_RELAXED);
    }
}

static struct blob_place *find_blob(const struct version *v, uint64_t id)
{
    size_t low = 0, high = v->blob_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->blobs[middle].blob->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < v->blob_count && v->blobs[low].blob->id == id ? &v->blobs[low] : NULL;
}

static struct err apply_live(struct applying *a, const struct edit *e)
{
    for (size_t i = 0; i < e->live_count; i++) {
        struct blob_place *p = find_blob(a->fresh, e->live[i].file);
        int64_t sum;
        if (!p)
            continue;
        if (__builtin_add_overflow((int64_t)p->live, e->live[i].bytes, &sum) || sum < 0)
            return err_make(ERR_CORRUPT, 0, "less than nothing of a blob file is live");
        p->live = (uint64_t)sum;
    }
    return err_ok();
}

static struct err apply_rest(struct applying *a, const struct edit *e)
{
    const struct log_mark *old = &a->old->mark;

    a->fresh->mark = *old;
    if (e->has_mark) {
        if (log_mark_falls(old, &e->mark))
            return err_make(ERR_CORRUPT, 0, "the mark of the log falls");
        a->fresh->mark = e->mark;
    }
    buf_append(&a->fresh->arcs, buf_slice(e->has_mark ? &e->arcs : &a->old->arcs));
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        uint64_t before = a->old->flushed[db];
        a->fresh->flushed[db] = e->flushed[db] > before ? e->flushed[db] : before;
    }
    return err_ok();
}

static void free_arrays(struct version *v)
{
    for (unsigned level = 0; level < LEVELS; level++)
        mem_free(v->levels[level].tables);
    buf_deinit(&v->arcs);
    mem_free(v->blobs);
    mem_free(v);
}

static void hold_files(struct version *v)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++)
            v->levels[level].tables[i].table->refs++;
    }
    for (size_t i = 0; i < v->blob_count; i++)
        v->blobs[i].blob->refs++;
}

struct version *version_new(void)
{
    struct version *v = mem_zalloc(1, sizeof *v);

    v->refs = 1;
    return v;
}

struct err version_apply(const struct version *v, const struct edit *edit, struct version **out)
{
    struct applying a;
    struct err e;

    for (size_t i = 0; i < edit->add_count; i++)
        assert(edit->add[i].table && edit->add[i].table->meta.id == edit->add[i].id);
    for (size_t i = 0; i < edit->add_blob_count; i++)
        assert(edit->add_blobs[i].blob && edit->add_blobs[i].blob->id == edit->add_blobs[i].id);
    prepare(&a, v, edit);
    e = apply_tables(&a);
    if (!err_is(e))
        e = apply_blobs(&a);
    if (!err_is(e))
        e = apply_live(&a, edit);
    if (!err_is(e))
        e = apply_rest(&a, edit);
    if (!err_is(e) && edit->number && edit->number <= v->number)
        e = err_make(ERR_CORRUPT, 0, "the number of an edit falls");
    if (err_is(e)) {
        free_arrays(a.fresh);
    } else {
        hold_files(a.fresh);
        grow_blobs(edit);
        *out = a.fresh;
    }
    mem_free(a.add);
    mem_free(a.add_ids);
    mem_free(a.drop);
    mem_free(a.add_blobs);
    mem_free(a.drop_blobs);
    return e;
}

void version_hold(struct version *v)
{
    assert(v->refs > 0);
    v->refs++;
}

static void drop_table(struct table *t, const struct version_gone *gone)
{
    assert(t->refs > 0);
    if (--t->refs == 0 && gone && gone->table)
        gone->table(gone->owner, t);
}

static void drop_blob(struct blob_file *b, const struct version_gone *gone)
{
    assert(b->refs > 0);
    if (--b->refs == 0 && gone && gone->blob)
        gone->blob(gone->owner, b);
}

void version_drop(struct version *v, const struct version_gone *gone)
{
    if (!v)
        return;
    assert(v->refs > 0);
    if (--v->refs > 0)
        return;
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++)
            drop_table(v->levels[level].tables[i].table, gone);
    }
    for (size_t i = 0; i < v->blob_count; i++)
        drop_blob(v->blobs[i].blob, gone);
    free_arrays(v);
}

struct blob_file *version_blob(const struct version *v, uint64_t id)
{
    struct blob_place *p = find_blob(v, id);

    return p ? p->blob : NULL;
}

struct table *version_table(const struct version *v, unsigned level, uint64_t position)
{
    const struct level *l = &v->levels[level];
    size_t low = 0, high = l->count;

    assert(level >= 1 && level < LEVELS);
    while (low < high) { /* the first that ends at or behind it */
        size_t middle = low + (high - low) / 2;
        if (l->tables[middle].table->meta.max_position < position)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == l->count || l->tables[low].table->meta.min_position > position)
        return NULL;
    return l->tables[low].table;
}

static bool may_hold(const struct table *t, uint8_t db, uint64_t position, uint64_t flushed)
{
    return t->meta.max_stamp > flushed && (t->meta.databases >> db & 1) &&
           table_may_hold(t, position);
}

static bool levels_may_hold(const struct version *v, unsigned from, unsigned end, uint8_t db,
                            uint64_t position, uint64_t flushed)
{
    for (size_t i = 0; from == 0 && i < v->levels[0].count; i++) {
        if (may_hold(v->levels[0].tables[i].table, db, position, flushed))
            return true;
    }
    for (unsigned level = from ? from : 1; level < end; level++) {
        const struct table *t = v->levels[level].count ? version_table(v, level, position) : NULL;
        if (t && may_hold(t, db, position, flushed))
            return true;
    }
    return false;
}

bool version_may_hold(const struct version *v, unsigned from, uint8_t db, uint64_t position,
                      uint64_t flushed)
{
    return levels_may_hold(v, from, LEVELS, db, position, flushed);
}

bool version_may_hold_above(const struct version *v, unsigned level, uint8_t db, uint64_t position,
                            uint64_t flushed)
{
    return level > 0 && levels_may_hold(v, 0, level, db, position, flushed);
}

void version_prefetch(const struct version *v, unsigned from, const uint8_t *cell)
{
    uint64_t position = cell_encoded_position(cell);

    if (!(cell[30] & (CELL_OVER | CELL_TOMBSTONE | CELL_EXPIRES)))
        return;
    for (size_t i = 0; from == 0 && i < v->levels[0].count; i++) {
        const struct table *t = v->levels[0].tables[i].table;
        filter_prefetch(t->filter, t->filter_size, position);
    }
    for (unsigned level = from ? from : 1; level < LEVELS; level++) {
        const struct table *t = v->levels[level].count ? version_table(v, level, position) : NULL;
        if (t)
            filter_prefetch(t->filter, t->filter_size, position);
    }
}

uint64_t version_bytes(const struct version *v)
{
    uint64_t sum = 0;

    for (unsigned level = 0; level < LEVELS; level++)
        sum += v->levels[level].bytes;
    return sum;
}

uint64_t version_blob_bytes(const struct version *v)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < v->blob_count; i++)
        sum += v->blobs[i].blob->size;
    return sum;
}

static bool check_level(const struct level *l, unsigned level)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < l->count; i++) {
        if (l->tables[i].table->refs == 0)
            return false;
        bytes += l->tables[i].table->meta.size;
    }
    return bytes == l->bytes && level_in_order(l, level);
}

bool version_check(const struct version *v)
{
    if (v->refs == 0)
        return false;
    for (unsigned level = 0; level < LEVELS; level++) {
        if (!check_level(&v->levels[level], level))
            return false;
    }
    for (size_t i = 0; i < v->blob_count; i++) {
        const struct blob_file *b = v->blobs[i].blob;
        if (b->refs == 0 || v->blobs[i].live > INT64_MAX)
            return false;
        if (b->kind != FILE_SEGMENT && b->kind != FILE_BLOB)
            return false;
        if (i > 0 && v->blobs[i - 1].blob->id >= b->id)
            return false;
    }
    return true;
}
