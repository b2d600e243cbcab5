/* request.h: the states a request goes through, and the one way between them. */
#ifndef HENGE_NODE_REQUEST_H
#define HENGE_NODE_REQUEST_H

#include "cmd/call.h"

/* Moves the call on; a move the drawing in request.c does not have is a
 * programmer's error (asserted). */
void request_move(struct call *c, enum call_state to);

#endif
