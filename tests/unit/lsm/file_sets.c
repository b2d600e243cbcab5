/* file_sets.c: the smallest tables there are. */
#include "file_sets.h"

#include <criterion/criterion.h>

#include "base/mem.h"

struct table *table_fake(uint64_t id, uint64_t min_position, uint64_t max_position)
{
    struct table *t = mem_zalloc(1, sizeof *t);

    t->meta.id = id;
    t->meta.size = 100 + id;
    t->meta.min_position = min_position;
    t->meta.max_position = max_position;
    return t;
}

struct blob_file *blob_fake(enum file_kind kind, uint64_t id)
{
    struct blob_file *b = mem_zalloc(1, sizeof *b);

    b->id = id;
    b->kind = kind;
    b->size = 1000 + id;
    return b;
}

char *version_text(const struct version *v)
{
    struct buf text = { 0 };

    for (unsigned level = 0; level < LEVELS; level++) {
        const struct level *l = &v->levels[level];
        if (l->count)
            buf_printf(&text, "L%u ", level);
        for (size_t i = 0; i < l->count; i++) {
            const struct table_meta *m = &l->tables[i].table->meta;
            if (level == 0)
                buf_printf(&text, "%llu@%llu ", (unsigned long long)m->id,
                           (unsigned long long)l->tables[i].order);
            else
                buf_printf(&text, "%llu[%llu-%llu] ", (unsigned long long)m->id,
                           (unsigned long long)m->min_position,
                           (unsigned long long)m->max_position);
        }
    }
    if (v->blob_count)
        buf_printf(&text, "blobs ");
    for (size_t i = 0; i < v->blob_count; i++)
        buf_printf(&text, "%llu%c:%llu ", (unsigned long long)v->blobs[i].blob->id,
                   v->blobs[i].blob->kind == FILE_SEGMENT ? 's' : 'b',
                   (unsigned long long)v->blobs[i].live);
    if (v->mark.position || v->mark.index || v->mark.stamp)
        buf_printf(&text, "mark %llu/%llu/%llu ", (unsigned long long)v->mark.position,
                   (unsigned long long)v->mark.index, (unsigned long long)v->mark.stamp);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if (v->flushed[db])
            buf_printf(&text, "flushed %u=%llu ", db, (unsigned long long)v->flushed[db]);
    }
    buf_printf(&text, "number %llu", (unsigned long long)v->number);
    buf_append_byte(&text, 0);
    return (char *)text.data;
}

void version_expect(const struct version *v, const char *expected)
{
    char *text = version_text(v);

    cr_assert_str_eq(text, expected);
    cr_assert(version_check(v));
    mem_free(text);
}

void edit_open_fakes(struct edit *e)
{
    for (size_t i = 0; i < e->add_count; i++) {
        uint64_t id = e->add[i].id;
        e->add[i].table = table_fake(id, id * 10, id * 10 + 9);
        e->add[i].table->meta.size = e->add[i].size;
    }
    for (size_t i = 0; i < e->add_blob_count; i++) {
        e->add_blobs[i].blob = blob_fake(e->add_blobs[i].kind, e->add_blobs[i].id);
        e->add_blobs[i].blob->size = e->add_blobs[i].size;
    }
}

static void table_went(void *owner, struct table *t)
{
    if (owner)
        buf_printf(owner, "t%llu ", (unsigned long long)t->meta.id);
    mem_free(t);
}

static void blob_went(void *owner, struct blob_file *b)
{
    if (owner)
        buf_printf(owner, "b%llu ", (unsigned long long)b->id);
    mem_free(b);
}

struct version_gone file_sets_gone(struct buf *note)
{
    return (struct version_gone){ note, table_went, blob_went };
}

void version_change(struct version **v, struct edit *e)
{
    struct version_gone gone = file_sets_gone(NULL);
    struct version *next;
    struct err err = version_apply(*v, e, &next);

    cr_assert_not(err_is(err), "%s", err.what);
    version_drop(*v, &gone);
    *v = next;
    edit_deinit(e);
}
