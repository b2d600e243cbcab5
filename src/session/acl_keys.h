/* acl_keys.h: the keys among a command's arguments and what it does with each: what
 * permissions are about.  From the row's key specification, but for commands whose
 * options decide. */
#ifndef HENGE_SESSION_ACL_KEYS_H
#define HENGE_SESSION_ACL_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/command.h"

struct acl_keys {
    const struct command *row;
    uint32_t first; /* argv[first], argv[first + step], ... */
    uint32_t step;
    uint32_t count;
    uint32_t store; /* the argument of one more, which is written; 0: none */
    int access;     /* of all the others; -1: as their flags say */
};

/* enum acl_access bits, and: it only looks like a key */
enum { ACL_NO_KEY = 4 };

void acl_keys_find(struct acl_keys *keys, const struct command *row, const struct slice *argv,
                   uint32_t argc);

/* The i-th: its argument and what is done with it; 0 access: only whether it is there.
 * False: there are not so many. */
bool acl_keys_at(const struct acl_keys *keys, uint32_t i, uint32_t *arg, unsigned *access);

/* SORT and SORT_RO: the first option that reads keys whose names come from data, "BY" or
 * "GET"; NULL: none. */
const char *acl_keys_of_data(const struct command *row, const struct slice *argv, uint32_t argc);

#endif
