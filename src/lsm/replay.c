/* replay.c: all cells of a frame are checked before the first is applied; what
 * putting them will touch is prefetched some cells ahead. */
#include "lsm/replay.h"

#include <string.h>

#include "base/planted.h"

enum { AHEAD = 32 }; /* cells whose places are prefetched together */

/* The flushes in front of a cell, as the log tells them: those that tables know
 * besides may be newer than what is replayed. */
static void note_flush(uint64_t flushed[LIMIT_DATABASES], uint8_t db, uint64_t stamp)
{
    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        if (db == CELL_DB_ALL || db == i)
            flushed[i] = stamp;
    }
}

static struct err check_cells(const struct replay *r, const struct frame_head *head,
                              struct slice payload)
{
    uint64_t stamp = r->stamp, flushed[LIMIT_DATABASES];
    uint32_t cells = 0;

    memcpy(flushed, r->flushed, sizeof flushed);
    while (payload.len) {
        struct cell c;
        size_t size = 0;
        struct err e = cell_decode_checked(payload, &c, &size);
        if (err_is(e))
            return e;
        if (c.stamp < stamp || c.stamp == 0)
            return err_make(ERR_CORRUPT, 0, "a cell's stamp falls");
        stamp = c.stamp;
        if (c.key.kind == CELL_FLUSH)
            note_flush(flushed, c.key.db, stamp);
        else if (stamp <= flushed[c.key.db])
            return err_make(ERR_CORRUPT, 0, "a cell is older than a flush before it");
        payload = slice_of(payload.data + size, payload.len - size);
        cells++;
    }
    if (cells != head->cells || (cells && stamp != head->stamp))
        return err_make(ERR_CORRUPT, 0, "a frame's head disagrees with its cells");
    return err_ok();
}

static void apply_flush(struct replay *r, uint8_t db, uint64_t stamp)
{
    note_flush(r->flushed, db, stamp);
    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        if ((db == CELL_DB_ALL || db == i) && stamp > r->data->flushed[i])
            dataset_flush(r->data, (uint8_t)i, stamp);
    }
}

/* Brings nearer what putting the next cells will touch: the way to each, then
 * its end. Returns how many bytes they take. */
static size_t look_ahead(const struct memtable *m, struct slice payload)
{
    uint64_t position[AHEAD];
    size_t count = 0, at = 0;

    for (; at < payload.len && count < AHEAD; at += cell_encoded_size(payload.data + at)) {
        position[count] = cell_encoded_position(payload.data + at);
        memtable_prefetch(m, position[count++]);
    }
    for (size_t i = 0; i < count; i++)
        memtable_prefetch_cell(m, position[i]);
    return at;
}

/* `place`: log position of the first cell. */
static void apply_cells(struct replay *r, struct slice payload, uint64_t place)
{
    size_t near = 0;

    while (payload.len) {
        size_t size = cell_encoded_size(payload.data);
        struct cell c;
        if (near == 0)
            near = look_ahead(r->data->active, payload);
        near -= size;
        cell_decode(payload.data, &c);
        if (c.key.kind == CELL_FLUSH) {
            apply_flush(r, c.key.db, c.stamp);
        } else if (dataset_visible(r->data, payload.data)) {
            struct dataset_put put = dataset_put(r->data, payload.data, size, place);
            dataset_give(r->data, &put, UINT64_MAX);
        }
        place += size;
        if (r->stamp < c.stamp)
            r->stamp = c.stamp;
        payload = slice_of(payload.data + size, payload.len - size);
    }
}

static struct err lone_frame(struct replay *r, const struct frame_head *head, struct slice payload)
{
    struct err e = err_ok();

    if (head->index != r->index + 1 && !PLANTED(replay_past_cut))
        return err_make(ERR_CORRUPT, 0, "a frame is missing or twice");
    if (head->committed != head->index || head->notes)
        return err_make(ERR_CORRUPT, 0, "a frame that cannot be");
    if (r->end >= r->through) { /* else it is in tables */
        e = check_cells(r, head, payload);
        if (!err_is(e))
            apply_cells(r, payload, r->end + FRAME_HEAD_SIZE);
    }
    r->index = head->index;
    return e;
}

static void apply_first(struct replay *r, struct tail *t)
{
    const struct tail_frame *f = tail_at(t, t->applied.index + 1);

    apply_cells(r, slice_of(f->payload, frame_cells_size(&f->head)), f->position + FRAME_HEAD_SIZE);
    tail_applied(r->tails, t);
}

/* Frames before `through` may be of a tail that was cut behind them. */
static struct err arc_cells(struct replay *r, const struct frame_head *head, struct slice payload)
{
    struct tail *t = tails_get(r->tails, head->arc);
    struct err e = tail_check_cells(head, payload.data);

    if (!err_is(e) && head->committed > head->index)
        e = err_make(ERR_CORRUPT, 0, "a frame that cannot be");
    if (err_is(e))
        return e;
    switch (tail_judge(t, head)) {
    case TAIL_HELD:
        return e;
    case TAIL_STRAY:
        if (r->end >= r->through)
            return err_make(ERR_CORRUPT, 0, "a frame that follows nothing in its arc");
        return e;
    case TAIL_CUTS:
        while (PLANTED(apply_cut_tail) && t->count)
            apply_first(r, t);
        if (PLANTED(apply_cut_tail))
            return e;
        break;
    case TAIL_FOLLOWS:
        break;
    }
    tail_append(r->tails, t, head, slice_of(payload.data, frame_cells_size(head)),
                slice_of(payload.data + frame_cells_size(head), head->notes), r->end, r->index);
    while (t->count && t->applied.index < t->committed)
        apply_first(r, t);
    return e;
}

/* A record about an arc; the manifest knows what those before `through` said. */
static struct err arc_record(struct replay *r, const struct frame_head *head, struct slice payload)
{
    struct tail *t = tails_get(r->tails, head->arc);

    if (head->cells || head->notes > LIMIT_ARC_STATE || frame_cells_size(head) ||
        (head->notes && head->kind != FRAME_STATE))
        return err_make(ERR_CORRUPT, 0, "a record of an arc that cannot be");
    if (head->kind == FRAME_PROMISE)
        tail_set_promise(t, head->ballot);
    if (r->end < r->through)
        return err_ok();
    if (head->kind == FRAME_STATE)
        tail_set_state(t, slice_of(payload.data, head->notes));
    while (head->kind == FRAME_BASE && t->count && t->applied.index < head->committed)
        apply_first(r, t);
    if (head->kind == FRAME_BASE)
        tail_reset(r->tails, t, &(struct log_point){ head->ballot, head->index, head->stamp },
                   head->tag != 0);
    return err_ok();
}

static struct err apply_frame(struct replay *r, const uint8_t *frame)
{
    struct slice payload = slice_of(frame + FRAME_HEAD_SIZE, frame_size(frame) - FRAME_HEAD_SIZE);
    struct frame_head head;
    struct err e;

    frame_head_get(frame, &head);
    if (!frame_head_can_be(&head, frame) || (head.arc == 0 && head.kind != FRAME_CELLS))
        return err_make(ERR_CORRUPT, 0, "a frame that cannot be");
    if (head.arc == 0)
        e = lone_frame(r, &head, payload);
    else if (head.kind == FRAME_CELLS)
        e = arc_cells(r, &head, payload);
    else
        e = arc_record(r, &head, payload);
    if (err_is(e))
        return e;
    if (head.arc && r->stamp < head.stamp)
        r->stamp = head.stamp;
    r->frames++;
    if (head.synced > r->synced)
        r->synced = head.synced;
    return err_ok();
}

static void seal(struct replay *r)
{
    struct log_mark mark = { r->end, r->index, r->stamp, r->end };
    struct buf arcs = { 0 };
    uint64_t lone = 0, oldest = tails_oldest(r->tails, UINT64_MAX, &lone);

    if (oldest < mark.position) {
        mark.position = oldest;
        mark.index = lone;
    }
    tails_put_marks(r->tails, false, &arcs);
    dataset_seal(r->data, &mark, &arcs);
}

/* PLANTED(resume_after_tear): on to the next good frame, whatever is lost. */
static size_t skip_tear(struct replay *r, struct slice bytes, size_t at, uint64_t segment)
{
    for (at += 8; at + FRAME_HEAD_SIZE <= bytes.len; at += 8) {
        if (frame_good(slice_of(bytes.data + at, bytes.len - at), segment, false)) {
            r->index = wire_get64(bytes.data + at + 56) - 1;
            return at;
        }
    }
    return bytes.len;
}

struct err replay_frames(struct replay *r, uint64_t segment, struct slice bytes, uint64_t limit,
                         size_t *used)
{
    uint64_t base = r->end;
    bool trust = PLANTED(trust_torn_frame);
    size_t at = 0;

    *used = 0;
    while (at < bytes.len) {
        struct slice rest = slice_of(bytes.data + at, bytes.len - at);
        struct err e;
        if (!frame_good(rest, segment, trust)) {
            if (!PLANTED(resume_after_tear))
                break;
            at = skip_tear(r, bytes, at, segment);
            continue;
        }
        if (frame_size(rest.data) > limit - r->end && !PLANTED(replay_past_cut))
            break;
        if (rest.data[88] == FRAME_END || rest.data[88] == FRAME_LIST) { /* behind the log */
            r->ended = rest.data[88] == FRAME_END;
            break;
        }
        e = apply_frame(r, rest.data);
        if (err_is(e))
            return e;
        at += frame_size(rest.data);
        *used = at;
        r->end = base + at;
        if (dataset_full(r->data) && dataset_can_seal(r->data))
            seal(r);
    }
    return err_ok();
}

uint64_t replay_claim(struct slice bytes, uint64_t segment, uint64_t most)
{
    if (bytes.len < FRAME_HEAD_SIZE || wire_get64(bytes.data + 8) != segment)
        return 0;
    if (wire_get32(bytes.data + 4) % 8 != 0 || frame_size(bytes.data) > most)
        return 0;
    return frame_size(bytes.data);
}

size_t replay_used(struct slice bytes)
{
    size_t n = bytes.len;

    while (n >= 8 && wire_get64(bytes.data + n - 8) == 0)
        n -= 8;
    while (n > 0 && bytes.data[n - 1] == 0)
        n--;
    return n;
}
