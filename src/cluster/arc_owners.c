/* arc_owners.c: who owns the arc changes: "old+new", then "new", as frames of its log
 * (Raft, section 6).  An owner acts on the newest in its log, committed or not. */
#include "cluster/arc_state.h"

bool arc_teach(struct arc *a, struct arc_turn *t, uint32_t node)
{
    struct arc_peer *p = arc_peer(a, node);
    if (a->role != ARC_LEADER || node == a->self || (!p && a->peers->count >= ARC_PEERS_MAX - 1))
        return false;
    if (commit_owns(&arc_newest(a)->owners, node))
        return true;
    if (!p) {
        p = &a->peers->list[a->peers->count++];
        *p = (struct arc_peer){ .node = node, .flags = PEER_LEARNER };
        arc_feed_end(a, t, p);
    }
    /* It may still have what it owned before, and be about to drop that. */
    if (!arc_peer_is(p, PEER_LEARNS))
        arc_send(a, t, node, ARC_RECOVER)->recover.nonce = 1;
    return true;
}

void arc_learning(struct arc_peer *p)
{
    if (!arc_peer_is(p, PEER_LEARNER) && !arc_peer_is(p, PEER_LEAVING))
        return; /* it will see itself among the owners */
    arc_peer_set(p, PEER_LEAVING, false);
    arc_peer_set(p, PEER_LEARNER, true);
    arc_peer_set(p, PEER_LEARNS, true);
}

bool arc_has_learnt(const struct arc *a, uint32_t node)
{
    const struct arc_peer *p = arc_peer(a, node);
    return a->role == ARC_LEADER && p && arc_peer_is(p, PEER_WITH) && arc_peer_is(p, PEER_LEARNS) &&
           p->written >= a->applied;
}

bool arc_change_owners(struct arc *a, struct arc_turn *t, const uint32_t *nodes, unsigned count,
                       uint64_t epoch)
{
    const struct arc_config *now = arc_newest(a);
    if (!arc_may_append(a) || now->owners.next_count || now->index > a->applied ||
        a->applied < a->lead_from || count == 0 || count > ARC_OWNERS_MAX ||
        epoch <= now->owners.epoch)
        return false;
    struct arc_owners joint = now->owners;
    joint.epoch = epoch;
    joint.next_count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++) {
        if (!commit_owns(&now->owners, nodes[i]) && !arc_has_learnt(a, nodes[i]))
            return false;
        joint.next[i] = nodes[i];
    }
    if (!commit_owners_check(&joint))
        return false;
    arc_make(a, t, ARC_FRAME_OWNERS, &joint);
    return true;
}

static void append_new(struct arc *a, struct arc_turn *t)
{
    const struct arc_config *now = arc_newest(a);
    if (!arc_may_append(a) || !now->owners.next_count || now->index > a->applied)
        return;
    struct arc_owners next = { .epoch = now->owners.epoch, .count = now->owners.next_count };
    for (unsigned i = 0; i < next.count; i++)
        next.node[i] = now->owners.next[i];
    arc_make(a, t, ARC_FRAME_OWNERS, &next);
}

void arc_owners_time(struct arc *a, struct arc_turn *t)
{
    append_new(a, t);
}

static void drop(struct arc *a, struct arc_turn *t, struct ballot ballot,
                 const struct arc_owners *owners)
{
    struct arc_effect *e = arc_effect(t, ARC_DO_DROP);
    e->ballot = ballot_compare(ballot, a->promise) > 0 ? ballot : a->promise;
    e->owners = *owners;
    a->promise = e->ballot;
    arc_log_deinit(a);
    arc_log_init(a, (struct log_end){ 0 }, &e->owners);
    a->flags = 0;
    arc_peers_free(a);
    arc_move(a, ARC_DROPPED);
    a->deadline_us = UINT64_MAX;
}

/* The leader that is not among "new" has led until it was committed; now it goes, and
 * tells the others how far they may apply. */
static void leave(struct arc *a, struct arc_turn *t)
{
    if (a->role == ARC_LEADER) {
        for (unsigned i = 0; i < a->peers->count; i++) {
            struct arc_message m;
            arc_fill_commit(a, &m);
            arc_send(a, t, a->peers->list[i].node, ARC_COMMIT)->commit = m.commit;
        }
        arc_yield(a, t);
    }
    struct arc_owners owners = a->configs[0].owners;
    drop(a, t, a->promise, &owners);
}

void arc_owners_applied(struct arc *a, struct arc_turn *t)
{
    const struct arc_owners *o = &a->configs[0].owners;
    if (!commit_owns(o, a->self) && !arc_flag(a, FLAG_LEARNER) && o->next_count == 0 &&
        a->config_count == 1) {
        leave(a, t);
        return;
    }
    append_new(a, t);
}

void arc_tell_owners(struct arc *a, struct arc_turn *t, uint32_t node, struct ballot ballot)
{
    const struct arc_owners *o = &a->configs[0].owners;
    if (o->next_count == 0 && !arc_flag(a, FLAG_LEARNER))
        arc_send(a, t, node, ARC_MOVED)->moved =
            (struct arc_moved){ .ballot = ballot, .moved_at = a->promise, .owners = *o };
}

bool arc_tell_moved(struct arc *a, struct arc_turn *t, uint32_t node, struct ballot ballot,
                    uint64_t epoch)
{
    const struct arc_owners *o = &a->configs[0].owners;
    bool know = a->role == ARC_DROPPED || (!arc_flag(a, FLAG_LEARNER) && o->next_count == 0 &&
                                           o->epoch > epoch && !commit_owns(o, node));
    if (know)
        arc_tell_owners(a, t, node, ballot);
    return know;
}

void arc_on_moved(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_moved *m)
{
    (void)from;
    const struct arc_owners *newest = &arc_newest(a)->owners;
    if (a->role == ARC_LEADER || !commit_owners_check(&m->owners) || m->owners.next_count ||
        m->owners.epoch < newest->epoch)
        return;
    bool owns = commit_owns(&m->owners, a->self);
    if (!owns && !arc_flag(a, FLAG_LEARNER)) {
        drop(a, t, m->moved_at, &m->owners);
    } else if (a->role == ARC_RECOVERING_ROLE &&
               arc_owners_newer(&m->owners, arc_recover_owners(a))) {
        a->peers->moved = m->owners;
        arc_peers_extend(a);
        arc_recover_look(a, t);
    } else if (a->role == ARC_CANDIDATE && !arc_flag(a, FLAG_RESUME) &&
               arc_owners_newer(&m->owners, newest)) {
        /* Those who know the owners are to lead; they will need this one's promise. */
        arc_step_down(a, t);
        a->deadline_us += ARC_STAND_US;
    }
}
