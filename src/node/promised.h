/* promised.h: a value in pieces as a reply whose bytes are read when they are about to
 * leave. */
#ifndef HENGE_NODE_PROMISED_H
#define HENGE_NODE_PROMISED_H

#include <stdbool.h>

#include "cell/cell.h"
#include "cmd/call.h"
#include "lsm/lsm.h"

/* Replies `len` bytes from `first` on of the value of a head with CELL_PARTS or CELL_BLOB as a bulk
 * string of promises, which hold the files they are in.  False: one of these is not
 * there; nothing is replied. */
bool promised_value(struct lsm *lsm, const struct cell *head, size_t first, size_t len,
                    struct reply *reply);

#endif
