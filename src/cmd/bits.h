/* bits.h: what the commands about bits share.  Bit 0 of a string is the highest of its
 * first byte. */
#ifndef HENGE_CMD_BITS_H
#define HENGE_CMD_BITS_H

#include "cmd/call.h"

/* argv[arg] as the number of the first of `width` bits; "#n" is the n-th such group,
 * unless `width` is 0, when there is one bit and no '#'.  False, c->end set, after
 * replying that it is none, or that a string does not get that long. */
bool bits_offset(struct call *c, uint32_t arg, unsigned width, uint64_t *out);

/* Copies `value`, with zeros up to `len` bytes, to c->scratch, which is empty; returns
 * where its bytes are. */
uint8_t *bits_grown(struct call *c, struct slice value, size_t len);

/* Puts c->scratch under argv[1], whose expiry stays what it was; `tells` of it. */
void bits_put(struct call *c, const struct cell *old, bool tells);

#endif
