/* command.h: the row every command is, and the table of all rows.
 *
 * Everything reads the same row: arity and key checks, routing by slot,
 * permissions, COMMAND and its documentation, the compatibility report. */
#ifndef HENGE_CMD_COMMAND_H
#define HENGE_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "cmd/call.h"

/* Named as COMMAND INFO names them, but for the last ones. */
enum command_flags {
    CMD_WRITE = 1 << 0,
    CMD_READONLY = 1 << 1,
    CMD_DENYOOM = 1 << 2,
    CMD_ADMIN = 1 << 3,
    CMD_PUBSUB = 1 << 4,
    CMD_NOSCRIPT = 1 << 5,
    CMD_BLOCKING = 1 << 6,
    CMD_LOADING = 1 << 7, /* allowed while loading */
    CMD_STALE = 1 << 8,
    CMD_FAST = 1 << 9,
    CMD_NO_AUTH = 1 << 10, /* allowed before AUTH */
    CMD_NO_MULTI = 1 << 11,
    CMD_SKIP_MONITOR = 1 << 12,
    CMD_SKIP_SLOWLOG = 1 << 13,
    CMD_ALLOW_BUSY = 1 << 14,
    CMD_NO_ASYNC_LOADING = 1 << 15,
    CMD_SENTINEL = 1 << 16,
    CMD_MOVABLE_KEYS = 1 << 17, /* not all keys stand where `keys` says */
    /* not shown as flags: ACL categories that do not follow from flags or group */
    CMD_KEYSPACE = 1 << 20,
    CMD_CONNECTION = 1 << 21,
    CMD_DANGEROUS = 1 << 22,
    /* the categories set, sortedset and list at once */
    CMD_OF_COLLECTIONS = 1 << 25,
    /* nor this: run() needs call->random */
    CMD_RANDOM = 1 << 23,
    /* nor this: to look a key up by it is no use of the key, for evictions */
    CMD_NO_TOUCH = 1 << 24,
    /* nor this: between MULTI and EXEC it is run, not queued */
    CMD_IN_MULTI = 1 << 26,
    /* nor this: an option says whether it may be used at all */
    CMD_PROTECTED = 1 << 27,
    /* nor this: it may write in slices (CALL_LATER), each for itself */
    CMD_PIECEMEAL = 1 << 28,
    /* nor this: another command may stand behind it, which it then says something about */
    CMD_PREFIX = 1 << 29,
};

/* Arguments among argv. */
struct arg_range {
    int first; /* index of the first; 0: none */
    int last;  /* of the last; negative counts from the end */
    int step;
};

struct command {
    const char *name; /* lower case; a subcommand's own name, without its parent's */
    const char *full; /* "client|setname" for a subcommand, else NULL */
    int arity;        /* arguments with the name; negative: at least that many */
    struct arg_range keys;
    /* No keys, but they have slots as keys do: shard channels.  Only COMMAND shows them. */
    struct arg_range not_keys;
    struct arg_range values; /* which may come in pieces */
    /* With CMD_MOVABLE_KEYS: the argv index of a key among the options; 0: there is none.
     * NULL: there never is. */
    uint32_t (*option_key)(uint32_t argc, const struct slice *argv);
    unsigned flags;                       /* enum command_flags */
    enum call_end (*run)(struct call *c); /* NULL for a container without its subcommand */
    const char *group;
    const char *since;
    const char *syntax; /* its arguments, as syntax.h reads them; NULL: there are none */
    const char *summary;
    const char *complexity;
    const char *const *tips;    /* NULL-terminated, or NULL */
    const char *key_flags;      /* of COMMAND INFO's key specification: "RW access update"; with
                                   bars between them, one for each key */
    const struct command *subs; /* ended by a row without a name; NULL for none */
};

/* The name errors show: "get" or "client|setname". */
static inline const char *command_full_name(const struct command *row)
{
    return row->full ? row->full : row->name;
}

/* Rows of one file: an array ended by a row without a name. */
struct command_table;

/* Builds the table from `count` arrays of rows, which must outlive it, and a
 * hash without collisions over their names (tried with seeds until there is one).
 * Two rows of one name are asserted against. */
struct command_table *command_table_new(const struct command *const *families, size_t count);
void command_table_free(struct command_table *table);

/* By name in either case; NULL if there is none. */
const struct command *command_find(const struct command_table *table, struct slice name);

/* The row of a container's subcommand, or NULL. */
const struct command *command_find_sub(const struct command *row, struct slice name);

size_t command_count(const struct command_table *table);

/* The i-th row, sorted by name. */
const struct command *command_at(const struct command_table *table, size_t i);

/* argc suits the row's arity. */
static inline bool command_arity_ok(const struct command *row, uint32_t argc)
{
    return row->arity >= 0 ? argc == (uint32_t)row->arity : argc >= (uint32_t)-row->arity;
}

/* The keys among `argc` arguments are argv[*first], argv[*first + *step] and so on:
 * returns how many. */
static inline uint32_t command_keys(const struct command *row, uint32_t argc, uint32_t *first,
                                    uint32_t *step)
{
    int last = row->keys.last < 0 ? (int)argc + row->keys.last : row->keys.last;

    *first = (uint32_t)row->keys.first;
    *step = (uint32_t)row->keys.step;
    if (last >= (int)argc)
        last = (int)argc - 1;
    if (row->keys.first <= 0 || last < row->keys.first)
        return 0;
    if (last == row->keys.first)
        return 1;
    return ((uint32_t)last - *first) / *step + 1;
}

/* The words about its i-th key, as they begin in row->key_flags and up to a '|' or the
 * end; those of the last that has its own are for all that follow. */
const char *command_key_flags(const struct command *row, uint32_t i);

/* The families of cmd/, NULL-terminated; each its own file. */
extern const struct command *const command_data_families[];

#endif
