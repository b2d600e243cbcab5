/* load_tree.c: the manifest, and the files it names. */
#include <string.h>

#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/checkpoint_job.h"
#include "lsm/loading.h"
#include "lsm/manifest.h"

enum {
    META_SHARE = 32, /* of a table's bytes, about one in so many is read to open it */
    ROLL_SHARE = 16, /* a manifest is begun anew at this part of a segment's size */
};

static struct err read_manifest(struct loading *g, struct manifest_state *state)
{
    struct load *l = g->load;
    char detail[256] = "";
    struct err e = manifest_read(l->env->fs, l->options.dir, state, detail);

    if (err_is(e))
        return loading_failed(g, e, "%s%s%s%s%s", detail[0] ? detail : l->options.dir,
                              detail[0] ? "" : ": ", detail[0] ? "" : e.what, e.os ? ": " : "",
                              e.os ? strerror(e.os) : "");
    g->found = state->found;
    if (state->next_file > l->ids->next)
        l->ids->next = state->next_file;
    for (size_t i = 0; i < state->whole.add_count; i++)
        g->total += state->whole.add[i].size / META_SHARE;
    return err_ok();
}

static struct err open_tables(struct loading *g, struct edit *whole)
{
    struct load *l = g->load;

    for (size_t i = 0; i < whole->add_count; i++) {
        struct edit_table *t = &whole->add[i];
        struct err e = table_open(&t->table, l->env->fs, l->options.dir, t->id, t->size);
        if (err_is(e))
            return loading_failed_file(g, e, FILE_TABLE, t->id);
        loading_step(g, g->done + t->size / META_SHARE);
    }
    return err_ok();
}

static struct err open_blobs(struct loading *g, struct edit *whole)
{
    struct load *l = g->load;

    for (size_t i = 0; i < whole->add_blob_count; i++) {
        struct edit_blob *b = &whole->add_blobs[i];
        struct err e =
            blob_file_open(&b->blob, l->env->fs, l->options.dir, b->kind, b->id, b->size);
        if (err_is(e))
            return loading_failed_file(g, e, b->kind, b->id);
    }
    return err_ok();
}

static void close_all(struct edit *whole)
{
    for (size_t i = 0; i < whole->add_count; i++)
        table_close(whole->add[i].table);
    for (size_t i = 0; i < whole->add_blob_count; i++)
        blob_file_close(whole->add_blobs[i].blob);
}

static bool below(void *arg, uint8_t db, uint64_t position)
{
    const struct load *l = arg;

    return version_may_hold(l->version, 0, db, position, l->data.flushed[db]);
}

struct err load_tree(struct loading *g)
{
    struct load *l = g->load;
    struct manifest_state state = { 0 };
    struct version *nothing;
    struct err e = read_manifest(g, &state);

    if (err_is(e))
        return e;
    e = open_tables(g, &state.whole);
    if (!err_is(e))
        e = open_blobs(g, &state.whole);
    if (!err_is(e)) {
        nothing = version_new();
        e = version_apply(nothing, &state.whole, &l->version);
        version_drop(nothing, NULL);
        if (err_is(e))
            loading_failed(g, e, "%s: the manifest names files that do not fit: %s", l->options.dir,
                           e.what);
    }
    if (err_is(e))
        close_all(&state.whole);
    edit_deinit(&state.whole);
    if (err_is(e))
        return e;
    g->mark = l->version->mark;
    memcpy(l->data.flushed, l->version->flushed, sizeof l->data.flushed);
    l->data.below = below;
    l->data.below_arg = l;
    return err_ok();
}

struct err load_tree_begin(struct loading *g)
{
    struct load *l = g->load;
    struct err e = manifest_begin(&l->manifest, l->env->fs, l->options.dir, l->ids, l->version,
                                  l->options.segment_size / ROLL_SHARE);

    if (err_is(e))
        return loading_failed(g, e, "%s: cannot begin a manifest: %s: %s", l->options.dir, e.what,
                              strerror(e.os));
    return err_ok();
}

static bool is_placed(const struct version *v, uint64_t id)
{
    for (unsigned n = 0; n < LEVELS; n++) {
        for (size_t i = 0; i < v->levels[n].count; i++) {
            if (v->levels[n].tables[i].table->meta.id == id)
                return true;
        }
    }
    return false;
}

/* What a crash left: made, and in no edit; or dropped by one, and not removed. */
void load_tree_clean(struct loading *g)
{
    const struct load *l = g->load;

    checkpoint_clean(l->env->fs, l->options.dir);
    for (size_t i = 0; i < g->files.other_count; i++) {
        const struct load_name *n = &g->files.other[i];
        char *path;
        if (n->kind == FILE_MANIFEST ||
            (n->kind == FILE_BLOB ? version_blob(l->version, n->id) != NULL
                                  : is_placed(l->version, n->id)))
            continue;
        path = file_path(l->options.dir, n->kind, n->id);
        fs_remove(l->env->fs, path);
        mem_free(path);
    }
}
