/* version_edit.c: edits as they are put together: arrays that grow. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/version.h"

/* Room for one more behind `count` items: doubled whenever that is a power of two. */
static void *grown(void *items, size_t count, size_t size)
{
    if (count & (count - 1))
        return items;
    return mem_realloc(items, (count ? 2 * count : 1) * size);
}

void edit_add_table(struct edit *e, unsigned level, uint64_t order, struct table *t)
{
    assert(level < LEVELS && (level == 0 || order == 0));
    e->add = grown(e->add, e->add_count, sizeof *e->add);
    e->add[e->add_count++] = (struct edit_table){
        .level = level, .order = order, .id = t->meta.id, .size = t->meta.size, .table = t
    };
}

void edit_drop_table(struct edit *e, uint64_t id)
{
    e->drop = grown(e->drop, e->drop_count, sizeof *e->drop);
    e->drop[e->drop_count++] = id;
}

void edit_add_blob(struct edit *e, struct blob_file *blob)
{
    assert(blob->kind == FILE_SEGMENT || blob->kind == FILE_BLOB);
    e->add_blobs = grown(e->add_blobs, e->add_blob_count, sizeof *e->add_blobs);
    e->add_blobs[e->add_blob_count++] =
        (struct edit_blob){ .id = blob->id, .kind = blob->kind, .size = blob->size, .blob = blob };
}

void edit_grow_blob(struct edit *e, struct blob_file *blob, uint64_t size)
{
    edit_add_blob(e, blob);
    e->add_blobs[e->add_blob_count - 1].size = size;
}

void edit_drop_blob(struct edit *e, uint64_t id)
{
    e->drop_blobs = grown(e->drop_blobs, e->drop_blob_count, sizeof *e->drop_blobs);
    e->drop_blobs[e->drop_blob_count++] = id;
}

void edit_live(struct edit *e, uint64_t file, int64_t bytes)
{
    size_t low = 0, high = e->live_count;
    bool overflow = false;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (e->live[middle].file < file)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < e->live_count && e->live[low].file == file) {
        overflow = __builtin_add_overflow(e->live[low].bytes, bytes, &e->live[low].bytes);
        assert(!overflow);
        return;
    }
    e->live = grown(e->live, e->live_count, sizeof *e->live);
    memmove(e->live + low + 1, e->live + low, (e->live_count - low) * sizeof *e->live);
    e->live[low] = (struct edit_live){ file, bytes };
    e->live_count++;
}

void edit_deinit(struct edit *e)
{
    mem_free(e->add);
    mem_free(e->drop);
    mem_free(e->add_blobs);
    mem_free(e->drop_blobs);
    mem_free(e->live);
    buf_deinit(&e->arcs);
    *e = (struct edit){ 0 };
}
