/* rewrite_pick.c: which files are worth it: a few, kept in order as they are found. */
#include "lsm/rewrite.h"

static bool worth_it(const struct blob_place *b, uint64_t log_first, unsigned percent)
{
    uint64_t dead = b->blob->size > b->live ? b->blob->size - b->live : 0;

    if (b->blob->stuck || (b->blob->kind == FILE_SEGMENT && b->blob->id >= log_first))
        return false;
    return b->live > 0 && dead * 100 >= (uint64_t)percent * b->blob->size;
}

/* Least alive for its size first. */
static bool before(const struct blob_place *a, const struct blob_place *b)
{
    return (double)a->live * (double)b->blob->size < (double)b->live * (double)a->blob->size;
}

static const struct blob_place *place_of(const struct version *v, uint64_t id)
{
    for (size_t i = 0; i < v->blob_count; i++) {
        if (v->blobs[i].blob->id == id)
            return &v->blobs[i];
    }
    return NULL;
}

size_t rewrite_pick(const struct version *v, uint64_t log_first, unsigned percent,
                    uint64_t max_bytes, uint64_t *out, size_t room)
{
    size_t count = 0;
    uint64_t live = 0;

    for (size_t i = 0; i < v->blob_count; i++) {
        const struct blob_place *b = &v->blobs[i];
        size_t at = count;
        if (!worth_it(b, log_first, percent))
            continue;
        if (count == room && !before(b, place_of(v, out[count - 1])))
            continue;
        if (count < room)
            count++;
        else
            at = count - 1;
        for (; at > 0 && before(b, place_of(v, out[at - 1])); at--)
            out[at] = out[at - 1];
        out[at] = b->blob->id;
    }
    for (size_t i = 0; i < count; i++) {
        live += place_of(v, out[i])->live;
        if (i > 0 && live > max_bytes)
            return i;
    }
    return count;
}
