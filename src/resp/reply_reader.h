/* reply_reader.h: replies read back, by those who run calls and are no RESP client.
 *
 * A value is a head and, for some kinds, bytes or values behind it. */
#ifndef HENGE_RESP_REPLY_READER_H
#define HENGE_RESP_REPLY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum reply_kind {
    REPLY_STATUS,
    REPLY_ERROR,
    REPLY_INT,
    REPLY_BULK,  /* `number` bytes and CRLF follow; verbatim text too, its format in front */
    REPLY_NULL,  /* of either protocol, also a null array */
    REPLY_ARRAY, /* `number` values follow; sets, maps (twice as many) and pushes too */
    REPLY_OTHER, /* `text` says what: a double, a bool, a big number */
};

struct reply_head {
    enum reply_kind kind;
    int64_t number;
    struct slice text; /* of a line: all behind its first byte; borrows */
    struct slice code; /* REPLY_ERROR: its first word; `text` is the rest then */
    size_t used;       /* bytes of the head, CRLF included */
};

/* Reads the head of the value at the start of `bytes`.  False: they do not begin with a
 * whole one. */
bool reply_head_read(struct slice bytes, struct reply_head *out);

#endif
