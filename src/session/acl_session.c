/* acl_session.c: permissions of a call, with replies and the log of refusals. */
#include "session/acl.h"
#include "session/acl_keys.h"
#include "session/session.h"

void acl_refusal(const struct acl_user *u, enum acl_verdict verdict, const struct command *row,
                 const struct slice *arg, struct buf *out)
{
    const char *what = verdict == ACL_MAY_NOT_KEY ? "key" : "channel";

    if (verdict != ACL_MAY_NOT_RUN && !arg) {
        buf_printf(out, "No permissions to access a %s", what);
        return;
    }
    buf_append(out, slice_str("User "));
    buf_append(out, u->name);
    if (verdict == ACL_MAY_NOT_RUN) {
        buf_printf(out, " has no permissions to run the '%s' command", command_full_name(row));
        return;
    }
    buf_append(out, slice_str(" has no permissions to access the '"));
    buf_append(out, *arg);
    buf_printf(out, "' %s", what);
}

/* False: refused, and logged. */
static bool check(struct call *c, enum acl_context context, enum acl_verdict *verdict)
{
    static const enum acl_reason reasons[] = { ACL_BY_COMMAND, ACL_BY_COMMAND, ACL_BY_KEY,
                                               ACL_BY_CHANNEL };
    struct session *s = c->session;
    uint32_t at;

    *verdict = acl_check(s->user, c->row, c->argv, c->argc, &at);
    if (*verdict == ACL_MAY)
        return true;
    acl_log_add(s, reasons[*verdict], context,
                *verdict == ACL_MAY_NOT_RUN ? slice_str(command_full_name(c->row)) : c->argv[at],
                s->user->name);
    return false;
}

/* SORT may read keys whose names nobody can see beforehand. */
static bool may_read_by_data(struct call *c)
{
    const char *option = acl_keys_of_data(c->row, c->argv, c->argc);

    if (!option || acl_may_read_all(c->session->user, c->row, c->argv, c->argc))
        return true;
    reply_errorf(c->reply, "ERR", "%s option of SORT denied due to insufficient ACL permissions.",
                 option);
    return false;
}

bool acl_permit(struct call *c, enum acl_context context)
{
    struct buf text = { 0 };
    enum acl_verdict verdict;

    if (c->session->user->everything)
        return true;
    if (check(c, context, &verdict))
        return may_read_by_data(c);
    acl_refusal(c->session->user, verdict, c->row, NULL, &text);
    buf_append_byte(&text, 0);
    multi_refuse(c, "NOPERM", (const char *)text.data);
    buf_deinit(&text);
    return false;
}

bool acl_permit_queued(struct call *c)
{
    static const char *const reasons[] = {
        "",
        "no permission to execute the command or subcommand",
        "no permission to touch the specified keys",
        "no permission to access one of the channels used as arguments to the command",
    };
    enum acl_verdict verdict;

    if (c->session->user->everything)
        return true;
    if (check(c, ACL_MULTI, &verdict))
        return may_read_by_data(c);
    reply_errorf(c->reply, "NOPERM",
                 "ACLs rules changed between the moment the transaction was accumulated and the "
                 "EXEC call. This command is no longer allowed for the following reason: %s",
                 reasons[verdict]);
    return false;
}

bool acl_let_in(struct session *s, struct slice how, struct slice name, struct slice password)
{
    struct acl_user *u = acl_login(s->instance->acl, name, password);

    if (!u) {
        acl_log_add(s, ACL_BY_AUTH, ACL_TOPLEVEL, how, name);
        return false;
    }
    s->user = u;
    s->authenticated = true;
    return true;
}

bool acl_authenticate(struct call *c, struct slice name, struct slice password)
{
    if (acl_let_in(c->session, c->argv[0], name, password))
        return true;
    reply_error(c->reply, "WRONGPASS", "invalid username-password pair or user is disabled.");
    return false;
}
