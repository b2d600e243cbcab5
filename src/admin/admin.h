/* admin.h: the rows of the commands about the server and the connection. */
#ifndef HENGE_ADMIN_ADMIN_H
#define HENGE_ADMIN_ADMIN_H

#include "cmd/command.h"

/* Families as command_data_families: each its own file; NULL-terminated. */
extern const struct command *const admin_families[];

#endif
