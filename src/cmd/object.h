/* object.h: what Redis would tell of the inside of a value. */
#ifndef HENGE_CMD_OBJECT_H
#define HENGE_CMD_OBJECT_H

#include "cmd/call.h"

/* How Redis would keep *head, which argv[arg] holds; its bytes may come along.  False:
 * return c->end. */
bool want_encoding(struct call *c, uint32_t arg, struct cell *head, const char **out);

#endif
