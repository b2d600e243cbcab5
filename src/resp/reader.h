/* reader.h: bytes of a client -> one command at a time.
 *
 * The reader owns no socket and no bytes.  It is given the bytes of one command
 * from its start on, again and again as more arrive, and remembers how far it
 * has come, so that no byte is looked at twice however small the pieces.  The
 * bytes may move between calls; arguments are offsets until the command is whole.
 *
 * Redis's framing (the RESP specification, and the behaviour of Redis 7.2): a
 * first byte '*' begins an array of bulk strings, anything else an inline line
 * with sdssplitargs quoting.  Errors carry Redis's text and are final: the
 * connection answers it and closes.  Where Redis leaves it to chance or we are
 * narrower:
 *  - what a command is does not depend on how its bytes were cut: a line is too
 *    big when its first LIMIT_INLINE + 1 bytes hold no end of line;
 *  - an array has at most LIMIT_ARGS arguments (Redis: INT_MAX);
 *  - a command that would pass LIMIT_QUERY is "Protocol error: too big query" as
 *    soon as its length is known (Redis closes without a word);
 *  - a NUL in a line is a byte like any other (Redis waits for ever). */
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
    READER_BULK,    /* an argument of bulk_min bytes or more begins at `used`, of bulk_len, whose
                       header is at bulk_at: reader_whole(), or its owner takes it itself */
};

/*      START --'*'--> COUNT ----> ARGS        FAILED: by any of them
 *        '----else--> INLINE                  reader_next(): back to START  */
enum reader_phase {
    READER_AT_START,
    READER_AT_COUNT,  /* within "*3\r\n" */
    READER_AT_ARGS,   /* behind it */
    READER_AT_INLINE, /* within an inline command */
    READER_FAILED,
};

struct reader_span {
    size_t offset;
    size_t len;
};

struct reader {
    size_t used;               /* bytes of the command that are settled; its size when whole */
    size_t need;               /* READER_MORE: bytes from the command's start the next step is
                                  known to take (more than it was given) */
    size_t bulk_max;           /* proto-max-bulk-len; the owner may change it any time */
    size_t bulk_min;           /* READER_BULK, 1 or more; SIZE_MAX: never; likewise */
    int64_t args_left;         /* READER_AT_ARGS: not read yet */
    int64_t bulk_len;          /* of the bulk that begins at `used`, or -1 within its header */
    size_t bulk_at;            /* where that header begins */
    bool whole;                /* no READER_BULK in this command */
    size_t scan;               /* where the search for a line's end goes on */
    struct reader_span *spans; /* owned; kept small between commands */
    uint32_t count;            /* arguments found */
    uint32_t cap;              /* room in `spans` */
    enum reader_phase phase;
    bool authenticated;  /* false: Redis's small limits for strangers.  The owner sets it
                                  between commands, so a stranger's are not read ahead of AUTH */
    struct buf unquoted; /* an inline command's arguments, unquoted */
    char error[128];     /* without "-ERR " and CRLF: "Protocol error: ..."; it may hold a
                                  CR or LF of the client's, which reply_error() replaces */
};

/* Not authenticated; room is taken when the first command comes. */
void reader_init(struct reader *r, size_t bulk_max);
void reader_deinit(struct reader *r);

/* Looks at `bytes`, which begin where the current command begins and are at
 * least what it was given last time.  After READER_COMMAND or READER_EMPTY the
 * next command begins at bytes.data + r->used: call reader_next() first.  After
 * READER_ERROR only reader_next() or reader_deinit() may follow. */
enum reader_end reader_step(struct reader *r, struct slice bytes);

/* The command's arguments, r->count of them, into `out`, borrowing from `bytes`
 * (the same as the last step's) or, for inline commands, from the reader until
 * reader_next(). */
void reader_args(const struct reader *r, struct slice bytes, struct slice *out);

/* This command's arguments are read whole, however large: for one step after READER_BULK
 * to go on with. */
void reader_whole(struct reader *r);

/* Ready for a command's first byte: forgets the last command, whole or not, and its
 * error; the same bytes from their start say the same again. */
void reader_next(struct reader *r);

#endif
