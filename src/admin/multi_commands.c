/* multi_commands.c: MULTI, DISCARD, WATCH, UNWATCH: a transaction's begin, and what it
 * depends on.  EXEC is exec_commands.c. */
#include "admin/admin_rows.h"

#include "cell/position.h"
#include "session/session.h"

static enum call_end run_multi(struct call *c)
{
    if (c->session->multi)
        return call_error(c, "MULTI calls can not be nested");
    multi_begin(c->session);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_discard(struct call *c)
{
    if (!c->session->multi)
        return call_error(c, "DISCARD without MULTI");
    multi_end(c->session);
    reply_ok(c->reply);
    return CALL_DONE;
}

/* Whether the key is there; while the store loads nothing is, and nothing changes.
 * False: return c->end. */
static bool look(struct call *c, uint32_t arg, bool *found)
{
    enum lsm_state state = lsm_state(node_lsm(c->session->instance->node));
    struct cell head;

    *found = false;
    return state == LSM_LOADING || state >= LSM_FAILED || want_head(c, arg, found, &head);
}

static enum call_end run_watch(struct call *c)
{
    bool found;

    if (c->session->multi)
        return call_error(c, "WATCH inside MULTI is not allowed");
    for (uint32_t i = 1; i < c->argc; i++) { /* all or none */
        if (!look(c, i, &found))
            return c->end;
    }
    for (uint32_t i = 1; i < c->argc; i++) {
        struct cell_key key = cell_head_key(c->db, c->argv[i]);

        if (!look(c, i, &found))
            return c->end;
        if (!multi_watch(c, &key, found))
            return CALL_DONE;
    }
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_unwatch(struct call *c)
{
    multi_unwatch(c->session);
    reply_ok(c->reply);
    return CALL_DONE;
}

enum { ALWAYS = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_ALLOW_BUSY };

const struct command multi_commands[] = {
    { .name = "multi",
      .arity = 1,
      .flags = ALWAYS | CMD_IN_MULTI,
      .run = run_multi,
      .group = "transactions",
      .since = "1.2.0",
      .complexity = "O(1)",
      .summary = "Begins a transaction: what follows is queued until EXEC." },
    { .name = "discard",
      .arity = 1,
      .flags = ALWAYS | CMD_IN_MULTI,
      .run = run_discard,
      .group = "transactions",
      .since = "2.0.0",
      .complexity = "O(N) for N queued commands",
      .summary = "Forgets the transaction." },
    { .name = "watch",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = ALWAYS | CMD_IN_MULTI | CMD_NO_TOUCH,
      .run = run_watch,
      .group = "transactions",
      .since = "2.2.0",
      .complexity = "O(N) for N keys",
      .key_flags = "RO",
      .syntax = "key...",
      .summary = "Lets the next EXEC do nothing if one of the keys has changed by then." },
    { .name = "unwatch",
      .arity = 1,
      .flags = ALWAYS,
      .run = run_unwatch,
      .group = "transactions",
      .since = "2.2.0",
      .complexity = "O(N) for N watched keys",
      .summary = "Watches no key any more." },
    { 0 },
};
