/* manifest_fold.c: files by id in arrays.  New ids are the largest as a rule, so
 * adding touches an array's end only. */
#include "lsm/manifest_fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { DROPPED_MIN = 64 /* fewer are not worth the tidying */ };

void fold_deinit(struct manifest_fold *f)
{
    mem_free(f->tables.file);
    mem_free(f->blobs.file);
    buf_deinit(&f->arcs);
    *f = (struct manifest_fold){ .number = 0 };
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct fold_file *)a)->id, y = ((const struct fold_file *)b)->id;
    return x < y ? -1 : x > y;
}

static struct fold_file *find(const struct fold_files *f, uint64_t id)
{
    struct fold_file key = { .id = id };

    return f->count ? bsearch(&key, f->file, f->count, sizeof key, by_id) : NULL;
}

static bool drop(struct fold_files *f, uint64_t id)
{
    struct fold_file *file = find(f, id);

    if (!file || file->dropped)
        return false;
    file->dropped = true;
    f->dropped++;
    return true;
}

static void tidy(struct fold_files *f)
{
    size_t kept = 0;

    if (f->dropped < DROPPED_MIN || f->dropped < f->count / 2)
        return;
    for (size_t i = 0; i < f->count; i++) {
        if (!f->file[i].dropped)
            f->file[kept++] = f->file[i];
    }
    f->count = kept;
    f->dropped = 0;
}

/* Merges `count` files, none of which is there, from the end on. */
static void merge(struct fold_files *f, const struct fold_file *fresh, size_t count)
{
    size_t i = f->count, to = f->count + count;

    f->file = mem_realloc(f->file, to * sizeof *f->file);
    f->count = to;
    while (count > 0) {
        if (i > 0 && f->file[i - 1].id > fresh[count - 1].id)
            f->file[--to] = f->file[--i];
        else
            f->file[--to] = fresh[--count];
    }
}

/* Takes in `fresh`, in any order, which is changed; false if one is there already. */
static bool add(struct fold_files *f, struct fold_file *fresh, size_t count)
{
    size_t rest = 0;

    if (count == 0)
        return true;
    qsort(fresh, count, sizeof *fresh, by_id);
    for (size_t i = 0; i < count; i++) {
        struct fold_file *there = find(f, fresh[i].id);
        if ((there && !there->dropped) || (i > 0 && fresh[i - 1].id == fresh[i].id))
            return false;
        if (there) {
            *there = fresh[i];
            f->dropped--;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!find(f, fresh[i].id))
            fresh[rest++] = fresh[i];
    }
    if (rest)
        merge(f, fresh, rest);
    return true;
}

static struct err fold_tables(struct fold_files *f, const struct edit *e)
{
    struct fold_file *fresh;
    bool good;

    for (size_t i = 0; i < e->drop_count; i++) {
        if (!drop(f, e->drop[i]))
            return err_make(ERR_CORRUPT, 0, "a table is dropped that is not there");
    }
    fresh = mem_alloc(e->add_count * sizeof *fresh);
    for (size_t i = 0; i < e->add_count; i++) {
        const struct edit_table *t = &e->add[i];
        fresh[i] = (struct fold_file){
            .id = t->id, .size = t->size, .order = t->order, .level = t->level, .kind = FILE_TABLE
        };
    }
    good = add(f, fresh, e->add_count);
    mem_free(fresh);
    tidy(f);
    return good ? err_ok() : err_make(ERR_CORRUPT, 0, "a table is added that is there");
}

/* Whether the blob file is there already: then it has more bytes by now. */
static bool grow(struct fold_files *f, const struct edit_blob *b)
{
    struct fold_file *there = find(f, b->id);

    if (!there || there->dropped || there->kind != b->kind)
        return false;
    there->size = b->size > there->size ? b->size : there->size;
    return true;
}

static struct err fold_blobs(struct fold_files *f, const struct edit *e)
{
    struct fold_file *fresh;
    size_t count = 0;
    bool good;

    for (size_t i = 0; i < e->drop_blob_count; i++) {
        if (!drop(f, e->drop_blobs[i]))
            return err_make(ERR_CORRUPT, 0, "a blob file is dropped that is not there");
    }
    fresh = mem_alloc(e->add_blob_count * sizeof *fresh);
    for (size_t i = 0; i < e->add_blob_count; i++) {
        const struct edit_blob *b = &e->add_blobs[i];
        if (!grow(f, b))
            fresh[count++] = (struct fold_file){ .id = b->id, .size = b->size, .kind = b->kind };
    }
    good = add(f, fresh, count);
    mem_free(fresh);
    if (!good)
        return err_make(ERR_CORRUPT, 0, "a blob file is added that is there");
    for (size_t i = 0; i < e->live_count; i++) {
        struct fold_file *file = find(f, e->live[i].file);
        int64_t sum;
        if (!file || file->dropped)
            continue;
        if (__builtin_add_overflow((int64_t)file->live, e->live[i].bytes, &sum) || sum < 0)
            return err_make(ERR_CORRUPT, 0, "less than nothing of a blob file is live");
        file->live = (uint64_t)sum;
    }
    tidy(f);
    return err_ok();
}

struct err fold_add(struct manifest_fold *f, const struct edit *e)
{
    struct err err = fold_tables(&f->tables, e);

    if (!err_is(err))
        err = fold_blobs(&f->blobs, e);
    if (err_is(err))
        return err;
    if (e->has_mark) {
        if (log_mark_falls(&f->mark, &e->mark))
            return err_make(ERR_CORRUPT, 0, "the mark of the log falls");
        f->mark = e->mark;
        f->arcs.len = 0;
        buf_append(&f->arcs, buf_slice(&e->arcs));
    }
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if (e->flushed[db] > f->flushed[db])
            f->flushed[db] = e->flushed[db];
    }
    f->number = e->number;
    return err_ok();
}

void fold_result(const struct manifest_fold *f, struct edit *out)
{
    size_t blobs = f->blobs.count - f->blobs.dropped;

    *out = (struct edit){ .number = f->number, .has_mark = true, .mark = f->mark };
    memcpy(out->flushed, f->flushed, sizeof out->flushed);
    buf_append(&out->arcs, buf_slice(&f->arcs));
    out->add = mem_alloc((f->tables.count - f->tables.dropped) * sizeof *out->add);
    out->add_blobs = mem_alloc(blobs * sizeof *out->add_blobs);
    out->live = mem_alloc(blobs * sizeof *out->live);
    for (size_t i = 0; i < f->tables.count; i++) {
        const struct fold_file *t = &f->tables.file[i];
        if (!t->dropped)
            out->add[out->add_count++] = (struct edit_table){
                .level = t->level, .order = t->order, .id = t->id, .size = t->size
            };
    }
    for (size_t i = 0; i < f->blobs.count; i++) {
        const struct fold_file *b = &f->blobs.file[i];
        if (b->dropped)
            continue;
        out->add_blobs[out->add_blob_count++] =
            (struct edit_blob){ .id = b->id, .kind = b->kind, .size = b->size };
        out->live[out->live_count++] = (struct edit_live){ b->id, (int64_t)b->live };
    }
}
