/* replay.c: frames are looked at twice: all their cells are checked before the
 * first is applied. */
#include "lsm/replay.h"

#include <assert.h>
#include <string.h>

#include "base/planted.h"

static struct err check_cells(const struct replay *r, const struct frame_head *head,
                              struct slice payload)
{
    uint64_t stamp = r->stamp, flushed[LIMIT_DATABASES];
    uint32_t cells = 0;

    memcpy(flushed, r->data->sums.flushed, sizeof flushed);
    while (payload.len) {
        struct cell c;
        size_t size = 0;
        struct err e = cell_decode_checked(payload, &c, &size);
        if (err_is(e))
            return e;
        if (c.stamp < stamp || c.stamp == 0)
            return err_make(ERR_CORRUPT, 0, "a cell's stamp falls");
        stamp = c.stamp;
        if (c.key.kind != CELL_FLUSH) {
            if (stamp <= flushed[c.key.db])
                return err_make(ERR_CORRUPT, 0, "a cell is older than a flush before it");
        } else {
            for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
                if (c.key.db == CELL_DB_ALL || c.key.db == i)
                    flushed[i] = stamp;
            }
        }
        payload = slice_of(payload.data + size, payload.len - size);
        cells++;
    }
    if (cells != head->cells || (cells && stamp != head->stamp))
        return err_make(ERR_CORRUPT, 0, "a frame's head disagrees with its cells");
    return err_ok();
}

/* `place`: log position of the first cell. */
static void apply_cells(struct replay *r, struct slice payload, uint64_t place)
{
    while (payload.len) {
        size_t size = cell_encoded_size(payload.data);
        struct cell c;
        cell_decode(payload.data, &c);
        if (c.key.kind == CELL_FLUSH) {
            dataset_flush(r->data, c.key.db, c.stamp);
        } else {
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
            r->index = wire_get64(bytes.data + at + 48) - 1;
            return at;
        }
    }
    return bytes.len;
}

struct err replay_segment(struct replay *r, const struct segment_head *head, struct slice bytes,
                          uint64_t limit, size_t *used)
{
    uint64_t room = limit > head->base ? limit - head->base : 0;
    bool trust = PLANTED(trust_torn_frame);
    size_t at = 0;

    assert(r->end == head->base);
    *used = 0;
    if (head->synced > r->synced)
        r->synced = head->synced;
    while (at < bytes.len) {
        struct slice rest = slice_of(bytes.data + at, bytes.len - at);
        struct err e;
        if (!frame_good(rest, head->id, trust)) {
            if (!PLANTED(resume_after_tear))
                break;
            at = skip_tear(r, bytes, at, head->id);
            continue;
        }
        if (at + frame_size(rest.data) > room && !PLANTED(replay_past_cut))
            break;
        e = apply_frame(r, rest.data);
        if (err_is(e))
            return e;
        at += frame_size(rest.data);
        *used = at;
        r->end = head->base + at;
        if (dataset_full(r->data) && dataset_can_seal(r->data))
            dataset_seal(r->data, &(struct log_mark){ r->end, r->index, r->stamp });
    }
    return err_ok();
}

bool replay_promised(struct slice bytes, uint64_t segment, uint64_t position)
{
    for (size_t at = 0; at + FRAME_HEAD_SIZE <= bytes.len; at += 8) {
        struct slice rest = slice_of(bytes.data + at, bytes.len - at);
        if (wire_get64(rest.data + 8) == segment && wire_get64(rest.data + 16) > position &&
            frame_good(rest, segment, false))
            return true;
    }
    return false;
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
