/* names.c: what clients may call themselves. */
#include "admin/names.h"

#include "base/limits.h"
#include "base/mem.h"

bool names_check(struct call *c, const char *what, struct slice name)
{
    if (name.len > LIMIT_CLIENT_NAME) {
        reply_errorf(c->reply, "ERR", "%s cannot be longer than %d bytes.", what,
                     LIMIT_CLIENT_NAME);
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < '!' || name.data[i] > '~') {
            reply_errorf(c->reply, "ERR",
                         "%s cannot contain spaces, newlines or special characters.", what);
            return false;
        }
    }
    return true;
}

bool names_few(struct call *c, uint32_t from, uint32_t max)
{
    if (c->argc - from <= max)
        return true;
    reply_errorf(c->reply, "ERR", "too many arguments: one call may name %u", max);
    return false;
}

void names_set(char **to, struct slice name)
{
    mem_free(*to);
    *to = NULL;
    if (name.len == 0)
        return;
    *to = mem_alloc(name.len + 1);
    memcpy(*to, name.data, name.len);
    (*to)[name.len] = '\0';
}
