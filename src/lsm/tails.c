/* tails.c: a sorted array of arcs, each with a ring of frames. */
#include "lsm/tails.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cell/cell.h"

enum { ROOM_FIRST = 8 };

static size_t frame_bytes(const struct frame_head *head)
{
    return sizeof(struct tail_frame) + head->length;
}

static struct tail_frame **slot(const struct tail *t, size_t i)
{
    return &t->frame[(t->first + i) & (t->room - 1)];
}

static void drop_frame(struct tails *all, struct tail *t, struct tail_frame *f)
{
    t->bytes -= frame_bytes(&f->head);
    all->bytes -= frame_bytes(&f->head);
    t->count--;
    mem_free(f);
}

void tails_deinit(struct tails *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct tail *one = t->tail[i];
        while (one->count)
            drop_frame(t, one, *slot(one, one->count - 1));
        buf_deinit(&one->state);
        mem_free(one->frame);
        mem_free(one);
    }
    mem_free(t->tail);
    *t = (struct tails){ 0 };
}

/* The first one of that arc or behind it. */
static size_t find(const struct tails *t, uint64_t arc)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->tail[middle]->arc < arc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct tail *tails_find(const struct tails *t, uint64_t arc)
{
    size_t i = find(t, arc);

    return i < t->count && t->tail[i]->arc == arc ? t->tail[i] : NULL;
}

struct tail *tails_get(struct tails *t, uint64_t arc)
{
    size_t i = find(t, arc);

    assert(arc != 0);
    if (i < t->count && t->tail[i]->arc == arc)
        return t->tail[i];
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : ROOM_FIRST;
        t->tail = mem_realloc(t->tail, t->room * sizeof *t->tail);
    }
    memmove(t->tail + i + 1, t->tail + i, (t->count - i) * sizeof *t->tail);
    t->count++;
    t->tail[i] = mem_zalloc(1, sizeof *t->tail[i]);
    t->tail[i]->arc = arc;
    return t->tail[i];
}

struct tail_frame *tail_at(const struct tail *t, uint64_t index)
{
    if (index <= t->applied.index || index > t->end.index)
        return NULL;
    return *slot(t, (size_t)(index - t->applied.index - 1));
}

/* The frame of that index, applied or not, as far as it is known. */
static struct log_point point_at(const struct tail *t, uint64_t index)
{
    const struct tail_frame *f = tail_at(t, index);

    if (!f)
        return t->applied;
    return (struct log_point){ f->head.ballot, f->head.index, f->head.stamp };
}

enum tail_verdict tail_judge(const struct tail *t, const struct frame_head *head)
{
    struct log_point before;

    if (head->index <= t->applied.index)
        return head->index == t->applied.index &&
                       log_ballot_same(head->ballot, t->applied.ballot) && head->index
                   ? TAIL_HELD
                   : TAIL_STRAY;
    if (head->index <= t->end.index &&
        log_ballot_same(tail_at(t, head->index)->head.ballot, head->ballot))
        return TAIL_HELD;
    if (head->index > t->end.index + 1)
        return TAIL_STRAY;
    before = point_at(t, head->index - 1);
    if (!log_ballot_same(before.ballot, head->previous) || head->stamp < before.stamp ||
        head->index <= t->committed || t->closed)
        return TAIL_STRAY;
    return head->index == t->end.index + 1 ? TAIL_FOLLOWS : TAIL_CUTS;
}

static void make_room(struct tail *t)
{
    size_t room = t->room ? 2 * t->room : ROOM_FIRST;
    struct tail_frame **more;

    if (t->count < t->room)
        return;
    more = mem_alloc(room * sizeof *more);
    for (size_t i = 0; i < t->count; i++)
        more[i] = *slot(t, i);
    mem_free(t->frame);
    t->frame = more;
    t->room = room;
    t->first = 0;
}

struct tail_frame *tail_append(struct tails *all, struct tail *t, const struct frame_head *head,
                               struct slice cells, struct slice notes, uint64_t position,
                               uint64_t lone)
{
    struct frame_head h = *head;
    struct tail_frame *f;

    h.length = (uint32_t)(cells.len + ((notes.len + 7) & ~(size_t)7));
    h.notes = (uint32_t)notes.len;
    assert(h.kind == FRAME_CELLS && h.arc == t->arc && h.committed <= h.index);
    if (h.index <= t->end.index)
        tail_cut(all, t, h.index);
    assert(h.index == t->end.index + 1);
    if (t->held_until == UINT64_MAX && !t->mute)
        t->held_until = position + FRAME_HEAD_SIZE + h.length;
    f = mem_zalloc(1, frame_bytes(&h));
    *f = (struct tail_frame){ .position = position, .lone = lone, .head = h };
    if (cells.len)
        memcpy(f->payload, cells.data, cells.len);
    if (notes.len)
        memcpy(f->payload + cells.len, notes.data, notes.len);
    make_room(t);
    *slot(t, t->count++) = f;
    t->bytes += frame_bytes(&h);
    all->bytes += frame_bytes(&h);
    t->end = (struct log_point){ h.ballot, h.index, h.stamp };
    if (h.committed > t->committed)
        t->committed = h.committed;
    if (h.index == t->expected.index && log_ballot_same(h.ballot, t->expected.ballot))
        t->forgot = t->lost;
    return f;
}

void tail_applied(struct tails *all, struct tail *t)
{
    struct tail_frame *f = *slot(t, 0);

    assert(t->count > 0 && f->head.index == t->applied.index + 1);
    t->applied = (struct log_point){ f->head.ballot, f->head.index, f->head.stamp };
    if (t->committed < t->applied.index)
        t->committed = t->applied.index;
    if (t->applied.index >= t->expected.index)
        t->forgot = t->lost;
    t->first = (t->first + 1) & (t->room - 1);
    drop_frame(all, t, f);
}

/* A start would need what is cut until the log has what takes its place. */
static void hold(struct tail *t, const struct tail_frame *f)
{
    if (t->held_until == 0 || f->position < t->held) {
        t->held = f->position;
        t->held_lone = f->lone;
    }
    t->held_until = UINT64_MAX;
}

void tail_cut(struct tails *all, struct tail *t, uint64_t index)
{
    assert(index > t->applied.index && index > t->committed);
    if (index <= t->end.index)
        hold(t, tail_at(t, index));
    while (t->end.index >= index) {
        drop_frame(all, t, *slot(t, t->count - 1));
        t->end = point_at(t, t->end.index - 1);
    }
}

void tail_reset(struct tails *all, struct tail *t, const struct log_point *base, bool closed)
{
    while (t->count)
        drop_frame(all, t, *slot(t, t->count - 1));
    t->applied = t->end = *base;
    t->committed = base->index;
    t->closed = closed;
    t->held = t->held_until = 0;
    t->forgot = t->lost = false;
}

void tail_set_promise(struct tail *t, struct log_ballot promise)
{
    if (log_ballot_below(t->promise, promise))
        t->promise = promise;
}

void tail_set_state(struct tail *t, struct slice state)
{
    t->state.len = 0;
    buf_append(&t->state, state);
}

void tails_lost(struct tails *t, uint64_t position)
{
    for (size_t i = 0; i < t->count; i++) {
        struct tail *one = t->tail[i];
        while (one->count && (*slot(one, one->count - 1))->position >= position) {
            if ((*slot(one, one->count - 1))->again)
                one->forgot = one->lost = true;
            drop_frame(t, one, *slot(one, one->count - 1));
            one->end = point_at(one, one->end.index - 1);
            one->mute = true;
        }
        if (one->mute && one->held_until > position)
            one->held_until = UINT64_MAX; /* for good: what it held is on the disk still */
    }
}

static void older(uint64_t *oldest, uint64_t *lone, uint64_t position, uint64_t its_lone)
{
    if (position >= *oldest)
        return;
    *oldest = position;
    *lone = its_lone;
}

uint64_t tails_oldest(struct tails *t, uint64_t acked, uint64_t *lone)
{
    uint64_t oldest = UINT64_MAX;

    for (size_t i = 0; i < t->count; i++) {
        struct tail *one = t->tail[i];
        if (one->count)
            older(&oldest, lone, (*slot(one, 0))->position, (*slot(one, 0))->lone);
        if (one->held_until > acked)
            older(&oldest, lone, one->held, one->held_lone);
        else
            one->held = one->held_until = 0;
    }
    return oldest;
}

void tails_put_marks(const struct tails *t, bool lost, struct buf *to)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct tail *one = t->tail[i];
        struct arc_mark m = { .arc = one->arc,
                              .applied = one->applied,
                              .end = one->end,
                              .promise = one->promise,
                              .closed = one->closed,
                              .forgot = one->forgot || (lost && one->mute),
                              .state = buf_slice(&one->state) };
        arc_mark_put(to, &m);
    }
}

void tails_mark_again(const struct tails *t, bool lost, struct buf *marks)
{
    struct slice rest = buf_slice(marks);
    struct buf out = { 0 };
    struct arc_mark m = { 0 };

    while (rest.len && arc_mark_get(&rest, &m)) {
        const struct tail *one = tails_find(t, m.arc);
        if (one->end.index < m.end.index)
            m.end = one->end;
        m.forgot = m.forgot || one->forgot || (lost && one->mute);
        arc_mark_put(&out, &m);
    }
    buf_deinit(marks);
    *marks = out;
}

void tails_begin(struct tails *t, struct slice marks)
{
    while (marks.len) {
        struct arc_mark m = { 0 };
        bool good = arc_mark_get(&marks, &m);
        struct tail *one;
        assert(good);
        one = tails_get(t, m.arc);
        one->applied = one->end = m.applied;
        one->committed = m.applied.index;
        one->promise = m.promise;
        one->closed = m.closed;
        one->expected = m.end;
        one->forgot = m.forgot || m.end.index > m.applied.index;
        one->lost = m.forgot;
        tail_set_state(one, m.state);
    }
}

uint64_t tails_applied_stamp(const struct tails *t)
{
    uint64_t stamp = UINT64_MAX;

    for (size_t i = 0; i < t->count; i++) {
        if (!t->tail[i]->closed && t->tail[i]->applied.stamp < stamp)
            stamp = t->tail[i]->applied.stamp;
    }
    return stamp;
}

struct err tail_check_cells(const struct frame_head *head, const uint8_t *payload)
{
    struct slice rest = slice_of(payload, frame_cells_size(head));
    uint64_t stamp = 0;
    uint32_t cells = 0;

    for (; rest.len; cells++) {
        struct cell c;
        size_t size = 0;
        struct err e = cell_decode_checked(rest, &c, &size);
        if (err_is(e))
            return e;
        if (c.stamp < stamp || c.stamp == 0)
            return err_make(ERR_CORRUPT, 0, "a cell's stamp falls");
        if (c.key.kind == CELL_FLUSH || c.key.db >= LIMIT_DATABASES || c.flags & CELL_PARTS)
            return err_make(ERR_CORRUPT, 0, "a cell that no arc can have");
        stamp = c.stamp;
        rest = slice_of(rest.data + size, rest.len - size);
    }
    if (cells != head->cells || stamp > head->stamp)
        return err_make(ERR_CORRUPT, 0, "a frame's head disagrees with its cells");
    return err_ok();
}

static bool one_check(const struct tail *t)
{
    struct log_point before = t->applied;
    size_t bytes = 0;

    for (size_t i = 0; i < t->count; i++) {
        const struct tail_frame *f = *slot(t, i);
        if (f->head.index != before.index + 1 || f->head.stamp < before.stamp ||
            !log_ballot_same(f->head.previous, before.ballot))
            return false;
        before = (struct log_point){ f->head.ballot, f->head.index, f->head.stamp };
        bytes += frame_bytes(&f->head);
    }
    return bytes == t->bytes && before.index == t->end.index && before.stamp == t->end.stamp &&
           log_ballot_same(before.ballot, t->end.ballot) && t->committed <= t->end.index &&
           t->committed >= t->applied.index;
}

bool tails_check(const struct tails *t)
{
    size_t bytes = 0;

    for (size_t i = 0; i < t->count; i++) {
        if ((i > 0 && t->tail[i - 1]->arc >= t->tail[i]->arc) || !one_check(t->tail[i]))
            return false;
        bytes += t->tail[i]->bytes;
    }
    return bytes == t->bytes;
}
