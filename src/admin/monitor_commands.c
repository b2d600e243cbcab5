/* monitor_commands.c: MONITOR. */
#include "admin/admin_rows.h"

#include "session/monitor.h"
#include "session/session.h"

static enum call_end run_monitor(struct call *c)
{
    if (c->block.never)
        return call_error(c, "MONITOR isn't allowed for DENY BLOCKING client");
    monitor_on(c->session);
    reply_ok(c->reply);
    return CALL_DONE;
}

const struct command monitor_commands[] = {
    { .name = "monitor",
      .arity = 1,
      .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
      .run = run_monitor,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1), and a copy of every command from then on",
      .summary = "Shows every command that runs, as it does." },
    { 0 },
};
