/* lsm_arc.c: the log takes bytes, tails keep them, the dataset gets cells. */
#include "lsm/lsm_arc.h"

#include <assert.h>

#include "base/planted.h"
#include "lsm/lsm_state.h"

static struct frame_head head_of(const struct lsm_frame *f)
{
    return (struct frame_head){ .arc = f->arc,
                                .ballot = f->ballot,
                                .previous = f->previous,
                                .index = f->index,
                                .committed = f->committed,
                                .stamp = f->stamp,
                                .cells = f->count,
                                .kind = FRAME_CELLS,
                                .tag = f->tag };
}

static void frame_of(const struct tail_frame *t, struct lsm_frame *out)
{
    size_t cells = frame_cells_size(&t->head);

    *out = (struct lsm_frame){ .arc = t->head.arc,
                               .ballot = t->head.ballot,
                               .previous = t->head.previous,
                               .index = t->head.index,
                               .committed = t->head.committed,
                               .stamp = t->head.stamp,
                               .count = t->head.cells,
                               .tag = t->head.tag,
                               .cells = slice_of(t->payload, cells),
                               .notes = slice_of(t->payload + cells, t->head.notes) };
}

static void take_stamp(struct lsm *lsm, uint64_t stamp)
{
    if (lsm->last_stamp < stamp)
        lsm->last_stamp = stamp;
}

/* The tail's copy is of the bytes that are in the log's buffer now. */
static void add(struct lsm *lsm, struct tail *t, struct frame_head *head,
                const struct lsm_frame *frame)
{
    uint64_t lone, position;

    position = log_append(lsm->log, head, frame->cells, frame->notes);
    lone = log_closed(lsm->log);
    tail_append(&lsm->tails, t, head, frame->cells, frame->notes, position, lone);
    take_stamp(lsm, head->stamp);
    lsm->put = true;
}

struct err lsm_append(struct lsm *lsm, const struct lsm_frame *frame, bool *held)
{
    struct frame_head head = head_of(frame);
    enum tail_verdict verdict;
    struct tail *t;
    struct err e;

    assert(lsm->state == LSM_READY && frame->index > 0);
    assert(frame->committed <= frame->index && frame->cells.len % 8 == 0);
    head.length = (uint32_t)frame->cells.len;
    e = tail_check_cells(&head, frame->cells.data);
    if (err_is(e))
        return e;
    t = tails_get(&lsm->tails, frame->arc);
    assert(!t->mute);
    if (head.committed < t->applied.index)
        head.committed = t->applied.index;
    verdict = tail_judge(t, &head);
    *held = verdict == TAIL_HELD;
    if (*held)
        return e;
    assert(verdict != TAIL_STRAY);
    add(lsm, t, &head, frame);
    return e;
}

void lsm_cut(struct lsm *lsm, uint64_t arc, uint64_t index)
{
    struct tail *t = tails_find(&lsm->tails, arc);

    if (t && index <= t->end.index)
        tail_cut(&lsm->tails, t, index);
}

bool lsm_tail(const struct lsm *lsm, uint64_t arc, uint64_t index, struct lsm_frame *out,
              uint64_t *position)
{
    const struct tail *t = tails_find(&lsm->tails, arc);
    const struct tail_frame *f = t ? tail_at(t, index) : NULL;

    if (!f)
        return false;
    frame_of(f, out);
    if (position)
        *position = f->position;
    return true;
}

static void put_cells(struct lsm *lsm, const struct tail_frame *f)
{
    struct slice rest = slice_of(f->payload, frame_cells_size(&f->head));
    uint64_t place = f->position + FRAME_HEAD_SIZE;

    while (rest.len) {
        size_t size = cell_encoded_size(rest.data);
        if (dataset_visible(&lsm->data, rest.data)) {
            struct dataset_put put = dataset_put(&lsm->data, rest.data, size, place);
            dataset_give(&lsm->data, &put, UINT64_MAX);
        }
        if (lsm->room.heat)
            heat_touch(lsm->room.heat, cell_encoded_position(rest.data));
        pressure_put(&lsm->pressure, size);
        lsm->stats.puts++;
        place += size;
        rest = slice_of(rest.data + size, rest.len - size);
    }
}

void lsm_apply(struct lsm *lsm, uint64_t arc, uint64_t index)
{
    struct tail *t = tails_find(&lsm->tails, arc);

    assert(lsm->state == LSM_READY && t && index <= t->end.index && lsm->undo.count == 0);
    while (t->applied.index < index) {
        const struct tail_frame *f = tail_at(t, t->applied.index + 1);
        assert(f->position + FRAME_HEAD_SIZE + f->head.length <= log_written(lsm->log));
        put_cells(lsm, f);
        tail_applied(&lsm->tails, t);
    }
    lsm->put = true;
}

uint64_t lsm_written(const struct lsm *lsm)
{
    return lsm->log ? log_written(lsm->log) : 0;
}

static void record(struct lsm *lsm, const struct tail *t, struct frame_head head,
                   struct slice notes)
{
    assert(lsm->state == LSM_READY && notes.len <= LIMIT_ARC_STATE);
    head.arc = t->arc;
    log_append(lsm->log, &head, slice_of(NULL, 0), notes);
    lsm->put = true;
}

void lsm_promise(struct lsm *lsm, uint64_t arc, struct log_ballot ballot)
{
    struct tail *t = tails_get(&lsm->tails, arc);

    tail_set_promise(t, ballot);
    record(lsm, t, (struct frame_head){ .kind = FRAME_PROMISE, .ballot = ballot },
           slice_of(NULL, 0));
}

void lsm_arc_state(struct lsm *lsm, uint64_t arc, struct slice state)
{
    struct tail *t = tails_get(&lsm->tails, arc);

    record(lsm, t, (struct frame_head){ .kind = FRAME_STATE }, state);
    tail_set_state(t, state);
}

void lsm_arc_base(struct lsm *lsm, uint64_t arc, const struct log_point *base, bool closed)
{
    struct tail *t = tails_get(&lsm->tails, arc);
    uint64_t applied = t->applied.index;

    assert(base->index >= applied);
    tail_reset(&lsm->tails, t, base, closed);
    record(lsm, t,
           (struct frame_head){ .kind = FRAME_BASE,
                                .ballot = base->ballot,
                                .index = base->index,
                                .committed = applied, /* a restart applies these first */
                                .stamp = base->stamp,
                                .tag = closed },
           slice_of(NULL, 0));
    take_stamp(lsm, base->stamp);
}

void lsm_arc_recovered(struct lsm *lsm, uint64_t arc)
{
    struct tail *t = tails_find(&lsm->tails, arc);

    assert(t);
    t->forgot = t->lost = false;
    t->expected = (struct log_point){ .index = 0 };
}

static void fill(const struct tail *t, struct lsm_arc *out)
{
    *out = (struct lsm_arc){ .arc = t->arc,
                             .applied = t->applied,
                             .end = t->end,
                             .promise = t->promise,
                             .state = buf_slice(&t->state),
                             .tail_bytes = t->bytes,
                             .forgot = t->forgot,
                             .closed = t->closed,
                             .mute = t->mute };
}

bool lsm_arc(const struct lsm *lsm, uint64_t arc, struct lsm_arc *out)
{
    const struct tail *t = tails_find(&lsm->tails, arc);

    if (t)
        fill(t, out);
    return t != NULL;
}

void lsm_arcs(const struct lsm *lsm, void (*each)(void *arg, const struct lsm_arc *arc), void *arg)
{
    for (size_t i = 0; i < lsm->tails.count; i++) {
        struct lsm_arc a;
        fill(lsm->tails.tail[i], &a);
        each(arg, &a);
    }
}

size_t lsm_tail_bytes(const struct lsm *lsm)
{
    return lsm->tails.bytes;
}

const struct lsm_start *lsm_started(const struct lsm *lsm)
{
    return &lsm->started;
}

void lsm_retain(struct lsm *lsm, uint64_t position)
{
    if (position <= lsm->retained)
        return;
    lsm->retained = position;
    if (lsm_running(lsm) && log_state(lsm->log) != LOG_RESCUE)
        lsm_forget_log(lsm);
}

uint64_t lsm_log_begin(const struct lsm *lsm)
{
    return lsm->log ? log_begin(lsm->log) : 0;
}

/* --- for the rest of the store */

/* What was undone is no part of a lone node's mark: it may be whole in the file all the same,
 * and a replay from there must find its stamps behind the mark's. */
static uint64_t stamp_of(const struct lsm *lsm, uint64_t logged)
{
    return lsm->tails.count && logged < lsm->last_stamp ? lsm->last_stamp : logged;
}

struct log_mark lsm_mark(struct lsm *lsm, struct buf *arcs)
{
    struct log_mark mark = log_mark(lsm->log);
    bool rescue = log_state(lsm->log) == LOG_RESCUE;
    uint64_t lone = 0, oldest;

    if (lsm->tails.count == 0)
        return mark;
    mark.stamp = stamp_of(lsm, mark.stamp);
    oldest = tails_oldest(&lsm->tails, log_acked(lsm->log), &lone);
    if (oldest < mark.position && !rescue && !PLANTED(forget_unapplied)) {
        mark.position = oldest;
        mark.index = lone;
    }
    tails_put_marks(&lsm->tails, rescue, arcs);
    return mark;
}

/* Frames that were not applied when it was sealed may be in a newer memtable by now: for
 * these a replay begins where it was to, unless these files are not read again. */
void lsm_mark_again(struct lsm *lsm, struct sealed *s)
{
    bool rescue = log_state(lsm->log) == LOG_RESCUE;
    struct log_mark mark = log_mark(lsm->log);

    mark.stamp = stamp_of(lsm, mark.stamp);
    if (!rescue && s->mark.position < mark.position) {
        mark.position = s->mark.position;
        mark.index = s->mark.index;
    }
    s->mark = mark;
    tails_mark_again(&lsm->tails, rescue, &s->arcs);
}

void lsm_log_again(struct lsm *lsm)
{
    for (size_t i = 0; i < lsm->tails.count; i++) {
        struct tail *t = lsm->tails.tail[i];
        for (uint64_t index = t->applied.index + 1; index <= t->end.index; index++) {
            struct tail_frame *f = tail_at(t, index);
            size_t cells = frame_cells_size(&f->head);
            f->position = log_append(lsm->log, &f->head, slice_of(f->payload, cells),
                                     slice_of(f->payload + cells, f->head.notes));
            f->lone = log_closed(lsm->log);
            f->again = true;
        }
        t->held = t->held_until = 0;
        t->forgot = t->forgot || t->mute;
        t->lost = t->lost || t->mute;
    }
}
