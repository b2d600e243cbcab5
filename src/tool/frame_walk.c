/* frame_walk.c: a window over the file; a frame larger than a few steps is read twice,
 * once for its checksum and once for its cells. */
#include "tool/frame_walk.h"

#include <assert.h>

#include "base/limits.h"
#include "lsm/replay.h"

enum { WHOLE_FRAME = 4 * LOAD_STEP };

void frame_walk_open(struct frame_walk *w, struct fs_file *file, uint64_t id, uint64_t size,
                     uint64_t offset)
{
    *w = (struct frame_walk){ .id = id, .err = err_ok() };
    load_window_open(&w->window, file, size, offset);
}

void frame_walk_close(struct frame_walk *w)
{
    load_window_close(&w->window);
}

uint64_t frame_walk_at(const struct frame_walk *w)
{
    return w->window.offset;
}

static bool want(struct frame_walk *w, uint64_t bytes)
{
    if (!err_is(w->err))
        w->err = load_window_want(&w->window, bytes);
    return !err_is(w->err);
}

/* Whether the `claim` bytes from `at` of the window on are a frame. */
static bool holds(struct frame_walk *w, size_t at, uint64_t claim)
{
    struct slice bytes = load_window_bytes(&w->window);
    uint32_t right, crc;

    assert(bytes.len >= at + FRAME_HEAD_SIZE && bytes.data);
    right = wire_get32(bytes.data + at);
    if (claim <= bytes.len - at)
        return right == frame_crc(bytes.data + at);
    w->err = load_window_crc(&w->window, at + 4, claim - 4, &crc);
    return !err_is(w->err) && crc == right;
}

bool frame_walk_enter(struct frame_walk *w)
{
    struct slice bytes;
    uint64_t claim;

    if (!want(w, FRAME_HEAD_SIZE))
        return false;
    claim = replay_claim(load_window_bytes(&w->window), w->id, load_window_rest(&w->window));
    if (claim && claim <= WHOLE_FRAME && !want(w, claim))
        return false;
    bytes = load_window_bytes(&w->window);
    if (claim == 0 || !holds(w, 0, claim))
        return false;
    frame_head_get(bytes.data, &w->head);
    w->frame = w->window.offset;
    w->frame_end = w->frame + claim;
    w->cells_end = w->frame_end;
    if (frame_head_can_be(&w->head, bytes.data))
        w->cells_end = w->frame + FRAME_HEAD_SIZE + frame_cells_size(&w->head);
    w->shown = 0;
    w->wrong = NULL;
    load_window_skip(&w->window, FRAME_HEAD_SIZE);
    return true;
}

/* Bytes that the cell at the window's beginning claims to have, at most `left`. */
static uint64_t claimed(const uint8_t *p, uint64_t left)
{
    uint64_t n = CELL_FIXED_SIZE + (uint64_t)wire_get16(p + 24) + wire_get16(p + 26);

    n += (p[30] & CELL_EXPIRES ? 8u : 0u) + (p[30] & CELL_CONTEXT ? 2u + UINT16_MAX : 0u);
    n = (n + wire_get32(p + 16) + 7) & ~(uint64_t)7;
    return n < left ? n : left;
}

bool frame_walk_cell(struct frame_walk *w, struct cell *out)
{
    uint64_t left = w->cells_end - w->window.offset, size;
    struct slice bytes;
    size_t used = 0;
    struct err e;

    w->wrong = NULL;
    if (left == 0) {
        if (w->shown != w->head.cells)
            w->wrong = "a frame has another number of cells than it says";
        return false;
    }
    if (!want(w, left < CELL_FIXED_SIZE ? left : CELL_FIXED_SIZE))
        return false;
    bytes = load_window_bytes(&w->window);
    if (bytes.len < CELL_FIXED_SIZE || wire_get32(bytes.data + 16) > LIMIT_VALUE) {
        w->wrong = "a frame has bytes that are no cell";
        return false;
    }
    size = claimed(bytes.data, left);
    if (!want(w, size))
        return false;
    bytes = load_window_bytes(&w->window);
    e = cell_decode_checked(slice_of(bytes.data, bytes.len < size ? bytes.len : (size_t)size), out,
                            &used);
    if (err_is(e)) {
        w->wrong = e.what;
        return false;
    }
    w->cell = w->window.offset;
    w->shown++;
    load_window_skip(&w->window, used);
    return true;
}

void frame_walk_leave(struct frame_walk *w)
{
    uint64_t left = w->frame_end - w->window.offset;
    size_t there = load_window_bytes(&w->window).len;

    if (left <= there) {
        load_window_skip(&w->window, (size_t)left);
        return;
    }
    w->window.bytes.len = w->window.skipped = 0;
    w->window.offset = w->frame_end;
}

bool frame_walk_resync(struct frame_walk *w)
{
    for (size_t at = 8;; at = 0) {
        struct slice bytes;
        if (!want(w, LOAD_STEP))
            return false;
        bytes = load_window_bytes(&w->window);
        for (; at + FRAME_HEAD_SIZE <= bytes.len; at += 8) {
            uint64_t claim = replay_claim(slice_of(bytes.data + at, bytes.len - at), w->id,
                                          load_window_rest(&w->window) - at);
            if (claim && holds(w, at, claim)) {
                load_window_skip(&w->window, at);
                return true;
            }
            if (err_is(w->err))
                return false;
        }
        if (bytes.len == load_window_rest(&w->window))
            return false;
        load_window_skip(&w->window, at);
    }
}

bool frame_walk_skip_zeros(struct frame_walk *w)
{
    for (;;) {
        struct slice bytes;
        size_t at = 0;
        if (!want(w, LOAD_STEP))
            return false;
        bytes = load_window_bytes(&w->window);
        if (bytes.len == 0)
            return false;
        if (replay_used(bytes) == 0) {
            load_window_skip(&w->window, bytes.len);
            continue;
        }
        while (bytes.data[at] == 0)
            at++;
        load_window_skip(&w->window, at);
        return true;
    }
}
