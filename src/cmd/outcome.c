/* outcome.c: the first key's head is looked at before the command runs.  The command
 * follows at once, in the same call, so what held still holds. */
#include "cmd/outcome.h"

#include "cmd/command.h"

static bool has(const struct call_versions *v, const struct call_version *version)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (v->list[i].stamp == version->stamp && v->list[i].origin == version->origin)
            return true;
    }
    return v->any;
}

static bool holds(const struct call_condition *k, struct call_outcome *o)
{
    o->matched = !k->match.given || (o->found && has(&k->match, &o->version));
    return o->matched && !(k->none_match.given && o->found && has(&k->none_match, &o->version));
}

bool outcome_begin(struct call *c)
{
    struct call_outcome *o = c->outcome;
    struct cell head;

    *o = (struct call_outcome){ .condition = o->condition };
    if (c->row->keys.first <= 0 || (!o->condition && (c->row->flags & CMD_WRITE)))
        return true; /* what is written blindly stays so */
    if (!want_head(c, (uint32_t)c->row->keys.first, &o->found, &head))
        return false;
    if (o->found) {
        o->version = (struct call_version){ head.stamp, head.origin };
        o->expire_ms = head.flags & CELL_EXPIRES ? head.expire_ms : 0;
    }
    if (!o->condition || holds(o->condition, o))
        return true;
    o->refused = true;
    reply_null(c->reply);
    c->end = CALL_DONE;
    return false;
}
