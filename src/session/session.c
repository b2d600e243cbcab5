/* session.c: a client's state, and everything that can refuse a call of it. */
#include "session/session.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cell/position.h"
#include "session/acl.h"
#include "session/consistency.h"
#include "session/describe.h"
#include "session/monitor.h"
#include "session/protected.h"

#define ID_PRIME UINT64_C(0x9e3779b97f4a7c15)

static void begin(struct session *s, struct instance *in)
{
    *s = (struct session){ .instance = in, .id = in->next_id++, .proto = 2, .socket = -1 };
    s->created_us = in->turn_mono_us;
    s->active_us = in->turn_mono_us;
    s->user = in->acl->deflt;
    s->authenticated = acl_is_open(in->acl);
    list_init(&s->subscriptions);
    list_init(&s->monitor);
}

void session_init_aside(struct session *s, struct instance *in)
{
    begin(s, in);
    s->aside = true;
    list_push(&in->aside, &s->link);
}

void session_init(struct session *s, struct instance *in)
{
    begin(s, in);
    list_push(&in->sessions, &s->link);
    index_add(&in->by_id, &s->by_id, s->id * ID_PRIME);
    in->session_count++;
}

void session_deinit(struct session *s)
{
    multi_end(s);
    pubsub_leave(s);
    tracking_off(s);
    monitor_off(s);
    if (!s->aside) {
        index_remove(&s->instance->by_id, &s->by_id);
        s->instance->session_count--;
    }
    list_remove(&s->link);
    mem_free(s->name);
    mem_free(s->lib_name);
    mem_free(s->lib_version);
}

void session_reset(struct session *s)
{
    multi_end(s);
    mem_free(s->name);
    pubsub_leave(s);
    tracking_off(s);
    monitor_off(s);
    s->special = 0;
    s->levels_said = false;
    s->no_evict = false;
    s->name = NULL;
    s->db = 0;
    s->proto = 2;
    s->user = s->instance->acl->deflt;
    s->authenticated = acl_is_open(s->instance->acl);
}

struct session *session_find(const struct instance *in, uint64_t id)
{
    struct index_link *link = index_first(&in->by_id, id * ID_PRIME);

    while (link && list_item(link, struct session, by_id)->id != id)
        link = index_again(link);
    return link ? list_item(link, struct session, by_id) : NULL;
}

bool session_paused(const struct session *s, const struct command *row)
{
    const struct instance *in = s->instance;

    return (in->special & INSTANCE_PAUSED) && !(s->special & SESSION_MONITOR) &&
           (in->paused_all || multi_publishes(row) || (row->flags & CMD_WRITE) ||
            session_exec_publishes(s, row) ||
            (s->multi && (s->multi->any & CMD_WRITE) && multi_is_exec(row)));
}

/* The part of an argument that error messages quote: up to a NUL, at most `max`. */
static int quoted_len(struct slice text, size_t max)
{
    const uint8_t *nul = text.len ? memchr(text.data, 0, text.len) : NULL;
    size_t len = nul ? (size_t)(nul - text.data) : text.len;

    return (int)(len < max ? len : max);
}

static void refuse_unknown(struct call *c)
{
    struct buf args = { 0 };

    for (uint32_t i = 1; i < c->argc && args.len < 128; i++)
        buf_printf(&args, "'%.*s' ", quoted_len(c->argv[i], 128 - args.len),
                   (const char *)c->argv[i].data);
    reply_errorf(c->reply, "ERR", "unknown command '%.*s', with args beginning with: %.*s",
                 quoted_len(c->argv[0], 128), (const char *)c->argv[0].data, (int)args.len,
                 args.data ? (const char *)args.data : "");
    buf_deinit(&args);
}

/* Finds the row, down to the subcommand.  False: replied. */
static bool find_row(struct session *s, struct call *c)
{
    const struct command *sub = NULL;

    s->last = NULL;
    if (!c->row)
        c->row = command_find(s->instance->commands, c->argv[0]);
    if (!c->row) {
        refuse_unknown(c);
        return false;
    }
    if (c->row->subs && c->argc > 1) {
        sub = command_find_sub(c->row, c->argv[1]);
        if (!sub) {
            char name[LIMIT_COMMAND_NAME + 1];
            size_t n = 0;
            for (; c->row->name[n] && n < LIMIT_COMMAND_NAME; n++)
                name[n] = (char)(c->row->name[n] >= 'a' ? c->row->name[n] - 32 : c->row->name[n]);
            name[n] = '\0';
            reply_errorf(c->reply, "ERR", "unknown subcommand '%.*s'. Try %s HELP.",
                         quoted_len(c->argv[1], 128), (const char *)c->argv[1].data, name);
            return false;
        }
        c->row = sub;
    }
    s->last = c->row;
    if (!command_arity_ok(c->row, c->argc) || !c->row->run) {
        if (multi_is_exec(c->row))
            multi_refuse(c, "ERR", "wrong number of arguments for 'exec' command");
        else
            call_wrong_arguments(c);
        return false;
    }
    if (sub && c->row->keys.first > 0) /* node_prepare() knew the container alone */
        c->position = position_of(c->argv[c->row->keys.first]);
    return true;
}

/* A key longer than a cell can hold. */
static bool keys_fit(struct call *c)
{
    int last = c->row->keys.last < 0 ? (int)c->argc + c->row->keys.last : c->row->keys.last;

    if (c->row->keys.first <= 0)
        return true;
    for (int i = c->row->keys.first; i <= last && i < (int)c->argc; i += c->row->keys.step) {
        if (c->argv[i].len > LIMIT_KEY) {
            reply_errorf(c->reply, "ERR", "key is longer than %d bytes", LIMIT_KEY);
            return false;
        }
    }
    return true;
}

/* The store is in another state than READY.  False: replied. */
static bool takes_unready(struct lsm *lsm, unsigned flags, struct reply *reply)
{
    enum lsm_state state = lsm_state(lsm);
    const char *detail = "";

    lsm_error(lsm, &detail);
    if (state == LSM_LOADING || state == LSM_FAILED || state == LSM_CLOSED) {
        if (flags & CMD_LOADING)
            return true;
        reply_error(reply, "LOADING",
                    state == LSM_LOADING  ? "Redis is loading the dataset in memory"
                    : state == LSM_CLOSED ? "Henge is shutting down"
                                          : "Henge could not load its data; its log says why");
        return false;
    }
    if (flags & CMD_WRITE) {
        reply_errorf(reply, "MISCONF",
                     "Henge keeps every write on disk, and its log cannot be written: %s. "
                     "Reads go on.",
                     detail);
        return false;
    }
    return true;
}

/* There is room for more, and what is there can be put in order.  False: replied. */
static bool takes_more(const struct lsm *lsm, struct reply *reply)
{
    const char *detail = "";

    if (lsm_full(lsm)) {
        reply_error(reply, "OOM", "command not allowed when used disk > 'maxdisk'.");
        return false;
    }
    if (!lsm_blocked(lsm, &detail))
        return true;
    reply_errorf(reply, "MISCONF",
                 "Henge takes no more writes, for files cannot be compacted: %s. Reads, deletions "
                 "and FLUSHALL go on.",
                 detail);
    return false;
}

static inline bool store_takes(struct session *s, unsigned flags, struct reply *reply)
{
    struct lsm *lsm = node_lsm(s->instance->node);

    if (lsm_state(lsm) != LSM_READY && !takes_unready(lsm, flags, reply))
        return false;
    return !(flags & CMD_DENYOOM) || takes_more(lsm, reply);
}

bool session_takes(struct session *s, unsigned flags, struct reply *reply)
{
    return store_takes(s, flags, reply);
}

/* What a subscriber may send: the same connection brings it messages, which RESP2 cannot
 * tell from replies. */
static bool for_subscribers(const struct command *row)
{
    static const char *const names[] = { "subscribe",    "unsubscribe", "psubscribe",
                                         "punsubscribe", "ssubscribe",  "sunsubscribe",
                                         "ping",         "quit",        "reset" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(command_full_name(row), names[i]) == 0)
            return true;
    }
    return false;
}

static bool debug_allowed(const struct session *s)
{
    char peer[NET_ADDRESS_MAX];

    if (s->instance->options->enable_debug != OPTION_LOCAL)
        return s->instance->options->enable_debug == OPTION_ANYBODY;
    session_peer(s, peer);
    return protected_is_local(peer);
}

/* False: replied. */
static bool admit_special(struct session *s, struct call *c)
{
    if ((s->special & SESSION_MONITOR) &&
        ((c->row->flags & (CMD_WRITE | CMD_READONLY)) || multi_publishes(c->row))) {
        reply_error(c->reply, "ERR", "Replica can't interact with the keyspace");
        return false;
    }
    if ((s->special & SESSION_SUBSCRIBED) && s->proto == 2 && !for_subscribers(c->row)) {
        char why[LIMIT_COMMAND_NAME + 128];

        snprintf(why, sizeof why,
                 "Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
                 "are allowed in this context",
                 command_full_name(c->row));
        multi_refuse(c, "ERR", why);
        return false;
    }
    c->no_touch = (s->special & SESSION_NO_TOUCH) && strcmp(c->row->name, "touch") != 0;
    if (s->tracker)
        c->tracks = tracking_begins(s, c);
    return true;
}

/* Of a few commands: not within MULTI, or not at all.  False: replied. */
static bool admit_rare(struct session *s, struct call *c)
{
    if (s->multi && (c->row->flags & CMD_NO_MULTI)) {
        call_error(c, "Command not allowed inside a transaction");
        return false;
    }
    if (!(c->row->flags & CMD_PROTECTED) || debug_allowed(s))
        return true;
    reply_error(c->reply, "ERR",
                "DEBUG command not allowed. If the enable-debug-command option is set to "
                "\"local\", you can run it from a local connection, otherwise you need to set "
                "this option in the configuration file, and then restart the server.");
    return false;
}

/* Everything that can refuse a call whose row is found. */
static inline bool admit_row(struct session *s, struct call *c)
{
    if (!s->authenticated && !(c->row->flags & CMD_NO_AUTH) && !acl_is_open(s->instance->acl)) {
        multi_refuse(c, "NOAUTH", "Authentication required.");
        return false;
    }
    if ((c->row->flags & (CMD_NO_MULTI | CMD_PROTECTED)) && !admit_rare(s, c))
        return false;
    if (!s->user->everything && !acl_permit(c, s->multi ? ACL_MULTI : ACL_TOPLEVEL))
        return false;
    if (s->special && !admit_special(s, c))
        return false;
    if (!keys_fit(c))
        return false;
    c->databases = (uint8_t)s->instance->options->databases;
    c->whole_max = s->instance->whole_max;
    c->want_max = s->instance->want_max;
    if (!consistency_check(s, c))
        return false;
    if (c->row->flags & CMD_RANDOM)
        c->random = prng_next(&s->instance->prng);
    return store_takes(s, c->row->flags, c->reply);
}

bool session_quiet(struct session *s)
{
    bool quiet = s->special & (SESSION_MUTE | SESSION_SKIP);

    s->special &= ~(unsigned)SESSION_SKIP;
    if (s->special & SESSION_SKIP_NEXT)
        s->special ^= SESSION_SKIP_NEXT | SESSION_SKIP;
    return quiet;
}

bool session_admit(struct session *s, struct call *c)
{
    assert(c->argc > 0);
    c->session = s;
    c->db = s->db;
    c->reply->proto = s->proto;
    if (find_row(s, c) && admit_row(s, c))
        return true;
    session_refuse(s, c);
    return false;
}

/* An EXEC that is refused ends the transaction, any other call breaks it. */
void session_refuse(struct session *s, const struct call *c)
{
    if (c->row && multi_is_exec(c->row))
        multi_end(s);
    else
        multi_break(s);
}

size_t session_exec_writes(const struct session *s, const struct call *c)
{
    return c->row && multi_is_exec(c->row) ? multi_writes(s->multi) : 0;
}

bool session_admit_again(struct session *s, struct call *c)
{
    if (!s->authenticated && !(c->row->flags & CMD_NO_AUTH) && !acl_is_open(s->instance->acl)) {
        reply_error(c->reply, "NOAUTH", "Authentication required.");
        return false;
    }
    return session_takes(s, c->row->flags, c->reply);
}
