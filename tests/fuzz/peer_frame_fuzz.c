/* peer_frame_fuzz.c: any bytes as what comes from a peer: frames, and in each a message.
 * However they are cut, a prefix of a frame is never more than the frame, and never bad;
 * what is whole is, written again, the same bytes, but for a hello. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "node/peer_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 4096 };

static void check_prefixes(struct slice frame, size_t used)
{
    for (size_t len = 0; len < used; len++) {
        struct peer_frame f;

        assert(peer_frame_read(slice_of(frame.data, len), BODY_MAX, &f) == PEER_FRAME_MORE);
        assert(f.need > len && f.need <= used);
    }
}

static void check_message(struct slice frame, const struct peer_frame *f)
{
    struct buf again = { 0 };
    struct message m;

    if (err_is(message_decode_checked(f->type, f->body, &m)) || m.type == MESSAGE_HELLO)
        return;
    peer_frame_put(&again, &m);
    assert(slice_equal(buf_slice(&again), slice_of(frame.data, f->used)));
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = mem_alloc(size);
    size_t at = 0;
    struct peer_frame f;

    if (size)
        memcpy(bytes, data, size);
    while (peer_frame_read(slice_of(bytes + at, size - at), BODY_MAX, &f) == PEER_FRAME_WHOLE) {
        struct slice rest = slice_of(bytes + at, size - at);

        assert(f.used <= rest.len && f.body.data >= rest.data &&
               f.body.data + f.body.len + 2 == rest.data + f.used);
        if (f.used < 64)
            check_prefixes(rest, f.used);
        check_message(rest, &f);
        at += f.used;
    }
    mem_free(bytes);
    return 0;
}
