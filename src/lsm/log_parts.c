/* log_parts.c: a short array; the log of a store that flushes has a few. */
#include "lsm/log_parts.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

void log_parts_deinit(struct log_parts *p)
{
    mem_free(p->part);
    *p = (struct log_parts){ 0 };
}

void log_parts_add(struct log_parts *p, struct log_stretch stretch, uint64_t size)
{
    assert(stretch.base <= stretch.end);
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 16;
        p->part = mem_realloc(p->part, p->room * sizeof *p->part);
    }
    p->part[p->count++] = (struct log_part){ stretch, size };
    p->bytes += size;
}

void log_parts_extend(struct log_parts *p, uint64_t end)
{
    assert(p->count && p->part[p->count - 1].stretch.end <= end);
    p->part[p->count - 1].stretch.end = end;
}

struct log_stretch *log_parts_copy(const struct log_parts *p, uint64_t from, uint64_t to,
                                   size_t *count)
{
    struct log_stretch *out = mem_alloc(p->count * sizeof *out);

    *count = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct log_stretch *s = &p->part[i].stretch;
        if (s->base >= to || s->end <= from)
            continue;
        out[*count] = *s;
        if (s->end > to)
            out[*count].end = to;
        ++*count;
    }
    return out;
}

bool log_parts_take(struct log_parts *p, uint64_t mark, bool keep_last, struct log_part *out)
{
    if (p->count <= (keep_last ? 1 : 0) || p->part[0].stretch.end > mark)
        return false;
    *out = p->part[0];
    p->count--;
    p->bytes -= out->size;
    memmove(p->part, p->part + 1, p->count * sizeof *p->part);
    return true;
}

bool log_parts_check(const struct log_parts *p)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < p->count; i++) {
        const struct log_stretch *s = &p->part[i].stretch;
        if (s->base > s->end ||
            (i && (p->part[i - 1].stretch.end > s->base || p->part[i - 1].stretch.id >= s->id)))
            return false;
        bytes += p->part[i].size;
    }
    return bytes == p->bytes;
}
