/* client_commands.c: CLIENT: what connections say about themselves, and a list
 * of them. */
#include "admin/admin_rows.h"

#include "admin/help.h"
#include "admin/names.h"
#include "base/num.h"
#include "session/session.h"

enum { SECOND_US = 1000 * 1000 };

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

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* One line as Redis writes it, for the fields there is something to say about. */
static void describe(const struct session *s, struct buf *out)
{
    char peer[NET_ADDRESS_MAX] = "?:0", local[NET_ADDRESS_MAX] = "?:0";
    uint64_t now = s->instance->turn_mono_us;

    if (s->net) {
        net_peer(s->net, peer);
        net_local(s->net, local);
    }
    buf_printf(out,
               "id=%llu addr=%s laddr=%s name=%s age=%llu idle=%llu flags=N db=%u sub=0 psub=0 "
               "ssub=0 multi=-1 cmd=%s user=default redir=-1 resp=%u lib-name=%s lib-ver=%s\n",
               (unsigned long long)s->id, peer, local, text_or_empty(s->name),
               (unsigned long long)((now - s->created_us) / SECOND_US),
               (unsigned long long)((now - s->active_us) / SECOND_US), s->db,
               s->last ? command_full_name(s->last) : "NULL", s->proto, text_or_empty(s->lib_name),
               text_or_empty(s->lib_version));
}

static enum call_end run_info(struct call *c)
{
    describe(c->session, c->scratch);
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

/* False if there is no such type. */
static bool has_type(struct slice type, bool *everyone)
{
    static const char *const others[] = { "master", "replica", "slave", "pubsub", NULL };

    *everyone = slice_is(type, "normal");
    if (*everyone)
        return true;
    for (int i = 0; others[i]; i++) {
        if (slice_is(type, others[i]))
            return true;
    }
    return false;
}

static const struct session *find_session(const struct instance *in, int64_t id)
{
    list_for_each (at, &in->sessions) {
        const struct session *s = list_item(at, struct session, link);
        if ((int64_t)s->id == id)
            return s;
    }
    return NULL;
}

/* CLIENT LIST ID id...  False: replied an error. */
static bool describe_ids(struct call *c)
{
    for (uint32_t i = 3; i < c->argc; i++) {
        const struct session *s;
        int64_t id;

        if (!num_get_i64(c->argv[i], &id)) {
            call_error(c, "Invalid client ID");
            return false;
        }
        s = find_session(c->session->instance, id);
        if (s)
            describe(s, c->scratch);
    }
    return true;
}

static enum call_end run_list(struct call *c)
{
    bool everyone = c->argc == 2;

    if (c->argc == 4 && call_arg_is(c, 2, "type")) {
        if (!has_type(c->argv[3], &everyone)) {
            size_t n = c->argv[3].len < 128 ? c->argv[3].len : 128;
            reply_errorf(c->reply, "ERR", "Unknown client type '%.*s'", (int)n,
                         (const char *)c->argv[3].data);
            return CALL_DONE;
        }
    } else if (c->argc > 3 && call_arg_is(c, 2, "id")) {
        if (!describe_ids(c))
            return CALL_DONE;
    } else if (!everyone) {
        return call_syntax_error(c);
    }
    if (everyone) {
        list_for_each (at, &c->session->instance->sessions)
            describe(list_item(at, struct session, link), c->scratch);
    }
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "GETNAME",
        "    This connection's name, or nil.",
        "ID",
        "    This connection's number; a later one's is larger.",
        "INFO",
        "    What LIST says, of this connection alone.",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]",
        "    The connections, one a line.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Which client library this is, for LIST.",
        "SETNAME <name>",
        "    Name this connection; an empty name takes it away.",
        NULL,
    };

    return help_reply(c, "CLIENT", lines);
}

enum {
    PLAIN = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_CONNECTION,
    HELP = CMD_LOADING | CMD_STALE | CMD_CONNECTION,
};

static const struct command client_subs[] = {
    { .name = "getname",
      .full = "client|getname",
      .arity = 2,
      .flags = PLAIN,
      .run = run_getname,
      .group = "connection",
      .since = "2.6.9",
      .complexity = "O(1)",
      .summary = "Returns the name of the connection." },
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
    { .name = "list",
      .full = "client|list",
      .arity = -2,
      .flags = PLAIN | CMD_ADMIN,
      .run = run_list,
      .group = "connection",
      .since = "2.4.0",
      .complexity = "O(N) of N connections",
      .tips = varies,
      .summary = "Describes the connections, one a line." },
    { .name = "setinfo",
      .full = "client|setinfo",
      .arity = 4,
      .flags = PLAIN,
      .run = run_setinfo,
      .group = "connection",
      .since = "7.2.0",
      .complexity = "O(1)",
      .summary = "Says which client library is talking." },
    { .name = "setname",
      .full = "client|setname",
      .arity = 3,
      .flags = PLAIN,
      .run = run_setname,
      .group = "connection",
      .since = "2.6.9",
      .complexity = "O(1)",
      .summary = "Gives the connection a name." },
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
