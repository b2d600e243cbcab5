/* intake.c: pieces that fill, and what becomes of them. */
#include "node/intake.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/upload.h"

/* An argument that has come. */
struct large {
    struct call_large base; /* first: the call has a pointer to it */
    struct upload *upload;
    struct err err;
};

struct intake {
    struct upload *upload;
    uint8_t *piece; /* being filled, or NULL */
    size_t piece_len;
    size_t piece_max;
    bool ended;
};

struct intake *intake_new(struct lsm *lsm, uint8_t db, struct slice key, size_t piece_max,
                          void (*news)(void *owner), void *owner)
{
    struct intake *in = mem_zalloc(1, sizeof *in);

    in->piece_max = piece_max;
    in->upload = upload_begin(lsm, db, key, news, owner);
    return in;
}

uint8_t *intake_room(struct intake *in, size_t *n)
{
    if (!in->piece) {
        if (!upload_room(in->upload) && !err_is(upload_error(in->upload)))
            return NULL;
        in->piece = mem_alloc(in->piece_max);
        in->piece_len = 0;
    }
    *n = in->piece_max - in->piece_len;
    return in->piece + in->piece_len;
}

/* If the upload has failed it goes nowhere. */
static void send_piece(struct intake *in)
{
    if (err_is(upload_error(in->upload)))
        mem_free(in->piece);
    else
        upload_add(in->upload, mem_realloc(in->piece, in->piece_len), in->piece_len);
    in->piece = NULL;
}

void intake_took(struct intake *in, size_t n)
{
    assert(in->piece && n <= in->piece_max - in->piece_len);
    in->piece_len += n;
    if (in->piece_len == in->piece_max)
        send_piece(in);
}

void intake_end(struct intake *in)
{
    if (in->ended)
        return;
    if (in->piece && in->piece_len > 0)
        send_piece(in);
    in->ended = true;
    upload_end(in->upload);
}

bool intake_settled(const struct intake *in)
{
    return in->ended && (upload_ready(in->upload) || err_is(upload_error(in->upload)));
}

static void drop_large(struct call_large *l)
{
    struct large *large = (struct large *)l;

    upload_free(large->upload);
    mem_free(large);
}

struct call_large *intake_finish(struct intake *in, uint32_t arg)
{
    struct large *l = mem_zalloc(1, sizeof *l);

    assert(intake_settled(in));
    l->err = upload_error(in->upload);
    l->upload = in->upload;
    l->base = (struct call_large){ .arg = arg, .drop = drop_large };
    if (!err_is(l->err))
        l->base.parts = upload_parts(in->upload);
    in->upload = NULL;
    intake_free(in);
    return &l->base;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    upload_free(in->upload);
    mem_free(in->piece);
    mem_free(in);
}

bool intake_is_whole(struct call *c)
{
    for (const struct call_large *l = c->large; l; l = l->next) {
        struct err e = ((const struct large *)l)->err;

        if (!err_is(e))
            continue;
        reply_errorf(c->reply, "MISCONF",
                     "Henge keeps every write on disk, and this value could not be written: %s",
                     e.os ? strerror(e.os) : e.what);
        return false;
    }
    return true;
}
