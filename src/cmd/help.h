/* help.h: the answer of every container's HELP. */
#ifndef HENGE_CMD_HELP_H
#define HENGE_CMD_HELP_H

#include "cmd/call.h"

/* Replies `lines` (NULL-terminated) between the head and the foot Redis gives
 * them, as statuses; `name` is the container's, in capitals. */
enum call_end help_reply(struct call *c, const char *name, const char *const *lines);

/* Replies that argv[1] is no subcommand of `name`, or has not the right arguments, where its
 * own row cannot say so; returns CALL_DONE. */
enum call_end help_wrong(struct call *c, const char *name);

#endif
