/* message_codec.h: one description of a layout, used three ways: to measure it, to write
 * it and to read it.
 *
 * A message's fields are walked in their order; each call measures, puts or gets one.  So
 * what is written and what is read cannot differ.  A reader that fails goes on with
 * zeros; the first reason stays. */
#ifndef HENGE_CLUSTER_MESSAGE_CODEC_H
#define HENGE_CLUSTER_MESSAGE_CODEC_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "cluster/arc_message.h"

enum codec_way {
    CODEC_MEASURE,
    CODEC_PUT,
    CODEC_GET,
};

struct codec {
    enum codec_way way;
    size_t size;       /* bytes measured or put */
    uint8_t *to;       /* CODEC_PUT: has room for all of it */
    struct slice from; /* CODEC_GET: what is left */
    const char *wrong; /* CODEC_GET: what is, or NULL */
};

/* A rule of the message: asserted of what is written, checked of what is read. */
static inline void codec_must(struct codec *c, bool holds, const char *what)
{
    assert(holds || c->way == CODEC_GET);
    if (!holds && !c->wrong)
        c->wrong = what;
}

/* `len` bytes at `field`, which is their place in the struct, in the machine's order:
 * base/wire.h asserts that this is the wire's. */
static inline void codec_field(struct codec *c, void *field, size_t len)
{
    if (c->way == CODEC_PUT)
        memcpy(c->to + c->size, field, len);
    c->size += len;
    if (c->way != CODEC_GET)
        return;
    codec_must(c, c->from.len >= len, "a message ends within a field");
    if (c->wrong) {
        memset(field, 0, len);
        return;
    }
    memcpy(field, c->from.data, len);
    c->from = slice_of(c->from.data + len, c->from.len - len);
}

static inline void codec_u8(struct codec *c, uint8_t *v)
{
    codec_field(c, v, sizeof *v);
}

static inline void codec_u16(struct codec *c, uint16_t *v)
{
    codec_field(c, v, sizeof *v);
}

static inline void codec_u32(struct codec *c, uint32_t *v)
{
    codec_field(c, v, sizeof *v);
}

static inline void codec_u64(struct codec *c, uint64_t *v)
{
    codec_field(c, v, sizeof *v);
}

/* `len` bytes that are borrowed by who reads them. */
static inline void codec_bytes(struct codec *c, struct slice *bytes, size_t len)
{
    if (c->way == CODEC_PUT && len)
        memcpy(c->to + c->size, bytes->data, len);
    c->size += len;
    if (c->way != CODEC_GET)
        return;
    codec_must(c, c->from.len >= len, "a message ends within a text");
    if (c->wrong) {
        *bytes = slice_of(NULL, 0);
        return;
    }
    *bytes = slice_of(c->from.data, len);
    c->from = slice_of(c->from.data + len, c->from.len - len);
}

/* ... with their length before them. */
static inline void codec_text(struct codec *c, struct slice *bytes)
{
    uint32_t len = (uint32_t)bytes->len;

    codec_u32(c, &len);
    codec_bytes(c, bytes, len);
}

/* ... all that are left. */
static inline void codec_rest(struct codec *c, struct slice *bytes)
{
    codec_bytes(c, bytes, c->way == CODEC_GET ? c->from.len : bytes->len);
}

/* message_arc.c: parts of messages, and all of MESSAGE_ARC but its payload. */
void codec_arc(struct codec *c, struct arc_name *arc);
void codec_commit(struct codec *c, struct arc_commit *m);
void codec_arc_message(struct codec *c, struct arc_message *m, uint32_t payload);

#endif
