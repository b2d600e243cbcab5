/* log_list.c: an array of runs, and one of arcs to know when another begins. */
#include "lsm/log_list.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "lsm/log_format.h"

void log_list_deinit(struct log_list *l)
{
    mem_free(l->run);
    mem_free(l->last);
    *l = (struct log_list){ 0 };
}

static void add(struct log_list *l, const struct log_run *run)
{
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 16;
        l->run = mem_realloc(l->run, l->room * sizeof *l->run);
    }
    l->run[l->count++] = *run;
}

/* The arc's last frame, or a new one without an index. */
static struct log_run *last_of(struct log_list *l, uint64_t arc)
{
    size_t low = 0, high = l->arcs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->last[middle].arc < arc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < l->arcs && l->last[low].arc == arc)
        return &l->last[low];
    if (l->arcs == l->arcs_room) {
        l->arcs_room = l->arcs_room ? 2 * l->arcs_room : 16;
        l->last = mem_realloc(l->last, l->arcs_room * sizeof *l->last);
    }
    memmove(l->last + low + 1, l->last + low, (l->arcs - low) * sizeof *l->last);
    l->arcs++;
    l->last[low] = (struct log_run){ .arc = arc };
    return &l->last[low];
}

static void note_frame(struct log_list *l, const uint8_t *frame, uint64_t position)
{
    struct log_run now, *last;
    struct frame_head head;

    frame_head_get(frame, &head);
    if (head.kind == FRAME_BASE) {
        now = (struct log_run){ head.arc, head.committed + 1, { 0, 0 }, position };
        add(l, &now);
        last_of(l, head.arc)->index = 0;
    }
    if (head.arc == 0 || head.kind != FRAME_CELLS)
        return;
    now = (struct log_run){ head.arc, head.index, head.ballot, position };
    last = last_of(l, head.arc);
    if (last->index == 0 || now.index != last->index + 1 ||
        !log_ballot_same(now.ballot, last->ballot))
        add(l, &now);
    *last = now;
}

uint64_t log_list_note(struct log_list *l, struct slice frames, uint64_t position)
{
    uint64_t lone = 0;

    for (size_t at = 0; at < frames.len; at += frame_size(frames.data + at)) {
        if (frame_is_lone(frames.data + at))
            lone++;
        else
            note_frame(l, frames.data + at, position + at);
    }
    return lone;
}

void log_list_copy(const struct log_list *from, struct log_list *to)
{
    *to = (struct log_list){ .count = from->count, .room = from->count };
    to->run = mem_alloc(from->count * sizeof *to->run);
    if (from->count)
        memcpy(to->run, from->run, from->count * sizeof *to->run);
}

void log_list_put(const struct log_list *l, uint64_t segment, struct buf *to)
{
    size_t length = l->count * LOG_RUN_SIZE, begin = to->len;
    struct frame_head head = { .segment = segment,
                               .length = (uint32_t)length,
                               .notes = (uint32_t)length,
                               .kind = FRAME_LIST };
    uint8_t *p = buf_reserve(to, FRAME_HEAD_SIZE + length);

    assert(length <= UINT32_MAX);
    frame_head_put(p, &head);
    p += FRAME_HEAD_SIZE;
    for (size_t i = 0; i < l->count; i++, p += LOG_RUN_SIZE) {
        const struct log_run *r = &l->run[i];
        wire_put64(p, r->arc);
        wire_put64(p + 8, r->index);
        wire_put64(p + 16, r->ballot.counter);
        wire_put64(p + 24, r->position);
        wire_put32(p + 32, r->ballot.node);
        wire_put32(p + 36, 0);
    }
    to->len += FRAME_HEAD_SIZE + length;
    frame_seal(to->data + begin);
}

bool log_list_get(struct slice payload, struct log_list *l)
{
    uint64_t before = 0;

    if (payload.len == 0 || payload.len % LOG_RUN_SIZE != 0)
        return false;
    for (const uint8_t *p = payload.data; p < payload.data + payload.len; p += LOG_RUN_SIZE) {
        struct log_run r = { wire_get64(p),
                             wire_get64(p + 8),
                             { wire_get64(p + 16), wire_get32(p + 32) },
                             wire_get64(p + 24) };
        if (r.arc == 0 || r.index == 0 || wire_get32(p + 36) != 0 ||
            (l->count && r.position <= before))
            return false;
        before = r.position;
        add(l, &r);
    }
    return true;
}
