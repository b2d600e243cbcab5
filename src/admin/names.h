/* names.h: what clients may call themselves. */
#ifndef HENGE_ADMIN_NAMES_H
#define HENGE_ADMIN_NAMES_H

#include <stdbool.h>

#include "base/slice.h"
#include "cmd/call.h"

/* Printable ASCII without spaces, so that CLIENT LIST can be parsed, and at most
 * LIMIT_CLIENT_NAME bytes.  False: the error is replied, beginning with `what`. */
bool names_check(struct call *c, const char *what, struct slice name);

/* The call names so many things at most, behind argument `from`.  False: replied. */
bool names_few(struct call *c, uint32_t from, uint32_t max);

/* Replaces the owned text at `to`; an empty name leaves NULL. */
void names_set(char **to, struct slice name);

#endif
