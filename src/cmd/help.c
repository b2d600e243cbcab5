/* help.c: the answer of every container's HELP. */
#include "cmd/help.h"

#include <stdio.h>

enum call_end help_reply(struct call *c, const char *name, const char *const *lines)
{
    char head[128];
    size_t n = 0;

    while (lines[n])
        n++;
    snprintf(head, sizeof head,
             "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
    reply_array(c->reply, n + 3);
    reply_status(c->reply, head);
    for (size_t i = 0; i < n; i++)
        reply_status(c->reply, lines[i]);
    reply_status(c->reply, "HELP");
    reply_status(c->reply, "    Prints this help.");
    return CALL_DONE;
}

enum call_end help_wrong(struct call *c, const char *name)
{
    reply_errorf(
        c->reply, "ERR", "unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
        (int)(c->argv[1].len < 128 ? c->argv[1].len : 128), (const char *)c->argv[1].data, name);
    return CALL_DONE;
}
