/* arc_peers.c: the other owners, while there is something to count. */
#include "cluster/arc_state.h"

#include "base/mem.h"

static void add(struct arc *a, const struct arc_peers *before, uint32_t node)
{
    if (node == a->self || arc_peer(a, node))
        return;
    struct arc_peer p = { .node = node };
    for (unsigned i = 0; i < before->count; i++) {
        if (before->list[i].node == node)
            p = before->list[i];
    }
    arc_peer_set(&p, PEER_LEARNER, false);
    arc_peer_set(&p, PEER_LEARNS, false);
    arc_peer_set(&p, PEER_LEAVING, false);
    assert(a->peers->count < ARC_OTHERS_MAX);
    a->peers->list[a->peers->count++] = p;
}

void arc_peers_extend(struct arc *a)
{
    const struct arc_owners *o = arc_recover_owners(a);
    struct arc_peers before = *a->peers;
    a->peers->count = 0;
    for (unsigned i = 0; i < o->count; i++)
        add(a, &before, o->node[i]);
    for (unsigned i = 0; i < o->next_count; i++)
        add(a, &before, o->next[i]);
    /* Whose log is fetched may be no owner any more, and comes before the rest. */
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < before.count; i++) {
            struct arc_peer p = before.list[i];
            bool wanted = (pass == 0) == (p.node == before.fetch_from);
            if (!wanted || arc_peer(a, p.node) || a->peers->count == ARC_OTHERS_MAX)
                continue;
            arc_peer_set(&p, PEER_LEAVING, !arc_peer_is(&p, PEER_LEARNER));
            a->peers->list[a->peers->count++] = p;
        }
    }
}

void arc_peers_new(struct arc *a)
{
    arc_peers_free(a);
    a->peers = mem_zalloc(1, sizeof *a->peers);
    arc_peers_extend(a);
}

void arc_peers_free(struct arc *a)
{
    mem_free(a->peers);
    a->peers = NULL;
}

struct arc_peer *arc_peer(const struct arc *a, uint32_t node)
{
    for (unsigned i = 0; a->peers && i < a->peers->count; i++) {
        if (a->peers->list[i].node == node)
            return &a->peers->list[i];
    }
    return NULL;
}

unsigned arc_values(const struct arc *a, uint64_t (*of)(const struct arc_peer *p), uint64_t self,
                    struct commit_value *out)
{
    unsigned n = 0;
    out[n++] = (struct commit_value){ a->self, self };
    for (unsigned i = 0; a->peers && i < a->peers->count; i++)
        out[n++] = (struct commit_value){ a->peers->list[i].node, of(&a->peers->list[i]) };
    return n;
}
