/* promised.c: a promise for each piece. */
#include "node/promised.h"

#include "base/list.h"
#include "base/mem.h"
#include "lsm/part.h"

struct promised {
    struct promise promise;
    struct part *part;
    size_t skip; /* bytes of the part in front of those that are promised */
    void (*done)(void *owner, struct promise *p, struct err e);
    void *owner;
};

static void on_read(void *owner, struct err e)
{
    struct promised *p = owner;

    if (!err_is(e))
        promise_keep(&p->promise, part_bytes(p->part) + p->skip);
    p->done(p->owner, &p->promise, e);
}

static bool ask(struct promise *promise, void (*done)(void *owner, struct promise *p, struct err e),
                void *owner)
{
    struct promised *p = list_item(promise, struct promised, promise);

    if (!part_lives(p->part))
        return false;
    p->done = done;
    p->owner = owner;
    part_read(p->part, on_read, p);
    return true;
}

static void drop(struct promise *promise)
{
    struct promised *p = list_item(promise, struct promised, promise);

    part_close(p->part);
    mem_free(p);
}

/* Of the bytes first..end of the value, what the part has that begins at `at`. */
static struct promised *open_part(struct lsm *lsm, const struct blob_ref *ref, size_t at,
                                  size_t first, size_t end)
{
    struct promised *p = mem_zalloc(1, sizeof *p);
    size_t from = first > at ? first - at : 0;
    size_t to = end - at < ref->length ? end - at : ref->length;

    p->promise = (struct promise){ .len = to - from, .ask = ask, .drop = drop };
    p->skip = from;
    p->part = part_open(lsm, ref);
    return p;
}

bool promised_value(struct lsm *lsm, const struct cell *head, size_t first, size_t len,
                    struct reply *reply)
{
    bool whole = head->flags & CELL_BLOB;
    size_t count = whole ? 1 : cell_parts(head), used = 0, at = 0;
    struct promised **all = mem_alloc(count * sizeof *all);
    bool good = true;

    for (size_t i = 0; i < count && at < first + len && good; i++) {
        struct blob_ref ref;
        if (whole)
            blob_ref_get(head->value.data, &ref);
        else
            cell_part(head, i, &ref);
        if (at + ref.length > first) {
            all[used] = open_part(lsm, &ref, at, first, first + len);
            good = all[used++]->part;
        }
        at += ref.length;
    }
    if (good)
        reply_bulk_begin(reply, len);
    for (size_t i = 0; i < used; i++) {
        if (good)
            reply_promise(reply, &all[i]->promise);
        else
            drop(&all[i]->promise);
    }
    if (good)
        reply_bulk_end(reply);
    mem_free(all);
    return good;
}
