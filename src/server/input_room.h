/* input_room.h: how large the block of a command gets that does not fit into it. */
#ifndef HENGE_SERVER_INPUT_ROOM_H
#define HENGE_SERVER_INPUT_ROOM_H

#include <stddef.h>

/* Bytes of the next block: of a command whose first `kept` bytes are there and which
 * has `need` at least.  It is taken as bytes arrive, never on the word of a header, and a
 * quarter more than is kept at least, so that however small the arguments are each byte
 * is copied a few times at most; a single large argument gets no more than it has. */
size_t input_room(size_t kept, size_t need);

#endif
