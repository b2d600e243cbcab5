/* acl_set.h: users by name, owned. */
#ifndef HENGE_SESSION_ACL_SET_H
#define HENGE_SESSION_ACL_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "session/acl_user.h"

struct acl_set {             /* all zero: empty */
    struct acl_user **users; /* sorted by name */
    uint32_t count;
    size_t bytes; /* about what they hold */
};

void acl_set_deinit(struct acl_set *set);

struct acl_user *acl_set_find(const struct acl_set *set, struct slice name); /* or NULL */

/* Takes `u`: adds it or, if there is one of that name, makes that one like it.  False:
 * together they would be more than `max` bytes; `u` is freed and nothing changed. */
bool acl_set_put(struct acl_set *set, struct acl_user *u, size_t max);

/* Takes it out; it is the caller's. */
void acl_set_take_out(struct acl_set *set, struct acl_user *u);

bool acl_set_check(const struct acl_set *set);

#endif
