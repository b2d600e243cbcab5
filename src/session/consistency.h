/* consistency.h: at which levels a connection's calls are answered (cell/level.h):
 * CONSISTENCY's, else those of default-read-consistency and default-write-consistency. */
#ifndef HENGE_SESSION_CONSISTENCY_H
#define HENGE_SESSION_CONSISTENCY_H

#include "session/session.h"

/* How many nodes own a key. */
unsigned consistency_owners(const struct instance *in);

/* Those of the session's calls that say nothing else. */
struct levels consistency_of(const struct session *s);

/* c->row is CONSISTENCY: if it stands in front of another command, the call becomes that
 * one, at those levels.  Else, and if it is not written as it should be, nothing changes. */
void consistency_unwrap(const struct session *s, struct call *c);

/* consistency_check(): of levels other than quorum, or said in front of the command. */
bool consistency_check_levels(struct session *s, struct call *c);

/* The call, whose row is known, gets its levels.  False: it cannot be answered at these
 * levels; replied. */
static inline bool consistency_check(struct session *s, struct call *c)
{
    const struct levels quorum = { 0 };

    if (!c->levels_said)
        c->levels = s->levels_said ? s->levels : s->instance->levels;
    if (!c->levels_said && level_equal(c->levels.read, quorum.read) &&
        level_equal(c->levels.write, quorum.write))
        return true;
    return consistency_check_levels(s, c);
}

#endif
