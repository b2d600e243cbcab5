/* slowlog_commands.c: SLOWLOG: calls that ran long (session/slowlog.h). */
#include "admin/admin_rows.h"

#include "base/num.h"
#include "cmd/help.h"
#include "session/session.h"

enum { SHOWN = 10 };

static struct slowlog *log_of(const struct call *c)
{
    return &c->session->instance->account.slowlog;
}

static void reply_entry(struct reply *r, const struct slow_call *e)
{
    reply_array(r, 6);
    reply_int(r, (int64_t)e->id);
    reply_int(r, (int64_t)e->at_s);
    reply_int(r, (int64_t)e->us);
    reply_array(r, e->argc);
    for (uint32_t i = 0; i < e->argc; i++)
        reply_bulk(r, e->argv[i]);
    reply_bulk_str(r, e->peer);
    reply_bulk(r, e->client_name);
}

static enum call_end run_get(struct call *c)
{
    const struct slowlog *log = log_of(c);
    uint64_t n = log->count;
    int64_t most = SHOWN;

    if (c->argc > 3) {
        reply_errorf(
            c->reply, "ERR",
            "unknown subcommand or wrong number of arguments for '%.*s'. Try SLOWLOG HELP.",
            (int)c->argv[1].len, (const char *)c->argv[1].data);
        return CALL_DONE;
    }
    if (c->argc == 3 && (!num_get_i64(c->argv[2], &most) || most < -1))
        return call_error(c, "count should be greater than or equal to -1");
    if (most >= 0 && (uint64_t)most < n)
        n = (uint64_t)most;
    reply_array(c->reply, n);
    list_for_each (at, &log->calls) {
        if (n-- == 0)
            break;
        reply_entry(c->reply, list_item(at, struct slow_call, link));
    }
    return CALL_DONE;
}

static enum call_end run_len(struct call *c)
{
    reply_int(c->reply, (int64_t)log_of(c)->count);
    return CALL_DONE;
}

static enum call_end run_reset(struct call *c)
{
    slowlog_trim(log_of(c), 0);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "GET [<count>]",
        "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
        "    Entries are made of:",
        "    id, timestamp, time in microseconds, arguments array, client IP and port,",
        "    client name",
        "LEN",
        "    Return the length of the slowlog.",
        "RESET",
        "    Reset the slowlog.",
        NULL,
    };

    return help_reply(c, "SLOWLOG", lines);
}

static const char *const get_tips[] = { "request_policy:all_nodes", "nondeterministic_output",
                                        NULL };
static const char *const len_tips[] = { "request_policy:all_nodes", "response_policy:agg_sum",
                                        "nondeterministic_output", NULL };
static const char *const reset_tips[] = { "request_policy:all_nodes",
                                          "response_policy:all_succeeded", NULL };

enum { PLAIN = CMD_ADMIN | CMD_LOADING | CMD_STALE };

static const struct command subs[] = {
    { .name = "get",
      .full = "slowlog|get",
      .arity = -2,
      .flags = PLAIN,
      .run = run_get,
      .group = "server",
      .since = "2.2.12",
      .complexity = "O(N) of N entries shown",
      .tips = get_tips,
      .syntax = "[count:integer]",
      .summary = "Shows the newest calls that ran long." },
    { .name = "help",
      .full = "slowlog|help",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .run = run_help,
      .group = "server",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Tells what SLOWLOG can do." },
    { .name = "len",
      .full = "slowlog|len",
      .arity = 2,
      .flags = PLAIN,
      .run = run_len,
      .group = "server",
      .since = "2.2.12",
      .complexity = "O(1)",
      .tips = len_tips,
      .summary = "Counts the calls that ran long and are kept." },
    { .name = "reset",
      .full = "slowlog|reset",
      .arity = 2,
      .flags = PLAIN,
      .run = run_reset,
      .group = "server",
      .since = "2.2.12",
      .complexity = "O(N) of N entries",
      .tips = reset_tips,
      .summary = "Forgets the calls that ran long." },
    { 0 },
};

const struct command slowlog_commands[] = {
    { .name = "slowlog",
      .arity = -2,
      .group = "server",
      .since = "2.2.12",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about calls that ran long.",
      .subs = subs },
    { 0 },
};
