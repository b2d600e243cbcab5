/* debug_commands.c: DEBUG: what test suites lean on, if enable-debug-command allows it.
 *
 * What would crash, restart or falsify a server is not there.  Nothing here keeps other clients
 * waiting: SLEEP lets its own client wait. */
#include "admin/admin_rows.h"
#include "admin/debug.h"
#include "base/num.h"
#include "cmd/help.h"
#include "session/session.h"

static enum call_end ok(struct call *c)
{
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_sleep(struct call *c)
{
    double seconds;

    if (c->block.woken != CALL_NOT_WOKEN || c->block.never ||
        !num_get_double(c->argv[2], &seconds) || !(seconds >= 1e-6))
        return ok(c);
    c->block.timeout_us = seconds < 1e9 ? (uint64_t)(seconds * 1e6) : (uint64_t)1e15;
    return CALL_BLOCK;
}

/* The line as it is, its code included. */
static enum call_end run_error(struct call *c)
{
    struct slice text = c->argv[2];

    buf_append_byte(c->scratch, '-');
    for (size_t i = 0; i < text.len; i++)
        buf_append_byte(c->scratch,
                        text.data[i] == '\r' || text.data[i] == '\n' ? ' ' : text.data[i]);
    buf_append(c->scratch, slice_str("\r\n"));
    reply_raw(c->reply, buf_slice(c->scratch));
    return CALL_DONE;
}

static enum call_end run_log(struct call *c)
{
    struct slice text = c->argv[2];

    trace_log(c->session->instance->env->trace, TRACE_WARNING, "DEBUG LOG: %.*s",
              (int)(text.len < 1024 ? text.len : 1024), (const char *)text.data);
    return ok(c);
}

static enum call_end run_active_expire(struct call *c)
{
    int64_t on = 0;

    (void)num_get_i64(c->argv[2], &on); /* anything else is 0, as in Redis */
    instance_active_expire(c->session->instance, on != 0);
    return ok(c);
}

static enum call_end run_packed_threshold(struct call *c)
{
    int64_t size;

    if (!num_get_size(c->argv[2], &size) || size < 0 || size > INT64_C(4) << 30)
        return call_error(c, "argument must be a memory value bigger than 1 and smaller than 4gb");
    return ok(c);
}

static enum call_end run_reply_buffer(struct call *c)
{
    if (!call_arg_is(c, 2, "resizing") && !call_arg_is(c, 2, "peak-reset-time"))
        return help_wrong_arguments(c, "DEBUG");
    return ok(c);
}

/* What is served is what is in the log, so there is nothing to read again: until all of it is
 * synced.  In a transaction it cannot be waited for. */
static enum call_end synced(struct call *c)
{
    struct lsm *lsm = node_lsm(c->session->instance->node);
    uint64_t end = lsm_end(lsm);

    if (c->block.woken != CALL_NOT_WOKEN || c->block.never || lsm_synced(lsm) >= end)
        return ok(c);
    lsm_want_sync(lsm, end);
    c->block.synced = end;
    return CALL_BLOCK;
}

static enum call_end run_reload(struct call *c)
{
    for (uint32_t i = 2; i < c->argc; i++) {
        if (!call_arg_is(c, i, "merge") && !call_arg_is(c, i, "noflush") &&
            !call_arg_is(c, i, "nosave"))
            return call_error(c, "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE "
                                 "options.");
    }
    return synced(c);
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "CHANGE-REPL-ID",
        "    Nothing: there is no replication.",
        "DIGEST",
        "    Forty digits that say which data there are.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    The same of the values of keys.",
        "ERROR <string>",
        "    Answer with that error.",
        "LOADAOF",
        "    Wait until everything written is synced.",
        "LOG <message>",
        "    Write the message to the server's log.",
        "OBJECT <key>",
        "    What Redis would tell of the inside of a value.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Make so many strings, named <prefix>:<number>, that are not there.",
        "PROTOCOL <type>",
        "    A reply of that type: string, integer, double, bignum, null, array, set, map,",
        "    attrib, push, verbatim, true, false.",
        "RELOAD [MERGE|NOFLUSH|NOSAVE ...]",
        "    Wait until everything written is synced.",
        "SDSLEN <key>",
        "    The lengths of a key and its string.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether keys expire by themselves, or only when somebody asks for them.",
        "SLEEP <seconds>",
        "    Let this connection wait, and nobody else.",
        "LISTPACK, QUICKLIST, HTSTATS-KEY <key>",
        "    Say that it is none: values have one encoding.",
        "PAUSE-CRON, QUICKLIST-PACKED-THRESHOLD, REPLYBUFFER, SET-DISABLE-DENY-SCRIPTS",
        "    Nothing: there is nothing here that they would change.",
        NULL,
    };

    return help_reply(c, "DEBUG", lines);
}

static const struct {
    const char *name;
    uint32_t least; /* arguments, DEBUG and the name among them */
    uint32_t most;
    enum call_end (*run)(struct call *c);
} subs[] = {
    { "change-repl-id", 2, 2, ok },
    { "digest", 2, 2, debug_digest },
    { "digest-value", 2, UINT32_MAX, debug_digest_value },
    { "error", 3, 3, run_error },
    { "help", 2, 2, run_help },
    { "htstats-key", 3, 4, debug_encoded },
    { "listpack", 3, 3, debug_encoded },
    { "loadaof", 2, 2, synced },
    { "log", 3, 3, run_log },
    { "object", 3, 3, debug_object },
    { "pause-cron", 3, 3, ok },
    { "populate", 3, 5, debug_populate },
    { "protocol", 3, 3, debug_protocol },
    { "quicklist", 3, 4, debug_encoded },
    { "quicklist-packed-threshold", 3, 3, run_packed_threshold },
    { "reload", 2, UINT32_MAX, run_reload },
    { "replybuffer", 4, 4, run_reply_buffer },
    { "sdslen", 3, 3, debug_sdslen },
    { "set-active-expire", 3, 3, run_active_expire },
    { "set-disable-deny-scripts", 3, 3, ok },
    { "sleep", 3, 3, run_sleep },
};

static enum call_end run_debug(struct call *c)
{
    for (size_t i = 0; i < sizeof subs / sizeof subs[0]; i++) {
        if (call_arg_is(c, 1, subs[i].name) && c->argc >= subs[i].least && c->argc <= subs[i].most)
            return subs[i].run(c);
    }
    return help_wrong_arguments(c, "DEBUG");
}

const struct command debug_commands[] = {
    { .name = "debug",
      .arity = -2,
      .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_PROTECTED | CMD_PIECEMEAL |
               CMD_NO_TOUCH,
      .run = run_debug,
      .group = "server",
      .since = "1.0.0",
      .complexity = "Depends on the subcommand",
      .syntax = "subcommand [arg...]",
      .summary = "For tests; enable-debug-command allows it." },
    { 0 },
};
