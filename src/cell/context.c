/* context.c: vector clocks: what descends from what. */
#include "cell/context.h"

#include <assert.h>
#include <string.h>

#include "base/wire.h"

int cell_version_compare(struct cell_version a, struct cell_version b)
{
    if (a.stamp != b.stamp)
        return a.stamp < b.stamp ? -1 : 1;
    return a.origin < b.origin ? -1 : a.origin > b.origin;
}

/* Where `origin` is, or has to be. */
static uint32_t place_of(const struct context *c, uint32_t origin)
{
    uint32_t i = 0;

    while (i < c->count && c->seen[i].origin < origin)
        i++;
    return i;
}

bool context_covers(const struct context *c, struct cell_version v)
{
    uint32_t i = place_of(c, v.origin);

    if (v.stamp == 0)
        return true;
    return i < c->count && c->seen[i].origin == v.origin && c->seen[i].stamp >= v.stamp;
}

static void remove_at(struct context *c, uint32_t i)
{
    c->count--;
    memmove(&c->seen[i], &c->seen[i + 1], (c->count - i) * sizeof c->seen[0]);
}

static uint32_t oldest_of(const struct context *c)
{
    uint32_t oldest = 0;

    for (uint32_t i = 1; i < c->count; i++) {
        if (cell_version_compare(c->seen[i], c->seen[oldest]) < 0)
            oldest = i;
    }
    return oldest;
}

bool context_add(struct context *c, struct cell_version v)
{
    uint32_t i = place_of(c, v.origin);
    bool full = c->count == CONTEXT_MAX;

    if (v.stamp == 0)
        return true;
    if (i < c->count && c->seen[i].origin == v.origin) {
        if (c->seen[i].stamp < v.stamp)
            c->seen[i].stamp = v.stamp;
        return true;
    }
    if (full) {
        uint32_t oldest = oldest_of(c);

        if (cell_version_compare(v, c->seen[oldest]) < 0)
            return false;
        remove_at(c, oldest);
        i = place_of(c, v.origin);
    }
    memmove(&c->seen[i + 1], &c->seen[i], (c->count - i) * sizeof c->seen[0]);
    c->seen[i] = v;
    c->count++;
    return !full;
}

bool context_merge(struct context *c, const struct context *from)
{
    bool whole = true;

    for (uint32_t i = 0; i < from->count; i++)
        whole = context_add(c, from->seen[i]) && whole;
    return whole;
}

enum context_order context_compare(struct cell_version a, const struct context *seen_a,
                                   struct cell_version b, const struct context *seen_b)
{
    bool descends = context_covers(seen_a, b), descended = context_covers(seen_b, a);

    if (cell_version_equal(a, b))
        return CONTEXT_SAME;
    if (descends && descended)
        descends = cell_version_compare(a, b) > 0;
    if (descends)
        return CONTEXT_DESCENDS;
    return descended ? CONTEXT_DESCENDED : CONTEXT_CONCURRENT;
}

uint64_t context_newest(const struct context *c)
{
    uint64_t newest = 0;

    for (uint32_t i = 0; i < c->count; i++)
        newest = c->seen[i].stamp > newest ? c->seen[i].stamp : newest;
    return newest;
}

bool context_check(const struct context *c)
{
    for (uint32_t i = 0; i < c->count && i < CONTEXT_MAX; i++) {
        if (c->seen[i].stamp == 0 || (i > 0 && c->seen[i].origin <= c->seen[i - 1].origin))
            return false;
    }
    return c->count <= CONTEXT_MAX;
}

static void put_version(struct buf *to, struct cell_version v)
{
    uint8_t *p = buf_reserve(to, CONTEXT_ENTRY_SIZE);

    wire_put64(p, v.stamp);
    wire_put32(p + 8, v.origin);
    to->len += CONTEXT_ENTRY_SIZE;
}

static struct cell_version get_version(const uint8_t *p)
{
    return (struct cell_version){ .stamp = wire_get64(p), .origin = wire_get32(p + 8) };
}

void context_encode(const struct context *c, struct cell_version own, struct buf *to)
{
    assert(context_check(c));
    buf_append_byte(to, own.stamp != 0);
    buf_append_byte(to, (uint8_t)c->count);
    if (own.stamp)
        put_version(to, own);
    for (uint32_t i = 0; i < c->count; i++)
        put_version(to, c->seen[i]);
}

struct err context_decode_checked(struct slice field, struct context *out, struct cell_version *own)
{
    const uint8_t *p = field.data;

    *out = (struct context){ 0 };
    *own = (struct cell_version){ 0 };
    if (field.len == 0)
        return err_ok();
    if (field.len < 2 || p[0] > 1 || p[1] > CONTEXT_MAX)
        return err_make(ERR_CORRUPT, 0, "context has an impossible head");
    if (field.len != 2 + ((size_t)p[0] + p[1]) * CONTEXT_ENTRY_SIZE)
        return err_make(ERR_CORRUPT, 0, "context has another length than its head says");
    out->count = p[1];
    p += 2;
    if (field.data[0]) {
        *own = get_version(p);
        p += CONTEXT_ENTRY_SIZE;
        if (own->stamp == 0)
            return err_make(ERR_CORRUPT, 0, "version in a context has no stamp");
    }
    for (uint32_t i = 0; i < out->count; i++, p += CONTEXT_ENTRY_SIZE)
        out->seen[i] = get_version(p);
    if (!context_check(out))
        return err_make(ERR_CORRUPT, 0, "context has no stamp or no order");
    return err_ok();
}
