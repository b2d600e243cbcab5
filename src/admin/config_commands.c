/* config_commands.c: CONFIG: options read and changed while the server runs.
 *
 * SET takes all of its pairs or none: they are tried on a second set of options
 * first. */
#include "admin/admin_rows.h"
#include "admin/names.h"
#include "base/limits.h"
#include "cmd/help.h"
#include "session/acl.h"
#include "session/config_file.h"
#include "session/memory.h"
#include "session/metrics.h"
#include "session/session.h"

/* Open files kept for the log, listeners and the like, beside those of clients. */
enum { DESCRIPTORS_KEPT = 128 };

static const char *const set_tips[] = { "request_policy:all_nodes", "response_policy:all_succeeded",
                                        NULL };

static bool is_glob(struct slice pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (strchr("*?[", pattern.data[i]) && pattern.data[i])
            return true;
    }
    return false;
}

/* The first pattern that names the option, or NULL.  Most do not, which their first bytes
 * say, however long they are. */
static const struct slice *match(const struct call *c, const char *name)
{
    for (uint32_t i = 2; i < c->argc; i++) {
        if (slice_is(c->argv[i], name) ||
            (slice_glob(c->argv[i], slice_str(name), true) && is_glob(c->argv[i])))
            return &c->argv[i];
    }
    return NULL;
}

/* The name as it was asked for, as Redis does: clients look for their own word. */
static void reply_name(struct reply *r, const struct slice *pattern, const char *name)
{
    if (is_glob(*pattern))
        reply_bulk_str(r, name);
    else
        reply_bulk(r, *pattern);
}

static enum call_end run_get(struct call *c)
{
    const struct options *o = c->session->instance->options;
    const struct option_ignored *ignored = options_ignored_table();
    const struct slice *pattern;
    size_t n = 0;

    if (!names_few(c, 2, LIMIT_NAMES))
        return CALL_DONE;
    for (uint32_t i = 2; i < c->argc; i++) {
        if (!call_pattern_fits(c, c->argv[i]))
            return CALL_DONE;
    }
    for (const struct option *row = options_table(); row->name; row++)
        n += match(c, row->name) != NULL;
    for (const struct option_ignored *i = ignored; i->name; i++)
        n += match(c, i->name) != NULL;
    reply_map(c->reply, n);
    for (const struct option *row = options_table(); row->name; row++) {
        pattern = match(c, row->name);
        if (!pattern)
            continue;
        reply_name(c->reply, pattern, row->name);
        c->scratch->len = 0;
        options_get(o, row, c->scratch);
        reply_bulk(c->reply, buf_slice(c->scratch));
    }
    for (const struct option_ignored *i = ignored; i->name; i++) {
        pattern = match(c, i->name);
        if (!pattern)
            continue;
        reply_name(c->reply, pattern, i->name);
        reply_bulk_str(c->reply, i->value);
    }
    return CALL_DONE;
}

static const struct option_ignored *find_ignored(struct slice name)
{
    const struct option_ignored *i = options_ignored_table();

    while (i->name && !slice_is(name, i->name))
        i++;
    return i->name ? i : NULL;
}

static bool same_option(struct slice a, struct slice b)
{
    return options_find(a) == options_find(b) && find_ignored(a) == find_ignored(b);
}

/* Appends why argv[i], which is an option, cannot be set, if so. */
static void refuse_name(const struct call *c, uint32_t i, struct buf *why)
{
    const struct option *row = options_find(c->argv[i]);

    if (row && !(row->flags & OPTION_MUTABLE)) {
        buf_printf(why, "can't set immutable config");
        return;
    }
    for (uint32_t j = 2; j < i; j += 2) {
        if (same_option(c->argv[j], c->argv[i])) {
            buf_printf(why, "duplicate parameter");
            return;
        }
    }
}

/* Sets argv[i] to argv[i + 1] in `o`; appends to `why` if that cannot be. */
static void try_pair(const struct call *c, uint32_t i, struct options *o, struct buf *why)
{
    const struct option *row = options_find(c->argv[i]);
    const struct env *env = c->session->instance->env;
    const struct option_ignored *ignored;

    if (!row) {
        ignored = find_ignored(c->argv[i]);
        if (!slice_is(c->argv[i + 1], ignored->value))
            buf_printf(why, "it stays '%s': %s", ignored->value, ignored->reason);
        return;
    }
    if (!options_set(o, row, c->argv[i + 1], why))
        return;
    if (row->offset == offsetof(struct options, requirepass) && c->argv[i + 1].len > LIMIT_PASSWORD)
        buf_printf(why, "argument is longer than %d bytes", LIMIT_PASSWORD);
    if (row->offset == offsetof(struct options, maxdisk))
        memory_check_disk((uint64_t)o->maxdisk, c->session->instance->options, env, why);
    if (row->offset == offsetof(struct options, maxclients) &&
        (uint64_t)o->maxclients + DESCRIPTORS_KEPT > env->machine.descriptors_max)
        buf_printf(why,
                   "The operating system is not able to handle the specified number of clients, "
                   "try with %lld",
                   (long long)env->machine.descriptors_max - DESCRIPTORS_KEPT);
}

static bool refuse(struct call *c, uint32_t i, const struct buf *why)
{
    reply_errorf(c->reply, "ERR", "CONFIG SET failed (possibly related to argument '%.*s') - %.*s",
                 (int)c->argv[i].len, (const char *)c->argv[i].data, (int)why->len,
                 (const char *)why->data);
    return false;
}

/* Every name is an option that may be set, once.  False: replied. */
static bool check_names(struct call *c)
{
    for (uint32_t i = 2; i < c->argc; i += 2) {
        if (!options_find(c->argv[i]) && !find_ignored(c->argv[i])) {
            size_t n = c->argv[i].len < 128 ? c->argv[i].len : 128;
            reply_errorf(c->reply, "ERR",
                         "Unknown option or number of arguments for CONFIG SET - '%.*s'", (int)n,
                         (const char *)c->argv[i].data);
            return false;
        }
        refuse_name(c, i, c->scratch);
        if (c->scratch->len)
            return refuse(c, i, c->scratch);
    }
    return true;
}

/* Every value can be taken.  False: replied. */
static bool check_values(struct call *c)
{
    struct options trial;
    bool ok = true;

    options_init(&trial);
    for (uint32_t i = 2; i < c->argc && ok; i += 2) {
        try_pair(c, i, &trial, c->scratch);
        if (c->scratch->len)
            ok = refuse(c, i, c->scratch);
    }
    options_deinit(&trial);
    return ok;
}

/* The first of the options that a TLS handshake is made with, 0 if there is none, or no
 * TLS. */
static uint32_t first_of_tls(const struct call *c)
{
    for (uint32_t i = 2; i < c->argc && c->session->instance->options->tls_port; i += 2) {
        const struct option *row = options_find(c->argv[i]);
        if (row && (row->flags & OPTION_TLS))
            return i;
    }
    return 0;
}

/* Begins to read what certificates and keys would be then. */
static enum call_end begin_tls(struct call *c)
{
    struct instance *in = c->session->instance;
    struct options trial;

    options_copy(&trial, in->options);
    for (uint32_t i = 2; i < c->argc; i += 2)
        try_pair(c, i, &trial, c->scratch);
    c->save = tls_change_begin(&in->tls, &trial);
    options_deinit(&trial);
    return CALL_TLS;
}

/* They have been read.  False: they cannot be used, which is replied. */
static bool take_tls(struct call *c, uint32_t arg)
{
    const char *why;

    if (tls_change_take(&c->session->instance->tls, c->save, &why))
        return true;
    buf_printf(c->scratch, "Unable to update TLS configuration: %s", why);
    return refuse(c, arg, c->scratch);
}

static enum call_end run_set(struct call *c)
{
    struct instance *in = c->session->instance;
    uint32_t of_tls;

    if (c->argc % 2)
        return call_syntax_error(c);
    if (!check_names(c) || !check_values(c))
        return CALL_DONE;
    of_tls = first_of_tls(c);
    if (of_tls && (!c->save || tls_change_lost(&in->tls, c->save)))
        return begin_tls(c);
    if (of_tls && tls_change_waits(&in->tls, c->save))
        return CALL_TLS;
    if (of_tls && !take_tls(c, of_tls))
        return CALL_DONE;
    for (uint32_t i = 2; i < c->argc; i += 2) {
        try_pair(c, i, in->options, c->scratch);
        if (slice_is(c->argv[i], "requirepass"))
            acl_set_requirepass(in->acl, c->argv[i + 1]);
    }
    instance_apply_options(in);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_resetstat(struct call *c)
{
    metrics_reset(c->session->instance);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_rewrite(struct call *c)
{
    struct config_file *file = c->session->instance->config_file;

    if (!*c->session->instance->options->config_file)
        return call_error(c, "The server is running without a config file");
    if (awaited_free(&file->turn, c))
        config_file_rewrite(file, c);
    if (!awaited_over(&file->turn, c))
        return CALL_SAVE;
    if (file->why.len)
        reply_errorf(c->reply, "ERR", "Rewriting config file: %.*s", (int)file->why.len,
                     (const char *)file->why.data);
    else
        reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "GET <pattern> [<pattern> ...]",
        "    The options whose names match, with their values.",
        "SET <option> <value> [<option> <value> ...]",
        "    Change options while the server runs: all of them or none.",
        "REWRITE",
        "    Write the options to the file the server was started with.",
        "RESETSTAT",
        "    Let the counters of INFO begin again.",
        NULL,
    };

    return help_reply(c, "CONFIG", lines);
}

enum { PLAIN = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE };

static const struct command subs[] = {
    { .name = "get",
      .full = "config|get",
      .arity = -3,
      .flags = PLAIN,
      .run = run_get,
      .group = "server",
      .since = "2.0.0",
      .complexity = "O(N) of N patterns",
      .syntax = "parameter...",
      .summary = "Reads options." },
    { .name = "help",
      .full = "config|help",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .run = run_help,
      .group = "server",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Tells what CONFIG can do." },
    { .name = "resetstat",
      .full = "config|resetstat",
      .arity = 2,
      .flags = PLAIN,
      .run = run_resetstat,
      .group = "server",
      .since = "2.0.0",
      .complexity = "O(1)",
      .summary = "Lets the counters of INFO begin again." },
    { .name = "rewrite",
      .full = "config|rewrite",
      .arity = 2,
      .flags = PLAIN | CMD_NO_MULTI,
      .run = run_rewrite,
      .group = "server",
      .since = "2.8.0",
      .complexity = "O(N) of N options and users, in the background",
      .summary = "Writes the options to the file the server was started with." },
    { .name = "set",
      .full = "config|set",
      .arity = -4,
      .flags = PLAIN,
      .run = run_set,
      .group = "server",
      .since = "2.0.0",
      .complexity = "O(N) of N options",
      .tips = set_tips,
      .syntax = "data<parameter value>...",
      .summary = "Changes options while the server runs." },
    { 0 },
};

const struct command config_commands[] = {
    { .name = "config",
      .arity = -2,
      .group = "server",
      .since = "2.0.0",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about options.",
      .subs = subs },
    { 0 },
};
