/* command_category.h: the ACL categories of a command, which follow from its flags
 * and its group. */
#ifndef HENGE_CMD_COMMAND_CATEGORY_H
#define HENGE_CMD_COMMAND_CATEGORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "cmd/command.h"

/* How many there are; a category is a number below it, in Redis's order. */
size_t category_count(void);

/* Its name, without '@'. */
const char *category_name(size_t category);

/* By name, in either case.  False: there is none. */
bool category_find(struct slice name, size_t *category);

bool category_has(size_t category, const struct command *row);

#endif
