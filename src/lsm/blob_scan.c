/* blob_scan.c: a window that moves over the file. */
#include "lsm/blob_scan.h"

#include <assert.h>

#include "base/crc32c.h"
#include "base/limits.h"

/* Frames up to so many steps are read whole, and once. */
enum { WHOLE_STEPS = 4 };

static bool fail(struct blob_scan *s, struct err e)
{
    s->source.cell = NULL;
    s->source.err = e;
    return false;
}

static bool corrupt(struct blob_scan *s, const char *what)
{
    return fail(s, err_make(ERR_CORRUPT, 0, what));
}

/* The window's bytes from `offset` on; at least `len` of them after look(). */
static struct slice seen(const struct blob_scan *s, uint64_t offset)
{
    size_t skip = (size_t)(offset - s->window_at);
    return slice_of(s->window.data + skip, s->window.len - skip);
}

/* Brings `len` bytes at `offset`, which the file has, into the window, and as many
 * more as a step reads. */
static bool look(struct blob_scan *s, uint64_t offset, size_t len)
{
    size_t want = len > s->step ? len : s->step, got = 0;
    struct err e;

    assert(len <= s->blob->size - offset);
    if (offset >= s->window_at && offset - s->window_at <= s->window.len &&
        s->window.len - (offset - s->window_at) >= len)
        return true;
    if (want > s->blob->size - offset)
        want = (size_t)(s->blob->size - offset);
    s->window.len = 0;
    s->window_at = offset;
    e = fs_read(s->blob->file, offset, buf_reserve(&s->window, want), want, &got);
    if (err_is(e))
        return fail(s, e);
    s->window.len = got;
    s->read_bytes += got;
    return got >= len || corrupt(s, "a file of values is too short");
}

/* The crc of the frame at s->frame. */
static bool frame_sum(struct blob_scan *s, uint32_t *crc)
{
    uint64_t at = s->frame + 4;

    *crc = 0;
    if (s->frame_end - s->frame <= s->step * WHOLE_STEPS &&
        !look(s, s->frame, (size_t)(s->frame_end - s->frame)))
        return false;
    while (at < s->frame_end) {
        struct slice bytes;
        if (!look(s, at, 1))
            return false;
        bytes = seen(s, at);
        if (bytes.len > s->frame_end - at)
            bytes.len = (size_t)(s->frame_end - at);
        *crc = crc32c_extend(*crc, bytes.data, bytes.len);
        at += bytes.len;
    }
    return true;
}

/* Goes into the frame at s->next; false at the end or for an error. */
static bool enter_frame(struct blob_scan *s)
{
    uint64_t left = s->blob->size - s->next;
    struct frame_head head;
    uint32_t want, crc;

    s->frame = s->next;
    if (left == 0)
        return false;
    if (left < FRAME_HEAD_SIZE)
        return corrupt(s, "a file of values ends within a frame's head");
    if (!look(s, s->frame, FRAME_HEAD_SIZE))
        return false;
    want = wire_get32(seen(s, s->frame).data);
    frame_head_get(seen(s, s->frame).data, &head);
    if (head.segment != s->blob->id)
        return corrupt(s, "a frame is not of the file it is in");
    if (head.length % 8 != 0 || head.length > left - FRAME_HEAD_SIZE ||
        !frame_head_can_be(&head, seen(s, s->frame).data))
        return corrupt(s, "a frame has a length that cannot be");
    s->frame_end = s->frame + FRAME_HEAD_SIZE + head.length;
    if (!frame_sum(s, &crc))
        return false;
    if (crc != want)
        return corrupt(s, "the checksum of a frame is wrong");
    s->cells = head.cells;
    s->next = s->frame + FRAME_HEAD_SIZE;
    s->cells_end = s->next + frame_cells_size(&head);
    return true;
}

/* Bytes that the cell at s->next claims to have, no more than the frame has;
   0 when none can be read there. */
static size_t claimed(struct blob_scan *s)
{
    uint64_t left = s->cells_end - s->next, n = CELL_FIXED_SIZE;
    const uint8_t *p;

    if (left < CELL_FIXED_SIZE) {
        corrupt(s, "a frame ends within a cell");
        return 0;
    }
    if (!look(s, s->next, CELL_FIXED_SIZE))
        return 0;
    p = seen(s, s->next).data;
    if (wire_get32(p + 16) > LIMIT_VALUE) {
        corrupt(s, "a cell has a value beyond the limit");
        return 0;
    }
    n += (uint64_t)wire_get16(p + 24) + wire_get16(p + 26) + wire_get32(p + 16);
    if (p[30] & CELL_EXPIRES)
        n += 8;
    if (p[30] & CELL_CONTEXT)
        n += 2 + UINT16_MAX;
    n = (n + 7) & ~(uint64_t)7;
    return (size_t)(n < left ? n : left);
}

static void next(struct cell_source *source)
{
    struct blob_scan *s = (struct blob_scan *)source;
    struct cell cell;
    struct slice bytes;
    size_t size, used;
    struct err e;

    s->source.cell = NULL;
    if (err_is(s->source.err))
        return;
    while (s->next == s->cells_end) {
        if (s->cells) {
            corrupt(s, "a frame has fewer cells than it says");
            return;
        }
        s->next = s->frame_end;
        if (!enter_frame(s))
            return;
    }
    size = claimed(s);
    if (size == 0 || !look(s, s->next, size))
        return;
    bytes = slice_of(seen(s, s->next).data, size);
    e = cell_decode_checked(bytes, &cell, &used);
    if (err_is(e) || s->cells == 0) {
        fail(s, err_is(e) ? e : err_make(ERR_CORRUPT, 0, "a frame has more cells than it says"));
        return;
    }
    s->source.cell = bytes.data;
    s->offset = s->next;
    s->next += used;
    s->cells--;
}

void blob_scan_init(struct blob_scan *s, const struct blob_file *blob, size_t step)
{
    *s = (struct blob_scan){ .source = { .err = err_ok(), .next = next },
                             .blob = blob,
                             .step = step,
                             .next = SEGMENT_FRAMES_START,
                             .cells_end = SEGMENT_FRAMES_START,
                             .frame_end = SEGMENT_FRAMES_START };
    assert(blob->size >= SEGMENT_FRAMES_START && step >= SEGMENT_FRAMES_START);
    next(&s->source);
}

void blob_scan_deinit(struct blob_scan *s)
{
    buf_deinit(&s->window);
}

struct blob_ref blob_scan_ref(const struct blob_scan *s, const struct cell *cell)
{
    return (struct blob_ref){ .file = s->blob->id,
                              .offset = s->offset + (uint64_t)(cell->value.data - s->source.cell),
                              .length = (uint32_t)cell->value.len,
                              .crc = crc32c_extend(0, cell->value.data, cell->value.len) };
}
