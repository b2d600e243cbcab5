/* acl_commands.c: ACL: users made, shown and deleted, and what was refused. */
#include "admin/admin_rows.h"

#include "base/mem.h"
#include "base/num.h"
#include "cmd/command_category.h"
#include "cmd/help.h"
#include "session/acl.h"
#include "session/acl_file.h"
#include "session/acl_rule.h"
#include "session/session.h"

enum {
    GENPASS_BITS = 256,
    GENPASS_BITS_MAX = 4096,
    LOG_SHOWN = 10,
};

static struct acl *acl_of(const struct call *c)
{
    return c->session->instance->acl;
}

/* For messages: as much of it as they have room for. */
static int shown(struct slice text)
{
    return text.len < 300 ? (int)text.len : 300;
}

/* --- users */

static enum call_end run_whoami(struct call *c)
{
    reply_bulk(c->reply, c->session->user->name);
    return CALL_DONE;
}

static enum call_end run_users(struct call *c)
{
    const struct acl_set *users = &acl_of(c)->users;

    reply_array(c->reply, users->count);
    for (uint32_t i = 0; i < users->count; i++)
        reply_bulk(c->reply, users->users[i]->name);
    return CALL_DONE;
}

static enum call_end run_list(struct call *c)
{
    const struct acl_set *users = &acl_of(c)->users;

    reply_array(c->reply, users->count);
    for (uint32_t i = 0; i < users->count; i++) {
        c->scratch->len = 0;
        acl_user_describe(users->users[i], c->scratch);
        reply_bulk(c->reply, buf_slice(c->scratch));
    }
    return CALL_DONE;
}

static void reply_selector(struct call *c, const struct acl_selector *s)
{
    static const struct {
        const char *name;
        void (*describe)(const struct acl_selector *s, struct buf *out);
    } fields[] = {
        { "commands", acl_selector_commands },
        { "keys", acl_selector_keys },
        { "channels", acl_selector_channels },
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        reply_bulk_str(c->reply, fields[i].name);
        c->scratch->len = 0;
        fields[i].describe(s, c->scratch);
        reply_bulk(c->reply, buf_slice(c->scratch));
    }
}

static enum call_end run_getuser(struct call *c)
{
    const struct acl_user *u = acl_find(acl_of(c), c->argv[2]);
    const char *flags[3];
    unsigned n;

    if (!u) {
        reply_null(c->reply);
        return CALL_DONE;
    }
    reply_map(c->reply, 6);
    reply_bulk_str(c->reply, "flags");
    n = acl_user_flags(u, flags);
    reply_set(c->reply, n);
    for (unsigned i = 0; i < n; i++)
        reply_bulk_str(c->reply, flags[i]);
    reply_bulk_str(c->reply, "passwords");
    reply_array(c->reply, u->passwords.count);
    for (uint32_t i = 0; i < u->passwords.count; i++) {
        c->scratch->len = 0;
        acl_hex(u->passwords.at[i].text, c->scratch);
        reply_bulk(c->reply, buf_slice(c->scratch));
    }
    reply_selector(c, u->selectors[0]);
    reply_bulk_str(c->reply, "selectors");
    reply_array(c->reply, u->selector_count - 1);
    for (uint32_t i = 1; i < u->selector_count; i++) {
        reply_map(c->reply, 3);
        reply_selector(c, u->selectors[i]);
    }
    return CALL_DONE;
}

/* Every parenthesis of argv[3] and on is closed.  False: replied. */
static bool selectors_close(struct call *c)
{
    struct slice rule;
    uint32_t at = 3;

    while (acl_rule_next(c->argv, c->argc, &at, c->scratch, &rule)) {
    }
    if (at == c->argc)
        return true;
    reply_errorf(c->reply, "ERR", "Unmatched parenthesis in acl selector starting at '%.*s'.",
                 shown(c->argv[at]), (const char *)c->argv[at].data);
    return false;
}

/* Applies argv[3] and on.  False: replied what is wrong. */
static bool apply_rules(struct call *c, struct acl_user *u)
{
    struct acl_edit e;
    struct slice rule;
    uint32_t at = 3;

    acl_edit_init(&e, u, acl_of(c)->all_channels);
    while (acl_rule_next(c->argv, c->argc, &at, c->scratch, &rule)) {
        enum acl_rule_end end = acl_rule_apply(&e, rule);

        if (end == ACL_RULE_OK)
            continue;
        reply_errorf(c->reply, "ERR", "Error in ACL SETUSER modifier '%.*s': %s",
                     rule.len < 200 ? (int)rule.len : 200, (const char *)rule.data,
                     acl_rule_text(end));
        return false;
    }
    return true;
}

/* All rules or none: they are tried on a copy. */
static enum call_end run_setuser(struct call *c)
{
    struct acl *acl = acl_of(c);
    const struct acl_user *old = acl_find(acl, c->argv[2]);
    struct acl_user *trial;

    if (!acl_is_word(c->argv[2]))
        return call_error(c, "Usernames can't contain spaces or null characters");
    if (!selectors_close(c))
        return CALL_DONE;
    trial = old ? acl_user_copy(old) : acl_user_new(c->argv[2], &acl->rows, acl->all_channels);
    if (!apply_rules(c, trial)) {
        acl_user_free(trial);
        return CALL_DONE;
    }
    if (!acl_set_user(acl, trial))
        return call_error(c, "The users are larger than fit together");
    acl_end_subscribers(c->session->instance, acl_find(acl, c->argv[2]), c->session->id);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_deluser(struct call *c)
{
    const struct session *s = c->session;

    for (uint32_t i = 2; i < c->argc; i++) {
        if (slice_equal(c->argv[i], slice_str("default")))
            return call_error(c, "The 'default' user cannot be removed");
    }
    reply_int(c->reply, acl_delete(s->instance, c->argv + 2, c->argc - 2, s->id));
    return CALL_DONE;
}

/* --- what commands there are, and who may run them */

static size_t list_category(const struct acl_rows *rows, size_t category, struct reply *r)
{
    size_t n = 0;

    for (uint32_t i = 0; i < rows->count; i++) {
        if (!category_has(category, rows->rows[i]))
            continue;
        n++;
        if (r)
            reply_bulk_str(r, command_full_name(rows->rows[i]));
    }
    return n;
}

static enum call_end run_cat(struct call *c)
{
    const struct acl_rows *rows = &acl_of(c)->rows;
    size_t category;

    if (c->argc > 3)
        return help_wrong_arguments(c, "ACL");
    if (c->argc == 2) {
        reply_array(c->reply, category_count());
        for (size_t i = 0; i < category_count(); i++)
            reply_bulk_str(c->reply, category_name(i));
        return CALL_DONE;
    }
    if (!category_find(c->argv[2], &category)) {
        reply_errorf(c->reply, "ERR", "Unknown category '%.*s'",
                     c->argv[2].len < 128 ? (int)c->argv[2].len : 128,
                     (const char *)c->argv[2].data);
        return CALL_DONE;
    }
    reply_array(c->reply, list_category(rows, category, NULL));
    list_category(rows, category, c->reply);
    return CALL_DONE;
}

/* The row of the command that begins at argv[3]; NULL: there is none, as replied. */
static const struct command *dry_row(struct call *c)
{
    const struct command *row = command_find(acl_of(c)->rows.table, c->argv[3]);

    if (row && row->subs && c->argc > 4)
        row = command_find_sub(row, c->argv[4]);
    if (!row)
        reply_errorf(c->reply, "ERR", "Command '%.*s' not found", shown(c->argv[3]),
                     (const char *)c->argv[3].data);
    else if (!command_arity_ok(row, c->argc - 3))
        reply_errorf(c->reply, "ERR", "wrong number of arguments for '%s' command",
                     command_full_name(row));
    return row && command_arity_ok(row, c->argc - 3) ? row : NULL;
}

static enum call_end run_dryrun(struct call *c)
{
    const struct acl_user *u = acl_find(acl_of(c), c->argv[2]);
    const struct command *row;
    enum acl_verdict verdict;
    uint32_t at;

    if (!u) {
        reply_errorf(c->reply, "ERR", "User '%.*s' not found", shown(c->argv[2]),
                     (const char *)c->argv[2].data);
        return CALL_DONE;
    }
    row = dry_row(c);
    if (!row)
        return CALL_DONE;
    verdict = acl_check(u, row, c->argv + 3, c->argc - 3, &at);
    if (verdict == ACL_MAY) {
        reply_ok(c->reply);
        return CALL_DONE;
    }
    acl_refusal(u, verdict, row, &c->argv[3 + at], c->scratch);
    reply_bulk(c->reply, buf_slice(c->scratch));
    return CALL_DONE;
}

static enum call_end run_genpass(struct call *c)
{
    struct env *env = c->session->instance->env;
    uint8_t random[GENPASS_BITS_MAX / 8];
    int64_t bits = GENPASS_BITS;

    if (c->argc > 3)
        return help_wrong_arguments(c, "ACL");
    if (c->argc == 3 && !call_get_i64(c, 2, &bits))
        return c->end;
    if (bits <= 0 || bits > GENPASS_BITS_MAX) {
        reply_errorf(c->reply, "ERR",
                     "ACL GENPASS argument must be the number of bits for the output password, a "
                     "positive number up to %d",
                     GENPASS_BITS_MAX);
        return CALL_DONE;
    }
    env->random(env, random, sizeof random);
    acl_hex(slice_of(random, (size_t)(bits + 7) / 8), c->scratch);
    reply_bulk(c->reply, slice_of(c->scratch->data, (size_t)(bits + 3) / 4));
    return CALL_DONE;
}

/* --- the log */

static void reply_entry(struct call *c, const struct acl_entry *e)
{
    static const char *const reasons[] = { "command", "key", "channel", "auth" };
    static const char *const contexts[] = { "toplevel", "multi", "lua" };
    uint64_t now_ms = node_now_us(c->session->instance->node) / 1000;
    struct reply *r = c->reply;

    reply_map(r, 10);
    reply_bulk_str(r, "count");
    reply_int(r, (int64_t)e->count);
    reply_bulk_str(r, "reason");
    reply_bulk_str(r, reasons[e->reason]);
    reply_bulk_str(r, "context");
    reply_bulk_str(r, contexts[e->context]);
    reply_bulk_str(r, "object");
    reply_bulk(r, e->object);
    reply_bulk_str(r, "username");
    reply_bulk(r, e->user);
    reply_bulk_str(r, "age-seconds");
    reply_double(r, (double)((int64_t)now_ms - (int64_t)e->updated_ms) / 1000);
    reply_bulk_str(r, "client-info");
    reply_bulk(r, slice_of(e->client.data, e->client.len - 1)); /* without its line's end */
    reply_bulk_str(r, "entry-id");
    reply_int(r, (int64_t)e->id);
    reply_bulk_str(r, "timestamp-created");
    reply_int(r, (int64_t)e->created_ms);
    reply_bulk_str(r, "timestamp-last-updated");
    reply_int(r, (int64_t)e->updated_ms);
}

static enum call_end run_log(struct call *c)
{
    struct acl_log *log = &acl_of(c)->log;
    int64_t count = LOG_SHOWN;

    if (c->argc > 3)
        return help_wrong_arguments(c, "ACL");
    if (c->argc == 3 && call_arg_is(c, 2, "reset")) {
        acl_log_trim(log, 0);
        reply_ok(c->reply);
        return CALL_DONE;
    }
    if (c->argc == 3 && !call_get_i64(c, 2, &count))
        return c->end;
    if (count < 0)
        count = 0;
    if ((uint64_t)count > log->count)
        count = (int64_t)log->count;
    reply_array(c->reply, (size_t)count);
    list_for_each (at, &log->entries) {
        if (count-- == 0)
            break;
        reply_entry(c, list_item(at, struct acl_entry, link));
    }
    return CALL_DONE;
}

/* --- the file */

static bool has_file(struct call *c)
{
    if (*c->session->instance->options->aclfile)
        return true;
    call_error(c, "This Redis instance is not configured to use an ACL file. You may want to "
                  "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE "
                  "(assuming you have a Redis configuration file set) in order to store users in "
                  "the Redis configuration.");
    return false;
}

/* Begins, or waits for the one before and then begins, or waits for its own.  True: it is
 * done, and file->why says how. */
static bool file_job(struct call *c, void (*begin)(struct acl_file *file, struct call *c))
{
    struct acl_file *file = c->session->instance->acl_file;

    if (awaited_free(&file->turn, c))
        begin(file, c);
    return awaited_over(&file->turn, c);
}

static enum call_end run_load(struct call *c)
{
    const struct acl_file *file = c->session->instance->acl_file;

    if (!has_file(c))
        return CALL_DONE;
    if (!file_job(c, acl_file_load))
        return CALL_SAVE;
    if (file->why.len)
        reply_errorf(c->reply, "ERR", "%.*s", (int)file->why.len, (const char *)file->why.data);
    else
        reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_save(struct call *c)
{
    if (!has_file(c))
        return CALL_DONE;
    if (!file_job(c, acl_file_save))
        return CALL_SAVE;
    if (c->session->instance->acl_file->why.len)
        return call_error(c, "There was an error trying to save the ACLs. Please check the server "
                             "logs for more information");
    reply_ok(c->reply);
    return CALL_DONE;
}

/* --- rows */

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "CAT [<category>]",
        "    The categories, or the commands of one.",
        "DELUSER <username> [<username> ...]",
        "    Delete users and end their connections.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Whether the user may run the command; it is not run.",
        "GETUSER <username>",
        "    All about a user.",
        "GENPASS [<bits>]",
        "    A random password in hexadecimal, of 256 bits if nothing else is said.",
        "LIST",
        "    The users as lines of an ACL file.",
        "LOAD",
        "    Read the ACL file again: all of it or, if something is wrong, nothing.",
        "LOG [<count> | RESET]",
        "    What was refused lately, newest first; or forget it.",
        "SAVE",
        "    Write the users to the ACL file.",
        "SETUSER <username> <rule> [<rule> ...]",
        "    Make or change a user.",
        "USERS",
        "    The names of the users.",
        "WHOAMI",
        "    The user of this connection.",
        NULL,
    };

    return help_reply(c, "ACL", lines);
}

enum {
    PLAIN = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
    RULES = PLAIN | CMD_ADMIN,
};

/* Name, arguments, arity, flags, function, version, cost, summary. */
#define ROW(NAME, SYNTAX, ARITY, FLAGS, RUN, SINCE, COST, SUMMARY)                                 \
    {                                                                                              \
        .name = NAME, .full = "acl|" NAME, .arity = (ARITY), .flags = (FLAGS), .run = (RUN),       \
        .group = "server", .since = SINCE, .complexity = COST, .summary = SUMMARY,                 \
        .syntax = SYNTAX                                                                           \
    }

static const struct command subs[] = {
    ROW("cat", "[category]", -2, PLAIN, run_cat, "6.0.0",
        "O(1) since the categories and commands are a fixed set",
        "Names the categories, or the commands of one."),
    ROW("deluser", "username...", -3, RULES, run_deluser, "6.0.0", "O(N) of N connections",
        "Deletes users and ends their connections."),
    ROW("dryrun", "username command [arg...]", -4, RULES, run_dryrun, "7.0.0",
        "O(N) of N rules of the user", "Says whether a user may run a command."),
    ROW("genpass", "[bits:integer]", -2, PLAIN, run_genpass, "6.0.0", "O(1)",
        "Makes a random password."),
    ROW("getuser", "username", 3, RULES, run_getuser, "6.0.0", "O(N) of N rules of the user",
        "Tells all about a user."),
    ROW("help", NULL, 2, CMD_LOADING | CMD_STALE, run_help, "6.0.0", "O(1)",
        "Tells what ACL can do."),
    ROW("list", NULL, 2, RULES, run_list, "6.0.0", "O(N) of N users",
        "Shows the users as lines of an ACL file."),
    ROW("load", NULL, 2, RULES | CMD_NO_MULTI, run_load, "6.0.0",
        "O(N) of N users, in the background", "Reads the ACL file again."),
    ROW("log", "operation[count:integer | RESET]", -2, RULES, run_log, "6.0.0", "O(N) of N entries",
        "Tells what was refused."),
    ROW("save", NULL, 2, RULES | CMD_NO_MULTI, run_save, "6.0.0",
        "O(N) of N users, in the background", "Writes the users to the ACL file."),
    ROW("setuser", "username [rule...]", -3, RULES, run_setuser, "6.0.0", "O(N) of N rules",
        "Makes or changes a user."),
    ROW("users", NULL, 2, RULES, run_users, "6.0.0", "O(N) of N users", "Names the users."),
    ROW("whoami", NULL, 2, PLAIN, run_whoami, "6.0.0", "O(1)",
        "Names the user of this connection."),
    { 0 },
};

const struct command acl_commands[] = {
    { .name = "acl",
      .arity = -2,
      .group = "server",
      .since = "6.0.0",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about users and what they may do.",
      .subs = subs },
    { 0 },
};
