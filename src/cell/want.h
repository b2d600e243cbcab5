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

struct want {
    struct cell_key key; /* borrows from the call's arguments */
    enum want_kind kind;
};

#endif
