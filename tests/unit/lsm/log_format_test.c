/* log_format_test.c: the bytes on disk, one by one: they may not change without a
 * new format version. */
#include "lsm/log_format.h"

#include <criterion/criterion.h>
#include <string.h>

#include "cell/cell.h"
#include "lsm/frames.h"
#include "lsm/log_list.h"

static const uint8_t golden_head[SEGMENT_HEAD_SIZE] = {
    'H',  'E',  'N',  'G',  'E',  'L',  'O',  'G',  /* magic */
    2,    0,    0,    0,    0,    0,    0,    0,    /* version */
    0x12, 0x34, 0,    0,    0,    0,    0,    0,    /* id */
    0x11, 0x34, 0,    0,    0,    0,    0,    0,    /* previous */
    8,    7,    6,    5,    4,    3,    2,    1,    /* base */
    7,    7,    6,    5,    4,    3,    2,    1,    /* synced */
    0x2a, 0,    0,    0,    0,    0,    0,    0,    /* index */
    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* boot */
    0,    0,    0,    0,    0x00, 0x00, 0x00, 0x00, /* crc, below */
};

static const uint8_t golden_frame[] = {
    0x00, 0x00, 0x00, 0x00, 40, 0, 0, 0, /* crc, below; payload length */
    0x12, 0x34, 0,    0,    0,  0, 0, 0, /* segment */
    7,    7,    6,    5,    4,  3, 2, 1, /* synced */
    0,    0,    0,    0,    0,  0, 0, 0, /* arc */
    0,    0,    0,    0,    0,  0, 0, 0, /* ballot counter */
    0,    0,    0,    0,    0,  0, 0, 0, /* counter of the ballot before it */
    0,    0,    0,    0,    0,  0, 0, 0, /* ballot node, node of the one before it */
    0x2a, 0,    0,    0,    0,  0, 0, 0, /* index */
    0x2a, 0,    0,    0,    0,  0, 0, 0, /* committed */
    5,    0,    0,    0,    0,  0, 0, 0, /* stamp */
    1,    0,    0,    0,    0,  0, 0, 0, /* cells, notes */
    0,    0,    0,    0,    0,  0, 0, 0, /* kind, tag */
    1,    2,    3,    4,    5,  6, 7, 8, /* payload: the cell */
    5,    0,    0,    0,    0,  0, 0, 0, /* its stamp */
    1,    0,    0,    0,    9,  0, 0, 0, /* value length, origin */
    1,    0,    0,    0,    2,  0, 0, 1, /* key, subkey, db, kind, flags, type */
    'k',  'v',  0,    0,    0,  0, 0, 0,
};

/* One of an arc. */
static const uint8_t golden_arc_frame[] = {
    0x00, 0x00, 0x00, 0x00, 48, 0, 0,  0, /* crc, below; payload length */
    0x12, 0x34, 0,    0,    0,  0, 0,  0, /* segment */
    7,    7,    6,    5,    4,  3, 2,  1, /* synced */
    7,    0,    0,    0,    0,  0, 12, 0, /* arc: slot 3, born at 6 */
    7,    0,    0,    0,    0,  0, 0,  0, /* ballot counter */
    5,    0,    0,    0,    0,  0, 0,  0, /* counter of the ballot before it */
    2,    0,    0,    0,    1,  0, 0,  0, /* ballot node, node of the one before it */
    8,    0,    0,    0,    0,  0, 0,  0, /* index */
    4,    0,    0,    0,    0,  0, 0,  0, /* committed */
    5,    0,    0,    0,    0,  0, 0,  0, /* stamp */
    1,    0,    0,    0,    4,  0, 0,  0, /* cells, notes */
    0,    9,    0,    0,    0,  0, 0,  0, /* kind, tag */
    1,    2,    3,    4,    5,  6, 7,  8, /* payload: the cell */
    5,    0,    0,    0,    0,  0, 0,  0, /* its stamp */
    1,    0,    0,    0,    9,  0, 0,  0, /* value length, origin */
    1,    0,    0,    0,    2,  0, 0,  1, /* key, subkey, db, kind, flags, type */
    'k',  'v',  0,    0,    0,  0, 0,  0, /* key, value */
    'n',  'o',  't',  'e',  0,  0, 0,  0, /* notes */
};

/* A list of one run. */
static const uint8_t golden_list[] = {
    0x00, 0x00, 0x00, 0x00, 40, 0, 0,  0, /* crc, below; payload length */
    0x12, 0x34, 0,    0,    0,  0, 0,  0, /* segment */
    0,    0,    0,    0,    0,  0, 0,  0, /* synced */
    0,    0,    0,    0,    0,  0, 0,  0, /* arc */
    0,    0,    0,    0,    0,  0, 0,  0, /* ballot counter */
    0,    0,    0,    0,    0,  0, 0,  0, /* counter of the ballot before it */
    0,    0,    0,    0,    0,  0, 0,  0, /* ballot node, node of the one before it */
    0,    0,    0,    0,    0,  0, 0,  0, /* index */
    0,    0,    0,    0,    0,  0, 0,  0, /* committed */
    0,    0,    0,    0,    0,  0, 0,  0, /* stamp */
    0,    0,    0,    0,    40, 0, 0,  0, /* cells, notes */
    4,    0,    0,    0,    0,  0, 0,  0, /* kind, tag */
    7,    0,    0,    0,    0,  0, 12, 0, /* run: arc */
    8,    0,    0,    0,    0,  0, 0,  0, /* ... index */
    7,    0,    0,    0,    0,  0, 0,  0, /* ... ballot counter */
    0,    0x11, 0,    0,    0,  0, 0,  0, /* ... position */
    2,    0,    0,    0,    0,  0, 0,  0, /* ... ballot node */
};

/* Computed from the bytes above by another program, bit by bit. */
static const uint32_t golden_head_crc = 0xe93559cd;
static const uint32_t golden_arc_frame_crc = 0x2a636e09;
static const uint32_t golden_list_crc = 0xc4505afb;
static const uint32_t golden_frame_crc = 0x2a3fdc0a;

Test(log_format, a_segment_head_has_these_bytes)
{
    struct segment_head head = { .version = 2,
                                 .id = 0x3412,
                                 .previous = 0x3411,
                                 .base = 0x0102030405060708,
                                 .synced = 0x0102030405060707,
                                 .index = 42,
                                 .boot = 0x1122334455667788 };
    struct segment_head back;
    uint8_t bytes[SEGMENT_HEAD_SIZE];

    segment_head_put(bytes, &head);
    cr_assert_eq(memcmp(bytes, golden_head, 68), 0);
    cr_assert_eq(wire_get32(bytes + 68), golden_head_crc, "%#x", wire_get32(bytes + 68));
    cr_assert_eq(segment_head_get(bytes, &back), SEGMENT_HEAD_GOOD);
    cr_assert(back.id == head.id && back.previous == head.previous && back.base == head.base &&
              back.synced == head.synced && back.index == head.index && back.boot == head.boot);
}

Test(log_format, a_frame_has_these_bytes)
{
    struct cell cell = { .key = { .position = 0x0807060504030201,
                                  .key = slice_str("k"),
                                  .db = 2,
                                  .kind = CELL_HEAD },
                         .stamp = 5,
                         .origin = 9,
                         .type = CELL_STRING,
                         .value = slice_str("v") };
    struct frames_place place = { 0x3412, 0x0102030405060707, 42 };
    struct frames frames = { .sent = 0 };

    cell_encode(&cell, frames_add(&frames, cell_size(&cell), cell.stamp));
    frames_close(&frames);
    cr_assert_eq(frames_rest(&frames).len, sizeof golden_frame);
    cr_assert_eq(frames_seal(frames.bytes.data, frames.bytes.len, &place), 1);
    cr_assert_eq(memcmp(frames.bytes.data + 4, golden_frame + 4, sizeof golden_frame - 4), 0);
    cr_assert_eq(wire_get32(frames.bytes.data), golden_frame_crc, "%#x",
                 wire_get32(frames.bytes.data));
    cr_assert(frame_good(frames_rest(&frames), 0x3412, false));
    cr_assert_not(frame_good(frames_rest(&frames), 0x3413, false), "of another segment");
    cr_assert_not(frame_good(slice_of(frames.bytes.data, frames.bytes.len - 8), 0x3412, false));
    frames_deinit(&frames);
}

Test(log_format, a_frame_of_an_arc_has_these_bytes)
{
    struct cell cell = { .key = { .position = 0x0807060504030201,
                                  .key = slice_str("k"),
                                  .db = 2,
                                  .kind = CELL_HEAD },
                         .stamp = 5,
                         .origin = 9,
                         .type = CELL_STRING,
                         .value = slice_str("v") };
    struct frame_head head = { .arc = log_arc(3, 6),
                               .ballot = { 7, 2 },
                               .previous = { 5, 1 },
                               .index = 8,
                               .committed = 4,
                               .stamp = 5,
                               .cells = 1,
                               .kind = FRAME_CELLS,
                               .tag = 9 };
    struct frames_place place = { 0x3412, 0x0102030405060707, 42 };
    struct frames frames = { .sent = 0 };
    uint8_t bytes[64];
    struct frame_head back;

    cell_encode(&cell, bytes);
    cr_assert_eq(frames_put(&frames, &head, slice_of(bytes, cell_size(&cell)), slice_str("note")),
                 sizeof golden_arc_frame);
    cr_assert_eq(frames_seal(frames.bytes.data, frames.bytes.len, &place), 0, "not numbered");
    cr_assert_eq(memcmp(frames.bytes.data + 4, golden_arc_frame + 4, sizeof golden_arc_frame - 4),
                 0);
    cr_assert_eq(wire_get32(frames.bytes.data), golden_arc_frame_crc);
    frame_head_get(frames.bytes.data, &back);
    cr_assert(frame_head_can_be(&back, frames.bytes.data) && frame_cells_size(&back) == 40);
    cr_assert(back.arc == head.arc && back.index == 8 && back.committed == 4 && back.tag == 9 &&
              back.notes == 4 && log_ballot_same(back.ballot, head.ballot) &&
              log_ballot_same(back.previous, head.previous));
    frames_deinit(&frames);
}

Test(log_format, a_list_has_these_bytes)
{
    struct frame_head head = { .arc = log_arc(3, 6), .ballot = { 7, 2 }, .index = 8 };
    struct frames frames = { .sent = 0 };
    struct log_list list = { .count = 0 }, back = { .count = 0 };
    struct buf bytes = { 0 };

    for (unsigned i = 0; i < 3; i++, head.index++)
        frames_put(&frames, &head, slice_of(NULL, 0), slice_of(NULL, 0));
    cr_assert_eq(log_list_note(&list, frames_rest(&frames), 0x1100), 0);
    log_list_put(&list, 0x3412, &bytes);
    cr_assert_eq(bytes.len, sizeof golden_list);
    cr_assert_eq(memcmp(bytes.data + 4, golden_list + 4, sizeof golden_list - 4), 0);
    cr_assert_eq(wire_get32(bytes.data), golden_list_crc);
    cr_assert(log_list_get(slice_of(bytes.data + FRAME_HEAD_SIZE, LOG_RUN_SIZE), &back));
    cr_assert(back.count == 1 && back.run[0].index == 8 && back.run[0].position == 0x1100);
    cr_assert_not(log_list_get(slice_of(bytes.data + FRAME_HEAD_SIZE, LOG_RUN_SIZE - 8), &back));
    log_list_deinit(&list);
    log_list_deinit(&back);
    frames_deinit(&frames);
    buf_deinit(&bytes);
}

Test(log_format, every_flipped_bit_of_a_head_is_noticed)
{
    struct segment_head head = { .version = 2, .id = 2, .previous = 1, .base = 8, .index = 1 };
    uint8_t bytes[SEGMENT_HEAD_SIZE];

    segment_head_put(bytes, &head);
    for (unsigned bit = 0; bit < 8 * SEGMENT_HEAD_SIZE; bit++) {
        struct segment_head back;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_neq(segment_head_get(bytes, &back), SEGMENT_HEAD_GOOD, "bit %u", bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

Test(log_format, frames_that_fit_are_whole_ones)
{
    struct frames frames = { .sent = 0 };

    for (unsigned i = 0; i < 3; i++) {
        memset(frames_add(&frames, 40, i + 1), 0, 40);
        frames_close(&frames);
    }
    cr_assert_eq(frames_fit(frames_rest(&frames), 3 * 136), 3 * 136);
    cr_assert_eq(frames_fit(frames_rest(&frames), 3 * 136 - 1), 2 * 136);
    cr_assert_eq(frames_fit(frames_rest(&frames), 135), 0);
    frames_sent(&frames, 136);
    frames_sent(&frames, 272);
    cr_assert_eq(frames_rest(&frames).len, 0);
    frames_deinit(&frames);
}
