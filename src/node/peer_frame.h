/* peer_frame.h: messages of peers within RESP: each is an array of two bulk strings, name
 * and body (cluster/message_format.h).
 *
 * Only what peers write is taken: no inline commands, no other lengths of arrays, no
 * leading zeros.  So a client that calls a peer's port is noticed at its first bytes. */
#ifndef HENGE_NODE_PEER_FRAME_H
#define HENGE_NODE_PEER_FRAME_H

#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"
#include "cluster/message.h"

enum peer_frame_end {
    PEER_FRAME_MORE, /* not whole yet */
    PEER_FRAME_WHOLE,
    PEER_FRAME_BAD, /* it is none, or its body is too long */
};

struct peer_frame {
    enum message_type type;
    struct slice body;
    size_t used; /* bytes of the frame */
    size_t need; /* PEER_FRAME_MORE: bytes it has at least, from its first on */
};

/* Reads the frame that begins where `bytes` begin; a body has at most `body_max` bytes.
 * `body` borrows from them. */
enum peer_frame_end peer_frame_read(struct slice bytes, size_t body_max, struct peer_frame *out);

/* Appends a message. */
void peer_frame_put(struct buf *out, const struct message *m);

#endif
