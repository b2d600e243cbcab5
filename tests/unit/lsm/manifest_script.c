/* manifest_script.c: the edits, and how they are asked for. */
#include "manifest_script.h"

#include <criterion/criterion.h>

#include "base/mem.h"

static struct table *fake(uint64_t id)
{
    return table_fake(id, id * 10, id * 10 + 9);
}

/* So many tables that a snapshot is more than a sector. */
static struct version *first_version(void)
{
    struct version *v = version_new();
    struct edit e = { 0 };

    for (uint64_t id = 1; id <= 20; id++)
        edit_add_table(&e, 4, 0, fake(id));
    version_change(&v, &e);
    return v;
}

static void flush(struct script *s, size_t i)
{
    struct edit *e = &s->edits[i];
    uint64_t id = 100 + 10 * i;

    edit_add_table(e, 0, i + 1, fake(id));
    if (i % 2 == 0)
        edit_add_blob(e, blob_fake(i % 4 ? FILE_BLOB : FILE_SEGMENT, id + 1));
    edit_live(e, 100 + 10 * (i & ~(size_t)1) + 1, 500);
    e->has_mark = true;
    e->mark = (struct log_mark){ i * 1000, i * 10, i * 100, i * 1000 };
}

/* Everything of L0 goes to the level below. */
static void compact(struct script *s, size_t i)
{
    const struct level *l0 = &s->versions[i]->levels[0];
    struct edit *e = &s->edits[i];

    for (size_t t = 0; t < l0->count; t++)
        edit_drop_table(e, l0->tables[t].table->meta.id);
    edit_add_table(e, 1, 0, fake(100 + 10 * i));
    edit_add_table(e, 1, 0, fake(101 + 10 * i));
    edit_live(e, 101, -10);
}

static void move_and_flush_database(struct script *s, size_t i)
{
    struct edit *e = &s->edits[i];
    struct table *t = s->versions[i]->levels[1].tables[0].table;

    edit_drop_table(e, t->meta.id);
    edit_add_table(e, 2, 0, t);
    edit_drop_table(e, s->versions[i]->levels[1].tables[1].table->meta.id);
    e->flushed[i % LIMIT_DATABASES] = i + 1;
}

static void drop_oldest_blob(struct script *s, size_t i)
{
    const struct version *v = s->versions[i];

    if (v->blob_count > 1)
        edit_drop_blob(&s->edits[i], v->blobs[0].blob->id);
    if (v->blob_count > 1)
        edit_grow_blob(&s->edits[i], v->blobs[1].blob, v->blobs[1].blob->size + 64);
}

void script_init(struct script *s)
{
    void (*const kinds[])(struct script *, size_t) = {
        flush, flush, compact, flush, move_and_flush_database, drop_oldest_blob,
    };

    *s = (struct script){ .ids = { 1000 } };
    s->versions[0] = first_version();
    for (size_t i = 0; i < SCRIPT_EDITS; i++) {
        struct err e;
        s->texts[i] = version_text(s->versions[i]);
        kinds[i % 6](s, i);
        s->edits[i].number = i + 1;
        e = version_apply(s->versions[i], &s->edits[i], &s->versions[i + 1]);
        cr_assert_not(err_is(e), "edit %zu: %s", i, e.what);
    }
    s->texts[SCRIPT_EDITS] = version_text(s->versions[SCRIPT_EDITS]);
}

void script_deinit(struct script *s)
{
    struct version_gone gone = file_sets_gone(NULL);

    for (size_t i = 0; i <= SCRIPT_EDITS; i++) {
        version_drop(s->versions[i], &gone);
        mem_free(s->texts[i]);
    }
    for (size_t i = 0; i < SCRIPT_EDITS; i++)
        edit_deinit(&s->edits[i]);
}

struct err script_run(struct script *s, struct memory_fs *fs, uint64_t roll_size, bool *begun,
                      size_t *acked, size_t *tried)
{
    struct manifest *m;
    struct err e;

    *acked = *tried = 0;
    e = manifest_begin(&m, &fs->fs, "/data", &s->ids, s->versions[0], roll_size);
    *begun = !err_is(e);
    if (err_is(e))
        return e;
    while (*tried < SCRIPT_EDITS && !err_is(e)) {
        struct edit *batch[3];
        size_t count = 1 + *acked % 3;
        for (size_t i = 0; i < count && *tried < SCRIPT_EDITS; i++)
            batch[i] = &s->edits[(*tried)++];
        e = manifest_append(m, s->versions[*acked], batch, *tried - *acked);
        if (!err_is(e))
            *acked = *tried;
    }
    manifest_close(m);
    return e;
}

char *script_text(struct manifest_state *state)
{
    struct version *empty = version_new(), *v = NULL;
    struct version_gone gone = file_sets_gone(NULL);
    char *text;
    struct err e;

    edit_open_fakes(&state->whole);
    e = version_apply(empty, &state->whole, &v);
    cr_assert_not(err_is(e), "%s", e.what);
    cr_assert_eq(v->number, state->number);
    text = version_text(v);
    version_drop(v, &gone);
    version_drop(empty, &gone);
    edit_deinit(&state->whole);
    return text;
}

char *script_read(struct memory_fs *fs, struct manifest_state *state, struct err *e)
{
    char detail[256];

    *e = manifest_read(&fs->fs, "/data", state, detail);
    cr_assert_eq(err_is(*e), detail[0] != '\0', "an error says where: %s", detail);
    if (err_is(*e))
        return mem_strdup(detail);
    return state->found ? script_text(state) : mem_strdup("none");
}
