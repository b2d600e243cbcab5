/* shutdown_commands.c: SHUTDOWN: the orderly end.
 *
 * Everything acknowledged is on disk at any moment, so SAVE, NOSAVE, NOW and
 * FORCE, which choose in Redis what may be lost, have nothing to choose. */
#include "admin/admin_rows.h"
#include "session/session.h"

static enum call_end run_shutdown(struct call *c)
{
    struct instance *in = c->session->instance;
    bool save = false, nosave = false, abort = false, other = false;

    for (uint32_t i = 1; i < c->argc; i++) {
        if (call_arg_is(c, i, "save"))
            save = true;
        else if (call_arg_is(c, i, "nosave"))
            nosave = true;
        else if (call_arg_is(c, i, "abort"))
            abort = true;
        else if (call_arg_is(c, i, "now") || call_arg_is(c, i, "force"))
            other = true;
        else
            return call_syntax_error(c);
    }
    if ((save && nosave) || (abort && (save || nosave || other)))
        return call_syntax_error(c);
    if (abort)
        return call_error(c, in->stop == STOP_NO ? "No shutdown in progress."
                                                 : "The shutdown has begun and is not taken back.");
    in->stop = STOP_ASKED;
    return CALL_DONE;
}

const struct command shutdown_commands[] = {
    { .name = "shutdown",
      .arity = -1,
      .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI | CMD_ALLOW_BUSY,
      .run = run_shutdown,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .syntax = "save-selector[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
      .summary = "Finishes what runs, syncs the log and ends the server." },
    { 0 },
};
