/* rewrite_pick.c: which files are worth it: a few, kept in order as they are found. */
#include <assert.h>

#include "lsm/blob_format.h"
#include "lsm/rewrite.h"

/* Bytes of its frames.  The page of its head is nobody's garbage: counted as such, it
 * would have a file of one value rewritten again and again. */
static uint64_t frames(const struct blob_place *b)
{
    return b->blob->size > BLOB_FRAMES_START ? b->blob->size - BLOB_FRAMES_START : 0;
}

static bool worth_it(const struct blob_place *b, uint64_t log_first, unsigned percent)
{
    uint64_t dead = frames(b) > b->live ? frames(b) - b->live : 0;

    if (b->blob->stuck || b->blob->busy ||
        (b->blob->kind == FILE_SEGMENT && b->blob->id >= log_first))
        return false;
    return b->live > 0 && dead * 100 >= (uint64_t)percent * frames(b);
}

/* Least alive for its size first. */
static bool before(const struct blob_place *a, const struct blob_place *b)
{
    return (double)a->live * (double)frames(b) < (double)b->live * (double)frames(a);
}

size_t rewrite_pick(const struct version *v, uint64_t log_first, unsigned percent,
                    uint64_t max_bytes, uint64_t *out, size_t room)
{
    const struct blob_place *best[REWRITE_VICTIMS];
    size_t count = 0;
    uint64_t live = 0;

    assert(room > 0 && room <= REWRITE_VICTIMS);
    for (size_t i = 0; i < v->blob_count; i++) {
        const struct blob_place *b = &v->blobs[i];
        size_t at = count;
        if (!worth_it(b, log_first, percent))
            continue;
        if (count == room && !before(b, best[count - 1]))
            continue;
        if (count < room)
            count++;
        else
            at = count - 1;
        for (; at > 0 && before(b, best[at - 1]); at--)
            best[at] = best[at - 1];
        best[at] = b;
    }
    for (size_t i = 0; i < count; i++) {
        live += best[i]->live;
        if (i > 0 && live > max_bytes)
            return i;
        out[i] = best[i]->blob->id;
    }
    return count;
}
