/* reader.h: bytes of a client -> one command at a time.
 *
 * The reader owns no socket and no bytes.  It is given the bytes of one command
 * from its start on, again and again as more arrive, and remembers how far it
 * has come, so that no byte is looked at twice however small the pieces.  The
 * bytes may move between calls; arguments are offsets until the command is whole.
 *
 * Redis's framing (anchors: its specification and networking.c's behaviour): a
 * first byte '*' begins an array of bulk strings, anything else an inline line
 * with sdssplitargs quoting.  Errors carry Redis's text and are final: the
 * connection answers it and closes. */
#ifndef HENGE_RESP_READER_H
#define HENGE_RESP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum reader_end {
    READER_MORE,    /* not whole yet */
    READER_COMMAND, /* whole: reader_args() */
    READER_EMPTY,   /* an empty line or array: nothing to run, go on behind `used` */
    READER_ERROR,   /* reader->error */
};

struct reader_span {
    size_t offset;
    size_t len;
};

struct reader {
    size_t used;               /* bytes of the command looked at; its size when whole */
    size_t need;               /* READER_MORE: bytes from the command's start the next step is
                                known to take (at least used + 1) */
    size_t bulk_max;           /* proto-max-bulk-len */
    bool authenticated;        /* false: Redis's small limits for strangers */
    int64_t args_left;         /* of an array, not read yet */
    int64_t bulk_len;          /* of the bulk begun, or -1 */
    size_t scan;               /* where the search for a line's end goes on */
    uint32_t count;            /* arguments found */
    uint32_t cap;              /* room in `spans` */
    struct reader_span *spans; /* owned; kept small between commands */
    struct buf unquoted;       /* an inline command's arguments, unquoted */
    bool is_inline;
    bool begun;
    char error[128]; /* without "-ERR " and CRLF: "Protocol error: ..." */
};

void reader_init(struct reader *r, size_t bulk_max);
void reader_deinit(struct reader *r);

/* Looks at `bytes`, which begin where the current command begins and are at
 * least what it was given last time.  After READER_COMMAND or READER_EMPTY the
 * next command begins at bytes.data + r->used: call reader_next() first. */
enum reader_end reader_step(struct reader *r, struct slice bytes);

/* The command's arguments, r->count of them, into `out`, borrowing from `bytes`
 * (the same as the last step's) or, for inline commands, from the reader until
 * reader_next(). */
void reader_args(const struct reader *r, struct slice bytes, struct slice *out);

/* Ready for the next command; forgets the last one.  Not after READER_ERROR. */
void reader_next(struct reader *r);

#endif
