/* fuzz_frames.c: walks as far as the lengths go. */
#include "fuzz_frames.h"

#include "cell/cell.h"
#include "cell/position.h"
#include "lsm/log_format.h"

static void fix_positions(uint8_t *payload, size_t len)
{
    while (len >= CELL_FIXED_SIZE) {
        size_t key_len = wire_get16(payload + 24), used;
        struct cell c;
        if (key_len > len - CELL_FIXED_SIZE)
            return;
        if (payload[29] != CELL_FLUSH)
            wire_put64(payload, position_of(slice_of(payload + CELL_FIXED_SIZE, key_len)));
        if (err_is(cell_decode_checked(slice_of(payload, len), &c, &used)))
            return;
        payload += used;
        len -= used;
    }
}

void fuzz_frames_fix(uint8_t *bytes, size_t len, uint64_t segment, bool positions)
{
    while (len >= FRAME_HEAD_SIZE && frame_size(bytes) <= len) {
        size_t n = frame_size(bytes);
        if (positions)
            fix_positions(bytes + FRAME_HEAD_SIZE, n - FRAME_HEAD_SIZE);
        wire_put64(bytes + 8, segment);
        frame_seal(bytes);
        bytes += n;
        len -= n;
    }
}
