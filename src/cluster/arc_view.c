/* arc_view.c: what an arc shows of itself, and whether that makes sense. */
#include "cluster/arc_state.h"

struct arc_view arc_view(const struct arc *a)
{
    bool heard = a->role == ARC_LEADER || (a->role == ARC_FOLLOWER && arc_flag(a, FLAG_HEARD));
    return (struct arc_view){
        .role = (enum arc_role)a->role,
        .promise = a->promise,
        .leader = heard ? a->promise.node : 0,
        .end = a->end,
        .applied = a->applied,
        .written = a->written,
        .synced = a->synced,
        .all_synced = a->all_synced,
        .name = a->name,
        .learner = arc_learns(a),
        .handing = a->role == ARC_LEADER && a->peers->hand_to != 0,
    };
}

const struct arc_owners *arc_owners(const struct arc *a)
{
    return &arc_newest(a)->owners;
}

bool arc_holds(const struct arc *a, struct log_end frame)
{
    return arc_log_has(a, frame);
}

void arc_fill_append(const struct arc *a, uint32_t node, const struct arc_frame *frame,
                     struct arc_message *out)
{
    const struct arc_peer *p = arc_peer(a, node);
    assert(a->role == ARC_LEADER && p && arc_peer_is(p, PEER_FED));
    *out = (struct arc_message){ .arc = a->name, .kind = ARC_APPEND };
    out->append = (struct arc_append){ .ballot = a->promise,
                                       .feed = p->feed,
                                       .commit = a->applied,
                                       .all_synced = a->all_synced,
                                       .frame = *frame };
}

void arc_fill_commit(const struct arc *a, struct arc_message *out)
{
    assert(a->role == ARC_LEADER);
    *out = (struct arc_message){ .arc = a->name, .kind = ARC_COMMIT };
    out->commit = (struct arc_commit){ a->promise, a->applied, a->all_synced };
}

static bool log_check(const struct arc *a)
{
    if (a->run_count == 0 || a->run_count > a->run_cap || a->config_count == 0 ||
        a->config_count > ARC_CONFIGS_MAX + 1)
        return false;
    for (unsigned i = 1; i < a->run_count; i++) {
        if (a->runs[i].first <= a->runs[i - 1].first)
            return false;
    }
    for (unsigned i = 0; i < a->config_count; i++) {
        if (!commit_owners_check(&a->configs[i].owners) || a->configs[i].index > a->end.index ||
            (i > 0 && a->configs[i].index <= a->applied))
            return false;
    }
    return ballot_equal(arc_log_ballot(a, a->end.index), a->end.ballot);
}

static bool peers_check(const struct arc *a)
{
    bool counts = a->role == ARC_LEADER || a->role == ARC_CANDIDATE ||
                  a->role == ARC_RECOVERING_ROLE;
    if (counts != (a->peers != NULL))
        return false;
    for (unsigned i = 0; counts && i < a->peers->count; i++) {
        const struct arc_peer *p = &a->peers->list[i];
        if (p->node == a->self || p->node == 0 || p->written > a->end.index ||
            p->synced > p->written)
            return false;
    }
    return true;
}

bool arc_check(const struct arc *a)
{
    if (a->role >= ARC_ROLES || !log_check(a) || !peers_check(a))
        return false;
    if (a->applied > a->matched || a->matched > a->end.index || a->written > a->end.index ||
        a->synced > a->written || ballot_compare(a->end.ballot, a->promise) > 0)
        return false;
    if (a->role == ARC_LEADER)
        return a->promise.node == a->self && a->lead_from <= a->end.index &&
               !arc_flag(a, FLAG_FORGOT) && a->applied <= a->written;
    return a->role == ARC_CANDIDATE || a->role == ARC_MUTE ||
           (a->role == ARC_RECOVERING_ROLE) == arc_flag(a, FLAG_FORGOT);
}
