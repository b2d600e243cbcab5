/* manifest_read.c: which manifest of a folder counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lsm/manifest.h"
#include "lsm/manifest_format.h"

struct listing {
    uint64_t *manifests; /* ids */
    size_t count;
    uint64_t max_id; /* of all files */
    bool named;      /* there is a table or a blob file, so there was a manifest */
};

static void add_name(void *arg, const char *name)
{
    struct listing *l = arg;
    enum file_kind kind;
    uint64_t id;

    if (!file_name_parse(name, &kind, &id))
        return;
    l->max_id = id > l->max_id ? id : l->max_id;
    l->named = l->named || kind == FILE_TABLE || kind == FILE_BLOB;
    if (kind != FILE_MANIFEST)
        return;
    if ((l->count & (l->count - 1)) == 0)
        l->manifests =
            mem_realloc(l->manifests, (l->count ? 2 * l->count : 1) * sizeof *l->manifests);
    l->manifests[l->count++] = id;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x > y ? -1 : x < y;
}

static struct err read_file(struct fs *fs, const char *path, struct buf *out)
{
    struct fs_file *file;
    uint64_t size = 0;
    size_t got = 1;
    struct err e = fs_open(fs, path, FS_READ, &file);

    out->len = 0;
    if (err_is(e))
        return e;
    e = fs_size(file, &size);
    if (!err_is(e) && size > MANIFEST_SIZE_MAX)
        e = err_make(ERR_LIMIT, 0, "larger than any manifest can be");
    if (!err_is(e))
        buf_reserve(out, (size_t)size);
    while (!err_is(e) && got > 0 && out->len < size) {
        e = fs_read(file, out->len, out->data + out->len, (size_t)size - out->len, &got);
        out->len += err_is(e) ? 0 : got;
    }
    fs_close(file);
    return e;
}

static struct err read_one(struct fs *fs, const char *dir, uint64_t id, struct manifest_state *out,
                           char detail[256])
{
    char *path = file_path(dir, FILE_MANIFEST, id);
    struct buf bytes = { 0 };
    struct err e = read_file(fs, path, &bytes);
    uint64_t offset;

    if (err_is(e)) {
        snprintf(detail, 256, "%s: %s%s%s", path, e.what, e.os ? ": " : "",
                 e.os ? strerror(e.os) : "");
    } else {
        e = manifest_parse(buf_slice(&bytes), id, out, &offset);
        if (e.code == ERR_INVALID)
            snprintf(detail, 256, "%s: %s (%u; it knows %u)", path, e.what,
                     wire_get32(bytes.data + 8), (unsigned)MANIFEST_FORMAT_VERSION);
        else if (err_is(e))
            snprintf(detail, 256, "%s is damaged at offset %llu: %s", path,
                     (unsigned long long)offset, e.what);
    }
    buf_deinit(&bytes);
    mem_free(path);
    return e;
}

/* Manifests that were begun and never finished are all there is.  Without a table
 * there was never an edit, and the log has everything; else the one that counted
 * is gone. */
static struct err judge_unfinished(const struct listing *l, const char *dir, char detail[256])
{
    char *path;

    if (l->count == 0 || !l->named)
        return err_ok();
    path = file_path(dir, FILE_MANIFEST, l->manifests[0]);
    snprintf(detail, 256, "%s is damaged: its snapshot is not readable, and there is no other",
             path);
    mem_free(path);
    return err_make(ERR_CORRUPT, 0, "the manifest is damaged");
}

struct err manifest_read(struct fs *fs, const char *dir, struct manifest_state *out,
                         char detail[256])
{
    struct listing l = { .count = 0 };
    struct err e = fs_list(fs, dir, add_name, &l);

    *out = (struct manifest_state){ .found = false };
    detail[0] = '\0';
    if (err_is(e))
        snprintf(detail, 256, "%s: %s%s%s", dir, e.what, e.os ? ": " : "",
                 e.os ? strerror(e.os) : "");
    if (l.count)
        qsort(l.manifests, l.count, sizeof *l.manifests, newest_first);
    for (size_t i = 0; i < l.count && !err_is(e) && !out->found; i++)
        e = read_one(fs, dir, l.manifests[i], out, detail);
    if (!err_is(e) && !out->found)
        e = judge_unfinished(&l, dir, detail);
    if (out->next_file <= l.max_id)
        out->next_file = l.max_id + 1;
    mem_free(l.manifests);
    return e;
}
