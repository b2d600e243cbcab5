/* check_tree.c: the tables and blob files that the manifest names, and those it does not;
 * together they are a version a server would read. */
#include <string.h>

#include "base/mem.h"
#include "lsm/blob_file.h"
#include "tool/check.h"

static struct edit_table *named_table(struct check *c, uint64_t id)
{
    for (size_t i = 0; i < c->state.whole.add_count; i++) {
        if (c->state.whole.add[i].id == id)
            return &c->state.whole.add[i];
    }
    return NULL;
}

static const struct edit_blob *named_blob(const struct check *c, uint64_t id)
{
    for (size_t i = 0; i < c->state.whole.add_blob_count; i++) {
        if (c->state.whole.add_blobs[i].id == id)
            return &c->state.whole.add_blobs[i];
    }
    return NULL;
}

static void check_tables(struct check *c)
{
    size_t count;
    const struct store_file *file = tool_store_kind(&c->store, FILE_TABLE, &count);

    for (size_t i = 0; i < count; i++) {
        struct edit_table *named = named_table(c, file[i].id);
        struct table *t = NULL;
        if (c->has_state && !named) {
            check_spare(c, &file[i]);
            continue;
        }
        c->tables_whole = check_table(c, &file[i], &t) && c->tables_whole;
        if (named && named->size != file[i].size)
            check_found(c, &file[i], CHECK_NOWHERE, "it has another size than the manifest says",
                        check_restore);
        if (named)
            named->table = t;
        else
            table_close(t);
    }
}

static void check_blobs(struct check *c)
{
    size_t count;
    const struct store_file *file = tool_store_kind(&c->store, FILE_BLOB, &count);

    for (size_t i = 0; i < count; i++) {
        const struct edit_blob *named = named_blob(c, file[i].id);
        if (c->has_state && !named) {
            check_spare(c, &file[i]);
            continue;
        }
        check_blob(c, &file[i], named ? named->size : file[i].size);
    }
}

static void missing(struct check *c, enum file_kind kind, uint64_t id)
{
    struct store_file gone = { .kind = kind, .id = id };

    check_found(c, &gone, CHECK_NOWHERE, "it is missing", check_restore);
    c->told = NULL;
}

/* All that the manifest names is there and open. */
static bool open_named(struct check *c)
{
    struct edit *whole = &c->state.whole;
    bool all = true;

    for (size_t i = 0; i < whole->add_count; i++) {
        if (!tool_store_find(&c->store, FILE_TABLE, whole->add[i].id))
            missing(c, FILE_TABLE, whole->add[i].id);
        all = all && whole->add[i].table;
    }
    for (size_t i = 0; i < whole->add_blob_count; i++) {
        struct edit_blob *b = &whole->add_blobs[i];
        const struct store_file *f = tool_store_find(&c->store, b->kind, b->id);
        struct err e = err_ok();
        if (f)
            e = blob_file_open(&b->blob, c->store.tool->fs, c->store.dir, b->kind, b->id, b->size);
        else
            missing(c, b->kind, b->id);
        if (err_is(e))
            check_found(c, f, CHECK_NOWHERE, e.os ? strerror(e.os) : e.what, check_restore);
        all = all && b->blob;
    }
    return all;
}

/* Bytes of values in `file` that the tables refer to. */
static uint64_t used(const struct version *v, uint64_t file)
{
    uint64_t bytes = 0;

    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++) {
            const struct table_meta *m = &v->levels[level].tables[i].table->meta;
            for (uint32_t k = 0; k < m->blob_count; k++)
                bytes += m->blobs[k].file == file ? m->blobs[k].bytes : 0;
        }
    }
    return bytes;
}

static void check_live(struct check *c)
{
    for (size_t i = 0; i < c->v->blob_count; i++) {
        const struct blob_place *p = &c->v->blobs[i];
        if (p->live != used(c->v, p->blob->id))
            check_found(c, tool_store_find(&c->store, p->blob->kind, p->blob->id), CHECK_NOWHERE,
                        "the manifest counts other bytes of live values than the tables refer to",
                        check_report);
    }
}

void check_tree(struct check *c)
{
    struct version *nothing;
    struct err e;

    c->tables_whole = true;
    check_tables(c);
    check_blobs(c);
    if (!c->has_state || !open_named(c))
        return;
    nothing = version_new();
    e = version_apply(nothing, &c->state.whole, &c->v);
    version_drop(nothing, NULL);
    if (err_is(e)) {
        c->v = NULL;
        check_found(c, NULL, CHECK_NOWHERE, e.what, check_restore);
        return;
    }
    check_live(c);
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

void check_tree_end(struct check *c)
{
    struct version_gone gone = { NULL, close_table, close_blob };
    struct edit *whole = &c->state.whole;

    if (c->v) {
        version_drop(c->v, &gone);
    } else {
        for (size_t i = 0; i < whole->add_count; i++)
            table_close(whole->add[i].table);
        for (size_t i = 0; i < whole->add_blob_count; i++)
            blob_file_close(whole->add_blobs[i].blob);
    }
    edit_deinit(whole);
}
