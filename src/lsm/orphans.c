/* orphans.c: every file of the folder is looked up in what the version names. */
#include "lsm/orphans.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void file_list_add(struct file_list *l, enum file_kind kind, uint64_t id)
{
    if ((l->count & (l->count - 1)) == 0)
        l->file = mem_realloc(l->file, (l->count ? 2 * l->count : 1) * sizeof *l->file);
    l->file[l->count++] = (struct file_entry){ kind, id };
}

void file_list_deinit(struct file_list *l)
{
    mem_free(l->file);
    *l = (struct file_list){ .count = 0 };
}

static void add_name(void *arg, const char *name)
{
    enum file_kind kind;
    uint64_t id;

    if (file_name_parse(name, &kind, &id))
        file_list_add(arg, kind, id);
}

struct err file_list_read(struct file_list *l, struct fs *fs, const char *dir)
{
    return fs_list(fs, dir, add_name, l);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct log_stretch *)a)->id, y = ((const struct log_stretch *)b)->id;
    return x < y ? -1 : x > y;
}

/* What the files are held against, each part by id. */
struct known {
    const struct version *version;
    uint64_t manifest;
    uint64_t *tables;
    size_t table_count;
    struct log_stretch *segments;
    size_t segment_count;
};

static void known_init(struct known *k, const struct version *v)
{
    for (unsigned level = 0; level < LEVELS; level++)
        k->table_count += v->levels[level].count;
    k->tables = mem_alloc(k->table_count * sizeof *k->tables);
    k->table_count = 0;
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++)
            k->tables[k->table_count++] = v->levels[level].tables[i].table->meta.id;
    }
    if (k->table_count)
        qsort(k->tables, k->table_count, sizeof *k->tables, by_number);
    if (k->segment_count)
        qsort(k->segments, k->segment_count, sizeof *k->segments, by_id);
}

static bool segment_needed(const struct known *k, uint64_t id)
{
    struct log_stretch key = { .id = id }, *s = NULL;
    uint64_t mark = k->version->mark.position;

    if (k->segment_count)
        s = bsearch(&key, k->segments, k->segment_count, sizeof key, by_id);
    return !s || s->end > mark || s->base == mark || version_blob(k->version, id);
}

static bool needed(const struct known *k, const struct file_entry *f)
{
    const struct blob_file *blob;

    switch (f->kind) {
    case FILE_TABLE:
        return k->table_count &&
               bsearch(&f->id, k->tables, k->table_count, sizeof *k->tables, by_number);
    case FILE_BLOB:
        blob = version_blob(k->version, f->id);
        return blob && blob->kind == FILE_BLOB;
    case FILE_MANIFEST:
        return f->id == k->manifest;
    case FILE_SEGMENT:
        return segment_needed(k, f->id);
    case FILE_KINDS:
        break;
    }
    return true;
}

void orphans_find(const struct version *v, uint64_t manifest, const struct log_stretch *segments,
                  size_t segment_count, const struct file_list *files, struct file_list *out)
{
    struct known k = { .version = v, .manifest = manifest, .segment_count = segment_count };

    k.segments = mem_alloc(segment_count * sizeof *segments);
    if (segment_count)
        memcpy(k.segments, segments, segment_count * sizeof *segments);
    known_init(&k, v);
    for (size_t i = 0; i < files->count; i++) {
        if (!needed(&k, &files->file[i]))
            file_list_add(out, files->file[i].kind, files->file[i].id);
    }
    mem_free(k.tables);
    mem_free(k.segments);
}

size_t orphans_remove(struct env *env, const char *dir, const struct file_list *orphans)
{
    size_t removed = 0;

    for (size_t i = 0; i < orphans->count; i++) {
        char *path = file_path(dir, orphans->file[i].kind, orphans->file[i].id);
        struct err e = fs_remove(env->fs, path);
        if (err_is(e))
            trace_log(env->trace, TRACE_WARNING, "%s: %s%s%s; it is left to the next start", path,
                      e.what, e.os ? ": " : "", e.os ? strerror(e.os) : "");
        removed += !err_is(e);
        mem_free(path);
    }
    if (removed) /* a failure costs nothing: they would only be found again */
        fs_sync_dir(env->fs, dir);
    return removed;
}
