/* arc_confirm.c: whether a majority has said, since it was asked, that this node still
 * leads: Raft's ReadIndex (Ongaro's dissertation, section 6.4), for all arcs of a link at
 * once.
 *
 * An answer on a link speaks for every arc the two share, because a peer that promises
 * one away, or recovers it, says so on this link first; so it counts here if nothing was
 * said.  Only a peer that has promised this very ballot would say so: another does not
 * know whom to tell. */
#include "cluster/arc_state.h"

#include "base/planted.h"

uint64_t arc_confirmed(const struct arc *a, uint64_t (*answered)(const void *arg, uint32_t node),
                       const void *arg)
{
    if (a->role != ARC_LEADER)
        return 0;
    if (PLANTED(read_without_confirm))
        return UINT64_MAX;
    struct commit_value values[ARC_OTHERS_MAX + 1];
    unsigned n = 0;
    values[n++] = (struct commit_value){ a->self, UINT64_MAX };
    for (unsigned i = 0; i < a->peers->count; i++) {
        const struct arc_peer *p = &a->peers->list[i];
        if (arc_peer_is(p, PEER_WITH))
            values[n++] = (struct commit_value){ p->node, answered(arg, p->node) };
    }
    return commit_reached(&arc_newest(a)->owners, values, n);
}
