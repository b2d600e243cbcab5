/* context.h: what a write had seen: a vector clock (Dynamo, SOSP 2007), origin -> largest stamp
 * read; the versions it is held against; and both as bytes and as text.
 *
 * Origins give stamps that only rise and send their writes in order, so who has seen a stamp of
 * an origin has seen the ones before it.
 *
 * In a cell that was once tentative or written with VSET, the field `context` is:
 *
 *      0  u8   own        1: a version is in front; 0: that of the cell counts
 *      1  u8   count      at most CONTEXT_MAX
 *      2       [u64 stamp, u32 origin]                if `own`: the request's version, stamp not 0
 *              count times u64 stamp, u32 origin      origins rise, stamps are not 0
 *
 * Numbers are little-endian; the format's version is that of the file or handshake around it. */
#ifndef HENGE_CELL_CONTEXT_H
#define HENGE_CELL_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Which write: no two of a slot have the same.  Stamp 0: none. */
struct cell_version {
    uint64_t stamp;
    uint32_t origin;
};

enum {
    CONTEXT_MAX = 64, /* origins of one context */
    CONTEXT_ENTRY_SIZE = 12,
    CONTEXT_SIZE_MAX = 2 + (CONTEXT_MAX + 1) * CONTEXT_ENTRY_SIZE,
    CELL_VERSION_TEXT = 32, /* room for one as text */
};

/* A value that may be copied; `= {0}` has seen nothing. */
struct context {
    uint32_t count;
    struct cell_version seen[CONTEXT_MAX]; /* origins rise, stamps are not 0 */
};

/* How one write stands to another. */
enum context_order {
    CONTEXT_SAME,
    CONTEXT_DESCENDS,  /* it had seen the other */
    CONTEXT_DESCENDED, /* the other had seen it */
    CONTEXT_CONCURRENT,
};

static inline bool cell_version_equal(struct cell_version a, struct cell_version b)
{
    return a.stamp == b.stamp && a.origin == b.origin;
}

/* The order of "the last write wins": by stamp, then by origin.  <0, 0 or >0. */
int cell_version_compare(struct cell_version a, struct cell_version b);

/* Whether `v` was seen; of no version it is true. */
bool context_covers(const struct context *c, struct cell_version v);

/* Takes `v` in, unless it is none.  False: there are more than CONTEXT_MAX origins, and the
 * oldest entry went.  What it covered then looks concurrent, never the other way round. */
bool context_add(struct context *c, struct cell_version v);

/* Takes in all that `from` has seen; the result as above. */
bool context_merge(struct context *c, const struct context *from);

/* Of version `a`, written by who had seen `seen_a`, to version `b`.  Contexts come from clients
 * too: where each claims to have seen the other, the larger version descends. */
enum context_order context_compare(struct cell_version a, const struct context *seen_a,
                                   struct cell_version b, const struct context *seen_b);

/* The largest stamp in it, to hold a client's against the clock; 0 if it is empty. */
uint64_t context_newest(const struct context *c);

bool context_check(const struct context *c);

/* Appends the field; `own`: the version of the request, none if it is the cell's. */
void context_encode(const struct context *c, struct cell_version own, struct buf *to);

/* From a cell's field.  An empty field is an empty context.  ERR_CORRUPT with a reason; else
 * *own is none or the request's version. */
struct err context_decode_checked(struct slice field, struct context *out,
                                  struct cell_version *own);

/* What VGET shows and VSET's CONTEXT takes; letters and digits only, opaque to clients, with a
 * checksum, so that a cut or mistyped one is refused:
 *
 *      hexadecimal of   u8 1 (form), the entries as above, u32 crc32c of those bytes */
void context_print(const struct context *c, struct buf *to);

/* ERR_INVALID with a reason. */
struct err context_parse(struct slice text, struct context *out);

/* "stamp-origin", in decimal, as in HTTP's ETag; returns its length, no NUL. */
size_t cell_version_print(struct cell_version v, char out[CELL_VERSION_TEXT]);

/* False: it is none. */
bool cell_version_parse(struct slice text, struct cell_version *out);

#endif
