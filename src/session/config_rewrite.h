/* config_rewrite.h: the text of a configuration file, brought up to date.
 *
 * As Redis's CONFIG REWRITE: comments, order and what is not ours stay; a line of an option
 * gets its value of now, also if that is the default; what is set, not at its default and not
 * in the file is appended below a comment; lines too many of an option go. */
#ifndef HENGE_SESSION_CONFIG_REWRITE_H
#define HENGE_SESSION_CONFIG_REWRITE_H

#include "base/buf.h"
#include "session/options.h"

/* `users` are the lines that take the place of those in the file, each with its end. */
void config_rewrite(struct slice old, const struct options *o, struct slice users, struct buf *out);

/* config_rewrite(), and whether it is as it should be: small enough, and read again it gives
 * `o` but for what is passed over.  False: `why` says why not. */
bool config_rewrite_checked(struct slice old, const struct options *o, struct slice users,
                            struct buf *out, struct buf *why);

#endif
