/* segment_fuzz.c: any bytes as a segment: its head, then (without the zeros
 * between) its frames.  Whatever they are, replay ends, the dataset holds, a second
 * replay agrees, and what seems to begin a frame stays within its bounds.  The first
 * byte's bits: 1 makes the head's crc right, 2 the frames' crcs and segment, 4 their
 * cells' positions; no fuzzer guesses. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz_arenas.h"
#include "fuzz_frames.h"
#include "lsm/log_list.h"
#include "lsm/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Replays the frames; what it found, as a number. */
static uint64_t replay(const struct segment_head *head, struct slice frames, uint64_t limit,
                       bool check)
{
    struct fuzz_arenas arenas;
    struct dataset data;
    struct tails tails = { .count = 0 };
    struct replay r = {
        .data = &data, .tails = &tails, .end = head->base, .index = head->index - 1
    };
    uint64_t sum;
    size_t used;

    fuzz_arenas_init(&arenas);
    dataset_init(
        &data, &arenas.base,
        &(struct dataset_options){ .chunk_size = 8192, .limit = 65536, .large_min = 4096 });
    struct err e = replay_frames(&r, head->id, frames, limit, &used);
    assert(!err_is(e) || e.code == ERR_CORRUPT);
    assert(used <= frames.len && r.end == head->base + used);
    assert(tails_check(&tails));
    assert(!check || r.frames == 0 || dataset_check(&data, true)); /* a walk: slow */
    for (size_t at = 0; at < used; at += frame_size(frames.data + at)) {
        uint8_t copy[FRAME_HEAD_SIZE];
        struct frame_head h;
        frame_head_get(frames.data + at, &h);
        frame_head_put(copy, &h);
        assert(memcmp(copy + 4, frames.data + at + 4, FRAME_HEAD_SIZE - 4) == 0);
    }
    sum = tails.bytes * 3 + tails.count * 5;
    tails_deinit(&tails);
    sum += used * 31 + r.frames * 7 + r.stamp + (uint64_t)data.counts.heads[0] + (uint64_t)e.code;
    dataset_deinit(&data);
    return sum;
}

/* The same bytes as the runs of a list: what is read is written alike. */
static void check_list(struct slice payload)
{
    struct log_list list = { .count = 0 };
    struct buf again = { 0 };

    if (log_list_get(payload, &list)) {
        log_list_put(&list, 1, &again);
        assert(slice_equal(slice_of(again.data + FRAME_HEAD_SIZE, again.len - FRAME_HEAD_SIZE),
                           payload));
    }
    log_list_deinit(&list);
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct segment_head head;

    if (size < 1 + SEGMENT_HEAD_SIZE)
        return 0;
    uint8_t mode = data[0], *bytes = mem_alloc(size - 1);
    memcpy(bytes, data + 1, size - 1);
    if (mode & 1)
        wire_put32(bytes + 68, crc32c_extend(0, bytes, 68));
    enum segment_head_state state = segment_head_get(bytes, &head);
    uint8_t *frames = bytes + SEGMENT_HEAD_SIZE;
    size_t len = size - 1 - SEGMENT_HEAD_SIZE;
    if (state == SEGMENT_HEAD_GOOD) {
        if (mode & 2)
            fuzz_frames_fix(frames, len, head.id, mode & 4);
        uint64_t limit = mode & 8 ? head.base + len / 2 : UINT64_MAX;
        uint64_t sum = replay(&head, slice_of(frames, len), limit, true);
        assert(sum == replay(&head, slice_of(frames, len), limit, false));
    }
    for (size_t at = 0; at + FRAME_HEAD_SIZE <= len; at += 8) {
        uint64_t claim = replay_claim(slice_of(frames + at, len - at), head.id, len - at);
        assert(claim == 0 || (claim >= FRAME_HEAD_SIZE && claim <= len - at));
    }
    assert(replay_used(slice_of(frames, len)) <= len);
    check_list(slice_of(frames, len));
    mem_free(bytes);
    return 0;
}
