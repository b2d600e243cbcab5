/* acl_rows.h: every command and subcommand has a number, for sets of them.  Built once,
 * never changed: jobs may use it too. */
#ifndef HENGE_SESSION_ACL_ROWS_H
#define HENGE_SESSION_ACL_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/command.h"

struct acl_rows {
    const struct command_table *table;
    const struct command **rows; /* by address; a row's number is its index */
    uint32_t count;
    uint32_t words; /* of 64 bits, that a set of all of them takes */
};

/* Borrows the table. */
void acl_rows_init(struct acl_rows *rows, const struct command_table *table);
void acl_rows_deinit(struct acl_rows *rows);

uint32_t acl_rows_number(const struct acl_rows *rows, const struct command *row);

/* "get", "client" or "client|setname", in either case; NULL for none of them.  *parent:
 * the container of a subcommand, else NULL; may be NULL. */
const struct command *acl_rows_find(const struct acl_rows *rows, struct slice name,
                                    const struct command **parent);

static inline bool acl_rows_has(const uint64_t *set, uint32_t number)
{
    return set[number / 64] >> number % 64 & 1;
}

#endif
