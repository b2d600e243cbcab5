/* consistency.c: levels of sessions and of single calls. */
#include "session/consistency.h"

#include "cell/position.h"
#include "cmd/command.h"

/* The first arc's are as many as every other's. */
unsigned consistency_owners(const struct instance *in)
{
    return ring_arc(in->topology.ring, 0)->owner_count;
}

struct levels consistency_of(const struct session *s)
{
    return s->levels_said ? s->levels : s->instance->levels;
}

void consistency_unwrap(const struct session *s, struct call *c)
{
    struct levels levels = consistency_of(s);
    size_t used;
    struct err e = levels_parse(c->argv + 1, c->argc - 1, &s->instance->levels, &levels, &used);

    if (err_is(e) || used == 0 || used + 1 >= c->argc)
        return;
    c->argv += used + 1;
    c->argc -= (uint32_t)used + 1;
    c->row = command_find(s->instance->commands, c->argv[0]);
    c->levels = levels;
    c->levels_said = true;
    if (c->row && c->row->keys.first > 0 && (uint32_t)c->row->keys.first < c->argc)
        c->position = position_of(c->argv[c->row->keys.first]);
}

bool consistency_check_levels(struct session *s, struct call *c)
{
    bool write = c->row->flags & CMD_WRITE;
    struct level level = write ? c->levels.write : c->levels.read;
    unsigned owners = consistency_owners(s->instance);
    struct buf why = { 0 };

    if (c->levels_said && s->multi && !(c->row->flags & CMD_IN_MULTI) && !multi_is_exec(c->row)) {
        call_error(c, "A transaction has one consistency: say it of EXEC");
        return false;
    }
    if (!(c->row->flags & (CMD_WRITE | CMD_READONLY)) || level_possible(level, owners))
        return true;
    level_print_noquorum(level_need(level, owners), owners, owners, &why);
    buf_append_byte(&why, 0);
    reply_error(c->reply, "NOQUORUM", (const char *)why.data);
    buf_deinit(&why);
    return false;
}
