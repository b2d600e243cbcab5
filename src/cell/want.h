/* want.h: a cell that a command needs and the view does not have yet.  lsm/
 * answers it from disk, a peer from its own; this is the word they share. */
#ifndef HENGE_CELL_WANT_H
#define HENGE_CELL_WANT_H

#include "cell/cell.h"

struct want {
    struct cell_key key; /* borrows from the call's arguments */
};

#endif
