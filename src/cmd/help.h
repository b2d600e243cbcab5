/* help.h: the answer of every container's HELP, and where its errors point to it. */
#ifndef HENGE_CMD_HELP_H
#define HENGE_CMD_HELP_H

#include "cmd/call.h"

/* Replies `lines` (NULL-terminated) between the head and the foot Redis gives
 * them, as statuses; `name` is the container's, in capitals. */
enum call_end help_reply(struct call *c, const char *name, const char *const *lines);

/* The error of a subcommand that finds only when it runs that it has arguments too many;
 * `name` as above. */
enum call_end help_wrong_arguments(struct call *c, const char *name);

#endif
