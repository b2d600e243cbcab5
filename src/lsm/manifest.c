/* manifest.c: writing: begin, append, roll. */
#include "lsm/manifest.h"

#include <assert.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/manifest_format.h"
#include "lsm/manifest_record.h"

struct manifest {
    struct fs *fs;
    char *dir;
    struct file_ids *ids;
    struct fs_file *file; /* NULL: a write or sync of it failed */
    uint64_t id;
    uint64_t number; /* of the last edit in it */
    uint64_t end;    /* bytes written and synced */
    uint64_t roll_size;
    uint64_t roll_at;  /* `end` at which another is begun */
    struct err failed; /* final */
};

static uint64_t next_file(const struct manifest *m)
{
    return __atomic_load_n(&m->ids->next, __ATOMIC_RELAXED);
}

static void put_edits(struct buf *to, const struct manifest *m, uint64_t id, uint64_t synced,
                      struct edit **edits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct record_head head = {
            .kind = RECORD_EDIT, .manifest = id, .synced = synced, .number = edits[i]->number
        };
        record_put_edit(to, &head, edits[i], next_file(m));
    }
}

/* Makes the file of a name that is not there yet, with `bytes` in it, all durable. */
static struct err write_file(struct manifest *m, const char *path, struct slice bytes,
                             struct fs_file **out)
{
    struct err e = fs_open(m->fs, path, FS_READ | FS_WRITE | FS_CREATE, out);

    if (err_is(e))
        return e;
    e = fs_write(*out, 0, bytes);
    if (!err_is(e))
        e = fs_sync(*out);
    if (!err_is(e))
        e = fs_sync_dir(m->fs, m->dir);
    if (err_is(e)) {
        fs_close(*out);
        *out = NULL;
    }
    return e;
}

/* Takes a file back that may count after a crash, although it failed: a newer one than
 * that which goes on.  False if it may still do so. */
static bool withdraw(struct manifest *m, const char *path)
{
    struct err e = fs_remove(m->fs, path);

    if (err_is(e) && e.code != ERR_NOT_FOUND)
        return false;
    return !err_is(fs_sync_dir(m->fs, m->dir));
}

/* Begins another file: `before`, then the edits.  *withdrawn: it failed, and left
 * nothing behind. */
static struct err begin_file(struct manifest *m, const struct version *before, struct edit **edits,
                             size_t count, bool *withdrawn)
{
    uint64_t id = file_ids_take(m->ids), snapshot_end;
    struct record_head head = { .kind = RECORD_SNAPSHOT, .manifest = id, .number = before->number };
    char *path = file_path(m->dir, FILE_MANIFEST, id);
    struct fs_file *file = NULL;
    struct buf bytes = { 0 };
    struct err e;

    manifest_head_put(buf_reserve(&bytes, MANIFEST_HEAD_SIZE), id);
    bytes.len += MANIFEST_HEAD_SIZE;
    record_put_version(&bytes, &head, before, next_file(m));
    snapshot_end = bytes.len;
    put_edits(&bytes, m, id, 0, edits, count);
    e = write_file(m, path, buf_slice(&bytes), &file);
    if (err_is(e)) {
        *withdrawn = e.code == ERR_EXISTS || withdraw(m, path);
    } else {
        if (m->file)
            fs_close(m->file);
        m->file = file;
        m->id = id;
        m->end = bytes.len;
        m->roll_at = 2 * snapshot_end > m->roll_size ? 2 * snapshot_end : m->roll_size;
    }
    buf_deinit(&bytes);
    mem_free(path);
    return e;
}

/* What cannot be removed is left to the next start. */
static void remove_file(struct manifest *m, uint64_t id)
{
    char *path = file_path(m->dir, FILE_MANIFEST, id);

    fs_remove(m->fs, path);
    mem_free(path);
}

struct ids {
    uint64_t *id;
    size_t count;
};

static void add_name(void *arg, const char *name)
{
    struct ids *ids = arg;
    enum file_kind kind;
    uint64_t id;

    if (!file_name_parse(name, &kind, &id) || kind != FILE_MANIFEST)
        return;
    ids->id = mem_realloc(ids->id, (ids->count + 1) * sizeof *ids->id);
    ids->id[ids->count++] = id;
}

static void remove_others(struct manifest *m)
{
    struct ids ids = { .count = 0 };

    fs_list(m->fs, m->dir, add_name, &ids);
    for (size_t i = 0; i < ids.count; i++) {
        if (ids.id[i] != m->id)
            remove_file(m, ids.id[i]);
    }
    mem_free(ids.id);
}

struct err manifest_begin(struct manifest **out, struct fs *fs, const char *dir,
                          struct file_ids *ids, const struct version *v, uint64_t roll_size)
{
    struct manifest *m = mem_zalloc(1, sizeof *m);
    bool withdrawn;
    struct err e;

    m->fs = fs;
    m->dir = mem_strdup(dir);
    m->ids = ids;
    m->number = v->number;
    m->roll_size = roll_size;
    m->failed = err_ok();
    e = begin_file(m, v, NULL, 0, &withdrawn);
    if (err_is(e)) {
        manifest_close(m);
        return e;
    }
    remove_others(m);
    *out = m;
    return e;
}

static struct err append_to_file(struct manifest *m, struct edit **edits, size_t count)
{
    struct buf bytes = { 0 };
    struct err e;

    put_edits(&bytes, m, m->id, m->end, edits, count);
    e = fs_write(m->file, m->end, buf_slice(&bytes));
    if (!err_is(e) && !PLANTED(edit_not_synced))
        e = fs_sync(m->file);
    if (err_is(e)) {
        fs_close(m->file);
        m->file = NULL;
    } else {
        m->end += bytes.len;
    }
    buf_deinit(&bytes);
    return e;
}

/* Another file instead of this one. */
static struct err replace_file(struct manifest *m, const struct version *before,
                               struct edit **edits, size_t count, bool *withdrawn)
{
    uint64_t old = m->id;
    struct err e = begin_file(m, before, edits, count, withdrawn);

    if (!err_is(e))
        remove_file(m, old);
    return e;
}

/* A roll that failed and left nothing behind is tried again later; until then the old
 * file goes on, if it is whole.  *again: nothing of this is there, and when there is room
 * it may be tried once more. */
static struct err append(struct manifest *m, const struct version *before, struct edit **edits,
                         size_t count, bool *again)
{
    bool withdrawn = false;
    struct err e;

    *again = false;
    if (m->file && m->end >= m->roll_at) {
        e = replace_file(m, before, edits, count, &withdrawn);
        if (!err_is(e) || !withdrawn)
            return e;
        m->roll_at = m->end + m->roll_size;
    }
    if (m->file) {
        e = append_to_file(m, edits, count);
        if (!err_is(e))
            return e;
    }
    e = replace_file(m, before, edits, count, &withdrawn);
    *again = withdrawn && e.code == ERR_NO_SPACE;
    return e;
}

struct err manifest_append(struct manifest *m, const struct version *before, struct edit **edits,
                           size_t count)
{
    struct err e;
    bool again;

    assert(before->number == m->number);
    for (size_t i = 0; i < count; i++)
        edits[i]->number = m->number + i + 1;
    if (count == 0 || err_is(m->failed))
        return m->failed;
    e = append(m, before, edits, count, &again);
    if (!err_is(e))
        m->number += count;
    else if (!again)
        m->failed = e;
    return e;
}

void manifest_close(struct manifest *m)
{
    if (!m)
        return;
    if (m->file)
        fs_close(m->file);
    mem_free(m->dir);
    mem_free(m);
}

uint64_t manifest_size(const struct manifest *m)
{
    return m->end;
}

uint64_t manifest_id(const struct manifest *m)
{
    return m->id;
}
