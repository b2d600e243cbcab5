/* consistency.c: levels of sessions and of single calls. */
#include "session/consistency.h"

#include <assert.h>

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
    c->levels_said = true;
    c->levels_in_front = (uint8_t)used;
    if (c->row && c->row->keys.first > 0 && (uint32_t)c->row->keys.first < c->argc)
        c->position = position_of(c->argv[c->row->keys.first]);
}

/* False: replied. */
static bool is_possible(struct session *s, struct call *c, struct level level)
{
    unsigned owners = consistency_owners(s->instance);
    struct buf why = { 0 };

    if (level_possible(level, owners))
        return true;
    level_print_noquorum(level_need(level, owners), owners, owners, &why);
    buf_append_byte(&why, 0);
    reply_error(c->reply, "NOQUORUM", (const char *)why.data);
    buf_deinit(&why);
    return false;
}

/* What was said in front, on top of what counts now: calls before it may have changed that. */
static void read_again(const struct session *s, struct call *c)
{
    size_t used;
    struct err e;

    c->levels = consistency_of(s);
    e = levels_parse(c->argv - c->levels_in_front, c->levels_in_front, &s->instance->levels,
                     &c->levels, &used);
    assert(!err_is(e) && used == c->levels_in_front);
}

bool consistency_check_levels(struct session *s, struct call *c)
{
    unsigned flags = c->row->flags;

    if (c->levels_in_front)
        read_again(s, c);
    if (c->levels_said && s->multi && !(c->row->flags & CMD_IN_MULTI) && !multi_is_exec(c->row)) {
        call_error(c, "A transaction has one consistency: say it of EXEC");
        return false;
    }
    if (s->multi && multi_is_exec(c->row))
        flags = s->multi->any;
    return (!(flags & CMD_WRITE) || is_possible(s, c, c->levels.write)) &&
           (!(flags & CMD_READONLY) || is_possible(s, c, c->levels.read));
}
