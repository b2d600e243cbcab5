/* consistency_commands.c: CONSISTENCY, by itself.  In front of another command it is
 * taken off before that is run (session/consistency.h). */
#include "admin/admin_rows.h"
#include "session/consistency.h"

static void reply_level(struct call *c, const char *name, struct level level)
{
    char text[LEVEL_TEXT];

    reply_bulk_str(c->reply, name);
    reply_bulk(c->reply, slice_of(text, level_print(level, text)));
}

static enum call_end run_consistency(struct call *c)
{
    struct session *s = c->session;
    struct levels levels = consistency_of(s);
    size_t used;
    struct err e;

    if (c->argc == 1) {
        reply_map(c->reply, 3);
        reply_level(c, "read", levels.read);
        reply_level(c, "write", levels.write);
        reply_bulk_str(c->reply, "n");
        reply_int(c->reply, consistency_owners(s->instance));
        return CALL_DONE;
    }
    e = levels_parse(c->argv + 1, c->argc - 1, &s->instance->levels, &levels, &used);
    if (err_is(e))
        return call_error(c, e.what);
    if (used + 1 < c->argc)
        return call_syntax_error(c); /* CONSISTENCY level CONSISTENCY ... */
    s->levels_said = !call_arg_is(c, 1, "default");
    s->levels = levels;
    reply_ok(c->reply);
    return CALL_DONE;
}

const struct command consistency_commands[] = {
    { .name = "consistency",
      .arity = -1,
      .flags = CMD_FAST | CMD_LOADING | CMD_STALE | CMD_CONNECTION | CMD_NO_MULTI | CMD_PREFIX,
      .run = run_consistency,
      .group = "connection",
      .since = "7.2.0",
      .complexity = "O(1)",
      .syntax = "[levels<DEFAULT | level | apart<[READ read-level] [WRITE write-level]>>] "
                "[command] [arg...]",
      .summary = "Chooses how many owners answer: of this connection's calls, or of the command "
                 "that follows." },
    { 0 },
};
