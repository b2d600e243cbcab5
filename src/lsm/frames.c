/* frames.c: building and sealing. */
#include "lsm/frames.h"

#include <assert.h>
#include <string.h>

#include "base/wire.h"
#include "lsm/log_format.h"

enum { KEEP_MAX = 16 * 1024 * 1024 /* larger buffers are freed when they are empty */ };

void frames_deinit(struct frames *f)
{
    buf_deinit(&f->bytes);
    *f = (struct frames){ 0 };
}

uint8_t *frames_add(struct frames *f, size_t size, uint64_t stamp)
{
    uint8_t *room;

    if (f->cells == 0) {
        f->open_at = f->bytes.len;
        memset(buf_reserve(&f->bytes, FRAME_HEAD_SIZE), 0, FRAME_HEAD_SIZE);
        f->bytes.len += FRAME_HEAD_SIZE;
    }
    room = buf_reserve(&f->bytes, size);
    f->bytes.len += size;
    f->cells++;
    f->stamp = stamp;
    return room;
}

size_t frames_put(struct frames *f, const struct frame_head *head, struct slice cells,
                  struct slice notes)
{
    size_t length = cells.len + ((notes.len + 7) & ~(size_t)7);
    struct frame_head h = *head;
    uint8_t *p = buf_reserve(&f->bytes, FRAME_HEAD_SIZE + length);

    assert(f->cells == 0 && cells.len % 8 == 0 && length <= UINT32_MAX);
    h.length = (uint32_t)length;
    h.notes = (uint32_t)notes.len;
    frame_head_put(p, &h);
    assert(!frame_is_lone(p));
    if (cells.len)
        memcpy(p + FRAME_HEAD_SIZE, cells.data, cells.len);
    if (notes.len) {
        memset(p + FRAME_HEAD_SIZE + length - 8, 0, 8);
        memcpy(p + FRAME_HEAD_SIZE + cells.len, notes.data, notes.len);
    }
    f->bytes.len += FRAME_HEAD_SIZE + length;
    return FRAME_HEAD_SIZE + length;
}

size_t frames_open_size(const struct frames *f)
{
    return f->cells ? f->bytes.len - f->open_at : 0;
}

void frames_close(struct frames *f)
{
    size_t size = frames_open_size(f);
    struct frame_head head = { .cells = f->cells, .stamp = f->stamp };

    if (!size)
        return;
    assert(size - FRAME_HEAD_SIZE <= UINT32_MAX && size % 8 == 0);
    head.length = (uint32_t)(size - FRAME_HEAD_SIZE);
    frame_head_put(f->bytes.data + f->open_at, &head);
    f->cells = 0;
}

struct slice frames_rest(const struct frames *f)
{
    assert(f->cells == 0);
    if (f->bytes.len == 0)
        return slice_of(NULL, 0);
    return slice_of(f->bytes.data + f->sent, f->bytes.len - f->sent);
}

void frames_sent(struct frames *f, size_t len)
{
    f->sent += len;
    assert(f->sent <= f->bytes.len);
    if (f->sent == f->bytes.len)
        frames_clear(f);
}

void frames_clear(struct frames *f)
{
    if (f->bytes.cap > KEEP_MAX)
        buf_deinit(&f->bytes);
    f->bytes.len = 0;
    f->sent = 0;
    f->cells = 0;
}

size_t frames_fit(struct slice frames, uint64_t room)
{
    size_t n = 0;

    while (n < frames.len && n + frame_size(frames.data + n) <= room)
        n += frame_size(frames.data + n);
    return n;
}

uint64_t frames_seal(uint8_t *bytes, size_t len, const struct frames_place *place)
{
    uint64_t count = 0;

    for (size_t at = 0; at < len; at += frame_size(bytes + at)) {
        uint8_t *frame = bytes + at;
        wire_put64(frame + 8, place->segment);
        wire_put64(frame + 16, place->synced);
        if (frame_is_lone(frame)) {
            wire_put64(frame + 56, place->index + count);
            wire_put64(frame + 64, place->index + count);
            count++;
        }
        frame_seal(frame);
    }
    return count;
}
