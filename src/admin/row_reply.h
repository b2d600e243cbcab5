/* row_reply.h: a command's row as COMMAND shows it. */
#ifndef HENGE_ADMIN_ROW_REPLY_H
#define HENGE_ADMIN_ROW_REPLY_H

#include "cmd/command.h"

/* The ten elements of COMMAND INFO, subcommands within. */
void row_reply_info(struct reply *r, const struct command *row);

/* How many key specifications that shows. */
unsigned row_key_specs(const struct command *row);

/* Two elements of COMMAND DOCS' map: the name and what is said about it. */
void row_reply_docs(struct reply *r, const struct command *row);

/* An element of that map: "arguments" and what they are; the row has some. */
void row_reply_arguments(struct reply *r, const struct command *row);

/* A key's flags, up to a '|' or the end of `words`, as COMMAND INFO and GETKEYSANDFLAGS show
 * them: a set. */
void row_reply_key_words(struct reply *r, const char *words);

#endif
