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
        r->stamp = c.stamp;
        payload = slice_of(payload.data + size, payload.len - size);
    }
}

static struct err apply_frame(struct replay *r, const uint8_t *frame)
{
    struct slice payload = slice_of(frame + FRAME_HEAD_SIZE, frame_size(frame) - FRAME_HEAD_SIZE);
    struct frame_head head;
    struct err e;

    frame_head_get(frame, &head);
    if (!frame_head_can_be(&head, frame) || head.arc || head.kind != FRAME_CELLS || head.notes)
        return err_make(ERR_CORRUPT, 0, "a frame that cannot be");
    if (head.index != r->index + 1 && !PLANTED(replay_past_cut))
        return err_make(ERR_CORRUPT, 0, "a frame is missing or twice");
    e = check_cells(r, &head, payload);
    if (err_is(e))
        return e;
    apply_cells(r, payload, r->end + FRAME_HEAD_SIZE);
    r->index = head.index;
    r->frames++;
    if (head.synced > r->synced)
        r->synced = head.synced;
    return err_ok();
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
            dataset_seal(r->data, &(struct log_mark){ r->end, r->index, r->stamp });
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
