/* connection_commands.c: the small change of a connection: PING, ECHO, SELECT,
 * QUIT, RESET, and TIME. */
#include "admin/admin_rows.h"

#include "session/session.h"

static const char *const ping_tips[] = { "request_policy:all_shards",
                                         "response_policy:all_succeeded", NULL };
static const char *const time_tips[] = { "nondeterministic_output", NULL };

static enum call_end run_ping(struct call *c)
{
    if (c->argc > 2)
        return call_wrong_arguments(c);
    if ((c->session->special & SESSION_SUBSCRIBED) && c->session->proto == 2) {
        reply_array(c->reply, 2); /* of the form messages have */
        reply_bulk_str(c->reply, "pong");
        reply_bulk(c->reply, c->argc == 2 ? c->argv[1] : slice_str(""));
        return CALL_DONE;
    }
    if (c->argc == 2)
        reply_bulk(c->reply, c->argv[1]);
    else
        reply_status(c->reply, "PONG");
    return CALL_DONE;
}

static enum call_end run_echo(struct call *c)
{
    reply_bulk(c->reply, c->argv[1]);
    return CALL_DONE;
}

static enum call_end run_select(struct call *c)
{
    int db;

    if (!call_get_int(c, 1, &db))
        return c->end;
    if (db < 0 || db >= c->session->instance->options->databases)
        return call_error(c, "DB index is out of range");
    c->session->db = (uint8_t)db;
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_quit(struct call *c)
{
    c->session->closing = SESSION_CLOSE_AFTER_REPLY;
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_reset(struct call *c)
{
    session_reset(c->session);
    c->reply->proto = c->session->proto;
    reply_status(c->reply, "RESET");
    return CALL_DONE;
}

static enum call_end run_time(struct call *c)
{
    reply_array(c->reply, 2);
    reply_bulk_int(c->reply, (int64_t)(c->now_us / 1000000));
    reply_bulk_int(c->reply, (int64_t)(c->now_us % 1000000));
    return CALL_DONE;
}

const struct command connection_commands[] = {
    { .name = "ping",
      .arity = -1,
      .flags = CMD_FAST | CMD_CONNECTION,
      .run = run_ping,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = ping_tips,
      .syntax = "[message]",
      .summary = "Says whether the server answers." },
    { .name = "echo",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_FAST | CMD_CONNECTION,
      .run = run_echo,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .syntax = "message",
      .summary = "Sends the argument back." },
    { .name = "select",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE | CMD_FAST | CMD_CONNECTION,
      .run = run_select,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .syntax = "index:integer",
      .summary = "Chooses the database this connection works on." },
    { .name = "quit",
      .arity = -1,
      .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
               CMD_CONNECTION | CMD_IN_MULTI,
      .run = run_quit,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "Ends the connection." },
    { .name = "reset",
      .arity = 1,
      .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
               CMD_CONNECTION | CMD_IN_MULTI,
      .run = run_reset,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Makes the connection as new." },
    { .name = "time",
      .arity = 1,
      .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
      .run = run_time,
      .group = "server",
      .since = "2.6.0",
      .complexity = "O(1)",
      .tips = time_tips,
      .summary = "Returns the server's clock: seconds and microseconds." },
    { 0 },
};
