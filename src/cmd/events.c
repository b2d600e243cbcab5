/* events.c: notes, one behind the other: kind, database, two lengths, two strings. */
#include "cmd/events.h"

#include <assert.h>
#include <string.h>

#include "base/wire.h"

enum { HEAD = 10 };

void events_deinit(struct events *e)
{
    buf_deinit(&e->noted);
}

void events_note(struct events *e, enum event_kind kind, uint8_t db, struct slice first,
                 struct slice second)
{
    uint8_t *p = buf_reserve(&e->noted, HEAD + first.len + second.len);

    p[0] = (uint8_t)kind;
    p[1] = db;
    wire_put32(p + 2, (uint32_t)first.len);
    wire_put32(p + 6, (uint32_t)second.len);
    e->noted.len += HEAD;
    buf_append(&e->noted, first);
    buf_append(&e->noted, second);
}

void events_to_front(struct events *e, size_t mark)
{
    struct buf moved = { 0 };
    size_t len = e->noted.len - mark;

    if (mark == 0 || len == 0)
        return;
    buf_append(&moved, slice_of(e->noted.data + mark, len));
    memmove(e->noted.data + len, e->noted.data, mark);
    memcpy(e->noted.data, moved.data, len);
    buf_deinit(&moved);
}

bool events_take(struct slice *notes, struct event_note *out)
{
    const uint8_t *p = notes->data;

    if (notes->len == 0)
        return false;
    assert(notes->len >= HEAD);
    out->kind = (enum event_kind)p[0];
    out->db = p[1];
    out->first = slice_of(p + HEAD, wire_get32(p + 2));
    out->second = slice_of(p + HEAD + out->first.len, wire_get32(p + 6));
    *notes = slice_of(out->second.data + out->second.len,
                      notes->len - HEAD - out->first.len - out->second.len);
    return true;
}
