/* want.h: a cell that a command needs and the view does not have yet.  lsm/
 * answers it from disk, a peer from its own; this is the word they share. */
#ifndef HENGE_CELL_WANT_H
#define HENGE_CELL_WANT_H

#include "cell/cell.h"

enum want_kind {
    WANT_CELL,  /* the cell; of a large value only where it is */
    WANT_VALUE, /* the cell and its value, unless that is in pieces */
    WANT_WHOLE, /* the cell and its value, put together if it is in pieces */
    WANT_WALK,  /* cells from key.position on, some of each source */
};

/* Bytes of memory that what is wanted takes, about, before more is known of it: a block
 * for a cell, and a value that is read along with it. */
enum {
    WANT_READ_ALONG = 16 * 1024, /* longer values are wanted by themselves */
    WANT_CELL_BYTES = 4608,
    WANT_VALUE_BYTES = WANT_CELL_BYTES + WANT_READ_ALONG,
    WANT_WALK_BYTES = 256 * 1024,
};

/* `value`: of the value that is wanted, as far as its length is known; else 0. */
static inline uint64_t want_bytes(enum want_kind kind, uint64_t value)
{
    if (value)
        return value;
    if (kind == WANT_WALK)
        return WANT_WALK_BYTES;
    return kind == WANT_CELL ? WANT_CELL_BYTES : WANT_VALUE_BYTES;
}

struct want {
    struct cell_key key; /* borrows from the call's arguments */
    enum want_kind kind;
};

#endif
