/* acl_items.h: a list of texts, each with a number: patterns with what they allow, rules,
 * first arguments.  Adding and finding are linear: LIMIT_ACL_RULES bounds them. */
#ifndef HENGE_SESSION_ACL_ITEMS_H
#define HENGE_SESSION_ACL_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct acl_item {
    struct slice text; /* owned */
    uint32_t tag;
};

struct acl_items { /* all zero: empty */
    struct acl_item *at;
    uint32_t count;
    uint32_t cap;
};

/* The first with that very text, or NULL. */
struct acl_item *acl_items_find(const struct acl_items *items, struct slice text);

void acl_items_add(struct acl_items *items, struct slice text, uint32_t tag);

/* Takes the i-th out; those behind it move up. */
void acl_items_remove(struct acl_items *items, uint32_t i);

/* Empties it and frees all. */
void acl_items_clear(struct acl_items *items);

/* `to` is empty. */
void acl_items_copy(struct acl_items *to, const struct acl_items *from);

#endif
