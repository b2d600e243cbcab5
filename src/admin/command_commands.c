/* command_commands.c: COMMAND: the table of commands, told to clients. */
#include "admin/admin_rows.h"
#include "admin/names.h"
#include "admin/row_reply.h"
#include "base/limits.h"
#include "cmd/command_category.h"
#include "cmd/help.h"
#include "session/acl_keys.h"
#include "session/acl_user.h"
#include "session/session.h"

static const char *const unordered[] = { "nondeterministic_output_order", NULL };

static const struct command_table *table_of(const struct call *c)
{
    return c->session->instance->commands;
}

/* "get" or "client|setname"; NULL for neither. */
static const struct command *find(const struct call *c, struct slice name)
{
    const uint8_t *bar = name.len ? memchr(name.data, '|', name.len) : NULL;
    size_t len = bar ? (size_t)(bar - name.data) : name.len;
    const struct command *row = command_find(table_of(c), slice_of(name.data, len));

    if (!row || !bar)
        return row;
    return command_find_sub(row, slice_of(bar + 1, name.len - len - 1));
}

static enum call_end reply_all(struct call *c)
{
    size_t n = command_count(table_of(c));

    reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++)
        row_reply_info(c->reply, command_at(table_of(c), i));
    return CALL_DONE;
}

static enum call_end run_command(struct call *c)
{
    return reply_all(c);
}

static enum call_end run_count(struct call *c)
{
    reply_int(c->reply, (int64_t)command_count(table_of(c)));
    return CALL_DONE;
}

static enum call_end run_info(struct call *c)
{
    if (c->argc == 2)
        return reply_all(c);
    if (!names_few(c, 2, LIMIT_NAMES))
        return CALL_DONE;
    reply_array(c->reply, c->argc - 2);
    for (uint32_t i = 2; i < c->argc; i++) {
        const struct command *row = find(c, c->argv[i]);

        if (row)
            row_reply_info(c->reply, row);
        else
            reply_null(c->reply);
    }
    return CALL_DONE;
}

static enum call_end run_docs(struct call *c)
{
    size_t n = 0;

    if (c->argc == 2) {
        n = command_count(table_of(c));
        reply_map(c->reply, n);
        for (size_t i = 0; i < n; i++)
            row_reply_docs(c->reply, command_at(table_of(c), i));
        return CALL_DONE;
    }
    if (!names_few(c, 2, LIMIT_NAMES))
        return CALL_DONE;
    for (uint32_t i = 2; i < c->argc; i++)
        n += find(c, c->argv[i]) != NULL;
    reply_map(c->reply, n);
    for (uint32_t i = 2; i < c->argc; i++) {
        const struct command *row = find(c, c->argv[i]);

        if (row)
            row_reply_docs(c->reply, row);
    }
    return CALL_DONE;
}

enum filter_kind {
    FILTER_NONE,
    FILTER_MODULE, /* there are none: nothing passes */
    FILTER_CATEGORY,
    FILTER_PATTERN,
};

struct filter {
    enum filter_kind kind;
    struct slice text;
};

static bool passes(const struct filter *f, const struct command *row)
{
    size_t category;

    switch (f->kind) {
    case FILTER_NONE:
        return true;
    case FILTER_CATEGORY:
        return category_find(f->text, &category) && category_has(category, row);
    case FILTER_PATTERN:
        return slice_glob(f->text, slice_str(command_full_name(row)), true);
    case FILTER_MODULE:
        break;
    }
    return false;
}

/* Counts the names that pass and, with a reply, appends them. */
static size_t list_names(const struct call *c, const struct filter *f, struct reply *r)
{
    size_t found = 0;

    for (size_t i = 0; i < command_count(table_of(c)); i++) {
        const struct command *row = command_at(table_of(c), i);
        const struct command *sub = row->subs;

        for (; row; row = sub && sub->name ? sub++ : NULL) {
            if (!passes(f, row))
                continue;
            found++;
            if (r)
                reply_bulk_str(r, command_full_name(row));
        }
    }
    return found;
}

static enum call_end run_list(struct call *c)
{
    struct filter f = { .kind = FILTER_NONE };

    if (c->argc == 5 && call_arg_is(c, 2, "filterby")) {
        f.text = c->argv[4];
        if (call_arg_is(c, 3, "module"))
            f.kind = FILTER_MODULE;
        else if (call_arg_is(c, 3, "aclcat"))
            f.kind = FILTER_CATEGORY;
        else if (call_arg_is(c, 3, "pattern"))
            f.kind = FILTER_PATTERN;
    }
    if (c->argc != 2 && f.kind == FILTER_NONE)
        return call_syntax_error(c);
    if (f.kind == FILTER_PATTERN && !call_pattern_fits(c, f.text))
        return CALL_DONE;
    reply_array(c->reply, list_names(c, &f, NULL));
    list_names(c, &f, c->reply);
    return CALL_DONE;
}

/* What the command that begins at argv[2] does with its n-th key: SET and BITFIELD as their
 * options say. */
static const char *key_words(const struct call *c, const struct command *row, unsigned n)
{
    struct acl_keys keys;

    acl_keys_find(&keys, row, c->argv + 2, c->argc - 2);
    if (keys.access < 0 || row->option_key)
        return command_key_flags(row, n);
    if (!(keys.access & ACL_WRITE))
        return "RO access";
    return keys.access & ACL_READ ? "RW access update" : "OW update";
}

/* The key at argv[2 + i], the command's n-th. */
static void reply_key(struct call *c, const struct command *row, uint32_t i, unsigned n, bool flags)
{
    if (flags)
        reply_array(c->reply, 2);
    reply_bulk(c->reply, c->argv[2 + i]);
    if (flags)
        row_reply_key_words(c->reply, key_words(c, row, n));
}

/* The keys of the command that begins at argv[2], with their flags if asked. */
static enum call_end reply_keys(struct call *c, bool flags)
{
    const struct command *row = command_find(table_of(c), c->argv[2]);
    uint32_t argc = c->argc - 2, option = 0;
    int last;

    if (row && row->subs && argc > 1)
        row = command_find_sub(row, c->argv[3]);
    if (!row)
        return call_error(c, "Invalid command specified");
    if (row->keys.first <= 0)
        return call_error(c, "The command has no key arguments");
    if (!command_arity_ok(row, argc))
        return call_error(c, "Invalid number of arguments specified for command");
    last = row->keys.last < 0 ? (int)argc + row->keys.last : row->keys.last;
    if (row->option_key)
        option = row->option_key(argc, c->argv + 2);
    reply_array(c->reply, (size_t)((last - row->keys.first) / row->keys.step + 1) + (option > 0));
    for (int i = row->keys.first; i <= last; i += row->keys.step)
        reply_key(c, row, (uint32_t)i, (unsigned)((i - row->keys.first) / row->keys.step), flags);
    if (option)
        reply_key(c, row, option, (unsigned)((last - row->keys.first) / row->keys.step) + 1, flags);
    return CALL_DONE;
}

static enum call_end run_getkeys(struct call *c)
{
    return reply_keys(c, false);
}

static enum call_end run_getkeysandflags(struct call *c)
{
    return reply_keys(c, true);
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "(no subcommand)",
        "    Every command with its arity, flags, keys and categories.",
        "COUNT",
        "    How many commands there are.",
        "LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <glob>)]",
        "    The names of the commands.",
        "INFO [<command-name> ...]",
        "    What COMMAND says, of these commands alone.",
        "DOCS [<command-name> ...]",
        "    What the commands do, since when, and at what cost.",
        "GETKEYS <full-command>",
        "    The keys among a command's arguments.",
        "GETKEYSANDFLAGS <full-command>",
        "    The keys, and what the command does with them.",
        NULL,
    };

    return help_reply(c, "COMMAND", lines);
}

enum { PLAIN = CMD_LOADING | CMD_STALE | CMD_CONNECTION };

static const struct command subs[] = {
    { .name = "count",
      .full = "command|count",
      .arity = 2,
      .flags = PLAIN,
      .run = run_count,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .summary = "Counts the commands." },
    { .name = "docs",
      .full = "command|docs",
      .arity = -2,
      .flags = PLAIN,
      .run = run_docs,
      .group = "server",
      .since = "7.0.0",
      .complexity = "O(N) of N commands",
      .tips = unordered,
      .syntax = "[command-name...]",
      .summary = "Describes commands for people." },
    { .name = "getkeys",
      .full = "command|getkeys",
      .arity = -3,
      .flags = PLAIN,
      .run = run_getkeys,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(N) of N arguments",
      .syntax = "command [arg...]",
      .summary = "Finds the keys in a whole command." },
    { .name = "getkeysandflags",
      .full = "command|getkeysandflags",
      .arity = -3,
      .flags = PLAIN,
      .run = run_getkeysandflags,
      .group = "server",
      .since = "7.0.0",
      .complexity = "O(N) of N arguments",
      .syntax = "command [arg...]",
      .summary = "Finds the keys in a whole command, and how they are used." },
    { .name = "help",
      .full = "command|help",
      .arity = 2,
      .flags = PLAIN,
      .run = run_help,
      .group = "server",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Tells what COMMAND can do." },
    { .name = "info",
      .full = "command|info",
      .arity = -2,
      .flags = PLAIN,
      .run = run_info,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(N) of N commands",
      .tips = unordered,
      .syntax = "[command-name...]",
      .summary = "Describes commands for programs." },
    { .name = "list",
      .full = "command|list",
      .arity = -2,
      .flags = PLAIN,
      .run = run_list,
      .group = "server",
      .since = "7.0.0",
      .complexity = "O(N) of N commands",
      .tips = unordered,
      .syntax =
          "[FILTERBY filterby<MODULE module-name | ACLCAT category | PATTERN pattern:pattern>]",
      .summary = "Names the commands." },
    { 0 },
};

const struct command command_commands[] = {
    { .name = "command",
      .arity = -1,
      .flags = PLAIN,
      .run = run_command,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(N) of N commands",
      .tips = unordered,
      .summary = "Describes every command for programs.",
      .subs = subs },
    { 0 },
};
