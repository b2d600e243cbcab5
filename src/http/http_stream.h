/* http_stream.h: an answer's body as it leaves: a value between two texts, raw or in base
 * 64, in pieces of any size; no more of it is in memory than of its reply. */
#ifndef HENGE_HTTP_HTTP_STREAM_H
#define HENGE_HTTP_HTTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "resp/reply.h"

struct http_stream {
    struct buf before; /* owned */
    struct buf after;
    size_t before_at; /* bytes of them that have left */
    size_t after_at;
    struct reply *value; /* whose first `left` bytes are the rest of it */
    uint64_t left;
    bool base64;
    uint8_t group[3]; /* of bytes that wait for a third */
    unsigned group_len;
    uint8_t letters[4]; /* of a group that did not fit */
    unsigned letters_at;
    unsigned letters_len;
};

/* Bytes it has from its beginning on: for Content-Length. */
uint64_t http_stream_length(const struct http_stream *s);

/* The next bytes, `max` at most, into `out`: how many.  0 of more than none wanted: it
 * is at its end, or promised bytes have not come. */
size_t http_stream_read(struct http_stream *s, uint8_t *out, size_t max);

bool http_stream_ended(const struct http_stream *s);
void http_stream_deinit(struct http_stream *s);

#endif
