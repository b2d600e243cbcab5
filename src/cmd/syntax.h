/* syntax.h: a command's arguments in one line of its row, read when somebody asks.
 *
 *     key value condition[NX | XX] [GET] expiration[EX seconds:integer | KEEPTTL]
 *
 *     word            an argument of that name: a string, or a key if it is called `key`
 *     word:integer    of another type: integer, double, key, pattern, string, unix-time
 *     word{shown}     people are shown another word
 *     NX              a word in capitals stands there itself
 *     EX word         ... or in front of an argument: its token
 *     name<a b>       arguments together; name<a | b> one of them
 *     name[a b]       the same, and all of it may be left out; [a] without a name: one
 *     x...            any number of x, one after the other; the token but once
 *     [GET x]...      ... the token with each of them; <GET x>...: at least one
 */
#ifndef HENGE_CMD_SYNTAX_H
#define HENGE_CMD_SYNTAX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum syntax_type {
    SYNTAX_STRING,
    SYNTAX_INTEGER,
    SYNTAX_DOUBLE,
    SYNTAX_KEY,
    SYNTAX_PATTERN,
    SYNTAX_TIME,
    SYNTAX_TOKEN, /* nothing but its token */
    SYNTAX_ONE_OF,
    SYNTAX_BLOCK,
};

enum {
    SYNTAX_OPTIONAL = 1,
    SYNTAX_MULTIPLE = 2,
    SYNTAX_MULTIPLE_TOKEN = 4,
    SYNTAX_ARGS_MAX = 40, /* of a row, with those in groups */
    SYNTAX_DEPTH_MAX = 8,
};

struct syntax_arg {
    struct slice name;  /* of a SYNTAX_TOKEN the token's, in capitals as that */
    struct slice shown; /* what people see instead; empty: the name */
    struct slice token; /* empty: none */
    uint8_t type;
    uint8_t flags;
    uint8_t first; /* of a group: its first argument's index; 0: it is no group */
    uint8_t next;  /* index of the one behind it in the same group; 0: it is the last */
};

/* args[0] stands for all of them: a block. */
struct syntax {
    struct syntax_arg args[SYNTAX_ARGS_MAX];
    unsigned count;
};

/* Names borrow from `text`; NULL is no arguments.  False: it is not written like that, or is
 * too large. */
bool syntax_parse(const char *text, struct syntax *out);

/* Arguments of the group args[i]. */
unsigned syntax_count(const struct syntax *s, unsigned i);

/* The fewest words that args[i] can be given by, and whether there can be more. */
unsigned syntax_least(const struct syntax *s, unsigned i, bool *more);

#endif
