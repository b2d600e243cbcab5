/* client_commands.c: CLIENT: what connections say about themselves, and a list
 * of them. */
#include "admin/admin_rows.h"

#include "admin/client_subs.h"
#include "admin/names.h"
#include "base/limits.h"
#include "base/num.h"
#include "cmd/help.h"
#include "session/acl.h"
#include "session/describe.h"
#include "session/session.h"

static const char *const varies[] = { "nondeterministic_output", NULL };

static enum call_end run_id(struct call *c)
{
    reply_int(c->reply, (int64_t)c->session->id);
    return CALL_DONE;
}

static enum call_end run_getname(struct call *c)
{
    if (c->session->name)
        reply_bulk_str(c->reply, c->session->name);
    else
        reply_null(c->reply);
    return CALL_DONE;
}

static enum call_end run_setname(struct call *c)
{
    if (names_check(c, "Client names", c->argv[2])) {
        names_set(&c->session->name, c->argv[2]);
        reply_ok(c->reply);
    }
    return CALL_DONE;
}

static enum call_end run_setinfo(struct call *c)
{
    bool name = call_arg_is(c, 2, "lib-name");
    char option[16];

    if (!name && !call_arg_is(c, 2, "lib-ver")) {
        size_t n = c->argv[2].len < 128 ? c->argv[2].len : 128;
        reply_errorf(c->reply, "ERR", "Unrecognized option '%.*s'", (int)n,
                     (const char *)c->argv[2].data);
        return CALL_DONE;
    }
    memcpy(option, c->argv[2].data, c->argv[2].len); /* as the client spells it */
    option[c->argv[2].len] = '\0';
    if (names_check(c, option, c->argv[3])) {
        names_set(name ? &c->session->lib_name : &c->session->lib_version, c->argv[3]);
        reply_ok(c->reply);
    }
    return CALL_DONE;
}

static enum call_end run_info(struct call *c)
{
    session_describe(c->session, c->scratch);
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

enum client_type {
    TYPE_ANY,
    TYPE_NORMAL,
    TYPE_PUBSUB,
    TYPE_NOBODY, /* masters and replicas */
};

/* False: there is no such type, which is replied. */
static bool parse_type(struct call *c, uint32_t arg, enum client_type *out)
{
    static const struct {
        const char *name;
        enum client_type type;
    } types[] = { { "normal", TYPE_NORMAL },
                  { "pubsub", TYPE_PUBSUB },
                  { "master", TYPE_NOBODY },
                  { "replica", TYPE_NOBODY },
                  { "slave", TYPE_NOBODY } };
    struct slice type = c->argv[arg];

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        *out = types[i].type;
        if (slice_is(type, types[i].name))
            return true;
    }
    reply_errorf(c->reply, "ERR", "Unknown client type '%.*s'",
                 (int)(type.len < 128 ? type.len : 128), (const char *)type.data);
    return false;
}

static bool is_of_type(const struct session *s, enum client_type type)
{
    bool subscribed = s->special & SESSION_SUBSCRIBED;

    return type == TYPE_ANY || (type == TYPE_PUBSUB && subscribed) ||
           (type == TYPE_NORMAL && !subscribed);
}

/* CLIENT LIST ID id...  False: replied an error. */
static bool describe_ids(struct call *c)
{
    if (!names_few(c, 3, LIMIT_CLIENT_IDS))
        return false;
    for (uint32_t i = 3; i < c->argc; i++) {
        const struct session *s;
        int64_t id;

        if (!num_get_i64(c->argv[i], &id)) {
            call_error(c, "Invalid client ID");
            return false;
        }
        s = id > 0 ? session_find(c->session->instance, (uint64_t)id) : NULL;
        if (s)
            session_describe(s, c->scratch);
    }
    return true;
}

static enum call_end run_list(struct call *c)
{
    enum client_type type = TYPE_ANY;

    if (c->argc == 4 && call_arg_is(c, 2, "type")) {
        if (!parse_type(c, 3, &type))
            return CALL_DONE;
    } else if (c->argc > 3 && call_arg_is(c, 2, "id")) {
        if (!describe_ids(c))
            return CALL_DONE;
        type = TYPE_NOBODY;
    } else if (c->argc != 2) {
        return call_syntax_error(c);
    }
    list_for_each (at, &c->session->instance->sessions) {
        const struct session *s = list_item(at, struct session, link);
        if (is_of_type(s, type))
            session_describe(s, c->scratch);
    }
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

/* Whom CLIENT KILL means. */
struct kill {
    const struct slice *addr; /* NULL: any */
    const struct slice *laddr;
    int64_t id; /* 0: any */
    enum client_type type;
    const struct acl_user *user; /* NULL: any */
    bool skip_me;
};

static bool parse_user(struct call *c, uint32_t arg, struct kill *k)
{
    struct slice name = c->argv[arg];

    k->user = acl_find(c->session->instance->acl, name);
    if (k->user)
        return true;
    reply_errorf(c->reply, "ERR", "No such user '%.*s'", (int)(name.len < 128 ? name.len : 128),
                 (const char *)name.data);
    return false;
}

/* One option and its value, argv[i] and argv[i + 1]. */
static bool parse_filter(struct call *c, uint32_t i, struct kill *k)
{
    if (i + 1 == c->argc) {
        call_syntax_error(c);
        return false;
    }
    if (call_arg_is(c, i, "id")) {
        if (num_get_i64(c->argv[i + 1], &k->id) && k->id >= 1)
            return true;
        call_error(c, "client-id should be greater than 0");
        return false;
    }
    if (call_arg_is(c, i, "type"))
        return parse_type(c, i + 1, &k->type);
    if (call_arg_is(c, i, "user"))
        return parse_user(c, i + 1, k);
    if (call_arg_is(c, i, "addr")) {
        k->addr = &c->argv[i + 1];
    } else if (call_arg_is(c, i, "laddr")) {
        k->laddr = &c->argv[i + 1];
    } else if (call_arg_is(c, i, "skipme") &&
               (call_arg_is(c, i + 1, "yes") || call_arg_is(c, i + 1, "no"))) {
        k->skip_me = call_arg_is(c, i + 1, "yes");
    } else {
        call_syntax_error(c);
        return false;
    }
    return true;
}

static bool kill_means(const struct kill *k, const struct session *s, const struct session *me)
{
    char peer[NET_ADDRESS_MAX], local[NET_ADDRESS_MAX];

    session_addresses(s, peer, local);
    return is_of_type(s, k->type) && !(k->user && k->user != s->user) &&
           !(k->addr && !slice_equal(*k->addr, slice_str(peer))) &&
           !(k->laddr && !slice_equal(*k->laddr, slice_str(local))) &&
           !(k->id && k->id != (int64_t)s->id) && !(s == me && k->skip_me);
}

/* Who sends it gets the answer first. */
static int64_t kill_all(struct call *c, const struct kill *k)
{
    const struct instance *in = c->session->instance;
    int64_t killed = 0;

    list_for_each (at, &in->sessions) {
        struct session *s = list_item(at, struct session, link);
        if (s->cut || !kill_means(k, s, c->session))
            continue;
        killed++;
        if (s == c->session) {
            s->closing = SESSION_CLOSE_AFTER_REPLY;
        } else {
            s->cut = true;
            in->door->cut(s);
        }
    }
    return killed;
}

static enum call_end run_kill(struct call *c)
{
    struct kill k = { .skip_me = c->argc > 3 };

    if (c->argc == 3) { /* as before Redis 2.8.12: an address */
        k.addr = &c->argv[2];
        if (kill_all(c, &k) == 0)
            return call_error(c, "No such client");
        reply_ok(c->reply);
        return CALL_DONE;
    }
    for (uint32_t i = 2; i < c->argc; i += 2) {
        if (!parse_filter(c, i, &k))
            return CALL_DONE;
    }
    reply_int(c->reply, kill_all(c, &k));
    return CALL_DONE;
}

static enum call_end run_unblock(struct call *c)
{
    const struct instance *in = c->session->instance;
    struct session *s;
    bool error = false;
    int64_t id;

    if (c->argc > 4)
        return help_wrong_arguments(c, "CLIENT");
    if (c->argc == 4) {
        error = call_arg_is(c, 3, "error");
        if (!error && !call_arg_is(c, 3, "timeout"))
            return call_error(c, "CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
    if (!call_get_i64(c, 2, &id))
        return c->end;
    s = id > 0 ? session_find(in, (uint64_t)id) : NULL;
    reply_int(c->reply, s && in->door && in->door->unblock(s, error));
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "CACHING (YES|NO)",
        "    Keep, or do not keep, what the next command reads: in OPTIN or OPTOUT mode.",
        "GETREDIR",
        "    Which connection is told of changes in place of this one.",
        "GETNAME",
        "    This connection's name, or nil.",
        "ID",
        "    This connection's number; a later one's is larger.",
        "INFO",
        "    What LIST says, of this connection alone.",
        "KILL <ip:port>",
        "    End the connection from that address.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    End the connections that fit all options: ADDR <ip:port>, LADDR <ip:port>,",
        "    TYPE (NORMAL|MASTER|REPLICA|PUBSUB), USER <name>, ID <id>,",
        "    SKIPME (YES|NO): leave this connection out (default: yes).",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]",
        "    The connections, one a line.",
        "NO-EVICT (ON|OFF)",
        "    Whether this connection is spared when connections hold too much memory.",
        "NO-TOUCH (ON|OFF)",
        "    Whether what this connection reads stays as unused as it was, for evictions.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Let writes, or everything, wait for so many milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Whether replies are sent to this connection; SKIP: all but the next.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Which client library this is, for LIST.",
        "SETNAME <name>",
        "    Name this connection; an empty name takes it away.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
        "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Be told when keys change that this connection has read.",
        "TRACKINGINFO",
        "    How this connection tracks keys.",
        "UNBLOCK <id> [TIMEOUT|ERROR]",
        "    End that connection's wait, as if its time were over or with an error.",
        "UNPAUSE",
        "    End a PAUSE.",
        NULL,
    };

    return help_reply(c, "CLIENT", lines);
}

enum {
    PLAIN = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_CONNECTION,
    HELP = CMD_LOADING | CMD_STALE | CMD_CONNECTION,
};

static const struct command client_subs[] = {
    { .name = "caching",
      .full = "client|caching",
      .arity = 3,
      .flags = PLAIN,
      .run = client_run_caching,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1)",
      .syntax = "mode<YES | NO>",
      .summary = "Says whether what the next command reads is to be tracked." },
    { .name = "getname",
      .full = "client|getname",
      .arity = 2,
      .flags = PLAIN,
      .run = run_getname,
      .group = "connection",
      .since = "2.6.9",
      .complexity = "O(1)",
      .summary = "Returns the name of the connection." },
    { .name = "getredir",
      .full = "client|getredir",
      .arity = 2,
      .flags = PLAIN,
      .run = client_run_getredir,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1)",
      .summary = "Tells which connection hears of changes in place of this one." },
    { .name = "help",
      .full = "client|help",
      .arity = 2,
      .flags = HELP,
      .run = run_help,
      .group = "connection",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Tells what CLIENT can do." },
    { .name = "id",
      .full = "client|id",
      .arity = 2,
      .flags = PLAIN,
      .run = run_id,
      .group = "connection",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Returns the number of the connection." },
    { .name = "info",
      .full = "client|info",
      .arity = 2,
      .flags = PLAIN,
      .run = run_info,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(1)",
      .tips = varies,
      .summary = "Describes the connection in a line." },
    { .name = "kill",
      .full = "client|kill",
      .arity = -3,
      .flags = PLAIN | CMD_ADMIN,
      .run = run_kill,
      .group = "connection",
      .since = "2.4.0",
      .complexity = "O(N) of N connections",
      .syntax = "filter<old-format{ip:port} | new-format<[ID client-id:integer] | [TYPE "
                "client-type<NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | [USER username] | "
                "[ADDR addr{ip:port}] | [LADDR laddr{ip:port}] | [SKIPME skipme<YES | NO>]>...>",
      .summary = "Ends connections." },
    { .name = "list",
      .full = "client|list",
      .arity = -2,
      .flags = PLAIN | CMD_ADMIN,
      .run = run_list,
      .group = "connection",
      .since = "2.4.0",
      .complexity = "O(N) of N connections",
      .tips = varies,
      .syntax = "[TYPE client-type<NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id:integer...]",
      .summary = "Describes the connections, one a line." },
    { .name = "no-evict",
      .full = "client|no-evict",
      .arity = 3,
      .flags = PLAIN | CMD_ADMIN,
      .run = client_run_no_evict,
      .group = "connection",
      .since = "7.0.0",
      .complexity = "O(1)",
      .syntax = "enabled<ON | OFF>",
      .summary = "Spares the connection when connections hold too much memory." },
    { .name = "no-touch",
      .full = "client|no-touch",
      .arity = 3,
      .flags = PLAIN,
      .run = client_run_no_touch,
      .group = "connection",
      .since = "7.2.0",
      .complexity = "O(1)",
      .syntax = "enabled<ON | OFF>",
      .summary = "Lets reads of the connection be no use of keys." },
    { .name = "pause",
      .full = "client|pause",
      .arity = -3,
      .flags = PLAIN | CMD_ADMIN,
      .run = client_run_pause,
      .group = "connection",
      .since = "3.0.0",
      .complexity = "O(1)",
      .syntax = "timeout:integer mode[WRITE | ALL]",
      .summary = "Lets commands of all connections wait." },
    { .name = "reply",
      .full = "client|reply",
      .arity = 3,
      .flags = PLAIN,
      .run = client_run_reply,
      .group = "connection",
      .since = "3.2.0",
      .complexity = "O(1)",
      .syntax = "action<ON | OFF | SKIP>",
      .summary = "Says whether replies are sent to the connection." },
    { .name = "setinfo",
      .full = "client|setinfo",
      .arity = 4,
      .flags = PLAIN,
      .run = run_setinfo,
      .group = "connection",
      .since = "7.2.0",
      .complexity = "O(1)",
      .syntax = "attr<LIB-NAME libname | LIB-VER libver>",
      .summary = "Says which client library is talking." },
    { .name = "setname",
      .full = "client|setname",
      .arity = 3,
      .flags = PLAIN,
      .run = run_setname,
      .group = "connection",
      .since = "2.6.9",
      .complexity = "O(1)",
      .syntax = "connection-name",
      .summary = "Gives the connection a name." },
    { .name = "tracking",
      .full = "client|tracking",
      .arity = -3,
      .flags = PLAIN,
      .run = client_run_tracking,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1), and O(N) for N prefixes",
      .syntax = "status<ON | OFF> [REDIRECT client-id:integer] [PREFIX prefix]... [BCAST] [OPTIN] "
                "[OPTOUT] [NOLOOP]",
      .summary = "Lets the connection hear when keys change that it has read." },
    { .name = "trackinginfo",
      .full = "client|trackinginfo",
      .arity = 2,
      .flags = PLAIN,
      .run = client_run_trackinginfo,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Tells how the connection tracks keys." },
    { .name = "unblock",
      .full = "client|unblock",
      .arity = -3,
      .flags = PLAIN | CMD_ADMIN,
      .run = run_unblock,
      .group = "connection",
      .since = "5.0.0",
      .complexity = "O(N) of N connections",
      .syntax = "client-id:integer unblock-type[TIMEOUT | ERROR]",
      .summary = "Ends the wait of a blocked connection." },
    { .name = "unpause",
      .full = "client|unpause",
      .arity = 2,
      .flags = PLAIN | CMD_ADMIN,
      .run = client_run_unpause,
      .group = "connection",
      .since = "6.2.0",
      .complexity = "O(N) of N connections that wait",
      .summary = "Ends a pause of all connections." },
    { 0 },
};

const struct command client_commands[] = {
    { .name = "client",
      .arity = -2,
      .group = "connection",
      .since = "2.4.0",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about connections.",
      .subs = client_subs },
    { 0 },
};
