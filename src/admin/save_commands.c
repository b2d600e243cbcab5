/* save_commands.c: SAVE, BGSAVE, LASTSAVE: checkpoints (lsm.h).
 *
 * What is acknowledged is on disk anyway; these make a second folder to copy away.  None
 * of them keeps another client waiting: SAVE only answers when it is done. */
#include <string.h>

#include "admin/admin_rows.h"
#include "session/session.h"

static struct lsm *store_of(const struct call *c)
{
    return node_lsm(c->session->instance->node);
}

/* Begins one; false: replied why not. */
static bool begin(struct call *c)
{
    struct lsm *lsm = store_of(c);
    const char *detail = "";

    if (lsm_save_begin(lsm, (unsigned)c->session->instance->options->checkpoint_keep))
        return true;
    lsm_error(lsm, &detail);
    if (lsm_save(lsm)->busy)
        reply_error(c->reply, "ERR", "Background save already in progress");
    else
        reply_errorf(c->reply, "ERR", "Nothing can be saved: %s", detail);
    return false;
}

static enum call_end run_save(struct call *c)
{
    const struct lsm_save *save = lsm_save(store_of(c));

    if (!c->save) {
        if (!begin(c))
            return CALL_DONE;
        c->save = save->begun;
        return CALL_SAVE;
    }
    if (save->busy && save->begun == c->save)
        return CALL_SAVE;
    if (err_is(save->err))
        reply_errorf(c->reply, "ERR", "The checkpoint failed: %s%s%s", save->err.what,
                     save->err.os ? ": " : "", save->err.os ? strerror(save->err.os) : "");
    else
        reply_ok(c->reply);
    return CALL_DONE;
}

/* SCHEDULE is for who would have to wait for a rewrite of the log: nobody here. */
static enum call_end run_bgsave(struct call *c)
{
    if (c->argc > 2 || (c->argc == 2 && !call_arg_is(c, 1, "schedule")))
        return call_syntax_error(c);
    if (begin(c))
        reply_status(c->reply, "Background saving started");
    return CALL_DONE;
}

static enum call_end run_lastsave(struct call *c)
{
    const struct instance *in = c->session->instance;

    reply_int(c->reply, (int64_t)instance_last_save_s(in));
    return CALL_DONE;
}

static const char *const varies[] = { "nondeterministic_output", NULL };

const struct command save_commands[] = {
    { .name = "bgsave",
      .arity = -1,
      .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
      .run = run_bgsave,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(N) in the number of files, in the background",
      .syntax = "[SCHEDULE]",
      .summary = "Begins a checkpoint: a copy of all data in a folder of its own." },
    { .name = "lastsave",
      .arity = 1,
      .flags = CMD_LOADING | CMD_STALE | CMD_FAST | CMD_ADMIN | CMD_DANGEROUS,
      .run = run_lastsave,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = varies,
      .summary = "Tells when the last good checkpoint was begun, in Unix seconds." },
    { .name = "save",
      .arity = 1,
      .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
      .run = run_save,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(N) in the number of files, in the background",
      .summary = "Makes a checkpoint, and answers when it is whole and durable." },
    { 0 },
};
