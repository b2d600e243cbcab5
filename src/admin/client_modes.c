/* client_modes.c: CLIENT REPLY, PAUSE, UNPAUSE, NO-EVICT, NO-TOUCH: how a client, or all of
 * them, are treated from now on. */
#include "admin/client_subs.h"

#include "admin/timeout.h"
#include "cmd/help.h"
#include "session/session.h"

enum call_end client_run_reply(struct call *c)
{
    struct session *s = c->session;

    if (call_arg_is(c, 2, "on")) {
        s->special &= ~(unsigned)(SESSION_MUTE | SESSION_SKIP);
        reply_ok(c->reply);
    } else if (call_arg_is(c, 2, "off")) {
        s->special |= SESSION_MUTE;
    } else if (call_arg_is(c, 2, "skip")) {
        if (!(s->special & SESSION_MUTE))
            s->special |= SESSION_SKIP_NEXT;
    } else {
        return call_syntax_error(c);
    }
    return CALL_DONE;
}

enum call_end client_run_pause(struct call *c)
{
    struct instance *in = c->session->instance;
    uint64_t timeout_us;
    bool all = c->argc == 3 || call_arg_is(c, 3, "all");

    if (c->argc > 4)
        return help_wrong_arguments(c, "CLIENT");
    if (!all && !call_arg_is(c, 3, "write"))
        return call_error(c, "CLIENT PAUSE mode must be WRITE or ALL");
    if (!timeout_parse(c, 2, &timeout_us))
        return CALL_DONE;
    instance_pause(in, timeout_us, all);
    reply_ok(c->reply);
    return CALL_DONE;
}

enum call_end client_run_unpause(struct call *c)
{
    instance_unpause(c->session->instance);
    reply_ok(c->reply);
    return CALL_DONE;
}

/* ON or OFF.  False: replied. */
static bool parse_switch(struct call *c, bool *on)
{
    *on = call_arg_is(c, 2, "on");
    if (*on || call_arg_is(c, 2, "off"))
        return true;
    call_syntax_error(c);
    return false;
}

enum call_end client_run_no_evict(struct call *c)
{
    bool on;

    if (!parse_switch(c, &on))
        return CALL_DONE;
    c->session->no_evict = on;
    reply_ok(c->reply);
    return CALL_DONE;
}

enum call_end client_run_no_touch(struct call *c)
{
    bool on;

    if (!parse_switch(c, &on))
        return CALL_DONE;
    c->session->special &= ~(unsigned)SESSION_NO_TOUCH;
    c->session->special |= on ? SESSION_NO_TOUCH : 0;
    reply_ok(c->reply);
    return CALL_DONE;
}
