/* reply.h: the one writer of replies, in RESP2 and RESP3.
 *
 * A reply is a list of blocks that grows at its end; a connection's whole output
 * is one.  The functions below append one value each; after reply_array(r, n)
 * the next n values are its elements (2n for a map).  Counts come first, from
 * what was gathered.  What differs between the protocols is in reply.c alone. */
#ifndef HENGE_RESP_REPLY_H
#define HENGE_RESP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/slice.h"

struct reply {
    struct block_pool *pool;
    struct block *first; /* NULL while empty */
    struct block *last;
    size_t bytes;        /* in all blocks, not yet taken off */
    size_t taken;        /* bytes of `first` that were taken off already */
    uint64_t errors;     /* error replies appended and not cut off again */
    char error_code[24]; /* code of the last one appended, NUL-terminated; what reply_cut()
                            took away may still stand here */
    uint8_t proto;       /* 2 or 3 */
};

/* An empty reply for protocol `proto`, which may be changed between values; borrows
 * the pool. */
void reply_init(struct reply *r, struct block_pool *pool, uint8_t proto);

/* Drops everything; the reply is empty and can be used again. */
void reply_clear(struct reply *r);

void reply_ok(struct reply *r);                            /* +OK */
void reply_status(struct reply *r, const char *text);      /* +text; CR and LF become spaces */
void reply_int(struct reply *r, int64_t v);                /* :v */
void reply_bulk(struct reply *r, struct slice bytes);      /* $n bytes */
void reply_bulk_str(struct reply *r, const char *text);    /* the same, of a C string */
void reply_bulk_int(struct reply *r, int64_t v);           /* an integer as a bulk string */
void reply_null(struct reply *r);                          /* $-1 or _ */
void reply_null_array(struct reply *r);                    /* *-1 or _ */
void reply_array(struct reply *r, size_t n);               /* *n */
void reply_map(struct reply *r, size_t n);                 /* *2n or %n */
void reply_set(struct reply *r, size_t n);                 /* *n or ~n */
void reply_push(struct reply *r, size_t n);                /* *n or >n */
void reply_double(struct reply *r, double v);              /* a bulk string or ,v */
void reply_bool(struct reply *r, bool v);                  /* :0 :1 or #f #t */
void reply_verbatim(struct reply *r, const char format[3], /* a bulk string or =n */
                    struct slice text);

/* "-code text"; CR and LF in either become spaces.  `code` is at most 23 bytes
 * of upper-case letters. */
void reply_error(struct reply *r, const char *code, const char *text);

/* The same with text formatted as by printf, at most 511 bytes of it. */
void reply_errorf(struct reply *r, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A bulk string of `len` bytes which reply_promise() brings in one or more pieces. */
void reply_bulk_begin(struct reply *r, size_t len);
void reply_promise(struct reply *r, struct promise *p); /* the reply's from now on */
void reply_bulk_end(struct reply *r);

/* The first promises within the first `max_bytes`, kept or not, at most `max` of them;
 * returns how many. */
unsigned reply_promises(const struct reply *r, size_t max_bytes, struct promise **out,
                        unsigned max);

/* Memory that its blocks take; what is promised takes some when it was asked for. */
size_t reply_memory(const struct reply *r);

/* Bytes that are RESP already. */
void reply_raw(struct reply *r, struct slice bytes);

/* Where the end is now; reply_cut() goes back to it.  A mark is good until bytes
 * before it are taken off. */
struct reply_mark {
    struct block *last;
    size_t len;
    size_t bytes;
    uint64_t errors;
};
struct reply_mark reply_mark(const struct reply *r);
void reply_cut(struct reply *r, struct reply_mark mark);

/* The same for who remembered only how many bytes and errors there were; none have
 * been taken off since. */
void reply_cut_to(struct reply *r, size_t bytes, uint64_t errors);

/* The first bytes, at most `max_bytes`, up to the first promise that is not kept, as at
 * most `max` parts; returns how many parts.  They borrow until the next call on `r`. */
unsigned reply_parts(const struct reply *r, size_t max_bytes, struct slice *parts, unsigned max);

/* Takes the first `n` bytes off (they were sent). */
void reply_take(struct reply *r, size_t n);

/* Moves the first `n` bytes of `from` to the end of `to`: copies, but for promises, of
 * which none may be cut through. */
void reply_move(struct reply *to, struct reply *from, size_t n);

/* Appends a copy of all of `from`, which has no promises and stays as it is. */
void reply_copy(struct reply *to, const struct reply *from);

/* Moves all of `from`, errors included, to the end of `to`, which is of the same
 * pool: small pieces are copied, large ones change hands. */
void reply_append(struct reply *to, struct reply *from);

bool reply_check(const struct reply *r);

#endif
