/* auth_commands.c: who a client is (AUTH) and what it speaks (HELLO). */
#include "admin/admin_rows.h"

#include "admin/names.h"
#include "base/num.h"
#include "session/acl.h"
#include "session/session.h"

enum {
    PROTO_MIN = 2,
    PROTO_MAX = 3,
    HELLO_FIELDS = 7,
};

static enum call_end run_auth(struct call *c)
{
    if (c->argc > 3)
        return call_syntax_error(c);
    if (c->argc == 2 && c->session->instance->acl->deflt->nopass)
        return call_error(c, "AUTH <password> called without any password configured for the "
                             "default user. Are you sure your configuration is correct?");
    if (acl_authenticate(c, c->argc == 3 ? c->argv[1] : slice_str("default"), c->argv[c->argc - 1]))
        reply_ok(c->reply);
    return CALL_DONE;
}

/* What HELLO was asked for. */
struct hello {
    int64_t proto;
    bool auth;  /* user and password are given */
    bool named; /* a name is */
    struct slice user;
    struct slice password;
    struct slice name;
};

/* False: the error is replied. */
static bool parse_hello(struct call *c, struct hello *h)
{
    h->proto = c->session->proto;
    if (c->argc > 1 && !num_get_i64(c->argv[1], &h->proto)) {
        call_error(c, "Protocol version is not an integer or out of range");
        return false;
    }
    if (h->proto < PROTO_MIN || h->proto > PROTO_MAX) {
        reply_error(c->reply, "NOPROTO", "unsupported protocol version");
        return false;
    }
    for (uint32_t i = 2; i < c->argc; i++) {
        uint32_t more = c->argc - 1 - i;

        if (call_arg_is(c, i, "auth") && more >= 2) {
            h->auth = true;
            h->user = c->argv[i + 1];
            h->password = c->argv[i + 2];
            i += 2;
        } else if (call_arg_is(c, i, "setname") && more >= 1) {
            h->named = true;
            h->name = c->argv[++i];
            if (!names_check(c, "Client names", h->name))
                return false;
        } else {
            size_t n = c->argv[i].len < 128 ? c->argv[i].len : 128;
            reply_errorf(c->reply, "ERR", "Syntax error in HELLO option '%.*s'", (int)n,
                         (const char *)c->argv[i].data);
            return false;
        }
    }
    return true;
}

static void reply_hello(struct call *c)
{
    struct reply *r = c->reply;

    reply_map(r, HELLO_FIELDS);
    reply_bulk_str(r, "server");
    reply_bulk_str(r, "redis");
    reply_bulk_str(r, "version");
    reply_bulk_str(r, HENGE_REDIS_VERSION);
    reply_bulk_str(r, "proto");
    reply_int(r, c->session->proto);
    reply_bulk_str(r, "id");
    reply_int(r, (int64_t)c->session->id);
    reply_bulk_str(r, "mode");
    reply_bulk_str(r, instance_mode(c->session->instance));
    reply_bulk_str(r, "role");
    reply_bulk_str(r, "master");
    reply_bulk_str(r, "modules");
    reply_array(r, 0);
}

static enum call_end run_hello(struct call *c)
{
    struct hello h = { 0 };

    if (!parse_hello(c, &h))
        return CALL_DONE;
    if (h.auth && !acl_authenticate(c, h.user, h.password))
        return CALL_DONE;
    if (!c->session->authenticated && !acl_is_open(c->session->instance->acl)) {
        reply_error(c->reply, "NOAUTH",
                    "HELLO must be called with the client already authenticated, otherwise the "
                    "HELLO <proto> AUTH <user> <pass> option can be used to authenticate the "
                    "client and select the RESP protocol version at the same time");
        return CALL_DONE;
    }
    if (h.named)
        names_set(&c->session->name, h.name);
    c->session->proto = (uint8_t)h.proto;
    c->reply->proto = (uint8_t)h.proto;
    reply_hello(c);
    return CALL_DONE;
}

const struct command auth_commands[] = {
    { .name = "auth",
      .arity = -2,
      .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
               CMD_CONNECTION,
      .run = run_auth,
      .group = "connection",
      .since = "1.0.0",
      .complexity = "O(1)",
      .syntax = "[username] password",
      .summary = "Gives the password, with or without a user's name." },
    { .name = "hello",
      .arity = -1,
      .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
               CMD_CONNECTION,
      .run = run_hello,
      .group = "connection",
      .since = "6.0.0",
      .complexity = "O(1)",
      .syntax = "arguments[protover:integer [AUTH auth<username password>] [SETNAME clientname]]",
      .summary = "Greets the server: chooses RESP2 or RESP3 and learns about it." },
    { 0 },
};
