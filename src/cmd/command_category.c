/* command_category.c: the ACL categories of a command. */
#include "cmd/command_category.h"

#include <assert.h>
#include <string.h>

/* By flag, or, without one, by the group of that name; those of collections by either. */
struct category {
    unsigned flag;
    const char *name;
    const char *group; /* if it is named otherwise */
};

static const struct category categories[] = {
    { CMD_KEYSPACE, "keyspace", NULL },
    { CMD_READONLY, "read", NULL },
    { CMD_WRITE, "write", NULL },
    { CMD_OF_COLLECTIONS, "set", NULL },
    { CMD_OF_COLLECTIONS, "sortedset", "sorted-set" },
    { CMD_OF_COLLECTIONS, "list", NULL },
    { 0, "hash", NULL },
    { 0, "string", NULL },
    { 0, "bitmap", NULL },
    { 0, "hyperloglog", NULL },
    { 0, "geo", NULL },
    { 0, "stream", NULL },
    { CMD_PUBSUB, "pubsub", NULL },
    { CMD_ADMIN, "admin", NULL },
    { CMD_FAST, "fast", NULL },
    { 0, "slow", NULL }, /* whatever is not fast */
    { CMD_BLOCKING, "blocking", NULL },
    { CMD_DANGEROUS | CMD_ADMIN, "dangerous", NULL },
    { CMD_CONNECTION, "connection", NULL },
    { 0, "transaction", "transactions" },
    { 0, "scripting", NULL },
};

enum { CATEGORIES = sizeof categories / sizeof categories[0] };

size_t category_count(void)
{
    return CATEGORIES;
}

const char *category_name(size_t category)
{
    assert(category < CATEGORIES);
    return categories[category].name;
}

bool category_find(struct slice name, size_t *category)
{
    for (size_t i = 0; i < CATEGORIES; i++) {
        if (slice_is(name, categories[i].name)) {
            *category = i;
            return true;
        }
    }
    return false;
}

bool category_has(size_t category, const struct command *row)
{
    const struct category *c = &categories[category];

    assert(category < CATEGORIES);
    if (c->flag && (c->flag != CMD_OF_COLLECTIONS || row->flags & c->flag))
        return row->flags & c->flag;
    if (strcmp(c->name, "slow") == 0)
        return !(row->flags & CMD_FAST);
    return strcmp(row->group, c->group ? c->group : c->name) == 0;
}
