/* arc_hand_over.c: a leader gives the arc to another owner by inviting it. */
#include "cluster/arc_state.h"

bool arc_hand_over(struct arc *a, struct arc_turn *t, uint32_t node)
{
    const struct arc_peer *p = arc_peer(a, node);
    if (!arc_may_append(a) || !p || !arc_peer_is(p, PEER_FED) || arc_away(t, node) ||
        !commit_owns(&arc_newest(a)->owners, node))
        return false;
    a->peers->hand_to = node;
    a->deadline_us = t->now_us + ARC_HAND_OVER_US;
    arc_hand_over_look(a, t);
    return true;
}

void arc_hand_over_look(struct arc *a, struct arc_turn *t)
{
    if (a->role != ARC_LEADER || a->peers->hand_to == 0 || arc_flag(a, FLAG_INVITED))
        return;
    const struct arc_peer *p = arc_peer(a, a->peers->hand_to);
    if (!p || p->written < a->end.index || a->written < a->end.index)
        return;
    arc_send(a, t, p->node, ARC_INVITE)->invite.ballot = a->promise;
    arc_set(a, FLAG_INVITED, true);
    a->deadline_us = t->now_us + ARC_HAND_OVER_US;
}

uint32_t arc_preferred(const struct arc *a, const struct arc_turn *t)
{
    const struct arc_owners *o = &arc_newest(a)->owners;
    if (!arc_may_append(a) || o->next_count != 0)
        return 0;
    for (unsigned i = 0; i < o->count && o->node[i] != a->self; i++) {
        const struct arc_peer *p = arc_peer(a, o->node[i]);
        if (!arc_away(t, p->node) && arc_peer_is(p, PEER_WITH) && p->written >= a->applied)
            return p->node;
    }
    return 0;
}
