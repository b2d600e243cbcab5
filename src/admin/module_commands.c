/* module_commands.c: MODULE: there are none, and none can be. */
#include "admin/admin_rows.h"
#include "cmd/help.h"

static enum call_end run_list(struct call *c)
{
    reply_array(c->reply, 0);
    return CALL_DONE;
}

static enum call_end run_load(struct call *c)
{
    return call_error(c, "Henge does not load modules");
}

static enum call_end run_unload(struct call *c)
{
    return call_error(c, "Error unloading module: no such module with that name");
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "LIST",
        "    The modules: there are none.",
        "LOAD <path> [<arg> ...], LOADEX <path> [...]",
        "    Refused: modules are not loaded.",
        "UNLOAD <name>",
        "    Refused: there is none.",
        NULL,
    };

    return help_reply(c, "MODULE", lines);
}

enum { PLAIN = CMD_ADMIN | CMD_NOSCRIPT };

/* Name, arguments, arity, flags, function, version, summary. */
#define ROW(NAME, SYNTAX, ARITY, FLAGS, RUN, SINCE, SUMMARY)                                       \
    {                                                                                              \
        .name = NAME, .full = "module|" NAME, .arity = (ARITY), .flags = (FLAGS), .run = (RUN),    \
        .group = "server", .since = SINCE, .complexity = "O(1)", .summary = SUMMARY,               \
        .syntax = SYNTAX                                                                           \
    }

static const char *const list_tips[] = { "nondeterministic_output_order", NULL };

static const struct command subs[] = {
    ROW("help", NULL, 2, CMD_LOADING | CMD_STALE, run_help, "5.0.0", "Tells what MODULE can do."),
    { .name = "list",
      .full = "module|list",
      .arity = 2,
      .flags = PLAIN,
      .run = run_list,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .tips = list_tips,
      .summary = "Lists the modules: there are none." },
    ROW("load", "path [arg...]", -3, PLAIN | CMD_NO_ASYNC_LOADING, run_load, "4.0.0",
        "Is refused: modules are not loaded."),
    ROW("loadex", "path [CONFIG configs<name value>]... [ARGS args...]", -3,
        PLAIN | CMD_NO_ASYNC_LOADING, run_load, "7.0.0", "Is refused: modules are not loaded."),
    ROW("unload", "name", 3, PLAIN | CMD_NO_ASYNC_LOADING, run_unload, "4.0.0",
        "Is refused: there is no module."),
    { 0 },
};

const struct command module_commands[] = {
    { .name = "module",
      .arity = -2,
      .group = "server",
      .since = "4.0.0",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about modules.",
      .subs = subs },
    { 0 },
};
