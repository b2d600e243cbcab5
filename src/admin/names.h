/* names.h: what clients may call themselves. */
#ifndef HENGE_ADMIN_NAMES_H
#define HENGE_ADMIN_NAMES_H

#include <stdbool.h>

#include "base/slice.h"
#include "cmd/call.h"

/* Printable ASCII without spaces, so that CLIENT LIST can be parsed, and at most
 * LIMIT_CLIENT_NAME bytes.  False: the error is replied, beginning with `what`. */
bool names_check(struct call *c, const char *what, struct slice name);

/* Replaces the owned text at `to`; an empty name leaves NULL. */
void names_set(char **to, struct slice name);

#endif
